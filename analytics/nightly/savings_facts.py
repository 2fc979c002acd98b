"""What the night's advice rests on: plans, the SIMs that are paid for, and what they are expected to use."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from analytics.advice.idle import CYCLE_DAYS, CYCLES, unused_cycles
from analytics.advice.prices import Tariff
from analytics.advice.usage import Usage
from analytics.models import GroupForecast, Recommendation
from analytics.models.savings import AdviceState
from iotsim.core.tenancy import tenant
from sims.bulk import read_arrow
from sims.models import Plan

if TYPE_CHECKING:
    from analytics.nightly.history import History

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

SETTLED: Final = timedelta(days=30)  # how long after advice was applied a SIM is left in peace

# Those with usage that no day holds (a vendor's monthly totals, messages, calls) are not called idle.
_FACTS: Final = """
SELECT s.id, coalesce(s.customer_id, 0) AS customer_id, s.plan_id, coalesce(s.quota_bytes, -1) AS quota,
    s.safety_critical, f.sim_id IS NOT NULL AS foreseen, coalesce(f.month_p10_bytes, 0) AS p10,
    coalesce(f.month_p50_bytes, 0) AS p50, coalesce(f.month_p90_bytes, 0) AS p90,
    coalesce(f.history_days, 0)::bigint AS history_days, coalesce(f.is_prior, false) AS is_prior,
    s.cycle_bytes = 0 AND coalesce(s.last_seen_at < {quiet_since}, true) AS quiet,
    m.sim_id IS NOT NULL AS by_month, r.sim_id IS NOT NULL AS settled
FROM sims_sim s
LEFT JOIN analytics_simforecast f ON f.organization_id = s.organization_id AND f.sim_id = s.id
LEFT JOIN (SELECT DISTINCT sim_id FROM sims_usagemonthly
    WHERE organization_id = {org} AND month >= {first} AND bytes_up + bytes_down > 0) m ON m.sim_id = s.id
LEFT JOIN (SELECT DISTINCT sim_id FROM (
    SELECT sim_id FROM analytics_recommendation WHERE organization_id = {org} AND {recent}
    UNION ALL SELECT unnest(moved_sims) FROM analytics_recommendation WHERE organization_id = {org} AND {recent}
    ) settled) r ON r.sim_id = s.id
WHERE s.organization_id = {org} AND s.plan_id IS NOT NULL AND s.status IN ('active', 'inactive', 'suspended')
ORDER BY s.id
"""


@dataclass(frozen=True)
class Facts:
    """N SIMs that are paid for, in the order of their ids. `plan` is the index of each one's plan in `tariffs`.

    `quota` is a SIM's own in bytes, -1 without one; `idle` how many cycles it has been unused.
    """

    tariffs: list[Tariff]
    names: list[str]
    ids: Ints
    customer: Ints
    plan: Ints
    quota: Ints
    safety_critical: Mask
    foreseen: Mask
    usage: Usage
    history_days: Ints
    is_prior: Mask
    idle: Ints
    settled: Mask

    def __len__(self) -> int:
        return int(self.ids.size)

    @property
    def pooled(self) -> Mask:
        return np.array([one.pooled for one in self.tariffs], bool)[self.plan]


def tariff_of(plan: Plan) -> Tariff:
    return Tariff(
        plan.pk, plan.price_cents, plan.quota_bytes, float(plan.overage_cents_per_mb), plan.currency, plan.pooled
    )


def read_facts(history: "History") -> Facts:
    """Read what is committed. Opens transactions of its own."""
    organization_id = history.organization_id
    table = read_arrow(
        organization_id, _query(organization_id, history.first_day, history.last_day, CYCLE_DAYS * CYCLES)
    )
    with tenant(organization_id, read_only=True):  # after the SIMs, so that each one's plan is among them
        plans = list(Plan.objects.filter(organization_id=organization_id).order_by("pk"))
    found = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    ids = _ints(found["id"])
    idle = _of(ids, history.sim_ids, unused_cycles(history.bytes, history.sessions))
    truth = {name: found[name].astype(bool) for name in ("quiet", "by_month", "foreseen", "is_prior", "settled")}
    places = {plan.pk: n for n, plan in enumerate(plans)}
    return Facts(
        tariffs=[tariff_of(plan) for plan in plans],
        names=[plan.name for plan in plans],
        ids=ids,
        customer=_ints(found["customer_id"]),
        plan=np.array([places[one] for one in _ints(found["plan_id"]).tolist()], np.int64),
        quota=_ints(found["quota"]),
        safety_critical=found["safety_critical"].astype(bool),
        foreseen=truth["foreseen"] & ~truth["by_month"],
        usage=Usage.of(found["p10"], found["p50"], found["p90"]),
        history_days=_ints(found["history_days"]),
        is_prior=truth["is_prior"],
        idle=np.where(truth["quiet"] & ~truth["by_month"], idle, 0),
        settled=truth["settled"],
    )


def _query(organization_id: int, first: date, last: date, quiet_days: int) -> sql.Composable:
    since = sql.Literal(last + timedelta(days=1) - SETTLED)
    recent = sql.SQL("state = {applied} AND decided_at >= {since}")
    return sql.SQL(_FACTS).format(
        org=sql.Literal(organization_id),
        first=sql.Literal(first.replace(day=1)),
        quiet_since=sql.Literal(last + timedelta(days=1) - timedelta(days=quiet_days)),
        recent=recent.format(applied=sql.Literal(AdviceState.APPLIED.value), since=since),
    )


def _ints(values: Any) -> Ints:
    return np.asarray(values, np.int64)


def _of(ids: Ints, known: Ints, values: Ints) -> Ints:
    """The values of `known` SIMs (ascending) for `ids`; 0 for those that are not among them."""
    if not known.size or not ids.size:
        return np.zeros(ids.size, np.int64)
    place = np.searchsorted(known, ids).clip(max=known.size - 1)
    return np.where(known[place] == ids, values[place], 0)


def pool_forecasts(organization_id: int) -> dict[tuple[int, int], int]:
    """Bytes that a pool (plan, customer) uses at most in nine of ten months, where the night foresaw it."""
    rows = GroupForecast.objects.filter(organization_id=organization_id, scope="pool")
    return {
        (plan, customer): p90 for plan, customer, p90 in rows.values_list("plan_id", "customer_id", "month_p90_bytes")
    }


def dismissed(organization_id: int) -> set[tuple[str, int, int, int, int]]:
    """What people did not want: kind, SIM, customer, plan before and after. It is not advised again."""
    rows = Recommendation.objects.filter(organization_id=organization_id, state=AdviceState.DISMISSED)
    return set(rows.values_list("kind", "sim_id", "customer_id", "from_plan_id", "to_plan_id"))
