"""What became of calls that waited for a person: for the model as a tool's result, for people as the quiet line."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from copilot.models import CallState, ToolCall
from copilot.tools import ToolResult, compact
from iotsim.core import registry
from iotsim.core.errors import NotFound
from iotsim.core.models import Approval, ApprovalState
from iotsim.core.schemas import ApprovalOut

WORDS: Final = {
    ApprovalState.REJECTED: "rejected",
    ApprovalState.EXPIRED: "expired",
    ApprovalState.FAILED: "failed",
}


def outcomes_of(thread_id: int) -> dict[str, str]:
    """Results by tool call that take the place of "it waits"; inside the tenant's transaction."""
    waited = ToolCall.objects.filter(run__thread_id=thread_id, approval_id__isnull=False)
    settled = waited.exclude(state=CallState.AWAITING_APPROVAL)
    return {call.tool_call_id: made.content for call, made in results_of(settled)}


def results_of(calls: Iterable[ToolCall]) -> list[tuple[ToolCall, ToolResult]]:
    """Each call with what came of it; inside the tenant's transaction."""
    found = list(calls)
    approvals = Approval.objects.select_related("organization").in_bulk(
        [one.approval_id for one in found if one.approval_id]
    )
    return [(one, _result(one, approvals.get(one.approval_id or 0))) for one in found]


def sentence_of(row: Approval) -> str:
    """What a person may be told of the decision."""
    return ApprovalOut.of(row, title=registry.title_of(row.service)).sentence


def _result(call: ToolCall, row: Approval | None) -> ToolResult:
    if row is None:
        told = {"status": call.state, "sentence": call.sentence}
        return ToolResult(state=call.state, sentence=call.sentence, content=json.dumps(told))
    sentence = sentence_of(row)
    content = _done(row) if row.state == ApprovalState.DONE else json.dumps(_not_done(row, sentence))
    return ToolResult(
        state=call.state,
        sentence=sentence,
        content=content,
        job_id=_job_of(row),
        arguments=row.arguments,
    )


def _not_done(row: Approval, sentence: str) -> dict[str, Any]:
    """In the shape of every refusal of a tool, with the person's reason beside it."""
    told = {"status": WORDS.get(ApprovalState(row.state), row.state), "error": sentence}
    return {**told, "reason": row.reason} if row.reason else told


def _done(row: Approval) -> str:
    """The result as the tool would have given it at once; other arguments than the model's are named."""
    result = (row.outcome or {}).get("result") or {}
    try:
        made = registry.get(row.service).returns.model_validate(result)
        content = compact(made, time_zone=row.organization.time_zone)
    except (NotFound, ValueError):  # kept by another version of the service
        content = json.dumps({"sentence": result.get("sentence", "")})
    if not row.edited_by:
        return content
    note = {"approved_with_other_arguments": row.arguments, "changed_by": row.edited_by}
    return json.dumps({**json.loads(content), **note}, ensure_ascii=False)


def _job_of(row: Approval) -> int | None:
    """The long work that the approval began."""
    result = (row.outcome or {}).get("result") or {}
    try:
        return result.get("id") if registry.get(row.service).job else None
    except NotFound:
        return None


def decided(calls: Sequence[ToolCall]) -> list[ToolCall]:
    """Those that waited for a person and wait no more."""
    return [one for one in calls if one.approval_id and one.state != CallState.AWAITING_APPROVAL]
