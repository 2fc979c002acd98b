"""What tier 1 learns from: rows about a series as it was known on a day, and what came, relative to what was usual."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.levels import Weights
from analytics.forecasting.outlook import Seasons, outlook_of, repeated
from analytics.forecasting.profile import Profile
from analytics.forecasting.shapes import Flags, Matrix, Vector
from analytics.forecasting.statistics import known_or, mean, share

LARGEST: Final = 10.0  # times the usual: targets and features beyond are cut
NEAR: Final = (1, 3, 7, 14, 28)  # last steps whose mean is told, in sevenths of a cycle


@dataclass(frozen=True)
class View:
    """B series as they were known at one moment: `about` (B, F) is what rows say of the series itself."""

    profile: Profile
    ratio: Vector
    about: Matrix
    last: Matrix  # (B, period): the last cycle, relative to the mean step

    def usual(self, steps: int) -> Matrix:
        """(B, steps): what the profile expects."""
        return repeated(self.profile.average * self.ratio[:, None], steps)

    def usual_sum(self, steps: NDArray[np.int64]) -> Vector:
        """(B,): of the next `steps` (B,), at least 1."""
        sums = np.cumsum(self.usual(int(steps.max(initial=1))), axis=1)
        found: Vector = np.take_along_axis(sums, steps[:, None] - 1, axis=1)[:, 0]
        return found

    def sum_rows(self, steps: NDArray[np.int64]) -> Matrix:
        """(B, F + 2)."""
        ahead = steps[:, None].astype(np.float32)
        return np.concatenate([self.about, ahead, ahead / len(self.profile.average[0])], axis=1)

    def step_rows(self, steps: NDArray[np.int64]) -> Matrix:
        """(B * len(steps), F + 5): for each series each of the steps ahead."""
        count, phase = len(self.about), (steps - 1) % self.profile.average.shape[1]
        return np.concatenate(
            [np.repeat(self.about, len(steps), axis=0), self._of_phase(phase, steps, count).reshape(-1, 5)], axis=1
        )

    def step_row(self, steps: NDArray[np.int64]) -> Matrix:
        """(B, F + 5): for each series one step ahead, `steps` (B,)."""
        phase = (steps - 1) % self.profile.average.shape[1]
        series = np.arange(len(steps))
        level = self.profile.level
        own: list[Vector] = [
            share(self.profile.average[series, phase] * self.ratio, level),
            share(self.profile.middle[series, phase] * self.ratio, level),
            self.last[series, phase],
            steps.astype(np.float32),
            phase.astype(np.float32),
        ]
        return np.concatenate([self.about, np.stack(own, axis=1).astype(np.float32)], axis=1)

    def _of_phase(self, phase: NDArray[np.int64], steps: NDArray[np.int64], count: int) -> Matrix:
        level = np.where(self.profile.level > 0, self.profile.level, np.float32(1))[:, None]
        own: list[Matrix] = [
            (self.profile.average[:, phase] / level * self.ratio[:, None]).astype(np.float32),
            (self.profile.middle[:, phase] / level * self.ratio[:, None]).astype(np.float32),
            self.last[:, phase],
            np.broadcast_to(steps, (count, len(steps))).astype(np.float32),
            np.broadcast_to(phase, (count, len(steps))).astype(np.float32),
        ]
        return np.stack(own, axis=2).astype(np.float32)


@dataclass(frozen=True)
class Examples:
    """`rows` (R, F) and what came, relative (R,)."""

    rows: Matrix
    target: Vector

    @classmethod
    def joined(cls, parts: "list[Examples]") -> "Examples":
        return cls(np.concatenate([one.rows for one in parts]), np.concatenate([one.target for one in parts]))

    def kept(self, good: Flags) -> "Examples":
        return Examples(self.rows[good], self.target[good])


def view_of(values: Matrix, weights: Weights, horizon: int, seasons: Seasons, common: float | None = None) -> View:
    """Of `values` (B, T), cleaned."""
    outlook = outlook_of(values, weights, horizon, seasons, common)
    profile, level = outlook.profile, outlook.profile.level
    relative = np.clip(
        np.divide(values, level[:, None], out=np.zeros_like(values), where=level[:, None] > 0), 0, LARGEST
    )
    relative = np.where(np.isfinite(values), relative, np.float32(np.nan))[:, -max(16 * seasons.period, 1) :]
    near = [mean(relative[:, -max(round(count * seasons.period / 7), 1) :], axis=1) for count in NEAR]
    flat = known_or(relative, 0)
    about: list[NDArray[Any]] = [
        *profile.recent.T,
        np.log(np.maximum(outlook.ratio, 1e-3)),
        share(profile.spread, level),
        profile.drift,
        share(profile.middle.mean(axis=1), level),
        profile.device_class,
        np.minimum(profile.known, 400),
        *near,
        mean((relative > 0).astype(np.float32), axis=1),
        flat[:, -4 * seasons.period :].max(axis=1, initial=0),
        (np.cumsum(flat[:, ::-1] > 0, axis=1) == 0).sum(axis=1),  # steps since the last use
        mean(profile.average[:, : max(seasons.period * 2 // 7, 1)], axis=1) / np.where(level > 0, level, 1),
    ]
    last = known_or(relative[:, -seasons.period :], 1)
    if last.shape[1] < seasons.period:
        last = np.concatenate([np.ones((len(last), seasons.period - last.shape[1]), np.float32), last], axis=1)
    return View(profile, outlook.ratio, np.stack(about, axis=1).astype(np.float32), last)


def sum_examples(view: View, came: Matrix, steps: NDArray[np.int64], *, keep_all: bool = False) -> Examples:
    """The sum of the next `steps` (B,) relative to the usual; unknown steps count as usual. With `keep_all` a series
    that says nothing has NaN instead of being left out."""
    usual = view.usual(came.shape[1])
    within = np.arange(came.shape[1]) < steps[:, None]
    known = np.isfinite(came) & within
    whole = np.where(within, usual, 0).sum(axis=1)
    total = np.where(known, came, np.where(within, usual, 0)).sum(axis=1)
    good = (known.sum(axis=1) >= 0.8 * steps) & (whole > 0)
    target = np.divide(total, whole, out=np.full_like(total, np.nan), where=good).clip(max=LARGEST).astype(np.float32)
    examples = Examples(view.sum_rows(steps), target)
    return examples if keep_all else examples.kept(good)


def step_examples(view: View, came: Matrix, steps: NDArray[np.int64]) -> Examples:
    """The single step so far ahead (B,), relative to the mean step."""
    value, level = came[np.arange(len(came)), steps - 1], view.profile.level
    good = np.isfinite(value) & (level > 0)
    target = np.divide(value, level, out=np.full_like(value, np.nan), where=good).clip(max=LARGEST)
    return Examples(view.step_row(steps), target.astype(np.float32)).kept(good)
