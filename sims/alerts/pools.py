"""Pools as they stand: each customer's SIMs on a pooled plan share the sum of their quotas."""

from typing import Any, Final

from django.db import connection

from iotsim.core.actor import Actor
from sims.alerts.conditions import POOLS
from sims.models import Sim
from sims.schemas.pools import PoolOut

MOST_POOLS: Final = 500


def pools_of(
    actor: Actor, *, plan_id: int | None = None, customer_id: int | None = None, whole: bool = True
) -> list[PoolOut]:
    """The pools that the actor may see, the fullest first. Not `whole`: the customer may be none, and that is meant."""
    chosen = ["AND s.plan_id = %(plan)s"] if plan_id is not None else []
    if customer_id is not None or not whole:
        chosen.append("AND s.customer_id IS NOT DISTINCT FROM %(customer)s::bigint")
    if actor.customer_ids is not None:
        chosen.append("AND s.customer_id = ANY(%(customers)s)")
    query = (
        f"SELECT p.name, c.name, q.* FROM ({POOLS.format(chosen=' '.join(chosen))}) q "  # noqa: S608 (our own words)
        "JOIN sims_plan p ON p.id = q.plan_id LEFT JOIN sims_customer c ON c.id = q.customer_id "
        "ORDER BY q.used_bytes::float8 / greatest(q.quota_bytes, 1) DESC, p.name, c.name LIMIT %(most)s"
    )
    values = {
        "organization": actor.organization_id, "plan": plan_id, "customer": customer_id, "most": MOST_POOLS,
        "customers": sorted(actor.customer_ids or ()),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return [_pool(*row) for row in cursor.fetchall()]


def _pool(plan: str, customer: str | None, *row: Any) -> PoolOut:
    _, _, sims, used, quota, as_of, threshold, cycle_start = row
    return PoolOut(
        plan=plan,
        customer=customer,
        sims=sims,
        used_bytes=used,
        quota_bytes=quota,
        percent=100 * used / quota if quota else None,
        threshold_percent=threshold,
        over_bytes=max(0, used - quota),
        cycle_start_date=cycle_start,
        as_of=as_of,
    )


def pool_of(actor: Actor, sim: Sim) -> PoolOut | None:
    """The pool that a SIM shares its quota with."""
    if sim.plan is None or not sim.plan.pooled:
        return None
    found = pools_of(actor, plan_id=sim.plan.pk, customer_id=sim.customer_id, whole=False)
    return found[0] if found else None
