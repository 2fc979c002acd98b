"""How good forecasts were, in the figures that this project uses. Arrays (series, step)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.shapes import Matrix, Matrix3, Vector
from analytics.forecasting.statistics import known_or

MOST_RATIO: Final = 1e6


@dataclass(frozen=True)
class Answer:
    """What a model said of N series from one origin.

    `bands` (3, N, H): 10, 50, 90 % of each step; `expected` (N, H): what sums over series are made of (the mean where
    the model has one); `sums` (3, N): 10, 50, 90 % of the sum of all H steps.
    """

    bands: Matrix3
    expected: Matrix
    sums: Matrix

    @classmethod
    def of_bands(cls, bands: Matrix3) -> "Answer":
        """Of a model that gives single steps only; bounds of sums as if the steps moved together."""
        return cls(bands, bands[1], bands.sum(axis=2))


@dataclass
class Score:
    """Collected over origins.

    accuracy = 1 - WAPE = 1 - sum|y - f| / sum|y|; mase: mean over series of the mean error in units of that of the
    seasonal naive forecast within the history (Hyndman and Koehler 2006); cumulative_error_median: median over series
    and origins of |sum f - sum y| / sum y; coverage_80: share of steps between the 10 and 90 % bands, sums_80: of
    sums; aggregate_accuracy: accuracy of the totals over all series. Steps that are not known are left out, and the
    forecasts of sums are reduced by what was expected of them.
    """

    missed: float = 0.0
    came: float = 0.0
    total_missed: float = 0.0
    total_came: float = 0.0
    inside: int = 0
    steps: int = 0
    series: int = 0
    seconds: float = 0.0
    scaled: list[Vector] = field(default_factory=list)
    sums: list[Vector] = field(default_factory=list)
    sums_inside: list[NDArray[np.bool_]] = field(default_factory=list)
    own: list[Vector] = field(default_factory=list)

    def add(self, answer: Answer, came: Matrix, naive: Vector) -> None:
        """One origin: what came (N, H), and the error of the seasonal naive forecast in each history (N,)."""
        known = np.isfinite(came)
        middle = answer.bands[1]
        error = np.abs(known_or(came - middle, 0)).astype(np.float64)
        truth = known_or(came, 0).astype(np.float64)
        self.missed += float(error.sum())
        self.came += float(truth.sum())
        self.total_missed += float(np.abs((truth - np.where(known, answer.expected, 0)).sum(axis=0)).sum())
        self.total_came += float(truth.sum())
        within = (came >= answer.bands[0]) & (came <= answer.bands[2])
        self.inside += int((within & known).sum())
        self.steps += int(known.sum())
        self._add_series(answer, known, truth, error, naive)

    def _add_series(
        self, answer: Answer, known: NDArray[np.bool_], truth: NDArray[np.float64], error: NDArray[np.float64],
        naive: Vector,
    ) -> None:  # fmt: skip
        count = known.sum(axis=1)
        judged = count > 0
        per_step = error.sum(axis=1) / np.maximum(count, 1)
        scaled = np.divide(per_step, naive, out=np.full_like(per_step, np.nan), where=judged & (naive > 0))
        self.scaled.append(scaled[np.isfinite(scaled)])
        whole = truth.sum(axis=1)
        unknown = np.where(known, 0, answer.expected).sum(axis=1)
        share = 1 - unknown / np.maximum(answer.expected.sum(axis=1), 1e-30)
        low, middle, high = answer.sums * np.clip(share, 0, 1)
        used = judged & (whole > 0)
        self.sums.append((np.abs(middle - whole)[used] / whole[used]).clip(max=MOST_RATIO))
        self.sums_inside.append(((whole >= low) & (whole <= high))[used])
        self.own.append((error.sum(axis=1)[used] / whole[used]).clip(max=MOST_RATIO))
        self.series = max(self.series, int(judged.sum()))

    def figures(self) -> dict[str, float | None]:
        """Rounded; None where nothing could be judged."""
        return {
            "accuracy": _one_minus(self.missed, self.came),
            "mase": _middle(self.scaled, np.mean),
            "cumulative_error_median": _middle(self.sums, np.median),
            "coverage_80": round(self.inside / self.steps, 4) if self.steps else None,
            "aggregate_accuracy": _one_minus(self.total_missed, self.total_came),
            "seconds": round(self.seconds, 3),
        }

    @property
    def sums_80(self) -> float | None:
        return _middle(self.sums_inside, np.mean)

    @property
    def own_wape(self) -> float | None:
        """The median over series of each one's own WAPE."""
        return _middle(self.own, np.median)


def naive_error(history: Matrix, period: int) -> Vector:
    """(N,): mean |y(t) - y(t - period)| of the known steps of `history` (N, T); 0 when there are none."""
    apart = np.abs(history[:, period:] - history[:, :-period])
    known = np.isfinite(apart)
    found: Vector = known_or(apart, 0).sum(axis=1, dtype=np.float64) / np.maximum(known.sum(axis=1), 1)
    return found


def _one_minus(missed: float, came: float) -> float | None:
    return round(1 - missed / came, 4) if came > 0 else None


def _middle(pieces: Sequence[NDArray[Any]], of: Callable[[NDArray[Any]], Any]) -> float | None:
    values = np.concatenate(pieces) if pieces else np.empty(0)
    return round(float(of(values)), 4) if values.size else None
