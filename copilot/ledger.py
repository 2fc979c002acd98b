"""The ledger of tool calls: what a call may become, moved under a row lock, so that none ever runs twice."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from copilot.deltas import Called
from copilot.models import CallState, Run, RunState, ToolCall
from copilot.outcomes import sentence_of
from copilot.tools import ToolResult
from iotsim.core.approvals import and_replaced, newest_of
from iotsim.core.models import ApprovalState, IdempotencyKey
from iotsim.core.tenancy import tenant

S = CallState
MOVES: Final[dict[CallState, frozenset[CallState]]] = {
    S.PROPOSED: frozenset({S.EXECUTING, S.CANCELLED}),
    S.EXECUTING: frozenset({S.DONE, S.FAILED, S.DENIED, S.AWAITING_APPROVAL}),
    S.AWAITING_APPROVAL: frozenset({S.APPROVED, S.DENIED, S.EXPIRED}),
    S.APPROVED: frozenset({S.DONE, S.FAILED}),
}
_DECIDED: Final[dict[str, tuple[CallState, ...]]] = {
    ApprovalState.DONE: (S.APPROVED, S.DONE),
    ApprovalState.FAILED: (S.APPROVED, S.FAILED),
    ApprovalState.STALE: (S.APPROVED, S.FAILED),
    ApprovalState.REJECTED: (S.DENIED,),
    ApprovalState.EXPIRED: (S.EXPIRED,),
}


class IllegalMove(RuntimeError):
    """A call that ran already, or is over, was to run: a bug or a second runner, never a user's error."""


def key_of(run_id: int, tool_call_id: str) -> str:
    """The idempotency key of a call: the guard itself runs it once."""
    return f"copilot:{run_id}:{tool_call_id}"


def propose(run: Run, calls: Sequence[Called]) -> None:
    """Write the calls of one step down, inside the tenant's transaction; a known id is refused by the database."""
    ToolCall.objects.bulk_create(
        ToolCall(
            organization_id=run.organization_id,
            run=run,
            tool_call_id=one.id,
            name=one.name[:80],
            arguments=one.arguments[:20_000].replace("\x00", ""),
        )
        for one in calls
    )


def begin(organization_id: int, run_id: int, tool_call_id: str) -> None:
    """Take the call to run it. Raises IllegalMove when it ran before."""
    with tenant(organization_id):
        _move(_locked(run_id, tool_call_id), S.EXECUTING)


def settle(organization_id: int, run_id: int, tool_call_id: str, result: ToolResult) -> None:
    """Write down what came of the call."""
    with tenant(organization_id):
        row = _locked(run_id, tool_call_id)
        row.sentence, row.event_id = result.sentence, result.event_id
        row.approval_id = result.approval.id if result.approval and result.state == S.AWAITING_APPROVAL else None
        _move(row, CallState(result.state))


def cancel_proposed(run: Run) -> None:
    """What was not begun will not run; inside the tenant's transaction."""
    for row in ToolCall.objects.select_for_update().filter(run=run, state=S.PROPOSED):
        _move(row, S.CANCELLED)


def close_interrupted(run: Run) -> list[ToolCall]:
    """The calls that were under way when a runner died, each with what really became of it.

    The guard keeps the idempotency key in the transaction of the call itself: with the key it was done, without not.
    """
    rows = list(ToolCall.objects.select_for_update().filter(run=run, state=S.EXECUTING))
    for row in rows:
        kept = IdempotencyKey.objects.filter(
            organization_id=run.organization_id, key=key_of(run.pk, row.tool_call_id), outcome__isnull=False
        ).first()
        _settle_from(row, kept.outcome if kept and kept.outcome else {})
    return rows


def _settle_from(row: ToolCall, outcome: dict[str, Any]) -> None:
    if "approval" in outcome:
        row.approval_id, row.sentence = outcome["approval"]["id"], outcome["approval"]["sentence"]
        _move(row, S.AWAITING_APPROVAL)
    elif outcome:
        row.event_id, row.sentence = outcome["event_id"], outcome["result"].get("sentence", "")
        _move(row, S.DONE)
    else:
        row.sentence = "The copilot was interrupted before this was done."
        _move(row, S.FAILED)


def follow_approvals(approval_ids: Iterable[int]) -> list[ToolCall]:
    """Move the calls that waited for these approvals; inside the tenant's transaction. Returns those that waited.

    A call whose approval was replaced (edited, overtaken) waits for the one in its place.
    """
    waiting = ToolCall.objects.select_for_update(of=("self",)).filter(
        approval_id__in=and_replaced(approval_ids), state=S.AWAITING_APPROVAL
    )
    found = list(waiting.order_by("pk"))
    for row in found:
        approval = newest_of(row.approval_id or 0)
        row.approval_id = approval.pk
        if approval.state in _DECIDED:
            row.event_id, row.sentence = approval.event_id, sentence_of(approval)
        row.save()
        for state in _DECIDED.get(approval.state, ()):
            _move(row, state)
    return found


def all_decided(run_ids: Iterable[int]) -> list[Run]:
    """Of these, the runs that waited and have nothing left to wait for: they are done now. Each is returned once.

    Under the lock of the run: of two last decisions at the same moment one sees the other.
    """
    waiting = Run.objects.select_for_update(no_key=True).filter(pk__in=set(run_ids), state=RunState.WAITING)
    over = []
    for run in waiting.order_by("pk"):
        if not ToolCall.objects.filter(run=run, state=S.AWAITING_APPROVAL).exists():
            run.state = RunState.DONE.value
            run.save(update_fields=["state"])
            over.append(run)
    return over


def _locked(run_id: int, tool_call_id: str) -> ToolCall:
    return ToolCall.objects.select_for_update().get(run_id=run_id, tool_call_id=tool_call_id)


def _move(row: ToolCall, to: CallState) -> None:
    if to not in MOVES.get(CallState(row.state), frozenset()):
        raise IllegalMove(f"tool call {row.tool_call_id}: {row.state} -> {to}")
    row.state = to.value
    row.save()
