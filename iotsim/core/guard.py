"""The guard: the one way into a service.

Permission -> validation -> the tenant's transaction -> a person's decision where the risk asks for one
-> the call -> the audit row -> commit -> "these objects changed".
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import connection
from pydantic import BaseModel

from iotsim.core import approvals, audit, idempotency, jobs
from iotsim.core.actor import Actor, Face
from iotsim.core.effects import Frame, announce, current
from iotsim.core.errors import (
    ApprovalRequired,
    ConfirmationRequired,
    Conflict,
    Denied,
    IotsimError,
    LimitReached,
)
from iotsim.core.models import Approval, AuditEvent
from iotsim.core.proposals import Proposal, what_moved
from iotsim.core.registry import Outcome, Risk, Service
from iotsim.core.roles import Permission
from iotsim.core.schemas import ApprovalOut
from iotsim.core.tenancy import tenant

P = ParamSpec("P")
T = TypeVar("T")
AnyService = Service[..., Any]

PERSONAL = frozenset({Permission.KEYS, Permission.ADMINISTER, Permission.OWN})
ON_PAGES = frozenset({Face.WEB, Face.ADMIN})  # where a person sees the proposal
WRITES_WITHOUT_CLICK = 5  # a machine's writes in one run before a person is asked


def run(
    service: AnyService,
    actor: Actor,
    raw: Mapping[str, Any],
    *,
    idempotency_key: str | None = None,
    confirmed: str | None = None,
) -> Outcome:
    """Call `service` for `actor`. Raises IotsimError; ApprovalRequired when the call waits for a person."""
    frame = current.get()
    if frame is not None:
        return _nested(frame, service, actor, raw)
    started = time.monotonic()
    try:
        arguments = _admit(service, actor, raw)
        with tenant(actor.organization_id, read_only=service.is_read):
            outcome = _decide_and_call(service, actor, arguments, idempotency_key, confirmed, started)
    except IotsimError as error:
        _note_refusal(service, actor, raw, error, started)
        raise
    if isinstance(outcome, ApprovalOut):
        raise ApprovalRequired(outcome)
    if service.is_read and actor.is_machine:
        _note_read(service, actor, arguments, started)
    return outcome


def propose(service: AnyService, actor: Actor, raw: Mapping[str, Any]) -> Proposal | None:
    """What the call would change, computed in a read-only transaction."""
    arguments = _admit(service, actor, raw)
    with tenant(actor.organization_id, read_only=True):
        return _proposal(service, actor, arguments)


def replay(actor: Actor, approval: Approval, requester: Actor) -> Outcome | ApprovalOut:
    """Run an approved call inside the approver's transaction, as its requester.

    Permission and arguments are checked anew. When the facts have moved since they were proposed,
    nothing runs and a fresh approval is filed instead.
    """
    from iotsim.core import registry

    service = registry.get(approval.service)
    arguments = _admit(service, requester, approval.arguments)
    proposal = _proposal(service, requester, arguments)
    if proposal and approval.proposal and proposal.digest != approval.proposal["digest"]:
        moved = what_moved(Proposal.model_validate(approval.proposal), proposal)
        return approvals.file(service, requester, arguments, proposal, moved, replaces=approval)
    started, token = time.monotonic(), current.set(None)
    try:
        return _execute(
            service,
            requester,
            arguments,
            service.risk_of(requester, arguments),
            started,
            approval,
            actor.name,
        )
    finally:
        current.reset(token)


def ask_otherwise(actor: Actor, approval: Approval, requester: Actor, raw: Mapping[str, Any]) -> ApprovalOut:
    """File the waiting call anew with other arguments, a full replacement, inside the approver's transaction.

    It goes on in the name of whoever asked, who must be allowed the new call too. Nothing runs. Raises Conflict when
    nothing is different.
    """
    from iotsim.core import registry

    service = registry.get(approval.service)
    arguments = _admit(service, requester, raw)
    proposal = _proposal(service, requester, arguments)
    same = idempotency.arguments_hash(service, arguments) == approval.arguments_hash
    if same and (proposal.model_dump(mode="json") if proposal else None) == approval.proposal:
        raise Conflict(f"That is what request {approval.pk} asks for already, so it was left as it is.")
    why = f"{actor.name} changed what was asked for. {_why_it_matters(proposal)}".strip()
    return approvals.file(service, requester, arguments, proposal, why, replaces=approval, edited_by=actor.name)


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """One hop from async code to the pool of guard threads, which is no larger than the connection pool."""

    def work() -> T:
        try:
            return function(*args, **kwargs)
        finally:
            connection.close()

    return await asyncio.get_running_loop().run_in_executor(_threads(), work)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(settings.DATABASE_POOL_SIZE, thread_name_prefix="guard")


def _admit(service: AnyService, actor: Actor, raw: Mapping[str, Any]) -> BaseModel:
    if service.people_only and actor.is_machine:
        raise Denied(f"{service.title} is for people: a machine may not do it.")
    if actor.impersonation_id is not None and _is_personal(service):
        raise Denied(f"{service.title} is for the person themselves: support may not do it in their name.")
    actor.require(service.permission, doing=f'use "{service.title}"')
    return service.validate(raw)


def _is_personal(service: AnyService) -> bool:
    """What nobody may do in another's name: decide, make keys, change members or the organisation."""
    return service.people_only or (not service.is_read and service.permission in PERSONAL)


def _plain(arguments: BaseModel) -> dict[str, Any]:
    """The arguments as the function takes them (parsed values, not JSON)."""
    return {name: getattr(arguments, name) for name in type(arguments).model_fields}


def _proposal(service: AnyService, actor: Actor, arguments: BaseModel) -> Proposal | None:
    return service.proposal(actor, **_plain(arguments)) if service.proposal else None


def _nested(frame: Frame, service: AnyService, actor: Actor, raw: Mapping[str, Any]) -> Outcome:
    """A service calls a service: same transaction, no second audit row, never a higher risk."""
    arguments = _admit(service, actor, raw)
    if service.risk_of(actor, arguments) > frame.risk:
        raise RuntimeError(f"{frame.service.name} may not call {service.name}: its risk is higher")
    with tenant(actor.organization_id):
        return Outcome(result=service.function(actor, **_plain(arguments)))


def _decide_and_call(
    service: AnyService,
    actor: Actor,
    arguments: BaseModel,
    idempotency_key: str | None,
    confirmed: str | None,
    started: float,
) -> Outcome | ApprovalOut:
    risk = service.risk_of(actor, arguments)
    if risk is Risk.READ:
        return Outcome(result=_call(service, actor, arguments, Frame(service, risk)))
    claim = idempotency.claim(service, actor, arguments, idempotency_key)
    if claim and claim.outcome is not None:
        return idempotency.answer(service, claim)
    proposal = _proposal(service, actor, arguments) if risk is Risk.DANGER or actor.is_machine else None
    if actor.is_machine and proposal and confirmed not in (None, proposal.digest):
        raise ConfirmationRequired("The facts changed since this was offered.", proposal=proposal)
    outcome: Outcome | ApprovalOut
    if actor.is_machine and (why := _why_ask(service, actor, risk, proposal)):
        outcome = approvals.file(service, actor, arguments, proposal, why)
        audit.write(
            service,
            actor,
            arguments,
            outcome="waiting",
            sentence=outcome.sentence,
            started=started,
        )
    else:
        _require_confirmation(actor, risk, proposal, confirmed)
        outcome = _execute(service, actor, arguments, risk, started)
    if claim:
        idempotency.settle(claim, outcome)
    return outcome


def _why_ask(service: AnyService, actor: Actor, risk: Risk, proposal: Proposal | None) -> str:
    """Why a person must click before a machine's call runs; empty when it may run at once."""
    if risk is Risk.DANGER:
        return _why_it_matters(proposal) or "It needs a person's decision."
    if not actor.run.asked:
        return "Nobody asked for it in this conversation."
    if service.undo is None:
        return "It cannot be undone."
    if actor.run.tainted:
        return "The model has read text from outside in this conversation."
    if actor.run.writes >= WRITES_WITHOUT_CLICK:
        return f"More than {WRITES_WITHOUT_CLICK} changes were made in this conversation."
    return _why_it_matters(proposal)


def _why_it_matters(proposal: Proposal | None) -> str:
    """What in the facts themselves asks for a person; empty for one harmless change that can be undone."""
    if proposal is None:
        return ""
    reasons = [
        (not proposal.reversible, "It cannot be undone."),
        (proposal.count > 1, f"It changes {proposal.count:,} {proposal.noun}s."),
        (proposal.safety_critical == 1, "One SIM is marked safety-critical."),
        (proposal.safety_critical > 1, f"{proposal.safety_critical:,} SIMs are marked safety-critical."),
        (proposal.raises_cost, "It raises the monthly cost."),
    ]
    return " ".join(words for holds, words in reasons if holds)


def _require_confirmation(actor: Actor, risk: Risk, proposal: Proposal | None, confirmed: str | None) -> None:
    """A person on a page must have seen the proposal as it is now; an API caller may insist on the same."""
    if risk is not Risk.DANGER or proposal is None or (actor.face not in ON_PAGES and confirmed is None):
        return
    if confirmed is None:
        raise ConfirmationRequired(f"{proposal.summary}: please confirm.", proposal=proposal)
    if confirmed != proposal.digest:
        raise ConfirmationRequired("The facts changed while you were looking at them.", proposal=proposal)


def _execute(
    service: AnyService,
    actor: Actor,
    arguments: BaseModel,
    risk: Risk,
    started: float,
    approval: Approval | None = None,
    approved_by: str = "",
) -> Outcome:
    frame = Frame(service, risk)
    if service.job:
        result: BaseModel = _enqueue(service, actor, arguments, frame, approved_by)
    else:
        result = _call(service, actor, arguments, frame)
    undo = service.undo(actor, arguments, result) if service.undo else None
    actor.run.writes += 1
    event = audit.write(
        service,
        actor,
        arguments,
        outcome="done",
        sentence=str(getattr(result, "sentence", "")),
        started=started,
        undo=undo,
        undoes=frame.undoes,
        approval_id=approval.pk if approval else None,
        approved_by=approved_by,
        job_id=getattr(result, "id", None) if service.job else None,
        touched=frame.touched,
    )
    announce(actor.organization_id, frame.touched)
    return Outcome(result=result, event_id=event.pk, can_undo=undo is not None)


def _call(service: AnyService, actor: Actor, arguments: BaseModel, frame: Frame) -> BaseModel:
    token = current.set(frame)
    try:
        result: BaseModel = service.function(actor, **_plain(arguments))
        return result
    finally:
        current.reset(token)


def _enqueue(service: AnyService, actor: Actor, arguments: BaseModel, frame: Frame, approved_by: str) -> BaseModel:
    """Write the job; what can be refused or laid out at once is not left to its worker."""
    job = jobs.enqueue(service, actor, arguments, approved_by=approved_by)
    if service.prepare is None:
        return job
    token = current.set(frame)
    try:
        return jobs.noted(job, service.prepare(actor, job, **_plain(arguments)))
    finally:
        current.reset(token)


def _note_refusal(
    service: AnyService,
    actor: Actor,
    raw: Mapping[str, Any],
    error: IotsimError,
    started: float,
) -> None:
    """Denials and failures are kept, outside the transaction that was rolled back."""
    if isinstance(error, ConfirmationRequired | ApprovalRequired | LimitReached):
        return
    denied = isinstance(error, Denied)
    if service.is_read and not actor.is_machine and not denied:
        return
    with tenant(actor.organization_id):
        audit.write(
            service,
            actor,
            raw,
            outcome="denied" if denied else "failed",
            sentence=error.sentence,
            started=started,
        )


def _note_read(service: AnyService, actor: Actor, arguments: BaseModel, started: float) -> AuditEvent:
    with tenant(actor.organization_id):
        return audit.write(service, actor, arguments, outcome="done", sentence="", started=started)
