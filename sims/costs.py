"""What SIMs cost in a period: the one meaning of money, for charts, reports and whoever adds up.

The cost of a SIM from one local day to another is the sum of three parts, each in a currency of its own; amounts
of several currencies are never added.

* Plan: of each billing cycle the price, times the share of the cycle's days that lie in the period while the SIM was
  in use (from its activation to its retirement; active, inactive and suspended SIMs pay). A whole cycle costs the
  whole price.
* Overage: bytes beyond the quota, counted within each billing cycle, times `overage_cents_per_mb` (1 MB = 10^6 bytes).
  What was beyond before the period began belongs to earlier periods, so that periods add up. The SIMs of a pooled
  plan share the sum of their quotas; what the pool uses beyond it is shared out by what each used in the period.
  A quota of 0 is none.
* Records: what the carrier's own records of the period say they cost, as far as they are still kept. A record without
  a currency is in the organisation's.

Plan, quota, customer, country and operator are those that a SIM has now. All sums are made in one statement.
"""

import re
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from django.db import connection

from iotsim.core.actor import Actor
from sims.cycles import cycle_start, next_cycle_start

if TYPE_CHECKING:
    from sims.models.fleet import SimQuerySet

Group = Literal["customer", "plan", "country", "operator"]


@dataclass(frozen=True)
class Cost:
    """What a group of SIMs cost, in cents with fractions. `name` is empty for SIMs that have no such group."""

    name: str
    currency: str
    plan_cents: Decimal
    overage_cents: Decimal
    record_cents: Decimal

    @property
    def cents(self) -> Decimal:
        return self.plan_cents + self.overage_cents + self.record_cents


def costs_by(actor: Actor, sims: "SimQuerySet", start: date, end: date, *, group: Group) -> list[Cost]:
    """The costs of `sims` from `start` to `end` (both inside), by group and currency, the dearest first.

    `sims` must be limited to what the actor may see already.
    """
    chosen, chosen_params = sims.order_by().values("id").query.sql_with_params()
    days, firsts, lasts = _cycles(start, end)
    begin, after = _moments(actor, start, end)
    named: dict[str, Any] = {
        "org": actor.organization_id, "zone": actor.time_zone, "start": start, "end": end, "days": days,
        "firsts": firsts, "lasts": lasts, "since": min(firsts), "begin": begin, "after": after,
    }  # fmt: skip
    named |= {f"chosen_{n}": value for n, value in enumerate(chosen_params)}
    places = iter(named)
    chosen = re.sub("%s", lambda match: f"%({next(name for name in places if name.startswith('chosen_'))})s", chosen)
    with connection.cursor() as cursor:
        cursor.execute(_SQL.replace("$CHOSEN", chosen).replace("$NAME", _NAMES[group]), named)
        return [Cost(*row) for row in cursor.fetchall()]


def _cycles(start: date, end: date) -> tuple[list[int], list[date], list[date]]:
    """Every billing cycle that meets the period, for each billing day there may be."""
    days: list[int] = []
    firsts: list[date] = []
    lasts: list[date] = []
    for billing_day in range(1, 32):
        first = cycle_start(start, billing_day)
        while first <= end:
            following = next_cycle_start(first, billing_day)
            days.append(billing_day)
            firsts.append(first)
            lasts.append(following - timedelta(days=1))
            first = following
    return days, firsts, lasts


def _moments(actor: Actor, start: date, end: date) -> Sequence[datetime]:
    """The beginning of the period, and of the day after it, in the organisation's zone."""
    zone = zoneinfo.ZoneInfo(actor.time_zone)
    return [datetime.combine(day, time(), zone) for day in (start, end + timedelta(days=1))]


_NAMES: Final[dict[Group, str]] = {
    "customer": "customer.name",
    "plan": "plan.name",
    "country": "sim.country",
    "operator": "operator.name",
}

# seat: each SIM in each of its billing cycles, with the days it was paid for; used: its bytes of the cycle up to the
# period's beginning and end; pooled: the same summed over who shares a quota (a SIM on its own is a pool of one).
_SQL: Final = """
WITH cycle AS (
    SELECT * FROM unnest(%(days)s::smallint[], %(firsts)s::date[], %(lasts)s::date[]) AS cycle(billing_day, first, last)
), chosen AS MATERIALIZED (
    $CHOSEN
), seat AS (
    SELECT sim.id, plan.id AS plan_id, plan.pooled, plan.currency, plan.overage_cents_per_mb, cycle.first, cycle.last,
        coalesce(sim.quota_bytes, plan.quota_bytes) AS quota, plan.price_cents::numeric / (last - first + 1)
        * greatest(0, least(last, %(end)s, life.until) - greatest(first, %(start)s, life.since) + 1) AS plan_cents
    FROM sims_sim sim
    JOIN sims_plan plan ON plan.organization_id = sim.organization_id AND plan.id = sim.plan_id
    JOIN cycle ON cycle.billing_day = plan.billing_day
    CROSS JOIN LATERAL (SELECT
        (sim.activated_at AT TIME ZONE %(zone)s)::date AS since,
        CASE WHEN sim.status = 'retired' THEN (sim.status_changed_at AT TIME ZONE %(zone)s)::date END AS until) life
    WHERE sim.organization_id = %(org)s AND (plan.pooled OR sim.id IN (SELECT id FROM chosen))
        AND (sim.status IN ('active', 'inactive', 'suspended')
             OR (sim.status = 'retired' AND life.since IS NOT NULL))
), used AS (
    SELECT seat.*, coalesce(daily.earlier, 0) AS earlier, coalesce(daily.through, 0) AS through
    FROM seat LEFT JOIN (
        SELECT seat.id, seat.first, sum(bytes_up + bytes_down) AS through,
            coalesce(sum(bytes_up + bytes_down) FILTER (WHERE day < %(start)s), 0) AS earlier
        FROM sims_usagedaily daily JOIN seat ON seat.id = daily.sim_id AND daily.day BETWEEN seat.first AND seat.last
        WHERE daily.organization_id = %(org)s AND daily.day BETWEEN %(since)s AND %(end)s
        GROUP BY seat.id, seat.first
    ) daily ON daily.id = seat.id AND daily.first = seat.first
), pool AS (
    SELECT plan_id, first, CASE WHEN pooled THEN 0 ELSE id END AS member, sum(through - earlier) AS bytes,
        greatest(0, sum(through) - nullif(sum(quota), 0)) - greatest(0, sum(earlier) - nullif(sum(quota), 0)) AS beyond
    FROM used GROUP BY 1, 2, 3
), cost AS (
    SELECT used.id, used.currency, used.plan_cents, 0 AS record_cents,
        CASE WHEN pool.bytes > 0 THEN pool.beyond * (used.through - used.earlier) / pool.bytes ELSE 0 END
        * used.overage_cents_per_mb / 1000000 AS overage_cents
    FROM used JOIN pool ON pool.plan_id = used.plan_id AND pool.first = used.first
        AND pool.member = CASE WHEN used.pooled THEN 0 ELSE used.id END
    UNION ALL
    SELECT record.sim_id, coalesce(nullif(record.currency, ''), organization.currency), 0, sum(record.cost) * 100, 0
    FROM sims_usagerecord record JOIN core_organization organization ON organization.id = record.organization_id
    WHERE record.organization_id = %(org)s AND record.started_at >= %(begin)s AND record.started_at < %(after)s
        AND record.cost <> 0 AND record.sim_id IS NOT NULL
    GROUP BY record.sim_id, 2
)
SELECT coalesce($NAME, '') AS name, cost.currency, sum(plan_cents), sum(overage_cents), sum(record_cents)
FROM cost JOIN sims_sim sim ON sim.organization_id = %(org)s AND sim.id = cost.id
LEFT JOIN sims_customer customer ON customer.organization_id = %(org)s AND customer.id = sim.customer_id
LEFT JOIN sims_plan plan ON plan.organization_id = %(org)s AND plan.id = sim.plan_id
LEFT JOIN sims_operator operator ON operator.id = sim.operator_id
WHERE cost.id IN (SELECT id FROM chosen)
GROUP BY 1, 2 HAVING sum(plan_cents) + sum(overage_cents) + sum(record_cents) <> 0
ORDER BY sum(plan_cents) + sum(overage_cents) + sum(record_cents) DESC, 1
"""
