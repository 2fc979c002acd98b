"""The days of a subject as one series, for what is worked out while somebody waits. The night reads in bulk instead."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import Max
from numpy.typing import NDArray

from sims.models import FleetDaily, Sim
from sims.usage import days_of, fleet_days, sim_days

if TYPE_CHECKING:
    from analytics.ahead.subjects import Subject
    from iotsim.core.actor import Actor
    from sims.schemas.fleet import UsageDay

LOOK_BACK: Final = 120  # days, as the night's


@dataclass(frozen=True)
class Series:
    """Bytes a day from `first_day` on, whole days only, NaN where nobody can know. `as_of`: until when all is known."""

    first_day: date
    values: NDArray[np.float32]
    as_of: datetime | None
    today: "UsageDay"

    @property
    def last_day(self) -> date:
        return self.first_day + timedelta(days=len(self.values) - 1)

    @property
    def weekdays(self) -> NDArray[np.int64]:
        """Of each day, Monday 0."""
        weekdays: NDArray[np.int64] = (self.first_day.weekday() + np.arange(len(self.values))) % 7
        return weekdays

    @property
    def known(self) -> NDArray[np.float32]:
        return self.values[~np.isnan(self.values)]


def days_read(actor: "Actor", subject: "Subject", start: date, end: date) -> "list[UsageDay]":
    """The subject's usage, one entry for each day."""
    if subject.sim is not None:
        return sim_days(subject.sim, start, end)
    if subject.scope == "fleet":
        return fleet_days(actor, start, end)
    return days_of(actor, subject.sims, start, end)


def series_of(actor: "Actor", subject: "Subject", days: int = LOOK_BACK) -> Series:
    """The last whole days of the subject. By the same rules as the night's: see `analytics.nightly.history`."""
    zone = ZoneInfo(actor.time_zone)
    rows = Sim.objects.filter(organization_id=actor.organization_id)
    as_of: datetime | None = rows.aggregate(newest=Max("cycle_as_of"))["newest"]
    today = min(as_of or datetime.now(UTC), datetime.now(UTC)).astimezone(zone).date()
    first = today - timedelta(days=days)
    read = days_read(actor, subject, first, today)
    values = np.array([one.bytes_total for one in read[:-1]], np.float32)
    fleet = FleetDaily.objects.filter(organization_id=actor.organization_id, day__range=(first, today))
    reported = set(fleet.values_list("day", flat=True))
    values[[one.day not in reported for one in read[:-1]]] = np.nan
    values[: _begun(subject, values, first, zone)] = np.nan
    return Series(first, values, as_of, read[-1])


def _begun(subject: "Subject", values: NDArray[np.float32], first: date, zone: ZoneInfo) -> int:
    """How many days there are before anything was, or could have been, used."""
    used = np.flatnonzero(np.nan_to_num(values) > 0)
    first_use = int(used[0]) if used.size else len(values)
    if subject.sim is None or subject.sim.activated_at is None:
        return first_use
    return min(max((subject.sim.activated_at.astimezone(zone).date() - first).days, 0), first_use)
