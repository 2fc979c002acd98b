"""Changing the status of SIMs: one, many, finally, and back."""

import uuid
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Invalid, NotFound
from iotsim.core.parameters import Bytes, Country
from iotsim.core.parameters import Reason as WhyInWords
from iotsim.core.proposals import FIRST_ROWS, Change, Proposal, digest_of
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted
from sims.carrier import request_changes
from sims.examples import EXAMPLES
from sims.filters import SimFilter
from sims.lifecycle import TRANSITIONS, Action, Reason, Status, is_legal, refusal, target
from sims.models import Sim, StatusChange
from sims.naming import find_sim, find_sims_named
from sims.parameters import (
    CustomerName,
    OperatorName,
    PlanName,
    SearchText,
    SimAction,
    SimAttention,
    SimRef,
    SimRefs,
    SimStatuses,
    TagName,
)
from sims.schemas.fleet import BulkChange, SimChange

MAX_BULK = 100_000
MAX_REFUSALS = 100
BILLED = frozenset({Status.ACTIVE, Status.INACTIVE, Status.SUSPENDED})

Note = Annotated[WhyInWords | None, Field(description="Why, in a sentence, for the history", max_length=500)]


def propose_change(actor: Actor, sims: Sequence[Sim], action: Action) -> Proposal:
    """What the action would do to those of the SIMs that can take it."""
    can = [sim for sim in sims if is_legal(Status(sim.status), action)]
    after = target(action)
    cannot = len(sims) - len(can)
    name = f"SIM {can[0].short_name}" if len(can) == 1 else counted(len(can), "SIM")
    return Proposal(
        summary=f"{action.value.capitalize()} {name}",
        count=len(can),
        changes=[_change(sim, after) for sim in can[:FIRST_ROWS]],
        monthly_cost_change_cents=sum(_cost(sim, after) for sim in can),
        currency=next((sim.plan.currency for sim in can if sim.plan), "EUR"),
        reversible=all(_can_go_back(Status(sim.status), after) for sim in can),
        safety_critical=sum(sim.safety_critical for sim in can),
        warnings=[f"{counted(cannot, 'SIM')} cannot be {action.past} and will be left as they are."] if cannot else [],
        digest=digest_of([action.value, [[sim.pk, sim.status, sim.safety_critical, _cost(sim, after)] for sim in can]]),
    )


def _change(sim: Sim, after: Status) -> Change:
    return Change(
        label=f"{sim.iccid}{f' ({sim.label})' if sim.label else ''}",
        field="status",
        before=Status(sim.status).words,
        after=after.words,
        link=f"/sims/{sim.iccid}/",
    )


def _cost(sim: Sim, after: Status) -> int:
    """What the plan adds or saves a month: it is paid from the first activation until retirement."""
    price = sim.plan.price_cents if sim.plan else 0
    return price * ((after in BILLED) - (Status(sim.status) in BILLED))


def _can_go_back(before: Status, after: Status) -> bool:
    return before in TRANSITIONS[after]


def _apply(actor: Actor, sims: Sequence[Sim], action: Action, note: str | None) -> uuid.UUID:
    touch("sim", [sim.pk for sim in sims])
    reason = Reason.AGENT if actor.face == "agent" else Reason.USER
    return request_changes(actor, sims, {sim.pk: target(action) for sim in sims}, reason=reason, note=note or "")


def _must_be_legal(sim: Sim, action: Action) -> None:
    if not is_legal(Status(sim.status), action):
        raise Conflict(refusal(sim.short_name, Status(sim.status), action))


def _one(actor: Actor, sim: str, action: Action, note: str | None) -> SimChange:
    found = find_sim(actor, sim, lock=True)
    _must_be_legal(found, action)
    batch = _apply(actor, [found], action, note)
    return SimChange(
        sentence=f"SIM {found.short_name} is {target(action).words} now; it was {Status(found.status).words}.",
        iccid=found.iccid,
        label=found.label,
        field="status",
        before=found.status,
        after=target(action).value,
        batch=str(batch),
    )


def propose_toggle(actor: Actor, *, sim: str, action: str, reason: str | None = None) -> Proposal:
    found = find_sim(actor, sim)
    _must_be_legal(found, Action(action))
    return propose_change(actor, [found], Action(action))


def undo_status(actor: Actor, arguments: BaseModel, result: SimChange | BulkChange) -> Undo | None:
    """The way back, unless the lifecycle has none for one of the SIMs (active never becomes inventory again)."""
    changes = StatusChange.objects.filter(batch=result.batch).values_list("from_status", "to_status").distinct()
    if not result.batch or not all(_can_go_back(Status(old), Status(new)) for old, new in changes):
        return None
    return Undo("restore_status", {"batch": result.batch})


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="sims/{sim}/status",
    examples=EXAMPLES["toggle_sim_status"],
    title="Change SIM status",
    proposal=propose_toggle,
    undo=undo_status,
)
def toggle_sim_status(actor: Actor, *, sim: SimRef, action: SimAction, reason: Note = None) -> SimChange:
    """Activate, deactivate, suspend or resume one SIM."""
    return _one(actor, sim, Action(action), reason)


def propose_retirement(actor: Actor, *, sim: str, reason: str | None = None) -> Proposal:
    found = find_sim(actor, sim)
    _must_be_legal(found, Action.RETIRE)
    proposal = propose_change(actor, [found], Action.RETIRE)
    proposal.warnings.append("Retiring is final: the SIM can never be used again.")
    return proposal


@service(
    permission=Permission.OPERATE,
    risk=Risk.DANGER,
    path="sims/{sim}/retire",
    examples=EXAMPLES["retire_sim"],
    title="Retire SIM",
    proposal=propose_retirement,
)
def retire_sim(actor: Actor, *, sim: SimRef, reason: Note = None) -> SimChange:
    """Retire one SIM for good. This is final."""
    return _one(actor, sim, Action.RETIRE, reason)


def _chosen(actor: Actor, sims: list[str] | None, wanted: SimFilter, *, lock: bool = False) -> list[Sim]:
    if sims and not wanted.is_empty:
        raise Invalid("Name the SIMs or give a filter, not both.", field="sims")
    if sims:
        return find_sims_named(actor, sims, lock=lock)
    if wanted.is_empty:
        raise Invalid("Say which SIMs: name them, or give a filter such as a plan or a status.", field="sims")
    rows = wanted.rows(actor).select_related("plan").order_by("pk")
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = list(rows[: MAX_BULK + 1])
    if len(found) > MAX_BULK:
        raise Invalid(f"More than {MAX_BULK:,} SIMs fit; narrow the filter.", field="sims")
    return found


def propose_bulk(
    actor: Actor,
    *,
    action: str,
    sims: list[str] | None,
    reason: str | None,
    status: list[str] | None,
    min_usage: int | None,
    max_usage: int | None,
    operator: str | None,
    country: str | None,
    plan: str | None,
    tag: str | None,
    customer: str | None,
    search: str | None,
    attention: str | None,
) -> Proposal:
    wanted = SimFilter(status, min_usage, max_usage, operator, country, plan, tag, customer, search, attention)
    found = _chosen(actor, sims, wanted)
    proposal = propose_change(actor, found, Action(action))
    if not found:
        raise NotFound(f"No SIMs fit ({wanted.words()}).")
    if not proposal.count:
        raise Conflict(_none_can(found, Action(action)))
    return proposal


def _none_can(sims: Sequence[Sim], action: Action) -> str:
    first = refusal(sims[0].short_name, Status(sims[0].status), action)
    return first if len(sims) == 1 else f"None of the {len(sims):,} SIMs can be {action.past}. {first}"


@service(
    permission=Permission.OPERATE,
    risk=Risk.DANGER,
    path="sims/status",
    examples=EXAMPLES["change_status_in_bulk"],
    title="Change status of many SIMs",
    proposal=propose_bulk,
    undo=undo_status,
)
def change_status_in_bulk(
    actor: Actor,
    *,
    action: SimAction,
    sims: SimRefs | None = None,
    reason: Note = None,
    status: SimStatuses | None = None,
    min_usage: Bytes | None = None,
    max_usage: Bytes | None = None,
    operator: OperatorName | None = None,
    country: Country | None = None,
    plan: PlanName | None = None,
    tag: TagName | None = None,
    customer: CustomerName | None = None,
    search: SearchText | None = None,
    attention: SimAttention | None = None,
) -> BulkChange:
    """Activate, deactivate, suspend or resume many SIMs: those named, or all that fit a filter."""
    wanted = SimFilter(status, min_usage, max_usage, operator, country, plan, tag, customer, search, attention)
    found = _chosen(actor, sims, wanted, lock=True)
    doing = Action(action)
    can = [sim for sim in found if is_legal(Status(sim.status), doing)]
    cannot = [sim for sim in found if not is_legal(Status(sim.status), doing)]
    if not can:
        raise Conflict(_none_can(found, doing) if found else f"No SIMs fit ({wanted.words()}).")
    batch = _apply(actor, can, doing, reason)
    left = f" {counted(len(cannot), 'SIM')} could not be {doing.past} and stayed as they were." if cannot else ""
    return BulkChange(
        sentence=f"{counted(len(can), 'SIM')} {doing.past}.{left}",
        action=action,
        changed=len(can),
        skipped=len(cannot),
        refusals=[refusal(sim.short_name, Status(sim.status), doing) for sim in cannot[:MAX_REFUSALS]],
        batch=str(batch),
    )


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="status-changes/{batch}/restore",
    examples=(),
    title="Restore status",
)
def restore_status(
    actor: Actor, *, batch: Annotated[uuid.UUID, Field(description="The batch of the changes to take back")]
) -> BulkChange:
    """Bring the SIMs of one status change back to the status they had, unless something has changed since."""
    changes = list(StatusChange.objects.filter(batch=batch))
    sims = {
        sim.pk: sim
        for sim in Sim.objects.for_actor(actor)
        .select_for_update(of=("self",))
        .filter(pk__in=[one.sim_id for one in changes])
    }
    if not changes or len(sims) != len(changes):
        raise NotFound("There is no such change of yours.", field="batch")
    if moved := _moved_on(changes):
        raise Conflict(f"{counted(moved, 'SIM')} changed again since, so this cannot be undone any more.")
    _must_lead_back(changes)
    wanted = {one.sim_id: Status(one.from_status) for one in changes}
    touch("sim", sorted(wanted))
    back = request_changes(actor, list(sims.values()), wanted, reason=Reason.USER, note="Undone")
    return BulkChange(
        sentence=_restored_sentence(list(sims.values()), wanted),
        action="restore",
        changed=len(sims),
        skipped=0,
        refusals=[],
        batch=str(back),
    )


def _must_lead_back(changes: Sequence[StatusChange]) -> None:
    """The lifecycle holds here too: retired is final, and active never becomes inventory again."""
    for one in changes:
        before, after = Status(one.from_status), Status(one.to_status)
        if not _can_go_back(before, after):
            raise Conflict(f"A SIM that is {after.words} cannot be {before.words} again.")


def _moved_on(changes: Sequence[StatusChange]) -> int:
    """How many of the SIMs have a newer change than the one of this batch."""
    ours = {one.sim_id: one.pk for one in changes}
    later = StatusChange.objects.filter(sim_id__in=list(ours), pk__gt=min(ours.values()))
    return len({sim_id for sim_id, pk in later.values_list("sim_id", "pk") if pk > ours[sim_id]})


def _restored_sentence(sims: Sequence[Sim], wanted: dict[int, Status]) -> str:
    if len(sims) == 1:
        return f"SIM {sims[0].short_name} is {wanted[sims[0].pk].words} again."
    return f"{counted(len(sims), 'SIM')} have the status again that they had before."
