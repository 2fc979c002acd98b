"""The chance that a sum passes an allowance, from the quantiles of the sum."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.calibration import LEVELS
from analytics.forecasting.shapes import Matrix, Vector

TINY: Final = np.float32(1e-30)


def chance_of_passing(quantiles: Matrix, allowance: NDArray[np.floating]) -> Vector:
    """P(sum > allowance) (B,) for `quantiles` (LEVELS, B) that never fall; NaN without an allowance (NaN).

    A line through the quantiles, with exponential tails that go on as the outer two quantiles do. It falls as the
    allowance grows; an allowance that is used up is passed.
    """
    limit = np.asarray(allowance, dtype=np.float32)
    place = (quantiles < limit).sum(axis=0)
    inner = np.clip(place, 1, len(LEVELS) - 1)
    sims = np.arange(len(limit))
    low, high = quantiles[inner - 1, sims], quantiles[inner, sims]
    part = np.clip((limit - low) / np.maximum(high - low, TINY), 0, 1)
    below = LEVELS[inner - 1] + part * (LEVELS[inner] - LEVELS[inner - 1])
    with np.errstate(over="ignore"):
        lower = LEVELS[0] * np.exp(-_rate(quantiles[1], quantiles[0], 1) * np.maximum(quantiles[0] - limit, 0))
        upper = 1 - (1 - LEVELS[-1]) * np.exp(
            -_rate(quantiles[-1], quantiles[-2], -1) * np.maximum(limit - quantiles[-1], 0)
        )
    below = np.where(place == 0, lower, np.where(place == len(LEVELS), upper, below))
    found = np.where(limit <= 0, 1, 1 - below)
    found = np.where((limit > 0) & (quantiles[-1] <= 0), 0, found)
    return np.where(np.isnan(limit), np.nan, found).astype(np.float32)


def _rate(high: Vector, low: Vector, end: int) -> Vector:
    """Of the exponential tail beyond the outer two quantiles, at the lower (1) or upper (-1) end."""
    outer, inner = (LEVELS[0], LEVELS[1]) if end > 0 else (1 - LEVELS[-1], 1 - LEVELS[-2])
    found: Vector = np.log(inner / outer) / np.maximum(high - low, TINY)
    return found
