"""What SIMs cost in a period: the one meaning of money, for charts, reports, alerts, savings and whoever adds up.

The cost of a SIM from one local day to another is the sum of three parts, each in a currency of its own; amounts
of several currencies are never added.

* Plan: of each billing cycle the price, times the share of the cycle's days that lie in the period while the SIM was
  in use (from its activation to its retirement; active, inactive and suspended SIMs pay). A whole cycle costs the
  whole price.
* Overage: bytes beyond the quota, counted within each billing cycle, times `overage_cents_per_mb` (1 MB = 10^6 bytes).
  What was beyond before the period began belongs to earlier periods, so that periods add up. A quota of 0 is none.
* Records: what the carrier's own records of the period say they cost, as far as they are still kept. A record without
  a currency is in the organisation's.

A pool is the SIMs of one customer on one pooled plan (those without a customer are one of them too). They share the sum
of the quotas of all that paid in the cycle; what they use beyond it is shared out by what each used in the period.

What a vendor said of a month counts from the first day of the cycle that begins in it, where it is more than the days
come to. Plan, quota, customer, country and operator are those that a SIM has now. All sums are made in one statement.
"""

import re
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from django.db import connection

from iotsim.core.actor import Actor
from sims.cycles import cycle_start, next_cycle_start

if TYPE_CHECKING:
    from sims.models.fleet import SimQuerySet

Group = Literal["customer", "plan", "country", "operator", "pool", "sim"]
Statement = tuple[str, list[Any]]

DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Cost:
    """What a group of SIMs cost, in cents with fractions. `name` is empty for SIMs that have no such group."""

    name: str
    currency: str
    plan_cents: Decimal
    overage_cents: Decimal
    record_cents: Decimal
    sims: int = 0

    @property
    def cents(self) -> Decimal:
        return self.plan_cents + self.overage_cents + self.record_cents


@dataclass(frozen=True)
class Part:
    """A billing cycle from `first` to `last`, and the days of it that count."""

    billing_day: int
    first: date
    last: date
    since: date
    until: date


def parts_of(start: date, end: date) -> list[Part]:
    """Every billing cycle that meets the period, for each billing day there may be, as far as it lies in it."""
    return [
        Part(billing_day, first, last, max(first, start), min(last, end))
        for billing_day in range(1, 32)
        for first, last in _cycles(start, end, billing_day)
    ]


def cycle_so_far(today: date) -> list[Part]:
    """Of each billing day the cycle that is on, up to today."""
    return [Part(one.billing_day, one.first, one.last, one.first, today) for one in parts_of(today, today)]


def whole_cycle(today: date) -> list[Part]:
    """Of each billing day the cycle that is on, to its end."""
    return [Part(one.billing_day, one.first, one.last, one.first, one.last) for one in parts_of(today, today)]


def _cycles(start: date, end: date, billing_day: int) -> Iterable[tuple[date, date]]:
    first = cycle_start(start, billing_day)
    while first <= end:
        following = next_cycle_start(first, billing_day)
        yield first, following - DAY
        first = following


def costs_by(actor: Actor, sims: "SimQuerySet", start: date, end: date, *, group: Group) -> list[Cost]:
    """The costs of `sims` from `start` to `end` (both inside), by group and currency, the dearest first.

    `sims` must be limited to what the actor may see already.
    """
    return costs_of_parts(actor, sims, parts_of(start, end), group=group)


def costs_of_parts(
    actor: Actor, sims: "SimQuerySet", parts: list[Part], *, group: Group, instead: int | None = None
) -> list[Cost]:
    """The same of the days that the parts say; `instead`: as if these SIMs had been on that plan (its id)."""
    chosen, given = sims.order_by().values("id").query.sql_with_params()
    cost, values = statement(actor.organization_id, actor.time_zone, parts, (chosen, list(given)), instead=instead)
    query = _BY_GROUP.replace("$COST", cost).replace("$NAME", NAMES[group])
    with connection.cursor() as cursor:
        cursor.execute(query, [*values, *[actor.organization_id] * 3])
        return [Cost(*row) for row in cursor.fetchall()]


def statement(
    organization_id: int, time_zone: str, parts: list[Part], chosen: Statement, *, instead: int | None = None
) -> Statement:
    """One SELECT of what each SIM that `chosen` gives (its ids) costs, with its values in order.

    Its columns: id, currency, is_record, plan_cents, overage_cents, record_cents; a SIM may have several rows.
    """
    zone = zoneinfo.ZoneInfo(time_zone)
    named: dict[str, Any] = {
        "org": organization_id,
        "zone": time_zone,
        "instead": instead,
        "days": [one.billing_day for one in parts],
        "firsts": [one.first for one in parts],
        "lasts": [one.last for one in parts],
        "sinces": [one.since for one in parts],
        "untils": [one.until for one in parts],
        "earliest": min(one.first for one in parts),
        "latest": max(one.until for one in parts),
        "begin": datetime.combine(min(one.since for one in parts), time(), zone),
        "after": datetime.combine(max(one.until for one in parts) + DAY, time(), zone),
    }
    values: list[Any] = []

    def place(match: re.Match[str]) -> str:
        if match[0] == "$CHOSEN":
            values.extend(chosen[1])
            return chosen[0]
        values.append(named[match[1]])
        return "%s"

    cost = _COST.replace("$PLAN", "sim.plan_id" if instead is None else _INSTEAD)
    return re.sub(r"%\((\w+)\)s|\$CHOSEN", place, cost), values


# Who brings a quota into the pool and pays: for the cycle that is on, in the words of alerts and pools.
# (`sim`, `organization`; a retired SIM paid for the cycle in which it was retired.)
PAYS_THIS_CYCLE: Final = """(s.status IN ('active', 'inactive', 'suspended') OR (s.status = 'retired'
    AND s.activated_at IS NOT NULL
    AND (s.status_changed_at AT TIME ZONE o.time_zone)::date >= s.cycle_start_date))"""

NAMES: Final[dict[Group, str]] = {
    "customer": "customer.name",
    "plan": "plan.name",
    "country": "sim.country",
    "operator": "operator.name",
    "pool": "CASE WHEN plan.pooled THEN plan.name || coalesce(' of ' || customer.name, ' without a customer') END",
    "sim": "sim.iccid",
}

_INSTEAD: Final = "CASE WHEN sim.id IN (SELECT id FROM asked) THEN %(instead)s::bigint ELSE sim.plan_id END"

# seat: each SIM in each of its billing cycles, with what its days cost; used: its bytes of the cycle up to the
# beginning and the end of the days that count; pool: the same summed over who shares a quota (a SIM on its own is a
# pool of one).
_COST: Final = """
WITH cycle AS (
    SELECT * FROM unnest(%(days)s::smallint[], %(firsts)s::date[], %(lasts)s::date[], %(sinces)s::date[],
        %(untils)s::date[]) AS cycle(billing_day, first, last, since, until)
), asked AS MATERIALIZED (
    $CHOSEN
), pooled AS MATERIALIZED (
    SELECT DISTINCT plan.id AS plan_id, coalesce(sim.customer_id, 0) AS customer_id
    FROM sims_sim sim JOIN sims_plan plan ON plan.organization_id = sim.organization_id
        AND plan.id = coalesce(%(instead)s::bigint, sim.plan_id)
    WHERE sim.organization_id = %(org)s AND plan.pooled AND sim.id IN (SELECT id FROM asked)
), seat AS (
    SELECT sim.id, plan.id AS plan_id,
        CASE WHEN plan.pooled THEN coalesce(sim.customer_id, 0) ELSE sim.id END AS member,
        plan.currency, plan.overage_cents_per_mb, cycle.first, cycle.last, cycle.since, cycle.until,
        coalesce(sim.quota_bytes, plan.quota_bytes) AS quota, plan.price_cents::numeric / (last - first + 1)
        * greatest(0, least(cycle.until, life.until) - greatest(cycle.since, life.since) + 1) AS plan_cents
    FROM sims_sim sim
    JOIN sims_plan plan ON plan.organization_id = sim.organization_id AND plan.id = $PLAN
    JOIN cycle ON cycle.billing_day = plan.billing_day
    CROSS JOIN LATERAL (SELECT
        (sim.activated_at AT TIME ZONE %(zone)s)::date AS since,
        CASE WHEN sim.status = 'retired' THEN (sim.status_changed_at AT TIME ZONE %(zone)s)::date END AS until) life
    WHERE sim.organization_id = %(org)s
        AND (sim.id IN (SELECT id FROM asked)
             OR (plan.pooled AND (plan.id, coalesce(sim.customer_id, 0)) IN (SELECT plan_id, customer_id FROM pooled)))
        AND (sim.status IN ('active', 'inactive', 'suspended')
             OR (sim.status = 'retired' AND life.since IS NOT NULL))
        AND coalesce(life.since <= cycle.last, true) AND coalesce(life.until >= cycle.first, true)
), used AS (
    SELECT seat.*, greatest(coalesce(daily.through, 0), coalesce(monthly.bytes, 0)) AS through,
        CASE WHEN seat.since = seat.first THEN 0
            ELSE greatest(coalesce(daily.earlier, 0), coalesce(monthly.bytes, 0)) END AS earlier
    FROM seat LEFT JOIN (
        SELECT seat.id, seat.first, sum(bytes_up + bytes_down) FILTER (WHERE day <= seat.until) AS through,
            sum(bytes_up + bytes_down) FILTER (WHERE day < seat.since) AS earlier
        FROM sims_usagedaily daily JOIN seat ON seat.id = daily.sim_id AND daily.day BETWEEN seat.first AND seat.last
        WHERE daily.organization_id = %(org)s AND daily.day BETWEEN %(earliest)s AND %(latest)s
        GROUP BY seat.id, seat.first
    ) daily ON daily.id = seat.id AND daily.first = seat.first
    LEFT JOIN (
        SELECT sim_id, month, sum(bytes_up + bytes_down) AS bytes FROM sims_usagemonthly
        WHERE organization_id = %(org)s AND sim_id IS NOT NULL GROUP BY sim_id, month
    ) monthly ON monthly.sim_id = seat.id AND monthly.month = date_trunc('month', seat.first)::date
), pool AS (
    SELECT plan_id, first, member, sum(through - earlier) AS bytes,
        greatest(0, sum(through) - nullif(sum(quota), 0)) - greatest(0, sum(earlier) - nullif(sum(quota), 0)) AS beyond
    FROM used GROUP BY 1, 2, 3
)
SELECT used.id, used.currency, false AS is_record, used.plan_cents,
    CASE WHEN pool.bytes > 0 THEN pool.beyond * (used.through - used.earlier) / pool.bytes ELSE 0 END
    * used.overage_cents_per_mb / 1000000 AS overage_cents, 0::numeric AS record_cents
FROM used JOIN pool ON pool.plan_id = used.plan_id AND pool.first = used.first AND pool.member = used.member
WHERE used.id IN (SELECT id FROM asked)
UNION ALL
SELECT record.sim_id, coalesce(nullif(record.currency, ''), organization.currency), true, 0, 0, sum(record.cost) * 100
FROM sims_usagerecord record
JOIN core_organization organization ON organization.id = record.organization_id
JOIN sims_sim sim ON sim.organization_id = record.organization_id AND sim.id = record.sim_id
LEFT JOIN sims_plan plan ON plan.organization_id = sim.organization_id AND plan.id = sim.plan_id
JOIN cycle ON cycle.billing_day = coalesce(plan.billing_day, 1)
    AND (record.started_at AT TIME ZONE %(zone)s)::date BETWEEN cycle.since AND cycle.until
WHERE record.organization_id = %(org)s AND record.started_at >= %(begin)s AND record.started_at < %(after)s
    AND record.cost <> 0 AND record.sim_id IN (SELECT id FROM asked)
GROUP BY record.sim_id, 2
"""
_BY_GROUP: Final = """
SELECT coalesce($NAME, '') AS name, cost.currency, sum(plan_cents), sum(overage_cents), sum(record_cents),
    count(DISTINCT cost.id)
FROM ($COST) cost JOIN sims_sim sim ON sim.organization_id = %s AND sim.id = cost.id
LEFT JOIN sims_customer customer ON customer.organization_id = %s AND customer.id = sim.customer_id
LEFT JOIN sims_plan plan ON plan.organization_id = %s AND plan.id = sim.plan_id
LEFT JOIN sims_operator operator ON operator.id = sim.operator_id
GROUP BY 1, 2 HAVING sum(plan_cents) + sum(overage_cents) + sum(record_cents) <> 0
ORDER BY sum(plan_cents) + sum(overage_cents) + sum(record_cents) DESC, 1
"""
