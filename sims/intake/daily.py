"""UsageDaily and UsageHourly: added to for new records, rebuilt from the records wherever anything else changed.

Whoever writes usage calls `add_usage` and `rebuild_usage`, inside `writing_usage`: they see to days and hours alike.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from psycopg import sql

from sims import bulk
from sims.intake.days import (
    BUCKET_BITS,
    EPOCH,
    HOUR_MICROS,
    HOURS,
    Grid,
    Ints,
    Midnights,
    Used,
    pairs,
    sum_by_day,
)
from sims.intake.hourly import add_to_hours, replace_hours
from sims.intake.rollup import DAYS
from sims.retention import records_whole_from

LONGEST = "interval '31 days'"  # no record covers more, see sims.formats.reading.LONGEST_SECONDS


@dataclass(frozen=True)
class Spans:
    """Times (microseconds since 1970) in which a SIM's usage changed."""

    sim_id: Ints
    started_at: Ints
    ended_at: Ints

    def __len__(self) -> int:
        return len(self.sim_id)

    def plus(self, other: "Spans") -> "Spans":
        return Spans(
            np.concatenate((self.sim_id, other.sim_id)),
            np.concatenate((self.started_at, other.started_at)),
            np.concatenate((self.ended_at, other.ended_at)),
        )

    @classmethod
    def none(cls) -> "Spans":
        nothing = np.zeros(0, np.int64)
        return cls(nothing, nothing, nothing)


def add_usage(organization_id: int, zone: ZoneInfo, used: Used) -> None:
    """Add new records to the days and hours of their SIMs, and to the fleet's days."""
    if not len(used):
        return
    DAYS.add(organization_id, sum_by_day(used, zone))
    add_to_hours(organization_id, used)


def rebuild_usage(organization_id: int, zone: ZoneInfo, spans: Spans) -> None:
    """Work out anew, from the records, every local day and every hour that the spans touch.

    Days whose records are not all there any more (see `sims.retention`) are left as they are.
    """
    if not len(spans):
        return
    midnights = Midnights(zone, int(spans.started_at.min()), int(spans.ended_at.max()))
    sim_id, day = _touched(spans, midnights)
    kept = day >= (records_whole_from() - EPOCH).days
    sim_id, day = sim_id[kept], day[kept]
    if not len(day):
        return
    index = day - midnights.first_day
    used = _records_in(organization_id, sim_id, midnights.at[index], midnights.at[index + 1])
    DAYS.replace(organization_id, sum_by_day(used, zone), sim_id, day)
    hour_sim, hour = _touched(spans, HOURS)
    whole = kept.all() | (hour * HOUR_MICROS >= midnights.at[index].min())
    replace_hours(organization_id, used, hour_sim[whole], hour[whole])


def _touched(spans: Spans, grid: Grid) -> tuple[Ints, Ints]:
    """The different (SIM, bucket) that the spans touch."""
    first, last = grid.index(spans.started_at), grid.index(spans.ended_at)
    count = last - first + 1
    row = np.repeat(np.arange(len(spans)), count)
    bucket = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + grid.first
    found = np.unique(pairs(spans.sim_id[row], bucket))
    return found >> BUCKET_BITS, found & ((1 << BUCKET_BITS) - 1)


def _records_in(organization_id: int, sim_id: Ints, low: Ints, high: Ints) -> Used:
    """The records of each SIM from its first touched day to its last, whole hours."""
    order = np.argsort(sim_id, kind="stable")
    sims, starts = np.unique(sim_id[order], return_index=True)
    columns = {
        "sim_id": bulk.bigint(sims),
        "low": bulk.timestamptz(np.minimum.reduceat(low[order], starts) // HOUR_MICROS * HOUR_MICROS),
        "high": bulk.timestamptz(-(-np.maximum.reduceat(high[order], starts) // HOUR_MICROS) * HOUR_MICROS),
    }
    with bulk.staging("sims_touched", "sim_id bigint, low timestamptz, high timestamptz") as table:
        bulk.copy_in(table, columns)
        return records_of(organization_id, table)


def records_of(organization_id: int, wanted: sql.Composable) -> Used:
    """The records that have to do with the times `low` to `high` of each `sim_id` in the table `wanted`."""
    query = sql.SQL(
        "SELECT r.* FROM {wanted} w, "
        "LATERAL (SELECT r.sim_id, r.started_at, r.ended_at, r.traffic, r.bytes_up, r.bytes_down, r.count, "
        "r.voice_seconds FROM sims_usagerecord r WHERE r.organization_id = {organization} AND r.sim_id = w.sim_id "
        "AND r.started_at >= w.low - {longest} AND r.started_at < w.high AND r.ended_at >= w.low OFFSET 0) r"
    ).format(wanted=wanted, organization=organization_id, longest=sql.SQL(LONGEST))
    kinds = [">i8", ">i8", ">i8", ">i2", ">i8", ">i8", ">i4", ">i4"]
    sim_id, started_at, ended_at, *amounts = bulk.copy_out(query, kinds)
    return Used(sim_id, bulk.unix(started_at), bulk.unix(ended_at), *amounts)
