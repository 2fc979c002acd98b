"""Recommendations as they are shown: rows with the names and figures of what they are about, sums, and warnings."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from django.db.models import Count, F, Q, Sum

from analytics.models import GroupForecast, SimForecast
from analytics.models.savings import AdviceKind, AdviceState
from analytics.schemas.savings import AdviceOut, OverageWarning, PlanFigures, RealisedSum, SavingSum
from iotsim.core.actor import Actor
from iotsim.core.wording import counted, kept_apart
from sims.models import Customer, Plan, Sim
from sims.usage import local_today

if TYPE_CHECKING:
    from analytics.models import Recommendation
    from analytics.savings.chosen import Rows

TITLES: Final = {
    "change_plan": "Another plan",
    "retire_idle": "Charged but unused",
    "resize_pool": "Size of a pool",
    "raise_quota": "Quota of its own",
}
WARNINGS: Final = 20
LOOKED_AT: Final = 500  # forecasts of which the dearest are told
_SAME: Final = [
    "id", "kind", "state", "sims", "cost_cents", "worst_cost_cents", "saving_cents", "worst_saving_cents", "currency",
    "confidence", "reason", "usage_p10_bytes", "usage_p50_bytes", "usage_p90_bytes", "history_days", "unused_cycles",
    "since", "decided_at", "decided_by", "realised_cents", "realised_cycles",
]  # fmt: skip


def shown(actor: Actor, rows: Sequence["Recommendation"]) -> list[AdviceOut]:
    """The rows with names, in their order: three queries more, however many."""
    sims = {
        one.pk: one for one in Sim.objects.for_actor(actor).filter(pk__in=[row.sim_id for row in rows if row.sim_id])
    }
    plans = {plan.pk: plan for plan in Plan.objects.filter(organization_id=actor.organization_id)}
    wanted = {row.customer_id for row in rows}
    names = dict(
        Customer.objects.filter(organization_id=actor.organization_id, pk__in=wanted).values_list("pk", "name")
    )
    return [_shown(row, sims.get(row.sim_id), plans, names.get(row.customer_id, "")) for row in rows]


def _shown(row: "Recommendation", sim: Sim | None, plans: dict[int, Plan], customer: str) -> AdviceOut:
    moves = Counter(plans[plan].name for plan in row.moved_plans if plan in plans)
    return AdviceOut(
        kind_title=TITLES[row.kind],
        what=what_to_do(row, plans),
        iccid=sim.iccid if sim else "",
        label=sim.label if sim else "",
        customer=customer,
        from_plan=_figures(plans.get(row.from_plan_id)),
        to_plan=_figures(plans.get(row.to_plan_id)),
        moves=dict(moves.most_common()),
        is_final=row.kind == AdviceKind.RETIRE_IDLE,
        **{name: getattr(row, name) for name in _SAME},
    )


def what_to_do(row: "Recommendation", plans: dict[int, Plan]) -> str:
    """The advice as an act: "Move it from Large to Small"."""
    before = kept_apart(plans[row.from_plan_id].name) if row.from_plan_id in plans else "a deleted plan"
    after = kept_apart(plans[row.to_plan_id].name) if row.to_plan_id in plans else "other plans"
    match row.kind:
        case AdviceKind.RETIRE_IDLE:
            return f"Retire it: {row.unused_cycles * 30} days unused on {before}"
        case AdviceKind.RAISE_QUOTA:
            return f"Give it the quota of its plan {before}"
        case AdviceKind.RESIZE_POOL:
            return f"Move {counted(row.sims, 'SIM')} from the pool {before} to {after}"
    return f"Move it from {before} to {after}"


def _figures(plan: Plan | None) -> PlanFigures | None:
    if plan is None:
        return None
    return PlanFigures(
        name=plan.name,
        price_cents=plan.price_cents,
        quota_bytes=plan.quota_bytes,
        overage_cents_per_mb=float(plan.overage_cents_per_mb),
        pooled=plan.pooled,
    )


def sums(rows: "Rows", *by: str) -> list[SavingSum]:
    """What the rows come to, by currency, and by kind if asked; the most first."""
    found = rows.order_by().values("currency", *by)
    found = found.annotate(count=Count("pk"), saving=Sum("saving_cents"), worst=Sum("worst_saving_cents"))
    return [
        SavingSum(
            currency=one["currency"],
            kind=one.get("kind", ""),
            kind_title=TITLES.get(one.get("kind", ""), ""),
            count=one["count"],
            saving_cents=one["saving"],
            worst_saving_cents=one["worst"],
        )
        for one in sorted(found, key=lambda one: (-one["saving"], one["currency"]))
    ]


def realised(rows: "Rows") -> list[RealisedSum]:
    found = rows.filter(state=AdviceState.APPLIED).order_by().values("currency")
    found = found.annotate(
        count=Count("pk"), measured=Count("pk", filter=Q(realised_cycles__gt=0)), saved=Sum("realised_cents")
    )
    return [
        RealisedSum(currency=one["currency"], applied=one["count"], measured=one["measured"], saved_cents=one["saved"])
        for one in sorted(found, key=lambda one: (-one["saved"], one["currency"]))
    ]


def warnings(actor: Actor) -> list[OverageWarning]:
    """SIMs and pools whose quota will be used up before the cycle ends, where that costs; the dearest first."""
    found = [*_of_sims(actor), *_of_pools(actor)]
    return sorted(found, key=lambda one: (-one.overage_cents, one.on_date, one.name))[:WARNINGS]


def _of_sims(actor: Actor) -> list[OverageWarning]:
    today = local_today(actor)
    mine = Sim.objects.for_actor(actor).filter(
        status__in=("active", "inactive", "suspended"), plan__pooled=False, plan__overage_cents_per_mb__gt=0
    )
    rows = SimForecast.objects.filter(
        organization_id=actor.organization_id, exhausts_on__lte=F("cycle_end_date"),
        cycle_end_date__gte=today, quota_bytes__gt=0, sim_id__in=mine.values("pk"),
    )  # fmt: skip
    rows = rows.defer("days_p10", "days_p50", "days_p90").order_by("-cycle_p50_bytes")[:LOOKED_AT]
    found = list(rows)
    sims = {one.pk: one for one in mine.filter(pk__in=[row.sim_id for row in found]).select_related("plan", "customer")}
    return [one for row in found if (one := _warning(row, sims[row.sim_id])) is not None]


def _warning(row: SimForecast, sim: Sim) -> OverageWarning | None:
    if sim.plan is None:
        return None
    name, customer = sim.short_name, sim.customer.name if sim.customer else ""
    return _costs(row, sim.plan, name, customer, iccid=sim.iccid)


def _of_pools(actor: Actor) -> list[OverageWarning]:
    today = local_today(actor)
    rows = GroupForecast.objects.filter(
        organization_id=actor.organization_id, scope="pool", exhausts_on__isnull=False, cycle_end_date__gte=today
    ).defer("days_p10", "days_p50", "days_p90")
    if actor.customer_ids is not None:
        rows = rows.filter(customer_id__in=actor.customer_ids)
    plans = {plan.pk: plan for plan in Plan.objects.filter(organization_id=actor.organization_id, pooled=True)}
    names = dict(Customer.objects.filter(organization_id=actor.organization_id).values_list("pk", "name"))
    found = []
    for row in rows:
        customer = names.get(row.customer_id, "")
        if row.plan_id in plans and row.exhausts_on is not None and row.exhausts_on <= row.cycle_end_date:
            name = f"Pool of {kept_apart(customer)}" if customer else "Pool without a customer"
            found.append(_costs(row, plans[row.plan_id], name, customer))
    return found


def _costs(
    row: SimForecast | GroupForecast, plan: Plan, name: str, customer: str, *, iccid: str = ""
) -> OverageWarning:
    quota, price = row.quota_bytes or 0, float(plan.overage_cents_per_mb) / 1e6
    assert row.exhausts_on is not None
    return OverageWarning(
        name=name,
        iccid=iccid,
        customer=customer,
        plan=plan.name,
        on_date=row.exhausts_on,
        cycle_end_date=row.cycle_end_date,
        overage_cents=round(max(0, row.cycle_p50_bytes - quota) * price),
        worst_cents=round(max(0, row.cycle_p90_bytes - quota) * price),
        currency=plan.currency,
    )
