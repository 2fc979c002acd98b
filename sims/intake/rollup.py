"""Sums per SIM and bucket of time, and per bucket for all SIMs: added to, or replaced where the records say else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from django.db import connection
from psycopg import sql

from sims import bulk
from sims.intake.days import AMOUNTS, HOUR_MICROS, Ints, Sums, pairs

_AMOUNTS: Final = "bytes_up bigint, bytes_down bigint, sessions integer, sms integer, voice_seconds integer"
_ADDING: Final = sql.SQL(", ").join(
    sql.SQL("{0} = d.{0} + excluded.{0}").format(sql.Identifier(name)) for name in AMOUNTS
)
_ADD: Final = sql.SQL("ON CONFLICT ({key}{bucket}) DO UPDATE SET {adding}")
_NOTHING: Final = sql.SQL("")


@dataclass(frozen=True)
class Rollup:
    """`bucket` is the column of the day or hour, `kind` its type, `encode` makes it from a count since 1970.

    `fleet` is the table of what all SIMs add up to, one row a bucket, kept in step. Where it has no row, no SIM has
    one, so new sums need not be looked up there: that is twice as fast, and of a file in order almost everything.
    """

    table: str
    fleet: str
    bucket: str
    kind: str
    encode: Callable[[Ints], bulk.Fixed]
    seconds: int

    def add(self, organization_id: int, sums: Sums) -> None:
        """Add the sums of new records."""
        if not len(sums):
            return
        there = np.isin(sums.bucket, self._known(organization_id, sums))
        self._insert(organization_id, sums.only(~there))
        self._insert(organization_id, sums.only(there), on_conflict=_ADD)
        self._add_to_fleet(organization_id, sums.of_all_sims())

    def replace(self, organization_id: int, sums: Sums, sim_id: Ints, bucket: Ints) -> None:
        """Put sums in place of what these SIMs had in these buckets; of other buckets `sums` may hold parts."""
        gone = self._clear(organization_id, sim_id, bucket)
        self.exchange(organization_id, gone, sums.only(np.isin(pairs(sums.sim_id, sums.bucket), pairs(sim_id, bucket))))

    def exchange(self, organization_id: int, gone: Sums, sums: Sums) -> None:
        """Write sums in the place of those that were taken out."""
        self._insert(organization_id, sums)
        self._add_to_fleet(organization_id, gone, sign=-1)
        self._add_to_fleet(organization_id, sums.of_all_sims())

    def _known(self, organization_id: int, sums: Sums) -> Ints:
        """The buckets in which some SIM has sums already."""
        bounds = self.encode(np.array([sums.bucket.min(), sums.bucket.max()]))
        with bulk.staging("bucket_bounds", f"bound {self.kind}") as table:
            bulk.copy_in(table, {"bound": bounds})
            with connection.cursor() as cursor:
                cursor.execute(
                    sql.SQL(
                        "SELECT extract(epoch FROM {bucket})::bigint FROM {fleet} "
                        "WHERE organization_id = {organization} AND {bucket} BETWEEN "
                        "(SELECT min(bound) FROM {table}) AND (SELECT max(bound) FROM {table})"
                    ).format(**self._words, organization=organization_id, table=table)
                )
                return np.array([row[0] // self.seconds for row in cursor.fetchall()], np.int64)

    def _insert(self, organization_id: int, sums: Sums, *, on_conflict: sql.SQL = _NOTHING) -> None:
        if not len(sums):
            return
        columns = f"organization_id bigint, sim_id bigint, {self.bucket} {self.kind}, {_AMOUNTS}"
        with bulk.staging("new_sums", columns) as table, connection.cursor() as cursor:
            bulk.copy_in(table, self._rows(organization_id, sums))
            cursor.execute(
                sql.SQL("INSERT INTO {target} AS d ({names}) SELECT {names} FROM {table} {on_conflict}").format(
                    **self._words,
                    table=table,
                    on_conflict=on_conflict.format(**self._words, key=sql.SQL("organization_id, sim_id, ")),
                )
            )

    def _add_to_fleet(self, organization_id: int, sums: Sums, *, sign: int = 1) -> None:
        """One entry a bucket; `sign` -1 takes them away."""
        if not len(sums):
            return
        columns = f"organization_id bigint, {self.bucket} {self.kind}, " + ", ".join(f"{one} bigint" for one in AMOUNTS)
        amounts = {name: bulk.bigint(sign * getattr(sums, name)) for name in AMOUNTS}
        rows = {"organization_id": bulk.bigint(bulk.same(organization_id, len(sums)))}
        with bulk.staging("fleet_sums", columns) as table, connection.cursor() as cursor:
            bulk.copy_in(table, {**rows, self.bucket: self.encode(sums.bucket), **amounts})
            cursor.execute(
                sql.SQL("INSERT INTO {fleet} AS d SELECT * FROM {table} {adding}").format(
                    fleet=sql.Identifier(self.fleet),
                    table=table,
                    adding=_ADD.format(**self._words, key=sql.SQL("organization_id, ")),
                )
            )

    def _clear(self, organization_id: int, sim_id: Ints, bucket: Ints) -> Sums:
        """Take out the sums of these SIMs in these buckets; answers what they came to, under the SIM 0."""
        with bulk.staging("touched_sums", f"sim_id bigint, {self.bucket} {self.kind}") as table:
            bulk.copy_in(table, {"sim_id": bulk.bigint(sim_id), self.bucket: self.encode(bucket)})
            there = sql.SQL("USING {table} t WHERE d.sim_id = t.sim_id AND d.{bucket} = t.{bucket}")
            return self._delete(organization_id, there.format(**self._words, table=table))

    def clear_from(self, organization_id: int, sims: Sequence[int], first: date) -> Sums:
        """Take out the sums of these SIMs from a day on; answers as `clear` does."""
        there = sql.SQL("WHERE d.sim_id = ANY({sims}) AND d.{bucket} >= {first}")
        return self._delete(organization_id, there.format(**self._words, sims=list(sims), first=first))

    def _delete(self, organization_id: int, there: sql.Composable) -> Sums:
        totals = sql.SQL(", ").join(sql.SQL("sum({})::bigint").format(sql.Identifier(name)) for name in AMOUNTS)
        query = sql.SQL(
            "WITH gone AS (DELETE FROM {target} d {there} AND d.organization_id = {organization} RETURNING d.*) "
            "SELECT extract(epoch FROM {bucket})::bigint, {totals} FROM gone GROUP BY {bucket} ORDER BY {bucket}"
        ).format(**self._words, there=there, organization=organization_id, totals=totals)
        with connection.cursor() as cursor:
            cursor.execute(query)
            rows = np.array(cursor.fetchall(), np.int64).reshape(-1, 1 + len(AMOUNTS))
        return Sums(np.zeros(len(rows), np.int64), rows[:, 0] // self.seconds, *rows[:, 1:].T)

    @property
    def _words(self) -> dict[str, sql.Composable]:
        names = ("organization_id", "sim_id", self.bucket, *AMOUNTS)
        return {
            "target": sql.Identifier(self.table),
            "fleet": sql.Identifier(self.fleet),
            "adding": _ADDING,
            "bucket": sql.Identifier(self.bucket),
            "names": sql.SQL(", ").join(map(sql.Identifier, names)),
        }

    def _rows(self, organization_id: int, sums: Sums) -> dict[str, bulk.Column]:
        return {
            "organization_id": bulk.bigint(bulk.same(organization_id, len(sums))),
            "sim_id": bulk.bigint(sums.sim_id),
            self.bucket: self.encode(sums.bucket),
            "bytes_up": bulk.bigint(sums.bytes_up),
            "bytes_down": bulk.bigint(sums.bytes_down),
            "sessions": bulk.integer(sums.sessions),
            "sms": bulk.integer(sums.sms),
            "voice_seconds": bulk.integer(sums.voice_seconds),
        }


def hour(hours: Ints) -> bulk.Fixed:
    """timestamptz from hours since 1970."""
    return bulk.timestamptz(hours * HOUR_MICROS)


DAYS: Final = Rollup("sims_usagedaily", "sims_fleetdaily", "day", "date", bulk.date, 86_400)
HOURLY: Final = Rollup("sims_usagehourly", "sims_fleethourly", "hour", "timestamptz", hour, 3_600)
