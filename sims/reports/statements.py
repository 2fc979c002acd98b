"""The SQL behind a report, run inside the tenant's transaction. Sums are made by the database, never row by row here.

Sizes are bytes, money cents of the plan's currency as `sims.costs` has it: a row's are rounded to whole cents, and so
are the totals, which are sums of what was not rounded yet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from iotsim.core.actor import Actor
from sims.costs import Statement, parts_of, statement
from sims.reports.asked import Asked
from sims.reports.columns import COLUMNS

FEW: Final = 5_000  # SIMs up to which any way of joining will do

_CHOSEN: Final = """
    SELECT s.id, s.iccid, s.label, COALESCE(c.name, '') AS customer, COALESCE(p.name, '') AS plan,
           COALESCE(o.name, '') AS operator, s.country, s.status, s.cycle_as_of AS as_of,
           COALESCE(s.quota_bytes, p.quota_bytes) AS quota_bytes, COALESCE(p.currency, '') AS currency
    FROM sims_sim s
    LEFT JOIN sims_customer c ON c.organization_id = s.organization_id AND c.id = s.customer_id
    LEFT JOIN sims_plan p ON p.organization_id = s.organization_id AND p.id = s.plan_id
    LEFT JOIN sims_operator o ON o.id = s.operator_id
    WHERE s.organization_id = %s{among}
"""
_PERIOD: Final = "u.organization_id = %s AND u.day BETWEEN %s AND %s"
_TOTALS: Final = """
WITH chosen AS ({chosen}),
total AS (
    SELECT u.sim_id AS id, sum(u.bytes_up)::bigint AS bytes_up, sum(u.bytes_down)::bigint AS bytes_down,
           sum(u.sessions)::bigint AS sessions, sum(u.sms)::bigint AS sms
    FROM sims_usagedaily u WHERE {period}{theirs} GROUP BY 1
),
money AS (
    SELECT cost.id, sum(cost.plan_cents) AS price, sum(cost.overage_cents) AS overage
    FROM ({cost}) cost WHERE NOT cost.is_record GROUP BY cost.id
),
line AS {materialized} (
    SELECT ch.iccid, ch.label, ch.customer, ch.plan, ch.operator, ch.country, ch.status, ch.quota_bytes,
           COALESCE(t.bytes_up, 0) AS bytes_up, COALESCE(t.bytes_down, 0) AS bytes_down,
           COALESCE(t.bytes_up + t.bytes_down, 0) AS bytes_total, COALESCE(t.sessions, 0) AS sessions,
           COALESCE(t.sms, 0) AS sms, m.price, CASE WHEN ch.quota_bytes > 0 THEN m.overage END AS overage,
           round(m.price)::bigint AS price_cents,
           CASE WHEN ch.quota_bytes > 0 THEN round(m.overage)::bigint END AS overage_cents, ch.currency, ch.as_of
    FROM chosen ch LEFT JOIN total t ON t.id = ch.id LEFT JOIN money m ON m.id = ch.id
)
"""
_GROUPS: Final = """
SELECT 'group' AS part, to_jsonb(g) AS found FROM (
    SELECT GROUPING(country, operator, customer, currency) AS kind, country, operator, customer, currency,
           count(*) AS sims, count(*) FILTER (WHERE bytes_total > 0) AS used, sum(bytes_up) AS bytes_up,
           sum(bytes_down) AS bytes_down, sum(sessions) AS sessions, sum(sms) AS sms,
           round(sum(price)) AS price_cents, round(sum(overage)) AS overage_cents, max(as_of) AS as_of
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

    @classmethod
    def of(cls, actor: Actor, asked: Asked) -> "Statements":
        return cls(actor.organization_id, asked, _among(actor, asked))

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
        parts = parts_of(self.asked.start, self.asked.end)
        cost, cost_given = statement(self.organization_id, str(self.asked.zone), parts, ("SELECT id FROM chosen", []))
        sql = _TOTALS.format(chosen=chosen, cost=cost, period=_PERIOD, theirs=theirs, materialized=materialized)
        return sql, [*chosen_given, *self._period(), *among_given, *cost_given]

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
