"""From a night's forecasts to what is written of them: billing cycles, what was used in them, rows."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from analytics.ahead.moving import Made, Moved, Now, growth_of
from analytics.forecasting.boosted import NAME as TRAINED
from analytics.forecasting.fleet import NAME as MODEL
from analytics.forecasting.fleet import VERSION
from analytics.nightly.forecast_rows import Columns
from sims.cycles import cycle_start, next_cycle_start

if TYPE_CHECKING:
    from analytics.forecasting.shapes import Forecasts

EPOCH: Final = date(1970, 1, 1)

__all__ = ["MODEL", "VERSION", "Cycle", "base_of", "columns_of", "cycles_of", "days_since", "passed_at", "used_before"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cycle:
    """The billing cycle of each series on the forecast's first day, in days since 1970."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]


def base_of(made: "Forecasts", part: slice, *, end: Floats, used: Floats, quota: Floats, exhausts: Floats) -> Made:
    """The forecasts of a block as they were made: at the end of the last whole day."""
    return Made(
        growth=growth_of(made.curve[1, :, part].T),
        at=np.zeros(len(end)),
        end=end,
        rest=made.rest[:, part].astype(np.float64),
        month=made.month[:, part].astype(np.float64),
        quota=quota,
        probability=made.probability[part].astype(np.float64),
        exhausts=exhausts,
        used=used,
    )


def columns_of(
    made: "Forecasts",
    part: slice,
    standing: Moved,
    now: Now,
    before: Made,
    *,
    first_day: date,
    cycles: Cycle,
    as_of: datetime,
    sharp: tuple[NDArray[np.bool_], str] | None = None,
) -> Columns:
    """What is written of a block; `sharp`: which series of all have their forecast from which trained version."""
    day = days_since(first_day)
    return Columns(
        as_of=as_of,
        first_day=day,
        cycle_first=cycles.first[part],
        cycle_last=cycles.last[part],
        used=now.used,
        quota=now.quota,
        cycle=now.used + standing.rest,
        month=before.month,
        exhausts=day + np.floor(standing.exhausts),
        probability=standing.probability,
        history_days=made.history_days[part],
        is_prior=made.is_prior[part],
        sharp=sharp[0][part] if sharp else np.zeros(len(now.used), np.bool_),
        models=(MODEL, TRAINED),
        versions=(VERSION, sharp[1] if sharp else ""),
        curve=made.curve[:, :, part],
    )


def days_since(day: date) -> int:
    """Days since 1970."""
    return (day - EPOCH).days


def cycles_of(billing_day: NDArray[np.int64], day: date) -> Cycle:
    """The cycle in which `day` lies, for each billing day of the array."""
    begins = {int(one): cycle_start(day, int(one)) for one in np.unique(billing_day)}
    ends = {int(one): next_cycle_start(day, int(one)) - timedelta(days=1) for one in np.unique(billing_day)}
    known = np.array(sorted(begins), np.int64)
    place = np.searchsorted(known, billing_day)
    first = np.array([days_since(begins[int(one)]) for one in known], np.int64)
    last = np.array([days_since(ends[int(one)]) for one in known], np.int64)
    return Cycle(first[place], last[place])


def used_before(values: NDArray[np.float32], since: NDArray[np.int64]) -> Floats:
    """What each SIM used from row `since` on, unknown days left out; `values` (day, SIM)."""
    used = np.zeros(values.shape[1])
    for row in np.unique(since):
        mine = np.flatnonzero(since == row)
        used[mine] = np.nansum(values[max(int(row), 0) :, mine], axis=0, dtype=np.float64)
    return used


def passed_at(
    values: NDArray[np.float32], column: NDArray[np.int64], since: NDArray[np.int64], quota: Floats, used: Floats
) -> Floats:
    """For what was over its quota at the end of the last whole day: when that was, as a position; NaN for the others.

    `values` (day, series); `since` is the row in which each cycle began.
    """
    found = np.full(len(used), np.nan)
    for one in np.flatnonzero(used > quota):
        row = max(int(since[one]), 0)
        total = np.nancumsum(values[row:, column[one]], dtype=np.float64)
        found[one] = row + int((total > quota[one]).argmax()) - len(values)
    return found
