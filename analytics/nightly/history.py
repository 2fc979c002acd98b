"""The days of a fleet as arrays (day, SIM): the one reader for forecasts, anomalies, advice and health.

Read by ADBC, piece by piece straight into the arrays, so that the peak is the arrays and one piece. What is committed
is seen, nothing of an open transaction.

A day without a row is a day without usage, 0. NaN is what nobody can know: days before the SIM was activated (without
that moment: before its first use), and days on which no SIM of the organisation used anything, as when a file never
came. A day that is not over at the organisation's as-of is not among the days.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import Max
from django.utils import timezone
from numpy.typing import NDArray
from psycopg import sql

from iotsim.core.models import Organization
from iotsim.core.tenancy import tenant
from sims.bulk import read_batches
from sims.models import FleetDaily, Sim

DAYS: Final = 120  # what the models look back over
DAY: Final = timedelta(days=1)
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class History:
    """Use of the SIMs `sim_ids` (ascending, int64) on the days from `first_day` on.

    `bytes` (up and down) and `sessions` are float32 of the shape (days, SIMs), contiguous, NaN where unknown. `as_of`
    is up to when usage of the organisation is known, None when there was none ever.
    """

    organization_id: int
    zone: ZoneInfo
    sim_ids: NDArray[np.int64]
    first_day: date
    bytes: Matrix
    sessions: Matrix
    as_of: datetime | None

    @property
    def days(self) -> int:
        return int(self.bytes.shape[0])

    @property
    def last_day(self) -> date:
        """The last day that was over at the as-of."""
        return self.first_day + timedelta(days=self.days - 1)

    @property
    def weekdays(self) -> NDArray[np.int64]:
        """Of each day, Monday 0 to Sunday 6."""
        weekdays: NDArray[np.int64] = (self.first_day.weekday() + np.arange(self.days)) % 7
        return weekdays


def read_history(
    organization_id: int, *, days: int = DAYS, until: date | None = None, sim_ids: Sequence[int] | None = None
) -> History:
    """The last `days` whole days up to `until` (or the as-of) of all SIMs, or of those asked for.

    Opens transactions of its own. SIMs still in stock are left out.
    """
    with tenant(organization_id, read_only=True):
        zone = ZoneInfo(Organization.objects.values_list("time_zone", flat=True).get(pk=organization_id))
        rows = Sim.objects.filter(organization_id=organization_id)
        as_of: datetime | None = rows.aggregate(newest=Max("cycle_as_of"))["newest"]
        rows = rows.exclude(status="inventory") if sim_ids is None else rows.filter(pk__in=sim_ids)
        found = list(rows.order_by("pk").values_list("pk", "activated_at"))
        last = min(filter(None, (until, last_whole_day(as_of or timezone.now(), zone))))
        first = last - timedelta(days=days - 1)
        fleet = FleetDaily.objects.filter(organization_id=organization_id, day__range=(first, last))
        reported = np.isin(np.arange(days), [(day - first).days for day in fleet.values_list("day", flat=True)])
    ids = np.fromiter((pk for pk, _ in found), np.int64, len(found))
    used, sessions = _fill(organization_id, ids, first, days)
    since = [(at.astimezone(zone).date() - first).days if at else None for _, at in found]
    _forget_unknown(used, sessions, since, reported)
    return History(organization_id, zone, ids, first, used, sessions, as_of)


def last_whole_day(as_of: datetime, zone: ZoneInfo) -> date:
    """The last local day that was over at that moment."""
    local = as_of.astimezone(zone)
    return local.date() - DAY


def _fill(organization_id: int, ids: NDArray[np.int64], first: date, days: int) -> tuple[Matrix, Matrix]:
    used, sessions = np.zeros((days, ids.size), np.float32), np.zeros((days, ids.size), np.float32)
    if not ids.size:
        return used, sessions
    for day, sim, total, count in _pieces(organization_id, ids, first, days):
        place = np.searchsorted(ids, sim).clip(max=ids.size - 1)
        known = ids[place] == sim
        used[day[known], place[known]] = total[known]
        sessions[day[known], place[known]] = count[known]
    return used, sessions


def _pieces(organization_id: int, ids: NDArray[np.int64], first: date, days: int) -> Iterator[list[NDArray[np.int64]]]:
    """Day (from 0), SIM, bytes and sessions of the rows, a piece at a time."""
    few = sql.SQL("AND sim_id = ANY({})").format(sql.Literal(ids.tolist())) if ids.size < 1_000 else sql.SQL("")
    query = sql.SQL(
        "SELECT day - {first} AS day, sim_id, bytes_up + bytes_down AS bytes, sessions FROM sims_usagedaily "
        "WHERE organization_id = {org} AND day >= {first} AND day < {after} {few}"
    ).format(
        first=sql.Literal(first), after=sql.Literal(first + timedelta(days=days)),
        org=sql.Literal(organization_id), few=few,
    )  # fmt: skip
    for batch in read_batches(organization_id, query):
        yield [column.to_numpy(zero_copy_only=False) for column in batch.columns]


def _forget_unknown(used: Matrix, sessions: Matrix, since: Sequence[int | None], reported: NDArray[np.bool_]) -> None:
    """Put NaN where nothing can be known; `reported` says on which days the fleet used anything."""
    days, count = used.shape
    if not count:
        return
    ever = used.any(axis=0)
    first_use = np.where(ever, (used > 0).argmax(axis=0), days)
    begun = np.array([first_use[n] if one is None else min(one, first_use[n]) for n, one in enumerate(since)])
    unknown = np.arange(days)[:, None] < begun
    unknown |= ~reported[:, None]
    used[unknown] = np.nan
    sessions[unknown] = np.nan


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins."""
    return datetime.combine(day, time(), zone)
