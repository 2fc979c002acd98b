"""What a series of days is like: its average, its rare high days, its trend, how far its days lie apart. Pure.

Unknown days (NaN) count for nothing; what stands on too few known days is None.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.float32]

FEWEST_DAYS: Final = 14  # known days below which there is no trend and no pattern of the week
FEWEST_FOR_TREND: Final = 28
MONTH: Final = 30
_SURE: Final = 0.995  # how certain a slope must be, on either side, to be a trend
_WORTH: Final = 0.03  # of the average a month: less is no trend that anybody would speak of


@dataclass(frozen=True)
class Analysis:
    """Bytes a day. `trend` is the change a month relative to the average (0.12: 12 % more each month), 0 without a
    clear one. `volatility`: the standard deviation of the days around their weekday's average, relative to the average
    of all. `weekdays`: the average of each, Monday first.
    """

    known_days: int
    used_days: int
    average: float
    p95: float
    peak: float
    trend: float | None
    trend_is_clear: bool
    volatility: float | None
    weekdays: tuple[float, ...] | None


def analyse(values: Days, weekdays: NDArray[np.int64]) -> Analysis:
    """The figures of a series of whole days; `weekdays` has Monday 0."""
    known = ~np.isnan(values)
    days = values[known].astype(np.float64)
    if not days.size:
        return Analysis(0, 0, 0.0, 0.0, 0.0, None, False, None, None)
    average = float(days.mean())
    of_week = _of_week(days, weekdays[known])
    slope, clear = trend_of(np.flatnonzero(known), days)
    return Analysis(
        known_days=int(days.size),
        used_days=int((days > 0).sum()),
        average=average,
        p95=float(np.quantile(days, 0.95)),
        peak=float(days.max()),
        trend=None if slope is None or not average else slope * MONTH / average,
        trend_is_clear=clear,
        volatility=_volatility(days, weekdays[known], of_week, average),
        weekdays=of_week,
    )


def _of_week(days: NDArray[np.float64], weekdays: NDArray[np.int64]) -> tuple[float, ...] | None:
    if days.size < FEWEST_DAYS or np.unique(weekdays).size < 7:
        return None
    return tuple(float(days[weekdays == day].mean()) for day in range(7))


def _volatility(
    days: NDArray[np.float64], weekdays: NDArray[np.int64], of_week: tuple[float, ...] | None, average: float
) -> float | None:
    if not average or of_week is None:
        return None
    return float((days - np.array(of_week)[weekdays]).std() / average)


def trend_of(places: NDArray[np.int64], days: NDArray[np.float64]) -> tuple[float | None, bool]:
    """The slope of a line through the weeks' medians, in bytes a day each day, and whether it is clearly not 0.

    Medians, since one day of a firmware update would tilt a line through the days; weeks, since weekends would.
    """
    from scipy.special import stdtrit

    if days.size < FEWEST_FOR_TREND:
        return None, False
    week = (places - places[-1] - 1) // 7  # counted back from the last day, so that the newest week is a whole one
    weeks = [one for one in np.unique(week) if (week == one).sum() >= 4]
    if len(weeks) < 4:
        return None, False
    x = np.array(weeks, np.float64) * 7
    y = np.array([np.median(days[week == one]) for one in weeks])
    if not y.any():
        return None, False
    x -= x.mean()
    slope = float((x * y).sum() / (x * x).sum())
    left = y - y.mean() - slope * x
    error = float(np.sqrt((left * left).sum() / max(len(weeks) - 2, 1) / (x * x).sum()))
    clear = float(stdtrit(max(len(weeks) - 2, 1), _SURE))
    return slope, abs(slope) > clear * error and abs(slope) * MONTH > _WORTH * float(y.mean())
