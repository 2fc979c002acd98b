"""The arithmetic of reasons: what is normal, when a change began, how uneven hours are (pure numpy; no Django)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.float64]

FEWEST: Final = 7  # days before a normal can be told
HIGH: Final = 1.5  # times the normal
STEP: Final = 1.5  # a change is told when the days after it are so many times those before
LEAST_SIDE: Final = 2  # days on each side of a change


@dataclass(frozen=True)
class Against:
    """Days held against those before them. Bytes a day; None while too few are known."""

    total: float
    usual: float | None  # what so many days use normally
    ratio: float | None

    @property
    def is_high(self) -> bool:
        return self.ratio is not None and self.ratio >= HIGH


def against(before: Days, now: Days) -> Against:
    """The days in question against the ones before: the mean of those, its highest tenth cut to where it begins.

    A plain median would call a SIM that reports once a week always high.
    """
    total = float(now.sum())
    if len(before) < FEWEST or not len(now):
        return Against(total, None, None)
    cut = np.minimum(before, np.quantile(before, 0.9))
    usual = float(cut.mean()) * len(now)
    return Against(total, usual, total / usual if usual > 0 else None)


def began(days: Days) -> int | None:
    """The index of the first day after the sharpest lasting rise; None when nothing rose by half or more.

    The split with the largest difference of means, weighted by the days on both sides (a CUSUM test of one change).
    """
    count = len(days)
    if count < 2 * LEAST_SIDE:
        return None
    sums = np.concatenate(([0.0], np.cumsum(days)))
    places = np.arange(LEAST_SIDE, count - LEAST_SIDE + 1)
    before = sums[places] / places
    after = (sums[count] - sums[places]) / (count - places)
    weight = (after - before) * np.sqrt(places * (count - places) / count)
    best = int(np.argmax(weight))
    rose = after[best] > 0 and after[best] >= STEP * before[best]
    return int(places[best]) if rose else None


def busiest(hours: Days) -> tuple[int, float] | None:
    """The hour of the day (0 to 23) with most, and its share of all; None when no hour stands out.

    One that takes three times an even share stands out.
    """
    total = float(hours.sum())
    if total <= 0:
        return None
    hour = int(np.argmax(hours))
    share = float(hours[hour]) / total
    return (hour, share) if share >= 3 / 24 else None
