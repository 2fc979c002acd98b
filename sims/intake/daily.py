"""UsageDaily: added to for new records, rebuilt from the records wherever anything else changed."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection
from psycopg import sql

from sims import bulk
from sims.intake.days import AMOUNTS, DaySums, Ints, Midnights, Used, sum_by_day

LONGEST = "interval '31 days'"  # no record covers more, see sims.formats.reading.LONGEST_SECONDS

_COLUMNS = (
    "organization_id bigint, sim_id bigint, day date, bytes_up bigint, bytes_down bigint, "
    "sessions integer, sms integer, voice_seconds integer"
)
_NAMES = sql.SQL("organization_id, sim_id, day, bytes_up, bytes_down, sessions, sms, voice_seconds")


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


def add_to_days(organization_id: int, sums: DaySums) -> None:
    """Add the sums of new records."""
    if not len(sums):
        return
    adding = sql.SQL(", ").join(sql.SQL("{0} = d.{0} + excluded.{0}").format(sql.Identifier(name)) for name in AMOUNTS)
    with bulk.staging("day_sums", _COLUMNS) as table, connection.cursor() as cursor:
        bulk.copy_in(table, _rows(organization_id, sums))
        cursor.execute(
            sql.SQL(
                "INSERT INTO sims_usagedaily AS d ({names}) SELECT {names} FROM {table} "
                "ON CONFLICT (organization_id, sim_id, day) DO UPDATE SET {adding}"
            ).format(names=_NAMES, table=table, adding=adding)
        )


def rebuild_days(organization_id: int, zone: ZoneInfo, spans: Spans) -> None:
    """Work out anew, from the records, every local day that the spans touch."""
    if not len(spans):
        return
    midnights = Midnights(zone, int(spans.started_at.min()), int(spans.ended_at.max()))
    sim_id, day = _days_of(spans, midnights)
    index = day - midnights.first_day
    with bulk.staging("days_touched", "sim_id bigint, day date, low timestamptz, high timestamptz") as table:
        columns = {
            "sim_id": bulk.bigint(sim_id),
            "day": bulk.date(day),
            "low": bulk.timestamptz(midnights.at[index]),
            "high": bulk.timestamptz(midnights.at[index + 1]),
        }
        bulk.copy_in(table, columns)
        sums = sum_by_day(_records_in(organization_id, table), zone)
        touched = np.isin(_pair(sums.sim_id, sums.day), _pair(sim_id, day))
        _replace(organization_id, table, sums.only(touched))


def _days_of(spans: Spans, midnights: Midnights) -> tuple[Ints, Ints]:
    """The different (SIM, day) that the spans touch."""
    first, last = midnights.day(spans.started_at), midnights.day(spans.ended_at)
    count = last - first + 1
    row = np.repeat(np.arange(len(spans)), count)
    day = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    pairs = np.unique(_pair(spans.sim_id[row], day))
    return pairs >> 16, pairs & 0xFFFF


def _pair(sim_id: Ints, day: Ints) -> Ints:
    """SIM and day as one number; days since 1970 fit into 16 bits until 2149."""
    return (sim_id << 16) | day


def _records_in(organization_id: int, touched: sql.Identifier) -> Used:
    query = sql.SQL(
        "SELECT r.* FROM (SELECT sim_id, min(low) AS low, max(high) AS high FROM {touched} GROUP BY sim_id) w, "
        "LATERAL (SELECT r.sim_id, r.started_at, r.ended_at, r.traffic, r.bytes_up, r.bytes_down, r.count, "
        "r.voice_seconds FROM sims_usagerecord r WHERE r.organization_id = {organization} AND r.sim_id = w.sim_id "
        "AND r.started_at >= w.low - {longest} AND r.started_at < w.high AND r.ended_at >= w.low OFFSET 0) r"
    ).format(touched=touched, organization=organization_id, longest=sql.SQL(LONGEST))
    kinds = [">i8", ">i8", ">i8", ">i2", ">i8", ">i8", ">i4", ">i4"]
    sim_id, started_at, ended_at, *amounts = bulk.copy_out(query, kinds)
    return Used(sim_id, bulk.unix(started_at), bulk.unix(ended_at), *amounts)


def _replace(organization_id: int, touched: sql.Identifier, sums: DaySums) -> None:
    with bulk.staging("day_sums", _COLUMNS) as table, connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "DELETE FROM sims_usagedaily d USING {} t "
                "WHERE d.organization_id = {} AND d.sim_id = t.sim_id AND d.day = t.day"
            ).format(touched, organization_id)
        )
        bulk.copy_in(table, _rows(organization_id, sums))
        cursor.execute(
            sql.SQL("INSERT INTO sims_usagedaily ({names}) SELECT {names} FROM {table}").format(
                names=_NAMES, table=table
            )
        )


def _rows(organization_id: int, sums: DaySums) -> dict[str, bulk.Column]:
    return {
        "organization_id": bulk.bigint(bulk.same(organization_id, len(sums))),
        "sim_id": bulk.bigint(sums.sim_id),
        "day": bulk.date(sums.day),
        "bytes_up": bulk.bigint(sums.bytes_up),
        "bytes_down": bulk.bigint(sums.bytes_down),
        "sessions": bulk.integer(sums.sessions),
        "sms": bulk.integer(sums.sms),
        "voice_seconds": bulk.integer(sums.voice_seconds),
    }
