"""How wrong forecasts were, by class of device and by how many steps lay ahead: bounds and probabilities.

Errors are those of the same forecast made from earlier days, each in units of its own series' spread (split conformal
prediction with normalised scores: Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, "Distribution-free predictive
inference for regression", JASA 2018). Their quantiles are kept; a line through them is the distribution.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.shapes import CLASSES, Matrix, Vector

LEVELS: Final = np.array([0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99])
NORMAL: Final = np.array(
    [-2.326, -1.96, -1.645, -1.282, -0.842, -0.524, -0.253, 0, 0.253, 0.524, 0.842, 1.282, 1.645, 1.96, 2.326]
)  # of the standard normal distribution: what is believed before there are errors to learn from
PLACES: Final = (3, 7, 11)  # of 10, 50 and 90 % in LEVELS
ODD: Final = 1.15  # times the usual width of errors: days like holidays count as this wide at most
ODD_FEW: Final = 8.0  # more than that over the number of errors: the width of few is uncertain itself
DRAWN: Final = 5  # days that the belief of no common error weighs as much as
BELIEF: Final = 30  # errors that the belief weighs as much as
AHEAD: Final = (1, 2, 4, 7, 10, 14, 21, 30)  # steps, or the same shares of a longer horizon


@dataclass(frozen=True)
class Calibration:
    """`ahead` (A,): steps; `table` (classes, A, LEVELS): quantiles of the standardised errors so far ahead."""

    ahead: NDArray[np.int64]
    table: NDArray[np.float64]

    def at(self, classes: NDArray[np.uint8], steps: NDArray[np.int64]) -> NDArray[np.float32]:
        """Quantiles (LEVELS, B) for series of these classes, so many steps ahead each (B,)."""
        found = np.empty((len(LEVELS), len(classes)), np.float32)
        for index in np.unique(classes):
            mine = classes == index
            for place in range(len(LEVELS)):
                found[place, mine] = np.interp(steps[mine], self.ahead, self.table[index, :, place])
        return found


def steps_ahead(horizon: int) -> NDArray[np.int64]:
    """The numbers of steps that errors are kept for."""
    scaled = np.array(AHEAD) * (max(horizon, 30) / 30)
    return np.unique(np.append(np.clip(np.round(scaled), 1, horizon), horizon).astype(np.int64))


def calibrate(
    ahead: NDArray[np.int64], errors: Sequence[Matrix], classes: Sequence[NDArray[np.uint8]], gap: int
) -> Calibration:
    """`errors`: for each earlier day a matrix (B, A), standardised, NaN unknown; `classes`: for each, those of the
    series (B,); `gap`: steps between one such day and the next.

    A class's quantiles are drawn to those of all, and these to a normal distribution.
    """
    table = np.empty((len(CLASSES), len(ahead), len(LEVELS)))
    for place, steps in enumerate(ahead):
        columns = [one[:, place] for one in errors]
        everyone = _drawn(_widened(columns, int(steps), gap), NORMAL)
        for index in range(len(CLASSES)):
            own = [column[kinds == index] for column, kinds in zip(columns, classes, strict=True)]
            table[index, place] = _drawn(_widened(own, int(steps), gap), everyone)
    return Calibration(ahead, table)


def _widened(columns: Sequence[Vector], steps: int, gap: int) -> Vector:
    """The errors of all earlier days, with what moved all series together on a day made as uncertain as it is.

    Each day is one draw of that, and overlapping sums are not even that, so few days say little about it: their
    middles are pushed apart as the prediction interval of a mean of so few demands, and drawn towards none.
    """
    known = [column[np.isfinite(column)] for column in columns]
    known = [column for column in known if column.size]
    if not known:
        return np.empty(0, np.float32)
    middles = np.array([np.median(column) for column in known])
    apart = np.array([np.subtract(*np.quantile(column, (0.9, 0.1))) for column in known])
    odd = ODD + ODD_FEW / np.array([column.size for column in known])
    inner = np.minimum(1, odd * np.median(apart) / np.maximum(apart, 1e-9))
    centre = np.median(middles)
    reach = ODD * 1.48 * np.median(np.abs(middles - centre))
    pulled = np.clip(middles, centre - reach, centre + reach)
    draws = min(len(known), 1 + (len(known) - 1) * gap / steps)
    wider = np.sqrt((draws + 1) / max(draws - 1, 1))
    moved = pulled.mean() * draws / (draws + DRAWN) + wider * (pulled - pulled.mean())
    return np.concatenate(
        [(column - old) * part + new for column, old, part, new in zip(known, middles, inner, moved, strict=True)]
    )


def _drawn(errors: Vector, belief: NDArray[np.float64]) -> NDArray[np.float64]:
    if not errors.size:
        return belief
    weight = errors.size / (errors.size + BELIEF)
    found: NDArray[np.float64] = weight * np.quantile(errors.astype(np.float64), LEVELS) + (1 - weight) * belief
    return found
