"""How wrong forecasts were: the same forecast made from earlier days, against what came.

The errors, each in units of its own series' spread, are pooled by class of device and by how many steps lie ahead;
their quantiles are the bounds and the probabilities (split conformal prediction with normalised scores: Lei et al.,
"Distribution-free predictive inference for regression", 2018). Only days before the last one are looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.profile import Profile
from analytics.forecasting.shapes import CLASSES, Matrix, Vector

LEVELS: Final = np.array([0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99])
NORMAL: Final = np.array(
    [-2.326, -1.96, -1.645, -1.282, -0.842, -0.524, -0.253, 0, 0.253, 0.524, 0.842, 1.282, 1.645, 1.96, 2.326]
)  # of the standard normal distribution: what is believed before there are errors to learn from
TENTH, MIDDLE, NINETIETH = 3, 7, 11  # places in LEVELS
BELIEF: Final = 60  # errors that the belief weighs as much as
ORIGINS: Final = 6  # at most so many earlier days are forecast from
AHEAD: Final = (1, 2, 4, 7, 10, 14, 21, 30)  # steps, as shares of the horizon when that is longer


@dataclass(frozen=True)
class Calibration:
    """`ahead` (A,): steps; `sums`, `steps` (classes, A, LEVELS): quantiles of the standardised errors of sums of so
    many steps, and of the single step so far ahead."""

    ahead: NDArray[np.int64]
    sums: NDArray[np.float64]
    steps: NDArray[np.float64]


def sum_scale(profile: Profile, steps: NDArray[np.int64] | int) -> Vector:
    """What the error of a sum of so many steps is measured in (B,); 0 steps: 0."""
    steps = np.asarray(steps, dtype=np.float32)
    known = np.maximum(np.minimum(profile.known, 56), 1)
    scale: Vector = profile.spread * np.sqrt(steps * (1 + 3 * steps / known))
    return scale.astype(np.float32)


def calibrate(
    values: Matrix, horizon: int, period: int, profile_of: Callable[[Matrix], Profile], origins: int = ORIGINS
) -> Calibration:
    """From `values` (B, T): a sample of the series, cleaned."""
    ahead = steps_ahead(horizon)
    sums: list[list[tuple[NDArray[np.uint8], Vector]]] = [[] for _ in ahead]
    steps: list[list[tuple[NDArray[np.uint8], Vector]]] = [[] for _ in ahead]
    for origin in _origins(values.shape[1], horizon, period, origins):
        profile, came = profile_of(values[:, :origin]), values[:, origin : origin + horizon]
        curve = tiled(profile.middle, horizon)
        means = tiled(profile.mean, horizon)
        missed = np.cumsum(np.where(np.isfinite(came), came - means, 0), axis=1, dtype=np.float32)
        seen = np.cumsum(np.isfinite(came), axis=1)
        usable = (profile.known >= 2 * period) & (profile.spread > 0)
        for place, count in enumerate(ahead):
            whole = usable & (seen[:, count - 1] >= 0.8 * count)
            scale = sum_scale(profile, int(count))
            sums[place].append((profile.device_class[whole], missed[whole, count - 1] / scale[whole]))
            one = usable & np.isfinite(came[:, count - 1])
            error = came[one, count - 1] - curve[one, count - 1]
            steps[place].append((profile.device_class[one], error / profile.spread[one]))
    return Calibration(ahead, _tables(sums), _tables(steps))


def steps_ahead(horizon: int) -> NDArray[np.int64]:
    """The numbers of steps that errors are kept for."""
    scaled = np.array(AHEAD) * (max(horizon, 30) / 30)
    return np.unique(np.clip(np.round(scaled), 1, horizon).astype(np.int64))


def tiled(week: Matrix, steps: int) -> Matrix:
    """(B, period) repeated to (B, steps)."""
    return np.tile(week, (1, -(-steps // week.shape[1])))[:, :steps]


def _origins(length: int, horizon: int, period: int, wanted: int) -> list[int]:
    """Lengths of the history that earlier forecasts are made from: the latest last."""
    first, last = 4 * period, length - horizon
    if last < first:
        first = 2 * period
    if last < first:
        return []
    step = max((last - first) // max(wanted - 1, 1), 1, min(period, horizon))
    return list(range(last, first - 1, -step))[:wanted]


def _tables(found: list[list[tuple[NDArray[np.uint8], Vector]]]) -> NDArray[np.float64]:
    """Quantiles by class and steps ahead: the class's own, drawn to those of all, drawn to the belief."""
    table = np.empty((len(CLASSES), len(found), len(LEVELS)))
    for place, pieces in enumerate(found):
        classes = np.concatenate([kind for kind, _ in pieces]) if pieces else np.empty(0, np.uint8)
        errors = np.concatenate([error for _, error in pieces]) if pieces else np.empty(0, np.float32)
        everyone = _drawn(errors, NORMAL)
        for index in range(len(CLASSES)):
            table[index, place] = _drawn(errors[classes == index], everyone)
    return table


def _drawn(errors: Vector, belief: NDArray[np.float64]) -> NDArray[np.float64]:
    if not errors.size:
        return belief
    weight = errors.size / (errors.size + BELIEF)
    return weight * np.quantile(errors.astype(np.float64), LEVELS) + (1 - weight) * belief
