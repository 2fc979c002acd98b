"""What cannot be, or shall not be learnt from, before anything is learnt. Arrays (SIM, day), NaN where unknown."""

from typing import Final

import numpy as np

from analytics.forecasting.shapes import Flags, Matrix
from analytics.forecasting.statistics import known_or, median

IMPOSSIBLE: Final = 1e18  # bytes in a step
NOTHING: Final = 0.05  # of the usual day: as good as nothing
MOST: Final = 0.5  # of the day before at least is in the day that holds two
ALIKE: Final = 0.35  # of the usual sum: how far the sum of the two days may be off
CERTAIN: Final = 0.8  # of the days have use: only then a day without is odd


def cleaned(values: Matrix, ignored: Flags | None = None) -> Matrix:
    """A copy (B, T) in which impossible days (negative: a counter that went back) and `ignored` ones are unknown."""
    found = np.array(values, dtype=np.float32, order="C")
    found[~((found >= 0) & (found <= IMPOSSIBLE))] = np.nan
    if ignored is not None:
        found[ignored] = np.nan
    return found


def undo_late(values: Matrix, period: int) -> Matrix:
    """Days whose records were booked on the day after (nothing, then double) get their share back, in place."""
    count, length = values.shape
    if length < 2 * period or not count:
        return values
    first = length % period
    folded = values[:, first:].reshape(count, -1, period)
    usual = known_or(median(folded.transpose(0, 2, 1))[0], 0)
    usual = np.tile(usual, (1, folded.shape[1] + 1))[:, period - first :][:, :length]
    regular = (values > 0).sum(axis=1) >= CERTAIN * np.isfinite(values).sum(axis=1)
    day, after, both = values[:, :-1], values[:, 1:], usual[:, :-1] + usual[:, 1:]
    late = (day <= NOTHING * usual[:, :-1]) & (after >= usual[:, 1:] + MOST * usual[:, :-1]) & regular[:, None]
    late &= (np.abs(day + after - both) <= ALIKE * both) & (usual[:, :-1] > 0)
    sim, place = np.nonzero(late)
    total = values[sim, place] + values[sim, place + 1]
    part = usual[sim, place] / both[sim, place]
    values[sim, place], values[sim, place + 1] = total * part, total * (1 - part)
    return values
