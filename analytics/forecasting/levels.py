"""How far the level of the next steps is from the usual one, learnt from how levels went on before.

The log of the ratio is a linear function of the recent levels' log ratios (last cycle to last two, two to four, ...):
all weights 1 would be the last cycle's level alone, all 0 the long mean. Which is right depends on how much of a
change stays, so the weights are a ridge regression over all series and earlier days, drawn to a belief; those of a
class are drawn to those of all. With more than a year of history, what was unusual at the same time last year (for
all, and for the series itself) is told as well, and believed only as far as it came true.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.profile import FEATURES, Profile
from analytics.forecasting.shapes import CLASSES, Matrix, Vector

BELIEF: Final = np.array([0.08, 0.2, 0.4, 0.4, 0, 0])  # the last two: last year, of all and of the series itself
BELIEF_ROWS: Final = 300  # rows that the belief weighs as much as
LARGEST_WEIGHT: Final = 1.3
LARGEST_CHANGE: Final = 1.0  # of the log


@dataclass(frozen=True)
class Weights:
    """`of_class` (classes, FEATURES + 2)."""

    of_class: NDArray[np.float64]


def features(profile: Profile, last_year: Vector | None, common: float) -> Matrix:
    """(B, FEATURES + 2): the recent levels; what was unusual a year ago for all, and for each beyond that."""
    found = np.zeros((len(profile.recent), FEATURES + 2), np.float32)
    found[:, :FEATURES] = profile.recent
    if last_year is not None:
        found[:, FEATURES] = common
        found[:, FEATURES + 1] = np.where(np.isfinite(last_year), last_year - common, 0)
    return found


def believed(profile: Profile) -> Vector:
    """The change that the belief alone expects (B,), as a log."""
    found: Vector = profile.recent @ BELIEF[:FEATURES].astype(np.float32)
    return found


def change(profile: Profile, came: Matrix) -> Vector:
    """Log of what came (B, steps) to the profile's usual use of the same known steps; NaN with nothing known."""
    usual = np.tile(profile.average, (1, -(-came.shape[1] // profile.average.shape[1])))[:, : came.shape[1]]
    known = np.isfinite(came)
    expected = np.where(known, usual, np.float32(0)).sum(axis=1)
    total = np.where(known, came, np.float32(0)).sum(axis=1)
    enough = (known.sum(axis=1) >= came.shape[1] / 2) & (expected > 0)
    ratio = np.divide(total, expected, out=np.full_like(total, np.nan), where=enough)
    found: Vector = np.clip(np.log(np.maximum(ratio, 1e-3)), -LARGEST_CHANGE, LARGEST_CHANGE)
    return found


def learn_weights(rows: Matrix, changes: Vector, classes: NDArray[np.uint8]) -> Weights:
    """From `rows` (R, FEATURES + 2) of earlier days and the changes that followed."""
    good = np.isfinite(changes) & np.isfinite(rows).all(axis=1)
    told, came, classes = rows[good].astype(np.float64), changes[good].astype(np.float64), classes[good]
    every = _ridge(told, came, BELIEF)
    own = [_ridge(told[classes == index], came[classes == index], every) for index in range(len(CLASSES))]
    return Weights(np.clip(np.array(own), 0, LARGEST_WEIGHT))


def expected_change(weights: Weights, rows: Matrix, classes: NDArray[np.uint8]) -> Vector:
    """The log of the level to come (B,) against the usual."""
    found = (weights.of_class[classes] * rows).sum(axis=1)
    expected: Vector = np.clip(found, -LARGEST_CHANGE, LARGEST_CHANGE).astype(np.float32)
    return expected


def _ridge(rows: NDArray[np.float64], changes: NDArray[np.float64], belief: NDArray[np.float64]) -> NDArray[np.float64]:
    if not len(rows):
        return belief
    strength = BELIEF_ROWS * (np.square(rows).mean(axis=0) + 1e-6)
    left = rows.T @ rows + np.diag(strength)
    found: NDArray[np.float64] = np.linalg.solve(left, rows.T @ changes + strength * belief)
    return found
