"""Answers to the interrupts of a run, by AG-UI's contract: decided as the person, then the run that goes on.

Each answer goes through the guard as any other decision of that person, with the rights of the key they use. Sent
again, the same answers change nothing and lead to the same run.
"""

from collections.abc import Sequence
from typing import Any, Final

from ag_ui.core import ResumeEntry
from django.db import IntegrityError
from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from copilot import agui_runs, resuming
from copilot.agui_answers import MOST_REASON
from copilot.agui_input import Wanted
from copilot.agui_runs import Followed
from copilot.models import CallState, Run, RunEvent, Thread, ToolCall
from iotsim.core import expiry, registry
from iotsim.core.actor import Actor
from iotsim.core.approvals import newest_of
from iotsim.core.errors import Conflict, Invalid
from iotsim.core.models import Approval
from iotsim.core.tenancy import tenant

ABANDONED: Final = "Cancelled in the program that the person uses."
MADE: Final = (CallState.APPROVED, CallState.DONE, CallState.FAILED)
LOOK_BACK: Final = 50  # ends of runs


class Decision(BaseModel):
    """The payload of a resolved interrupt."""

    model_config = ConfigDict(populate_by_name=True, extra="forbid")

    approved: bool
    reason: str = Field(default="", max_length=MOST_REASON)
    edited_args: dict[str, Any] | None = Field(default=None, alias="editedArgs")


def resume(actor: Actor, wanted: Wanted) -> Followed:
    """Decide what the entries say and follow the run that goes on. Raises what a decision may raise, and Conflict."""
    thread, run_id, calls = _interrupted(actor, wanted.thread_id, wanted.resume)
    decisions = {one.interrupt_id: _decision(one) for one in wanted.resume}
    for entry in wanted.resume:
        _answer(actor, calls[entry.interrupt_id], entry, decisions[entry.interrupt_id])
    asked = resuming.resume(actor, thread_id=thread.pk, run_id=run_id)
    try:
        with tenant(actor.organization_id):
            agui_runs.name(actor, wanted, Run.objects.get(pk=asked.run_id))
    except IntegrityError:  # the same request a moment earlier
        if (known := agui_runs.look_up(actor, wanted).run) is not None:
            return known
        raise
    return agui_runs.find_run(actor, asked.run_id, wanted.thread_id, wanted.run_id)


def _interrupted(
    actor: Actor, client_thread: str, entries: Sequence[ResumeEntry]
) -> tuple[Thread, int, dict[str, ToolCall]]:
    """The run that the entries answer, and the call behind each interrupt. Raises Invalid."""
    thread = agui_runs.find_thread(actor, client_thread)
    asked = {one.interrupt_id for one in entries}
    with tenant(actor.organization_id, read_only=True):
        ends = RunEvent.objects.filter(
            thread=thread, payload__type="RUN_FINISHED", payload__outcome__type="interrupt"
        ).order_by("-seq")
        for end in ends[:LOOK_BACK]:
            interrupts = {one["id"]: one["toolCallId"] for one in end.payload["outcome"]["interrupts"]}
            if asked <= interrupts.keys():
                return thread, end.run_id, _calls(end.run_id, interrupts, asked)
    unknown = ", ".join(sorted(asked))[:200]
    raise Invalid(f"No run of this conversation was interrupted by {unknown}.", field="resume")


def _calls(run_id: int, interrupts: dict[str, str], asked: set[str]) -> dict[str, ToolCall]:
    by_id = {one.tool_call_id: one for one in ToolCall.objects.filter(run_id=run_id)}
    waiting = {
        name for name, call_id in interrupts.items() if by_id[call_id].state == CallState.AWAITING_APPROVAL.value
    }
    if missing := sorted(waiting - asked):
        names = ", ".join(missing)[:200]
        raise Invalid(f"All open interrupts are answered at once, and {names} is missing.", field="resume")
    return {name: by_id[interrupts[name]] for name in asked}


def _decision(entry: ResumeEntry) -> Decision | None:
    """What was decided; None for what was given up. Raises Invalid for a payload that does not fit."""
    if entry.status == "cancelled":
        return None
    payload = {"approved": entry.payload} if isinstance(entry.payload, bool) else entry.payload
    try:
        return Decision.model_validate(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(["payload", *map(str, first["loc"])])
        raise Invalid(
            f"The answer to {entry.interrupt_id[:60]} is an object with approved (true or false), and may have reason "
            f"and editedArgs; {place}: {first['msg']}.",
            field="resume",
        ) from error


def _answer(actor: Actor, call: ToolCall, entry: ResumeEntry, decision: Decision | None) -> None:
    if call.state != CallState.AWAITING_APPROVAL.value:
        _must_agree(call, entry, decision)
        return
    with tenant(actor.organization_id, read_only=True):
        approval = newest_of(call.approval_id or 0)
    if decision is None:
        _give_up(actor, approval)
    elif not decision.approved:
        _call(actor, "reject_call", approval=approval.pk, reason=decision.reason or None)
    elif decision.edited_args is None:
        _call(actor, "approve_call", approval=approval.pk)
    else:
        fresh = _call(actor, "edit_call", approval=approval.pk, arguments=decision.edited_args)
        _call(actor, "approve_call", approval=fresh.id)


def _must_agree(call: ToolCall, entry: ResumeEntry, decision: Decision | None) -> None:
    """Decided before, here or elsewhere: the same again is fine, and so is giving up."""
    if decision is None or decision.approved == (CallState(call.state) in MADE):
        return
    words = CallState(call.state).label
    raise Conflict(f"{entry.interrupt_id[:60]} was decided otherwise meanwhile: {words}. Cancel it to go on.")


def _give_up(actor: Actor, approval: Approval) -> None:
    """The person does not decide: what is asked for will not be done. What is late ends as late."""
    if approval.expires_at <= timezone.now():
        with tenant(actor.organization_id):
            expiry.expire(actor.organization_id)
        return
    _call(actor, "reject_call", approval=approval.pk, reason=ABANDONED)


def _call(actor: Actor, service: str, **raw: Any) -> Any:
    """A decision through the guard. Raises Conflict when what was approved has been overtaken."""
    given = {name: value for name, value in raw.items() if value is not None}
    found: Any = registry.get(service).call(actor, given).result
    if found.state == "stale":
        raise Conflict(found.sentence)
    return found
