"""The SQL behind a report, run inside the tenant's transaction. Sums are made by the database, never row by row here.

Sizes are bytes, money whole cents of the plan's currency: the price of the plan by the days of the period that lie
in each billing cycle (for SIMs in use), and the overage of each cycle as far as it lies in the period. A pooled
plan's overage is the pool's and not a SIM's, so it stays empty.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from iotsim.core.actor import Actor
from sims.models import Plan
from sims.reports.asked import Asked
from sims.reports.columns import COLUMNS
from sims.reports.stretches import Cut, cut

Statement = tuple[str, list[Any]]

FEW: Final = 5_000  # SIMs up to which any way of joining will do

_CHOSEN: Final = """
    SELECT s.id, s.iccid, s.label, COALESCE(c.name, '') AS customer, COALESCE(p.name, '') AS plan,
           COALESCE(o.name, '') AS operator, s.country, s.status, s.cycle_as_of AS as_of,
           COALESCE(s.quota_bytes, p.quota_bytes) AS quota_bytes, COALESCE(p.billing_day, 1) AS billing_day,
           CASE WHEN s.status IN ('active', 'inactive', 'suspended') THEN p.price_cents END AS price_cents,
           CASE WHEN NOT p.pooled THEN p.overage_cents_per_mb END AS overage_per_mb,
           COALESCE(p.currency, '') AS currency
    FROM sims_sim s
    LEFT JOIN sims_customer c ON c.organization_id = s.organization_id AND c.id = s.customer_id
    LEFT JOIN sims_plan p ON p.organization_id = s.organization_id AND p.id = s.plan_id
    LEFT JOIN sims_operator o ON o.id = s.operator_id
    WHERE s.organization_id = %s{among}
"""
_PERIOD: Final = "u.organization_id = %s AND u.day BETWEEN %s AND %s"
_TOTALS: Final = """
WITH chosen AS ({chosen}),
cycle (billing_day, number, stretch) AS (
    SELECT * FROM unnest(%s::int[], %s::int[], %s::int[])
),
share (billing_day, part) AS (SELECT * FROM unnest(%s::int[], %s::numeric[])),
used AS (
    SELECT u.sim_id, width_bucket(u.day, %s::date[]) AS stretch, sum(u.bytes_up)::bigint AS bytes_up,
           sum(u.bytes_down)::bigint AS bytes_down, sum(u.sessions) AS sessions, sum(u.sms) AS sms
    FROM sims_usagedaily u WHERE {period}{theirs} GROUP BY 1, 2
),
billed AS (
    SELECT ch.id, sum(u.bytes_up)::bigint AS bytes_up, sum(u.bytes_down)::bigint AS bytes_down,
           sum(u.sessions)::bigint AS sessions, sum(u.sms)::bigint AS sms,
           CASE WHEN ch.quota_bytes > 0
                THEN GREATEST(sum(u.bytes_up + u.bytes_down) - ch.quota_bytes, 0) * ch.overage_per_mb / 1000000
           END AS overage
    FROM used u JOIN chosen ch ON ch.id = u.sim_id
    JOIN cycle ON cycle.billing_day = ch.billing_day AND cycle.stretch = u.stretch
    GROUP BY ch.id, cycle.number, ch.quota_bytes, ch.overage_per_mb
),
total AS (
    SELECT id, sum(bytes_up)::bigint AS bytes_up, sum(bytes_down)::bigint AS bytes_down,
           sum(sessions)::bigint AS sessions, sum(sms)::bigint AS sms, sum(overage) AS overage
    FROM billed GROUP BY id
),
line AS {materialized} (
    SELECT ch.iccid, ch.label, ch.customer, ch.plan, ch.operator, ch.country, ch.status, ch.quota_bytes,
           COALESCE(t.bytes_up, 0) AS bytes_up, COALESCE(t.bytes_down, 0) AS bytes_down,
           COALESCE(t.bytes_up + t.bytes_down, 0) AS bytes_total, COALESCE(t.sessions, 0) AS sessions,
           COALESCE(t.sms, 0) AS sms, round(ch.price_cents * share.part)::bigint AS price_cents,
           CASE WHEN ch.quota_bytes > 0 AND ch.overage_per_mb IS NOT NULL
                THEN round(COALESCE(t.overage, 0))::bigint END AS overage_cents,
           ch.currency, ch.as_of
    FROM chosen ch JOIN share ON share.billing_day = ch.billing_day LEFT JOIN total t ON t.id = ch.id
)
"""
_GROUPS: Final = """
SELECT 'group' AS part, to_jsonb(g) AS found FROM (
    SELECT GROUPING(country, operator, customer, currency) AS kind, country, operator, customer, currency,
           count(*) AS sims, count(*) FILTER (WHERE bytes_total > 0) AS used, sum(bytes_up) AS bytes_up,
           sum(bytes_down) AS bytes_down, sum(sessions) AS sessions, sum(sms) AS sms,
           sum(price_cents) AS price_cents, sum(overage_cents) AS overage_cents, max(as_of) AS as_of
    FROM line GROUP BY GROUPING SETS ((), (country), (operator), (customer), (currency))
) g
UNION ALL
SELECT 'top', to_jsonb(t) FROM (SELECT * FROM line ORDER BY bytes_total DESC, iccid LIMIT %s) t
"""


@dataclass(frozen=True)
class Statements:
    """Every question that a report asks of the database."""

    organization_id: int
    asked: Asked
    among: Statement  # the ids of the SIMs, or empty for all of them
    cut: Cut

    @classmethod
    def of(cls, actor: Actor, asked: Asked) -> "Statements":
        days = {1, *Plan.objects.filter(organization_id=actor.organization_id).values_list("billing_day", flat=True)}
        return cls(actor.organization_id, asked, _among(actor, asked), cut(asked.start, asked.end, days))

    def rows(self) -> Statement:
        """The rows, heaviest SIM first, or SIM after SIM and day after day."""
        names = ", ".join(column.name for column in COLUMNS[self.asked.per])
        if self.asked.per == "day":
            return self._days_of_sims(f"SELECT {names} FROM line ORDER BY sim_id, day")
        sql, given = self._totals("NOT MATERIALIZED")
        return f"{sql} SELECT {names} FROM line ORDER BY bytes_total DESC, iccid", given

    def count(self) -> Statement:
        """How many rows there will be."""
        if self.asked.per == "day":
            sql, given = self._used("SELECT count(*)")
            return sql, given
        sql, given = self._chosen()
        return f"SELECT count(*) FROM ({sql}) chosen", given

    def reach(self) -> Statement:
        """How many SIMs are chosen, and how far their usage reaches."""
        sql, given = self._chosen()
        return f"SELECT count(*), max(as_of) FROM ({sql}) chosen", given

    def groups(self, top: int) -> Statement:
        """Everything that is told of the whole, and the heaviest SIMs, in one pass over the usage."""
        sql, given = self._totals("MATERIALIZED")
        return sql + _GROUPS, [*given, top]

    def days(self) -> Statement:
        """The sums of each day that has any usage."""
        sql, given = self._used(
            "SELECT u.day, sum(u.bytes_up)::bigint, sum(u.bytes_down)::bigint, sum(u.sessions)::bigint, "
            "sum(u.sms)::bigint"
        )
        return f"{sql} GROUP BY u.day ORDER BY u.day", given

    def _chosen(self) -> Statement:
        sql, given = self.among
        return _CHOSEN.format(among=f" AND s.id IN ({sql})" if sql else ""), [self.organization_id, *given]

    def _used(self, select: str) -> Statement:
        sql, given = self.among
        theirs = f" AND u.sim_id IN ({sql})" if sql else ""
        return f"{select} FROM sims_usagedaily u WHERE {_PERIOD}{theirs}", [*self._period(), *given]

    def _period(self) -> list[Any]:
        return [self.organization_id, self.asked.start, self.asked.end]

    def _totals(self, materialized: str) -> Statement:
        chosen, chosen_given = self._chosen()
        among, among_given = self.among
        theirs = f" AND u.sim_id IN ({among})" if among else ""
        sql = _TOTALS.format(chosen=chosen, period=_PERIOD, theirs=theirs, materialized=materialized)
        stretches = [(one.billing_day, one.number, each) for one in self.cut.cycles for each in one.stretches]
        billing_days = sorted({one.billing_day for one in self.cut.cycles})
        shares = [self.cut.share_of(day) for day in billing_days]
        columns = [list(column) for column in zip(*stretches, strict=True)]
        return sql, [
            *chosen_given, *columns, billing_days, shares, self.cut.starts, *self._period(), *among_given,
        ]  # fmt: skip

    def _days_of_sims(self, select: str) -> Statement:
        chosen, given = self._chosen()
        sql = (
            f"WITH chosen AS ({chosen}), line AS (SELECT ch.*, u.sim_id, u.day, u.bytes_up, u.bytes_down, "
            "u.bytes_up + u.bytes_down AS bytes_total, u.sessions, u.sms "
            f"FROM sims_usagedaily u JOIN chosen ch ON ch.id = u.sim_id WHERE {_PERIOD}) {select}"
        )
        return sql, [*given, *self._period()]


def _among(actor: Actor, asked: Asked) -> Statement:
    if asked.filter.is_empty and actor.customer_ids is None:
        return "", []
    sql, given = asked.filter.rows(actor).order_by().values("pk").query.sql_with_params()
    return sql, list(given)


def fetch(statement: Statement) -> list[tuple[Any, ...]]:
    sql, given = statement
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def expect(sims: int) -> None:
    """Tell the planner what it cannot know of sums that it has not made: many SIMs are joined by hashing.

    Where statistics are not up to date it would go through all of them for each of them.
    """
    if sims > FEW:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_nestloop = off")


def batches(statement: Statement, size: int) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a statement in lists of `size`, held by the server until they are asked for."""
    sql, given = statement
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL cursor_tuple_fraction = 1")  # all rows are wanted, not the first of them soon
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, given)
        while found := cursor.fetchmany(size):
            yield found


def one_number(statement: Statement) -> int:
    return int(fetch(statement)[0][0])
