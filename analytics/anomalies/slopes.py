"""Leaks: is the level of whole weeks rising, week after week?

Taken over the last five to seven weekly means (35 days and more): the Theil-Sen slope, the Mann-Kendall count of rising
pairs, and the slope over its standard error as the SIM's own spread gives it.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.anomalies.columns import Columns
from analytics.anomalies.levels import FLOOR, row_median
from analytics.anomalies.shapes import WEEKS, Floats

FEWEST_WEEKS: Final = 5
CORRELATED: Final = 1.4  # by how much daily autocorrelation of 0.3 widens a weekly mean: sqrt(1.3 / 0.7)
STEP: Final = 0.6  # of the whole rise; more of it in one week is a step and no slope
WEEK_FLOOR: Final = 0.04  # of a weekly mean's error, in logs


@dataclass(frozen=True)
class Slopes:
    """Per SIM: rise of the log a week, the rise over the whole window, its t, share of rising pairs, weeks."""

    slope: Floats
    rise: Floats
    t: Floats
    rising: Floats
    weeks: NDArray[np.int16]


def slopes(state: Columns) -> Slopes:
    """The best of the windows that are full; t is 0 where none is."""
    size = state.size
    none = np.zeros(size, np.float32)
    best = Slopes(none, none.copy(), none.copy(), none.copy(), np.zeros(size, np.int16))
    for weeks in range(FEWEST_WEEKS, WEEKS + 1):
        _take_better(best, state, weeks)
    return best


def _take_better(best: Slopes, state: Columns, weeks: int) -> None:
    window = state["shape"][:, 7 + WEEKS - weeks :]
    full = np.flatnonzero(np.isfinite(window).all(axis=1) & (state["spread"] > 0))
    if not full.size:
        return
    window = window[full]
    pairs = list(combinations(range(weeks), 2))
    rises = np.stack([window[:, b] - window[:, a] for a, b in pairs], axis=1)
    slope = row_median(np.asarray(rises / [b - a for a, b in pairs], np.float32))
    rising = (rises > 0).mean(axis=1)
    error = np.maximum(CORRELATED * np.maximum(state["spread"][full], FLOOR) / np.sqrt(6), WEEK_FLOOR)
    t = slope * np.sqrt(weeks * (weeks**2 - 1) / 12) / error
    largest = np.diff(window, axis=1).max(axis=1)
    gradual = largest < STEP * (window[:, -1] - window[:, 0])
    better = (t > best.t[full]) & gradual
    to = full[better]
    best.slope[to], best.t[to], best.rising[to] = slope[better], t[better], rising[better]
    best.rise[to], best.weeks[to] = slope[better] * (weeks - 1), weeks
