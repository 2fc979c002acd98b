"""The chance that a sum passes an allowance, from the quantiles of the sum."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.calibration import LEVELS
from analytics.forecasting.shapes import Matrix, Vector

TINY: Final = 1e-30
Doubles = NDArray[np.float64]


def chance_of_passing(quantiles: Matrix, allowance: NDArray[np.floating]) -> Vector:
    """P(sum > allowance) (B,) for `quantiles` (LEVELS, B) that never fall; NaN without an allowance (NaN).

    A line through the quantiles, with exponential tails that go on as the outer two quantiles do. It falls as the
    allowance grows; an allowance that is used up is passed.
    """
    limit, lines = np.asarray(allowance, dtype=np.float64), quantiles.astype(np.float64)
    place = (lines < limit).sum(axis=0)
    inner = np.clip(place, 1, len(LEVELS) - 1)
    sims = np.arange(len(limit))
    low, high = lines[inner - 1, sims], lines[inner, sims]
    part = np.clip((limit - low) / np.maximum(high - low, TINY), 0, 1)
    within = LEVELS[inner - 1] + part * (LEVELS[inner] - LEVELS[inner - 1])
    lower = LEVELS[0] * _tail(lines[0] - limit, lines[1] - lines[0], LEVELS[1] / LEVELS[0])
    upper = (1 - LEVELS[-1]) * _tail(limit - lines[-1], lines[-1] - lines[-2], (1 - LEVELS[-2]) / (1 - LEVELS[-1]))
    below = np.where(place == 0, lower, np.where(place == len(LEVELS), 1 - upper, within))
    found = np.where(limit <= 0, 1, 1 - below)
    found = np.where((limit > 0) & (lines[-1] <= 0), 0, found)
    return np.where(np.isnan(limit), np.nan, found).astype(np.float32)


def _tail(beyond: Doubles, apart: Doubles, ratio: float) -> Doubles:
    """What is left of an outer quantile's chance so far beyond it, when over the distance to the next one inwards,
    `apart`, the chance changes by `ratio`."""
    found: Doubles = np.exp(-np.log(ratio) * np.maximum(beyond, 0) / np.maximum(apart, TINY))
    return found
