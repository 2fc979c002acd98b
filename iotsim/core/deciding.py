"""Deciding otherwise than yes or no: changing what was asked for, and deciding several requests at once."""

from typing import Annotated, Any, Literal

from django.db import transaction
from pydantic import BaseModel, BeforeValidator, Field

from iotsim.core import approvals, guard, registry
from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import IotsimError, NotFound
from iotsim.core.models import ApprovalState
from iotsim.core.parameters import ApprovalId, Reason
from iotsim.core.proposals import FIRST_ROWS, Change, Proposal, digest_of
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.schemas import Answer, ApprovalOut
from iotsim.core.services import approve_call, get_approval, reject_call
from iotsim.core.wording import counted

AT_ONCE = 100


class Refusal(BaseModel):
    """A request that was not decided, and why."""

    id: int
    sentence: str


class Decisions(Answer):
    """What became of several requests."""

    done: int = Field(description="Approved, and done")
    rejected: int
    stale: int = Field(description="Overtaken by what has changed: asked again, nothing was done")
    failed: int = Field(description="Approved, and then refused by what was asked for; nothing was changed")
    refused: list[Refusal] = Field(description="Not decided: decided already, expired, or not for this person")


@service(
    permission=Permission.MONEY,
    risk=Risk.WRITE,
    path="approvals/{approval}/edit",
    examples=(),
    title="Change what was asked for",
    people_only=True,
)
def edit_call(
    actor: Actor,
    *,
    approval: ApprovalId,
    arguments: Annotated[dict[str, Any], Field(description="All arguments of the call, in place of those asked for")],
) -> ApprovalOut:
    """Give a waiting request other arguments: a new request takes its place, to be approved by itself."""
    row = approvals.lock_pending(actor, approval)
    asked = registry.get(row.service)
    actor.require(asked.permission, doing=f'decide "{asked.title}"')
    fresh = guard.ask_otherwise(actor, row, approvals.requester_of(row), arguments)
    approvals.settle(row, actor, ApprovalState.SUPERSEDED, replaced_by_id=fresh.id)
    touch("approval", [row.pk, fresh.id])
    return get_approval(actor, approval=fresh.id)


def propose_decisions(actor: Actor, *, approvals: list[int], decision: str, reason: str | None = None) -> Proposal:
    """What each of them would change, and what all of them would cost a month together."""
    waiting = [one for number in sorted(set(approvals)) if (one := _waiting(actor, number))]
    costs = {one.proposal.currency: 0 for one in waiting if one.proposal and one.proposal.raises_cost}
    for one in waiting:
        if one.proposal and one.proposal.currency in costs:
            costs[one.proposal.currency] += one.proposal.monthly_cost_change_cents or 0
    approve = decision == "approve"
    cost = next(iter(costs.items())) if approve and len(costs) == 1 else None
    return Proposal(
        summary=f"{'Approve' if approve else 'Reject'} {counted(len(waiting), 'request')}",
        count=len(waiting),
        noun="request",
        changes=[
            Change(
                label=one.proposal.summary if one.proposal else one.title,
                field="",
                before="waiting",
                after="approved" if approve else "rejected",
                link=f"/approvals/{one.id}/",
            )
            for one in waiting[:FIRST_ROWS]
        ],
        monthly_cost_change_cents=cost[1] if cost else None,
        currency=cost[0] if cost else "EUR",
        reversible=approve and all(one.proposal is not None and one.proposal.reversible for one in waiting),
        safety_critical=sum(one.proposal.safety_critical for one in waiting if one.proposal) if approve else 0,
        digest=digest_of([decision, *(one.id for one in waiting)]),
    )


def _waiting(actor: Actor, number: int) -> ApprovalOut | None:
    try:
        found = get_approval.call(actor, {"approval": number}).result
    except NotFound:
        return None
    return found if isinstance(found, ApprovalOut) and found.state == ApprovalState.PENDING else None


def _listed(value: Any) -> Any:
    """A form with one ticked box sends one number."""
    return value if isinstance(value, list) else [value]


@service(
    permission=Permission.MONEY,
    risk=Risk.WRITE,
    path="approvals/decide",
    examples=(),
    title="Decide several",
    proposal=propose_decisions,
    people_only=True,
)
def decide_calls(
    actor: Actor,
    *,
    approvals: Annotated[
        list[int],
        BeforeValidator(_listed),
        Field(description="Numbers of the requests", min_length=1, max_length=AT_ONCE),
    ],
    decision: Annotated[Literal["approve", "reject"], Field(description="approve or reject")],
    reason: Reason | None = None,
) -> Decisions:
    """Approve or reject several waiting requests, each by itself: what is refused does not hold up the others."""
    states: list[str] = []
    refused: list[Refusal] = []
    for number in sorted(set(approvals)):
        try:
            with transaction.atomic():
                states.append(_decide(actor, number, decision, reason).state)
        except IotsimError as error:
            refused.append(Refusal(id=number, sentence=error.sentence))
    made = Decisions(
        done=states.count(ApprovalState.DONE),
        rejected=states.count(ApprovalState.REJECTED),
        stale=states.count(ApprovalState.STALE),
        failed=states.count(ApprovalState.FAILED),
        refused=refused,
    )
    return made.model_copy(update={"sentence": _told(made)})


def _decide(actor: Actor, number: int, decision: str, reason: str | None) -> ApprovalOut:
    if decision == "approve":
        return approve_call(actor, approval=number)
    return reject_call(actor, approval=number, reason=reason)


def _told(made: Decisions) -> str:
    parts = [
        (made.done, f"{counted(made.done, 'request')} approved and done."),
        (
            made.rejected,
            f"{counted(made.rejected, 'request')} rejected; nothing was changed by {_them(made.rejected)}.",
        ),
        (made.stale, f"{made.stale:,} overtaken by what has changed: asked again, nothing was done."),
        (made.failed, f"{made.failed:,} could not be done; nothing was changed by {_them(made.failed)}."),
        (len(made.refused), f"{len(made.refused):,} not decided: {made.refused[0].sentence if made.refused else ''}"),
    ]
    return " ".join(words for count, words in parts if count)


def _them(count: int) -> str:
    return "it" if count == 1 else "them"
