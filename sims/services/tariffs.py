"""Which plan SIMs are on: moving them moves money, so it is shown before it is done and can be taken back."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from iotsim.core.actor import Actor
from iotsim.core.errors import Conflict, Invalid, NotFound
from iotsim.core.parameters import Bytes, Country
from iotsim.core.proposals import FIRST_ROWS, Proposal, digest_of
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted, kept_apart
from sims.examples import EXAMPLES
from sims.filters import SimFilter
from sims.lifecycle import Status
from sims.models import Plan, Sim
from sims.naming import find_plan, find_sims_named
from sims.parameters import PLAN_SLOT, CustomerName, OperatorName, PlanName, SearchText, SimRefs, SimStatuses, TagName
from sims.schemas.tariffs import PlanBefore, PlanMoved
from sims.services.status import MAX_BULK
from sims.tariffs import change_of, in_words, move, of_one_currency, price_change

CurrentPlan = Annotated[
    str | None, Field(max_length=100, description="The plan that they are on now, by name"), PLAN_SLOT
]


def _chosen(actor: Actor, sims: list[str] | None, wanted: SimFilter, *, lock: bool = False) -> list[Sim]:
    if sims and not wanted.is_empty:
        raise Invalid("Name the SIMs or give a filter, not both.", field="sims")
    if sims:
        return find_sims_named(actor, sims, lock=lock)
    if wanted.is_empty:
        raise Invalid(
            "Say which SIMs: name them, or give a filter such as their customer or present plan.", field="sims"
        )
    rows = wanted.rows(actor).select_related("plan").order_by("pk")
    found = list((rows.select_for_update(of=("self",)) if lock else rows)[: MAX_BULK + 1])
    if not found:
        raise NotFound(f"No SIMs fit ({wanted.words()}).")
    if len(found) > MAX_BULK:
        raise Invalid(f"More than {MAX_BULK:,} SIMs fit; narrow the filter.", field="sims")
    return found


def _movable(sims: Sequence[Sim], plan: Plan) -> list[Sim]:
    """Those that are neither on it already nor retired. Raises Conflict when there is none."""
    found = [sim for sim in sims if sim.plan_id != plan.pk and sim.status != Status.RETIRED]
    if found:
        return found
    if len(sims) == 1 and sims[0].status == Status.RETIRED:
        raise Conflict(f"SIM {sims[0].short_name} is retired, which is final: its plan cannot be changed.")
    what = f"SIM {sims[0].short_name} is" if len(sims) == 1 else f"All {len(sims):,} SIMs are"
    raise Conflict(f"{what} on the plan {kept_apart(plan.name)} already{', or retired' if len(sims) > 1 else ''}.")


def _warnings(sims: Sequence[Sim], moving: Sequence[Sim], plan: Plan, changed: dict[str, int]) -> list[str]:
    left, warnings = len(sims) - len(moving), []
    if left:
        warnings.append(
            f"{counted(left, 'SIM stays as it is', 'SIMs stay as they are')}: on this plan already, or retired."
        )
    if any(cents for currency, cents in changed.items() if currency != plan.currency):
        warnings.append(
            f"The plan is paid in {plan.currency}, and they pay in another currency now: {in_words(changed)}."
        )
    over = sum(
        1 for sim in moving if plan.quota_bytes and sim.quota_bytes is None and sim.cycle_bytes > plan.quota_bytes
    )
    if over and not plan.pooled:
        warnings.append(f"{counted(over, 'SIM')} used more this cycle already than the plan's quota.")
    own = sum(1 for sim in moving if sim.quota_bytes is not None)
    if own:
        warnings.append(f"{counted(own, 'SIM keeps a quota of its own', 'SIMs keep a quota of their own')}.")
    return warnings


def propose_plan_change(
    actor: Actor,
    *,
    plan: str,
    sims: list[str] | None = None,
    status: list[str] | None = None,
    min_usage: int | None = None,
    max_usage: int | None = None,
    operator: str | None = None,
    country: str | None = None,
    from_plan: str | None = None,
    tag: str | None = None,
    customer: str | None = None,
    search: str | None = None,
) -> Proposal:
    wanted = SimFilter(status, min_usage, max_usage, operator, country, from_plan, tag, customer, search)
    row, found = find_plan(actor, plan), _chosen(actor, sims, wanted)
    moving = _movable(found, row)
    changed = price_change(moving, {sim.pk: row for sim in moving})
    cents, currency = of_one_currency(changed)
    name = f"SIM {moving[0].short_name}" if len(moving) == 1 else counted(len(moving), "SIM")
    return Proposal(
        summary=f"Move {name} to the plan {kept_apart(row.name)}",
        count=len(moving),
        changes=[change_of(sim, row) for sim in moving[:FIRST_ROWS]],
        monthly_cost_change_cents=cents,
        currency=currency,
        safety_critical=sum(sim.safety_critical for sim in moving),
        warnings=_warnings(found, moving, row, changed),
        digest=digest_of([row.pk, changed, [[sim.pk, sim.plan_id, sim.safety_critical] for sim in moving]]),
    )


def _undo(actor: Actor, arguments: BaseModel, result: PlanMoved) -> Undo | None:
    before = [one.model_dump() for one in result.before]
    return Undo("restore_sim_plans", {"before": before, "expected": result.plan_id}) if before else None


@service(
    permission=Permission.MONEY,
    risk=Risk.DANGER,
    path="sims/plan",
    examples=EXAMPLES["change_plan"],
    title="Change plan of SIMs",
    proposal=propose_plan_change,
    undo=_undo,
)
def change_plan(
    actor: Actor,
    *,
    plan: PlanName,
    sims: SimRefs | None = None,
    status: SimStatuses | None = None,
    min_usage: Bytes | None = None,
    max_usage: Bytes | None = None,
    operator: OperatorName | None = None,
    country: Country | None = None,
    from_plan: CurrentPlan = None,
    tag: TagName | None = None,
    customer: CustomerName | None = None,
    search: SearchText | None = None,
) -> PlanMoved:
    """Move SIMs to another plan: those named, or all that fit a filter. A quota of their own stays."""
    wanted = SimFilter(status, min_usage, max_usage, operator, country, from_plan, tag, customer, search)
    row = find_plan(actor, plan)
    found = _chosen(actor, sims, wanted, lock=True)
    moving = _movable(found, row)
    changed = price_change(moving, {sim.pk: row for sim in moving})
    before = move(actor, moving, {sim.pk: row.pk for sim in moving})
    cents, _ = of_one_currency(changed)
    name = f"SIM {moving[0].short_name} is" if len(moving) == 1 else f"{counted(len(moving), 'SIM')} are"
    left = len(found) - len(moving)
    same = f" {counted(left, 'SIM')} stayed as they were." if left else ""
    return PlanMoved(
        sentence=f"{name} on the plan {kept_apart(row.name)} now: {in_words(changed)}.{same}",
        plan=row.name,
        plan_id=row.pk,
        changed=len(moving),
        unchanged=left,
        monthly_cost_change_cents=cents if set(changed) <= {row.currency} else None,
        currency=row.currency,
        before=before,
    )


@service(
    permission=Permission.MONEY, risk=Risk.WRITE, path="sims/plan/restore", examples=(), title="Restore plans of SIMs"
)
def restore_sim_plans(
    actor: Actor,
    *,
    before: Annotated[list[PlanBefore], Field(min_length=1, max_length=1_000, description="The plans they had")],
    expected: Annotated[int, Field(description="Refuse unless all of them are on this plan (id) now")],
) -> PlanMoved:
    """Bring SIMs back to the plans they had before a change, unless something has changed them since."""
    wanted = {sim: one.plan_id for one in before for sim in one.sims}
    rows = Sim.objects.for_actor(actor).filter(pk__in=list(wanted)).select_related("plan").order_by("pk")
    sims = list(rows.select_for_update(of=("self",)))
    if len(sims) != len(wanted):
        raise NotFound("There are no such SIMs of yours.", field="before")
    if moved := sum(sim.plan_id != expected for sim in sims):
        raise Conflict(f"{counted(moved, 'SIM')} went to another plan since, so this cannot be undone any more.")
    plans = {plan.pk: plan for plan in Plan.objects.filter(organization_id=actor.organization_id)}
    if any(plan_id is not None and plan_id not in plans for plan_id in wanted.values()):
        raise Conflict("A plan that they had is not there any more, so this cannot be undone.")
    now = move(actor, sims, wanted)
    name = f"SIM {sims[0].short_name} is on its" if len(sims) == 1 else f"{counted(len(sims), 'SIM')} are on their"
    return PlanMoved(
        sentence=f"{name} former plan again.",
        plan="",
        plan_id=0,
        changed=len(sims),
        unchanged=0,
        monthly_cost_change_cents=None,
        currency="",
        before=now,
    )
