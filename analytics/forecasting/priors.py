"""What new series will probably do: like their cohort, more and more like themselves with every day that is known."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.calibration import LEVELS, NORMAL, PLACES
from analytics.forecasting.outlook import Outlook, repeated
from analytics.forecasting.shapes import PRIOR_BELOW_DAYS, Flags, Matrix, Matrix3, Vector
from analytics.forecasting.statistics import mean

ENOUGH: Final = 5  # known series that make a cohort; with fewer the whole fleet is asked
OWN_DAYS: Final = 14  # known days that weigh as much as the cohort
UNKNOWN_SPREAD: Final = 2.0  # log-sd of the level when there is nobody to compare with


@dataclass(frozen=True)
class Usual:
    """What is kept of each of N series to judge new ones by: the mean step to come, the spread of its steps, its week
    (period, N) with mean 1, and whether it is known for long enough."""

    level: Vector
    spread: Vector
    week: Matrix
    is_known: Flags

    @classmethod
    def nothing(cls, count: int, period: int) -> "Usual":
        """Before any block was kept."""
        zeros = np.zeros(count, np.float32)
        return cls(zeros, zeros.copy(), np.ones((period, count), np.float32), np.zeros(count, np.bool_))

    def keep(self, part: slice, outlook: Outlook) -> None:
        """Take note of a block."""
        profile = outlook.profile
        self.level[part] = profile.level * outlook.ratio
        self.spread[part] = outlook.step_scale()
        week = profile.average / np.maximum(profile.level, np.float32(1e-30))[:, None]
        self.week[:, part] = np.where(profile.level > 0, week.T, np.float32(1))
        self.is_known[part] = profile.known >= PRIOR_BELOW_DAYS


@dataclass(frozen=True)
class Prior:
    """For B new series of one cohort: quantiles of the mean step (LEVELS, B), the spread of a step relative to it, and
    the cohort's week (period,)."""

    levels: Matrix
    spread: float
    week: Vector

    def sums(self, steps: NDArray[np.int64]) -> Matrix:
        """(LEVELS, B): of the sum of the next `steps` (B,)."""
        shares = np.cumsum(repeated(self.week[None, :], max(int(steps.max(initial=1)), 1))[0])
        total = np.where(steps > 0, shares[np.maximum(steps - 1, 0)], 0)
        found: Matrix = (self.levels * total).astype(np.float32)
        return found

    def curve(self, steps: int) -> Matrix3:
        """(3, steps, B)."""
        noise = np.array([max(1 - 1.282 * self.spread, 0), 1, 1 + 1.282 * self.spread], np.float32)
        bands = self.levels[list(PLACES)] * noise[:, None]
        found: Matrix3 = bands[:, None, :] * repeated(self.week[None, :], steps)[0][None, :, None]
        return found


def prior_of(usual: Usual, alike: Flags, own: Matrix) -> Prior:
    """For series whose days `own` (B, T) are known or NaN, from those of their cohort (`alike`, (N,))."""
    known = np.isfinite(own).sum(axis=1)
    weight = (known / (known + OWN_DAYS)).astype(np.float32)
    level = mean(own, axis=1)
    if not alike.any():
        factor = np.exp(UNKNOWN_SPREAD * (1 - weight) * NORMAL[:, None]).astype(np.float32)
        return Prior(level * factor, 1.0, np.ones(len(usual.week), np.float32))
    theirs = np.quantile(usual.level[alike].astype(np.float64), LEVELS)[:, None]
    typical = float(usual.level[alike].mean(dtype=np.float64))
    spread = float(usual.spread[alike].mean(dtype=np.float64)) / typical if typical > 0 else 0.0
    levels = (weight * level + (1 - weight) * theirs).astype(np.float32)
    return Prior(levels, spread, usual.week[:, alike].mean(axis=1, dtype=np.float64).astype(np.float32))


def cohorts_of(
    usual: Usual, cohorts: NDArray[np.integer] | None, sims: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], Flags]]:
    """The new series `sims` in groups, each with the known series that are like it."""
    if cohorts is None or not sims.size:
        return [(sims, usual.is_known)] if sims.size else []
    found, others = [], []
    for cohort in np.unique(cohorts[sims]):
        mine, same = sims[cohorts[sims] == cohort], usual.is_known & (cohorts == cohort)
        if same.sum() >= ENOUGH:
            found.append((mine, same))
        else:
            others.append(mine)
    return [*found, (np.concatenate(others), usual.is_known)] if others else found
