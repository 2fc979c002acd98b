"""Which recommendations: those of a filter that the actor may see and that still stand, or those named."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from analytics.models import Recommendation
from analytics.models.savings import AdviceState
from iotsim.core.actor import Actor
from iotsim.core.errors import Conflict, NotFound
from sims.models import Plan, Sim
from sims.naming import find_customer, find_plan, find_sim, plans_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

    Rows = QuerySet[Recommendation]


@dataclass(frozen=True)
class AdviceFilter:
    """What a recommendation must be to fit; `min_saving` is in whole money a month, of whatever currency."""

    customer: str | None = None
    plan: str | None = None
    sim: str | None = None
    kind: str | None = None
    confidence: str | None = None
    min_saving: Decimal | None = None
    currency: str | None = None

    @property
    def is_empty(self) -> bool:
        return all(value is None for value in vars(self).values())

    def rows(self, actor: Actor) -> "Rows":
        """Those that fit, whatever their state. Raises NotFound for a name that does not exist."""
        rows = visible(actor)
        if self.customer:
            rows = rows.filter(customer_id=find_customer(actor, self.customer).pk)
        if self.plan:
            rows = rows.filter(from_plan_id=find_plan(actor, self.plan).pk)
        if self.sim:
            found = find_sim(actor, self.sim).pk
            rows = rows.filter(Q(sim_id=found) | Q(moved_sims__contains=[found]))
        for name in ("kind", "confidence", "currency"):
            if value := getattr(self, name):
                rows = rows.filter(**{name: value})
        return rows if self.min_saving is None else rows.filter(saving_cents__gte=int(self.min_saving * 100))


def visible(actor: Actor) -> "Rows":
    """The recommendations of the tenant; of those limited to customers, theirs, to plans that they may know of."""
    rows = Recommendation.objects.filter(organization_id=actor.organization_id)
    if actor.customer_ids is None:
        return rows
    mine = Exists(Sim.objects.for_actor(actor).filter(pk=OuterRef("sim_id")))
    plans = [0, *plans_of(actor).values_list("pk", flat=True)]
    pools = Q(sim_id=0, customer_id__in=actor.customer_ids, moved_plans__contained_by=plans)
    return rows.filter(pools | (Q(sim_id__gt=0) & Q(mine))).filter(to_plan_id__in=plans)


def standing(rows: "Rows") -> "Rows":
    """Those that are open and still true: the SIM is on that plan, and the plan that is advised is there."""
    there = Exists(Plan.objects.filter(organization_id=OuterRef("organization_id"), pk=OuterRef("to_plan_id")))
    same = Exists(
        Sim.objects.filter(
            organization_id=OuterRef("organization_id"), pk=OuterRef("sim_id"), plan_id=OuterRef("from_plan_id")
        ).exclude(status="retired")
    )
    return rows.filter(state=AdviceState.OPEN).filter(Q(to_plan_id=0) | there).filter(Q(sim_id=0) | same)


def in_order(rows: "Rows") -> "Rows":
    return rows.order_by("-saving_cents", "pk")


def named(actor: Actor, ids: Sequence[int]) -> "Rows":
    """The recommendations of these numbers. Raises NotFound when there is one that the actor cannot see."""
    rows = visible(actor).filter(pk__in=list(ids))
    missing = sorted(set(ids) - set(rows.values_list("pk", flat=True)))
    if missing:
        raise NotFound(f"There is no recommendation {missing[0]}.", field="recommendations")
    return rows


def must_be_open(rows: Sequence[Recommendation]) -> None:
    """Raises Conflict when all are decided already, naming who did the first."""
    decided = [one for one in rows if one.state != AdviceState.OPEN]
    if not rows or len(decided) < len(rows):
        return
    first = decided[0]
    if first.state == AdviceState.EXPIRED:
        raise Conflict(f"Recommendation {first.pk} does not hold any more: the last night found nothing to save there.")
    more = f", and so were {len(decided) - 1} more" if len(decided) > 1 else ""
    raise Conflict(f"Recommendation {first.pk} was {first.state} by {first.decided_by or 'somebody'} already{more}.")
