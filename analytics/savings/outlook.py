"""What SIMs will have cost in overage by the end of their billing cycle, as the forecasts expect it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from analytics.advice.prices import MB
from analytics.advice.usage import Usage, together
from iotsim.core.actor import Actor
from sims.costs import NAMES, Group

if TYPE_CHECKING:
    from sims.models.fleet import SimQuerySet

Floats = NDArray[np.float64]

# Where there is no forecast of this cycle, what was used so far is taken to be all.
_SIMS: Final = """
SELECT coalesce({name}, ''), plan.currency, plan.id, plan.pooled, coalesce(sim.customer_id, 0), sim.id,
    coalesce(sim.quota_bytes, plan.quota_bytes)::float8, plan.overage_cents_per_mb::float8,
    greatest(sim.cycle_bytes, coalesce(f.cycle_p10_bytes, 0)),
    greatest(sim.cycle_bytes, coalesce(f.cycle_p50_bytes, 0)),
    greatest(sim.cycle_bytes, coalesce(f.cycle_p90_bytes, 0)), sim.id IN (SELECT id FROM chosen)
FROM sims_sim sim
JOIN sims_plan plan ON plan.organization_id = sim.organization_id AND plan.id = sim.plan_id
LEFT JOIN sims_customer customer ON customer.organization_id = sim.organization_id AND customer.id = sim.customer_id
LEFT JOIN sims_operator operator ON operator.id = sim.operator_id
LEFT JOIN analytics_simforecast f ON f.organization_id = sim.organization_id AND f.sim_id = sim.id
    AND f.cycle_end_date >= %s
WHERE sim.organization_id = %s AND sim.status IN ('active', 'inactive', 'suspended')
    AND (sim.id IN (SELECT id FROM chosen) OR (plan.pooled AND (plan.id, coalesce(sim.customer_id, 0)) IN (
        SELECT p.plan_id, coalesce(p.customer_id, 0) FROM sims_sim p WHERE p.organization_id = sim.organization_id
            AND p.id IN (SELECT id FROM chosen))))
"""


@dataclass(frozen=True)
class Expected:
    """Overage in cents by the end of the cycle: on average, and where usage is heavier than nine of ten times."""

    cents: float = 0.0
    worst: float = 0.0


def expected_overage(actor: Actor, sims: "SimQuerySet", today: date, group: Group) -> dict[tuple[str, str], Expected]:
    """By group and currency, as `sims.costs.costs_by` names them. `sims`: those that the actor may see."""
    chosen, given = sims.order_by().values("id").query.sql_with_params()
    query = f"WITH chosen AS MATERIALIZED ({chosen}) {_SIMS.format(name=NAMES[group])}"
    with connection.cursor() as cursor:
        cursor.execute(query, [*given, today, actor.organization_id])
        rows = cursor.fetchall()
    if not rows:
        return {}
    names, currencies, plan, pooled, customer, sim, quota, price, low, middle, high, wanted = zip(*rows, strict=True)
    usage = Usage.of(low, middle, high)
    member = [(one, -1, mine) if shared else (one, number, 0) for one, shared, mine, number in
              zip(plan, pooled, customer, sim, strict=True)]  # fmt: skip
    beyond, worst = _shared_out(usage, member, np.array(quota))
    found: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    cents = np.array(price) / MB
    for n in np.flatnonzero(np.array(wanted)).tolist():
        sums = found[names[n], currencies[n]]
        sums[0] += float(beyond[n] * cents[n])
        sums[1] += float(worst[n] * cents[n])
    return {key: Expected(*sums) for key, sums in found.items()}


def _shared_out(usage: Usage, member: list[tuple[Any, ...]], quota: Floats) -> tuple[Floats, Floats]:
    """Bytes beyond the quota of each SIM: of a pool's, its part by what it uses in the middle."""
    places: dict[tuple[Any, ...], int] = {}
    groups = np.array([places.setdefault(one, len(places)) for one in member], np.int64)
    whole = together(usage, groups=groups, count=len(places))
    limit = np.bincount(groups, quota, len(places))
    beyond = np.where(limit > 0, whole.beyond(limit), 0.0)
    worst = np.where(limit > 0, np.maximum(whole.high - limit, 0.0), 0.0)
    total = np.bincount(groups, usage.middle, len(places))
    count = np.bincount(groups, minlength=len(places))
    share = np.where(total[groups] > 0, usage.middle / np.maximum(total[groups], 1.0), 1.0 / count[groups])
    return beyond[groups] * share, worst[groups] * share
