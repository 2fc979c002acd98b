"""How good probabilities of a yes or no are. Pure numpy; every function takes arrays of the same length.

`truth` holds 0 or 1, `score` is larger where a yes is likelier; calibration and Brier need probabilities.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def roc_auc(truth: NDArray[Any], score: NDArray[Any]) -> float:
    """The chance that a random yes stands above a random no, ties half (Mann-Whitney U). NaN with one class only."""
    positive = np.asarray(truth) > 0
    yes, no = int(positive.sum()), int((~positive).sum())
    if not yes or not no:
        return float("nan")
    return float((_ranks(score)[positive].sum() - yes * (yes + 1) / 2) / (yes * no))


def _ranks(values: NDArray[Any]) -> Vector:
    """Ranks from 1, equal values share their mean rank."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    mean: Vector = (last - (count - 1) / 2)[place]
    return mean


def average_precision(truth: NDArray[Any], score: NDArray[Any]) -> float:
    """The sum over thresholds of (recall gained) * precision, ties taken together. NaN without a yes."""
    truth, score = np.asarray(truth, float), np.asarray(score, float)
    if not truth.sum():
        return float("nan")
    order = np.argsort(-score, kind="stable")
    found = np.cumsum(truth[order])
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    recall = found[ends] / truth.sum()
    precision = found[ends] / (ends + 1)
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def lift_at(truth: NDArray[Any], score: NDArray[Any], share: float = 0.1) -> float:
    """How many times more yes there are in the highest `share` than in all. NaN without a yes."""
    truth = np.asarray(truth, float)
    if not truth.sum():
        return float("nan")
    top = np.argsort(-np.asarray(score, float), kind="stable")[: max(1, round(len(truth) * share))]
    return float(truth[top].mean() / truth.mean())


def brier(truth: NDArray[Any], probability: NDArray[Any]) -> float:
    """Mean squared distance of the probability from what happened (Brier 1950); 0 is perfect."""
    return float(np.mean((np.asarray(probability, float) - np.asarray(truth, float)) ** 2))


def calibration_error(truth: NDArray[Any], probability: NDArray[Any], bins: int = 10) -> float:
    """Mean distance of promised from observed share over `bins` groups of equal size (expected calibration error)."""
    truth, probability = np.asarray(truth, float), np.asarray(probability, float)
    groups = np.array_split(np.argsort(probability, kind="stable"), min(bins, len(truth)))
    gaps = [abs(probability[one].mean() - truth[one].mean()) * len(one) for one in groups if len(one)]
    return float(sum(gaps) / len(truth)) if gaps else float("nan")


@dataclass(frozen=True)
class Lift:
    """One step of a lift chart: of the riskiest `share`, how many said yes, how often, and how many times the mean."""

    share: float
    found: int
    rate: float
    lift: float
    captured: float


def lift_chart(truth: NDArray[Any], score: NDArray[Any], steps: int = 10) -> list[Lift]:
    """The riskiest 10 %, 20 %, ... 100 %. Empty without a yes."""
    truth = np.asarray(truth, float)
    if not truth.sum():
        return []
    ordered = truth[np.argsort(-np.asarray(score, float), kind="stable")]
    chart = []
    for step in range(1, steps + 1):
        top = ordered[: max(1, round(len(ordered) * step / steps))]
        rate = float(top.mean())
        chart.append(
            Lift(step / steps, int(top.sum()), rate, rate / float(truth.mean()), float(top.sum() / truth.sum()))
        )
    return chart


def summary(truth: NDArray[Any], probability: NDArray[Any]) -> dict[str, float]:
    """All of the above by name; figures that one class alone cannot give are left out."""
    found = {
        "auc": roc_auc(truth, probability),
        "average_precision": average_precision(truth, probability),
        "lift_10": lift_at(truth, probability),
        "brier": brier(truth, probability),
        "calibration_error": calibration_error(truth, probability),
    }
    return {name: round(value, 6) for name, value in found.items() if np.isfinite(value)}
