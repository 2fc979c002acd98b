"""Soft thresholds and hard limits of plans and SIMs, pools, and stopping what has reached its limit."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Invalid
from iotsim.core.jobs import RunningJob
from iotsim.core.proposals import FIRST_ROWS, Change, Proposal, digest_of
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.schemas import Answer
from iotsim.core.tenancy import tenant
from iotsim.core.wording import counted, size
from sims.alerts import watch
from sims.alerts.parameters import LIMIT_ACT, Percent
from sims.alerts.pools import pools_of
from sims.carrier import request_changes
from sims.examples import EXAMPLES
from sims.lifecycle import Reason, Status
from sims.models import Plan, Sim
from sims.naming import find_customer, find_plan, find_sim
from sims.parameters import CustomerName, PlanName, SimRef
from sims.schemas.alerts import LimitsChange, PoolPage, StoppedSims
from sims.schemas.pools import PoolOut

Threshold = Annotated[Percent | None, Field(le=100, description="Percent of the quota at which somebody is told")]
PlanAction = Annotated[
    Literal["none", "suspend"] | None, Field(description="What happens at the quota: none, or suspend"), LIMIT_ACT
]
SimLimitAction = Annotated[
    Literal["none", "suspend", "plan"] | None,
    Field(description="What happens at the quota: none, suspend, or plan"),
    LIMIT_ACT,
]
SimThreshold = Annotated[
    Percent | Literal["plan"] | None,
    Field(description='Percent of the quota at which somebody is told; "plan": as the plan says'),
]


@service(permission=Permission.VIEW, risk=Risk.READ, path="pools", examples=EXAMPLES["list_pools"], title="Pools")
def list_pools(actor: Actor, *, plan: PlanName | None = None, customer: CustomerName | None = None) -> PoolPage:
    """List the data pools: each customer's SIMs on a pooled plan share their quotas. The fullest first."""
    found = pools_of(
        actor,
        plan_id=find_plan(actor, plan).pk if plan else None,
        customer_id=find_customer(actor, customer).pk if customer else None,
    )
    return PoolPage(sentence=_pools_sentence(found), items=found)


def _pools_sentence(pools: list[PoolOut]) -> str:
    if not pools:
        return "There are no pools: no SIM in use is on a pooled plan."
    first = pools[0]
    share = f", {first.percent:.0f} %" if first.percent is not None else ""
    used = f"{size(first.used_bytes)} of {size(first.quota_bytes)}{share}"
    return f"{counted(len(pools), 'pool')}. The fullest is {first.name}: {used}."


def _action_words(action: str) -> str:
    return {"suspend": "suspend the SIM", "none": "nothing but an alert", "": "as the plan says"}[action]


def _limits_risk(actor: Actor, arguments: BaseModel) -> Risk:
    """Letting SIMs be stopped by themselves is for a person to decide."""
    return Risk.DANGER if getattr(arguments, "limit_action", None) == "suspend" else Risk.WRITE


def propose_plan_limits(
    actor: Actor, *, plan: str, threshold: int | None = None, limit_action: str | None = None
) -> Proposal:
    found = find_plan(actor, plan)
    sims = Sim.objects.for_actor(actor).filter(plan=found, status=Status.ACTIVE)
    affected, critical = sims.filter(limit_action="").count(), sims.filter(safety_critical=True).count()
    changes = _changes(f"Plan {found.name}", found.threshold_percent, threshold, found.limit_action, limit_action)
    warnings = [f"{counted(critical, 'safety-critical SIM')} are never suspended."] if critical else []
    return Proposal(
        summary=f"Change the limits of plan {found.name}",
        count=affected,
        changes=changes[:FIRST_ROWS],
        warnings=warnings,
        digest=digest_of([found.pk, found.threshold_percent, found.limit_action, threshold, limit_action]),
    )


def _changes(
    label: str, percent: int | None, threshold: int | str | None, action: str, limit_action: str | None
) -> list[Change]:
    changes = []
    if threshold is not None:
        before = f"{percent} %" if percent is not None else "as the plan says"
        after = f"{threshold} %" if threshold != "plan" else "as the plan says"
        changes.append(Change(label=label, field="threshold", before=before, after=after))
    if limit_action is not None:
        wanted = "" if limit_action == "plan" else limit_action
        change = Change(label=label, field="at the quota", before=_action_words(action), after=_action_words(wanted))
        changes.append(change)
    return changes


def _undo_plan(actor: Actor, arguments: BaseModel, result: LimitsChange) -> Undo:
    before = {"threshold": result.threshold_before, "limit_action": result.action_before}
    return Undo("update_plan_limits", {"plan": result.plan, **before})


@service(
    permission=Permission.MONEY,
    risk=_limits_risk,
    path="plans/limits",
    examples=EXAMPLES["update_plan_limits"],
    title="Change limits of a plan",
    proposal=propose_plan_limits,
    undo=_undo_plan,
)
def update_plan_limits(
    actor: Actor, *, plan: PlanName, threshold: Threshold = None, limit_action: PlanAction = None
) -> LimitsChange:
    """Set at which share of the quota a plan's SIMs raise an alert, and whether they are suspended at their quota."""
    if actor.customer_ids is not None:
        raise Invalid("Your access is limited to some customers, and a plan is for all of them.", field="plan")
    if threshold is None and limit_action is None:
        raise Invalid("Give a threshold in percent, what happens at the quota, or both.", field="threshold")
    found = Plan.objects.select_for_update().get(pk=find_plan(actor, plan).pk)
    before = (found.threshold_percent, found.limit_action)
    found.threshold_percent = threshold if threshold is not None else found.threshold_percent
    found.limit_action = limit_action or found.limit_action
    found.save(update_fields=["threshold_percent", "limit_action"])
    touch("plan", [found.pk])
    return LimitsChange(
        sentence=f"SIMs on {found.name} raise an alert at {found.threshold_percent} % of their quota; "
        f"at the quota: {_action_words(found.limit_action)}.",
        plan=found.name,
        threshold_before=before[0],
        threshold_after=found.threshold_percent,
        action_before=before[1],
        action_after=found.limit_action,
    )


def propose_sim_limits(
    actor: Actor, *, sim: str, threshold: int | str | None = None, limit_action: str | None = None
) -> Proposal:
    found = find_sim(actor, sim)
    label = f"{found.iccid}{f' ({found.label})' if found.label else ''}"
    stops = found.safety_critical and limit_action == "suspend"
    return Proposal(
        summary=f"Change the limits of SIM {found.short_name}",
        count=1,
        changes=_changes(label, found.threshold_percent, threshold, found.limit_action, limit_action),
        safety_critical=int(found.safety_critical),
        warnings=["It is safety-critical and so is never suspended by itself."] if stops else [],
        digest=digest_of([found.pk, found.threshold_percent, found.limit_action, threshold, limit_action]),
    )


def _undo_sim(actor: Actor, arguments: BaseModel, result: LimitsChange) -> Undo:
    before = {"threshold": result.threshold_before or "plan", "limit_action": result.action_before or "plan"}
    return Undo("update_sim_limits", {"sim": result.iccid, **before})


@service(
    permission=Permission.OPERATE,
    risk=_limits_risk,
    path="sims/{sim}/limits",
    examples=EXAMPLES["update_sim_limits"],
    title="Change limits of a SIM",
    proposal=propose_sim_limits,
    undo=_undo_sim,
)
def update_sim_limits(
    actor: Actor, *, sim: SimRef, threshold: SimThreshold = None, limit_action: SimLimitAction = None
) -> LimitsChange:
    """Set for one SIM at which share of its quota it raises an alert, and whether it is suspended at its quota."""
    if threshold is None and limit_action is None:
        raise Invalid("Give a threshold in percent, what happens at the quota, or both.", field="threshold")
    if isinstance(threshold, int) and threshold > 100:
        raise Invalid(f"A threshold is 1 to 100 % of the quota, not {threshold} %.", field="threshold")
    found = find_sim(actor, sim, lock=True)
    before = (found.threshold_percent, found.limit_action)
    if threshold is not None:
        found.threshold_percent = None if threshold == "plan" else int(threshold)
    if limit_action is not None:
        found.limit_action = "" if limit_action == "plan" else limit_action
    found.save(update_fields=["threshold_percent", "limit_action"])
    touch("sim", [found.pk])
    percent = f"{found.threshold_percent} %" if found.threshold_percent else "its plan's percentage"
    return LimitsChange(
        sentence=f"SIM {found.short_name} raises an alert at {percent} of its quota; "
        f"at the quota: {_action_words(found.limit_action)}.",
        iccid=found.iccid,
        threshold_before=before[0],
        threshold_after=found.threshold_percent,
        action_before=before[1],
        action_after=found.limit_action,
    )


def _to_stop(actor: Actor, sim_ids: list[int] | None) -> list[Sim]:
    due = watch.reached(actor.organization_id, ids=sim_ids)[: watch.STOP_AT_ONCE]
    return list(Sim.objects.for_actor(actor).filter(pk__in=due).order_by("pk"))


def propose_stop(actor: Actor, *, sim_ids: list[int] | None = None) -> Proposal:
    found = _to_stop(actor, sim_ids)
    return Proposal(
        summary=f"Suspend {counted(len(found), 'SIM')} at their limit",
        count=len(found),
        changes=[
            Change(label=str(one), field="status", before="active", after="suspended", link=f"/sims/{one.iccid}/")
            for one in found[:FIRST_ROWS]
        ],
        digest=digest_of([[one.pk, one.cycle_bytes] for one in found]),
    )


def _undo_stop(actor: Actor, arguments: BaseModel, result: StoppedSims) -> Undo | None:
    return Undo("restore_status", {"batch": result.batch}) if result.batch else None


def _stop_risk(actor: Actor, arguments: BaseModel) -> Risk:
    return Risk.DANGER


@service(
    permission=Permission.OPERATE,
    risk=_stop_risk,
    path="sims/stop-at-limit",
    examples=(),
    title="Suspend SIMs at their limit",
    proposal=propose_stop,
    undo=_undo_stop,
)
def stop_sims_at_limit(
    actor: Actor,
    *,
    sim_ids: Annotated[
        list[int] | None, Field(description="Ids of SIMs to look at; all without them", max_length=watch.STOP_AT_ONCE)
    ] = None,
) -> StoppedSims:
    """Suspend active SIMs that used up their quota, where plan or SIM say so; never safety-critical ones."""
    wanted = watch.reached(actor.organization_id, ids=sim_ids)[: watch.STOP_AT_ONCE]
    rows = Sim.objects.for_actor(actor).filter(pk__in=wanted).select_for_update(of=("self",))
    found = list(rows.order_by("pk"))
    if not found:
        return StoppedSims(sentence="No SIM has to be suspended at its limit.", stopped=0)
    touch("sim", [one.pk for one in found])
    states = {one.pk: Status.SUSPENDED for one in found}
    batch = request_changes(
        actor, found, states, reason=Reason.LIMIT, note="The quota of the billing cycle is used up."
    )
    sentence = f"{counted(len(found), 'SIM')} suspended at the limit, as plan or SIM say."
    return StoppedSims(sentence=sentence, stopped=len(found), batch=str(batch))


class QuotaCheck(Answer):
    """What a look at all quotas found."""

    new_alerts: int
    stopped: int


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="quotas/check",
    examples=EXAMPLES["check_quotas"],
    title="Check quotas",
    job=True,
)
def check_quotas(actor: Actor, *, job: RunningJob) -> QuotaCheck:
    """Look at the quotas, limits and pools of the whole fleet now, and raise what was missed."""
    return look_at_quotas(actor.organization_id)


def look_at_quotas(organization_id: int) -> QuotaCheck:
    """In a transaction of its own."""
    with tenant(organization_id):
        new = watch.check_usage(organization_id) + watch.check_silence(organization_id)
        new += watch.check_intakes(organization_id)
        stopped = watch.stop_at_limit(organization_id)
    stop = f" {counted(stopped, 'SIM')} suspended at the limit." if stopped else ""
    return QuotaCheck(
        sentence=f"All quotas were checked: {counted(new, 'new alert')}.{stop}", new_alerts=new, stopped=stopped
    )
