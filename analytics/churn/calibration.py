"""From a score to a probability that can be taken at its word.

Platt's logistic curve (two numbers) for small sets, isotonic steps, smoothed by straight lines, for larger ones. Both
are learned from scores of rows that the scoring model has not seen (cross-fitting), else they would believe its
over-confidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

ISOTONIC_FROM: Final = (
    1_000  # rows of the rarer class; below, steps would follow chance (Niculescu-Mizil, Caruana 2005)
)
EDGE: Final = 1e-4  # nobody is certain


@dataclass(frozen=True)
class Calibration:
    """A map from raw score (log-odds) to probability: straight lines between the points, level beyond them.

    Platt: `points` is empty and the probability is 1 / (1 + exp(-(slope * score + intercept))).
    """

    slope: float = 1.0
    intercept: float = 0.0
    points: tuple[tuple[float, float], ...] = ()

    def __call__(self, score: NDArray[Any]) -> NDArray[np.float64]:
        if self.points:
            at, value = zip(*self.points, strict=True)
            probability = np.interp(score, at, value)
        else:
            probability = _logistic(self.slope * np.asarray(score, float) + self.intercept)
        return np.asarray(np.clip(probability, EDGE, 1 - EDGE), np.float64)

    def as_dict(self) -> dict[str, Any]:
        return {"slope": self.slope, "intercept": self.intercept, "points": [list(one) for one in self.points]}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Calibration":
        points = tuple((float(at), float(value)) for at, value in kept["points"])
        return cls(float(kept["slope"]), float(kept["intercept"]), points)


def learn(score: NDArray[Any], truth: NDArray[Any]) -> Calibration:
    """The calibration of scores of unseen rows: isotonic where there are rows enough for it, else Platt's curve."""
    rarer = min(int(np.sum(truth)), len(truth) - int(np.sum(truth)))
    return isotonic(score, truth) if rarer >= ISOTONIC_FROM else platt(score, truth)


def platt(score: NDArray[Any], truth: NDArray[Any], steps: int = 50) -> Calibration:
    """Logistic regression on the score alone (Platt 1999), by Newton's steps, its targets moved off 0 and 1."""
    score, truth = np.asarray(score, float), np.asarray(truth, float)
    yes = truth.sum()
    target = np.where(truth > 0, (yes + 1) / (yes + 2), 1 / (len(truth) - yes + 2))
    rows = np.stack([score, np.ones_like(score)], axis=1)
    found = np.array([1.0, 0.0])
    for _ in range(steps):
        probability = _logistic(rows @ found)
        weight = np.maximum(probability * (1 - probability), 1e-9)
        move = np.linalg.solve(rows.T @ (rows * weight[:, None]) + 1e-6 * np.eye(2), rows.T @ (target - probability))
        found = found + move
        if np.abs(move).max() < 1e-8:
            break
    # A falling curve would turn the order round: then the score says nothing, and the mean is all there is.
    return Calibration(float(found[0]), float(found[1])) if found[0] > 0 else Calibration(0.0, _logit(truth.mean()))


def isotonic(score: NDArray[Any], truth: NDArray[Any]) -> Calibration:
    """The best rising steps (pool adjacent violators), each step one point at its mean, lines between them."""
    from sklearn.isotonic import IsotonicRegression

    score = np.asarray(score, float)
    fitted = IsotonicRegression(y_min=0, y_max=1).fit_transform(score, np.asarray(truth, float))
    value, place = np.unique(fitted, return_inverse=True)
    at = np.bincount(place, score) / np.bincount(place)
    return Calibration(points=tuple(zip(at.tolist(), value.tolist(), strict=True)))


def _logistic(value: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(value, -40, 40))), np.float64)


def _logit(share: float) -> float:
    share = min(max(float(share), EDGE), 1 - EDGE)
    return float(np.log(share / (1 - share)))
