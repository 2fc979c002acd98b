"""What the detector is told beside bytes and sessions: devices, places, states, quotas, cohorts of the SIMs.

Read set-based, kept sparse: events are few, so each day's flags are made when the day is looked at. Moments become
days of the organisation's zone.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from psycopg import sql

from analytics.anomalies.shapes import Day
from analytics.nightly.history import History, local_midnight
from iotsim.core.tenancy import tenant
from sims.bulk import read_batches
from sims.cycles import cycle_start

if TYPE_CHECKING:
    import pyarrow as pa

FEW: Final = 5_000  # SIMs that are named in a query; of more, all are read
LOOK_BACK: Final = timedelta(days=7)  # in which the device before is looked for
Flags = NDArray[np.bool_]
Positions = dict[int, list[int]]  # of SIMs, by the day's ordinal


class Swap(NamedTuple):
    """A SIM was seen in a device of another model."""

    at: datetime
    before: str
    after: str


class Visit(NamedTuple):
    country: str
    home: str


class Change(NamedTuple):
    """A confirmed change of state, on a day's ordinal."""

    place: int
    day: int
    was_active: bool


@dataclass
class Signals:
    """All that is known of the SIMs of `history` beside their use, from `first` to `last` (both included)."""

    history: History
    first: date
    last: date
    customer: NDArray[np.int64]
    cohort: NDArray[np.int64]
    cohort_names: list[str]
    safety_critical: Flags
    active: Flags  # now
    quota: NDArray[np.float64]  # bytes, NaN for none
    billing_day: NDArray[np.int64]
    swaps: dict[tuple[int, int], Swap] = field(default_factory=dict)  # by position and day
    abroad: dict[tuple[int, int], Visit] = field(default_factory=dict)
    new_places: dict[tuple[int, int], str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def days(self) -> Iterator[Day]:
        """The whole days from `first` to `last` in turn; of earlier ones only the cycle's use is added up."""
        history = self.history
        used, reset = np.zeros(history.sim_ids.size), _Cycles(self.billing_day)
        swaps, abroad, new = (_by_day(found) for found in (self.swaps, self.abroad, self.new_places))
        for row in range(history.days):
            day = history.first_day + timedelta(days=row)
            used[reset.begins(day)] = 0
            used += np.nan_to_num(history.bytes[row])
            if not self.first <= day <= self.last:
                continue
            at = day.toordinal()
            yield self.day_of(
                at, history.bytes[row], history.sessions[row], swaps.get(at, []), abroad.get(at, []), new.get(at, []),
                used >= self.quota,
            )  # fmt: skip

    def part_of(self, day: date, used: NDArray[np.float32], sessions: NDArray[np.float32]) -> Day:
        """A day that is not over yet."""
        at = day.toordinal()
        swaps, abroad, new = (_by_day(one).get(at, []) for one in (self.swaps, self.abroad, self.new_places))
        return self.day_of(at, used, sessions, swaps, abroad, new, None)

    def day_of(
        self,
        at: int,
        used: NDArray[np.float32],
        sessions: NDArray[np.float32],
        swaps: list[int],
        abroad: list[int],
        new: list[int],
        reached: Flags | None,
    ) -> Day:
        hours = np.full(self.cohort.size, np.nan, np.float32)
        for place in swaps:
            hours[place] = self.hours_after(place, at)
        return Day(
            at,
            used,
            sessions=sessions,
            imei_changed=self._flags(swaps),
            imei_hours=hours,
            abroad=self._flags(abroad),
            new_country=self._flags(new),
            quota_reached=reached,
            cohort=self.cohort,
            safety_critical=self.safety_critical,
            active=self.active_on(at),
        )

    def hours_after(self, place: int, at: int) -> float:
        """From the change of the device to the end of its day, in hours."""
        end = local_midnight(date.fromordinal(at) + timedelta(days=1), self.history.zone)
        end = min(end, self.history.as_of or end)
        return max((end - self.swaps[place, at].at).total_seconds() / 3600, 0)

    def _flags(self, places: Iterable[int]) -> Flags:
        flags = np.zeros(self.cohort.size, np.bool_)
        flags[list(places)] = True
        return flags

    def active_on(self, at: int) -> Flags:
        """Active the whole day, going back from the state of now over the changes, the newest first."""
        active = self.active.copy()
        for change in self.changes:
            if change.day > at:
                active[change.place] = change.was_active
            elif change.day == at:
                active[change.place] = False
        return active

    def swap_before(self, place: int, at: int, days: int) -> Swap | None:
        """The change of device on that day, or in the days before."""
        return next(
            (self.swaps[place, one] for one in range(at, at - days - 1, -1) if (place, one) in self.swaps), None
        )

    def visit_before(self, place: int, at: int, days: int) -> Visit | None:
        return next(
            (self.abroad[place, one] for one in range(at, at - days - 1, -1) if (place, one) in self.abroad), None
        )


class _Cycles:
    """On which days a billing cycle begins for which SIMs."""

    def __init__(self, billing_day: NDArray[np.int64]) -> None:
        self.billing_day, self.kinds = billing_day, np.unique(billing_day).tolist()

    def begins(self, day: date) -> Flags:
        due = [one for one in self.kinds if cycle_start(day, one) == day]
        return np.isin(self.billing_day, due)


def _by_day(found: Iterable[tuple[int, int]]) -> Positions:
    days: Positions = defaultdict(list)
    for place, at in found:
        days[at].append(place)
    return days


def read_signals(history: History, first: date, last: date) -> Signals:
    """Opens a transaction of its own."""
    signals = _fleet(history, first, last)
    with tenant(history.organization_id, read_only=True):
        values = _values(history, first, last)
        _read_swaps(signals, values)
        _read_places(signals, values)
        _read_changes(signals, values)
    return signals


def _values(history: History, first: date, last: date) -> dict[str, Any]:
    few = history.sim_ids.tolist() if history.sim_ids.size <= FEW else None
    return {
        "organization": history.organization_id,
        "ids": few,
        "zone": history.zone.key,
        "begin": local_midnight(first, history.zone),
        "earlier": local_midnight(first, history.zone) - LOOK_BACK,
        "end": local_midnight(last + timedelta(days=1), history.zone),
    }


_CHOSEN: Final = "(%(ids)s::bigint[] IS NULL OR {column} = ANY(%(ids)s::bigint[]))"
_FLEET: Final = """
SELECT s.id, coalesce(s.customer_id, -1) AS customer, (s.status = 'active')::int AS active,
    (s.safety_critical OR coalesce(d.safety_critical, false))::int AS critical,
    coalesce(s.quota_bytes, CASE WHEN NOT p.pooled THEN p.quota_bytes END)::float8 AS quota,
    coalesce(p.billing_day, 1)::int AS billing_day,
    CASE WHEN s.imei <> '' THEN 'Devices of type ' || left(s.imei, 8)
        WHEN coalesce(d.kind, '') <> '' THEN 'Devices of kind ' || d.kind
        WHEN p.id IS NOT NULL THEN 'SIMs on plan ' || p.name END AS cohort
FROM sims_sim s LEFT JOIN sims_plan p ON p.organization_id = s.organization_id AND p.id = s.plan_id
LEFT JOIN sims_device d ON d.organization_id = s.organization_id AND d.id = s.device_id
WHERE s.organization_id = {organization} AND ({ids}::bigint[] IS NULL OR s.id = ANY({ids}::bigint[])) ORDER BY s.id
"""


def _fleet(history: History, first: date, last: date) -> Signals:
    """What stands in the rows of the SIMs; one that went meanwhile stands for itself."""
    ids, size = history.sim_ids, history.sim_ids.size
    few = ids.tolist() if size <= FEW else None
    query = sql.SQL(_FLEET).format(organization=sql.Literal(history.organization_id), ids=sql.Literal(few))
    signals = Signals(
        history,
        first,
        last,
        customer=np.full(size, -1, np.int64),
        cohort=np.full(size, -1, np.int64),
        cohort_names=[],
        safety_critical=np.zeros(size, np.bool_),
        active=np.zeros(size, np.bool_),
        quota=np.full(size, np.nan),
        billing_day=np.ones(size, np.int64),
    )
    numbers: dict[str, int] = {}
    for batch in read_batches(history.organization_id, query):
        _take(signals, batch, numbers)
    signals.cohort_names.extend(numbers)
    return signals


def _take(signals: Signals, batch: "pa.RecordBatch", numbers: dict[str, int]) -> None:
    """A piece of the rows; `numbers` are those of the cohorts met so far."""
    found, customer, active, critical, quota, billing_day = (
        batch.column(n).to_numpy(zero_copy_only=False) for n in range(6)
    )
    ids = signals.history.sim_ids
    place = np.searchsorted(ids, found).clip(max=max(ids.size - 1, 0))
    known = ids[place] == found if ids.size else np.zeros(found.size, np.bool_)
    place = place[known]
    signals.customer[place], signals.billing_day[place] = customer[known], billing_day[known]
    signals.active[place], signals.safety_critical[place] = active[known] == 1, critical[known] == 1
    signals.quota[place] = np.where(quota[known] > 0, quota[known], np.nan)
    names = batch.column(6).dictionary_encode()
    mine = [-1 if one is None else numbers.setdefault(one, len(numbers)) for one in names.dictionary.to_pylist()]
    codes = names.indices.fill_null(len(mine)).to_numpy(zero_copy_only=False)
    signals.cohort[place] = np.array([*mine, -1], np.int64)[codes[known]]


def _query(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _place(ids: NDArray[np.int64], sim_id: int) -> int:
    """Where a SIM stands, -1 when it is not among them."""
    at = int(np.searchsorted(ids, sim_id))
    return at if at < ids.size and ids[at] == sim_id else -1


# The first eight digits are the type of device (TAC), as in sims.alerts.watch. The alert knows the device before even
# when its records are long gone.
_SWAPS: Final = f"""
SELECT sim_id, ended_at, before, imei FROM (
    SELECT sim_id, ended_at, imei, lag(imei) OVER (PARTITION BY sim_id ORDER BY ended_at, id) AS before
    FROM sims_usagerecord WHERE organization_id = %(organization)s AND sim_id IS NOT NULL AND imei <> ''
    AND started_at >= %(earlier)s AND started_at < %(end)s AND {_CHOSEN.format(column="sim_id")}) r
WHERE left(before, 8) <> left(imei, 8) AND ended_at >= %(begin)s
UNION ALL
SELECT sim_id, at, facts ->> 'before', facts ->> 'after' FROM sims_alert, LATERAL (VALUES (first_at), (last_at)) v(at)
WHERE organization_id = %(organization)s AND kind = 'imei_change' AND sim_id IS NOT NULL
    AND at >= %(begin)s AND at < %(end)s AND {_CHOSEN.format(column="sim_id")}
ORDER BY 2
"""  # noqa: S608 (our own words)


def _read_swaps(signals: Signals, values: dict[str, Any]) -> None:
    for sim_id, at, before, after in _query(_SWAPS, values):
        place, day = _where(signals, sim_id, at)
        if place >= 0:
            signals.swaps.setdefault((place, day), Swap(at, before or "", after or ""))


def _where(signals: Signals, sim_id: int, at: datetime) -> tuple[int, int]:
    return _place(signals.history.sim_ids, sim_id), at.astimezone(signals.history.zone).date().toordinal()


# At home is where the IMSI is from, as far as the SIM was ever there; else the country it was in first.
_HOME: Final = """LEFT JOIN LATERAL (
    SELECT c.country FROM sims_simcountry c LEFT JOIN LATERAL (
        SELECT o.country FROM sims_operator o WHERE o.mcc = left(s.imsi, 3) LIMIT 1) i ON true
    WHERE c.organization_id = s.organization_id AND c.sim_id = s.id
    ORDER BY (c.country = i.country) IS TRUE DESC, c.first_at, c.country = s.country, c.id LIMIT 1) h ON true"""
_ABROAD: Final = f"""
SELECT r.sim_id, r.day, o.country, coalesce(h.country, s.country) FROM (
    SELECT sim_id, (ended_at AT TIME ZONE %(zone)s)::date AS day, operator_id, count(*) AS records
    FROM sims_usagerecord WHERE organization_id = %(organization)s AND sim_id IS NOT NULL AND operator_id IS NOT NULL
    AND started_at >= %(begin)s - interval '1 day' AND started_at < %(end)s AND {_CHOSEN.format(column="sim_id")}
    GROUP BY 1, 2, 3) r
JOIN sims_operator o ON o.id = r.operator_id
JOIN sims_sim s ON s.organization_id = %(organization)s AND s.id = r.sim_id {_HOME}
WHERE coalesce(h.country, s.country) NOT IN ('', o.country) ORDER BY r.records
"""  # noqa: S608 (our own words)
_NEW_PLACES: Final = f"""
SELECT c.sim_id, c.first_at, c.country FROM sims_simcountry c
JOIN sims_sim s ON s.organization_id = c.organization_id AND s.id = c.sim_id {_HOME}
WHERE c.organization_id = %(organization)s AND c.first_at >= %(begin)s AND c.first_at < %(end)s
    AND c.country <> coalesce(h.country, s.country) AND {_CHOSEN.format(column="c.sim_id")}
UNION
SELECT sim_id, first_at, facts ->> 'after' FROM sims_alert
WHERE organization_id = %(organization)s AND kind = 'new_country' AND sim_id IS NOT NULL
    AND first_at >= %(begin)s AND first_at < %(end)s AND {_CHOSEN.format(column="sim_id")}
"""  # noqa: S608 (our own words)


def _read_places(signals: Signals, values: dict[str, Any]) -> None:
    for sim_id, day, country, home in _query(_ABROAD, values):
        place = _place(signals.history.sim_ids, sim_id)
        if place >= 0:
            signals.abroad[place, day.toordinal()] = Visit(country, home)
    for sim_id, at, country in _query(_NEW_PLACES, values):
        place, ordinal = _where(signals, sim_id, at)
        if place >= 0:
            signals.new_places[place, ordinal] = country


_CHANGES: Final = f"""
SELECT sim_id, coalesce(settled_at, requested_at), from_status = 'active' FROM sims_statuschange
WHERE organization_id = %(organization)s AND state = 'confirmed' AND coalesce(settled_at, requested_at) >= %(begin)s
    AND (from_status = 'active') <> (to_status = 'active') AND {_CHOSEN.format(column="sim_id")}
ORDER BY 2 DESC, id DESC
"""  # noqa: S608 (our own words)


def _read_changes(signals: Signals, values: dict[str, Any]) -> None:
    for sim_id, at, was_active in _query(_CHANGES, values):
        place, day = _where(signals, sim_id, at)
        if place >= 0:
            signals.changes.append(Change(place, day, was_active))
