"""The steps of a run, each with its place in time: model calls, and tool calls with what came of them."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from copilot.models import CallState, ModelCall, Run, RunEvent, ToolCall
from copilot.schemas.runs import StepOut
from iotsim.core import registry
from iotsim.core.models import Approval

SHOWN_CHARS: Final = 4_000
LEAST_WIDTH: Final = 0.4  # percent: what takes no time is seen as well
WAIT_WORTH_SHOWING: Final = timedelta(milliseconds=50)


@dataclass(frozen=True)
class Span:
    """When a step was under way."""

    start: datetime
    end: datetime


def steps_of(run: Run) -> list[StepOut]:
    """The steps in the order they began; inside the tenant's transaction."""
    events = [one.payload for one in RunEvent.objects.filter(thread_id=run.thread_id, run=run).order_by("seq")]
    calls = list(ToolCall.objects.filter(run=run).order_by("pk"))
    results = {one["toolCallId"]: one for one in events if one["type"] == "TOOL_CALL_RESULT"}
    tools = [(_span_of(one, results), one) for one in calls]
    found = [*_waited(run), *_models(run, tools, _texts(events))]
    found += _tools(run, tools, results)
    return _placed(sorted(found, key=lambda one: (one.start_ms, one.kind)), total_ms(run))


def total_ms(run: Run) -> int:
    """From the question to the end, or to now."""
    return max(1, _ms((run.finished_at or timezone.now()) - run.created_at))


def answer_of(run: Run) -> str:
    """What was said, in all its messages; inside the tenant's transaction."""
    events = [one.payload for one in RunEvent.objects.filter(thread_id=run.thread_id, run=run).order_by("seq")]
    return "\n\n".join(text for text in _texts(events).values() if text)


def _texts(events: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for one in events:
        if one["type"] == "TEXT_MESSAGE_CONTENT":
            texts[one["messageId"]] = texts.get(one["messageId"], "") + one["delta"]
    return texts


def _span_of(call: ToolCall, results: Mapping[str, Mapping[str, Any]]) -> Span:
    """A call's row moves when it begins and when it is settled; one that waited moves again, when it is decided."""
    facts = (results.get(call.tool_call_id) or {}).get("metadata") or {}
    took = timedelta(milliseconds=facts.get("duration_ms") or 0)
    if call.approval_id is not None:
        return Span(call.created_at, call.created_at + took)
    return Span(max(call.created_at, call.updated_at - took), call.updated_at)


def _waited(run: Run) -> list[StepOut]:
    """For a runner to take it."""
    until = run.started_at or run.finished_at or timezone.now()
    if until - run.created_at < WAIT_WORTH_SHOWING:
        return []
    return [_step(run, "wait", "queue", "Waited for a runner", "done", Span(run.created_at, until))]


def _models(run: Run, tools: Sequence[tuple[Span, ToolCall]], texts: Mapping[str, str]) -> list[StepOut]:
    rows = list(ModelCall.objects.filter(run_id=run.pk).order_by("pk"))
    if rows:
        return [_model_step(run, one, texts) for one in rows]
    return _guessed(run, tools, texts)


def _model_step(run: Run, row: ModelCall, texts: Mapping[str, str]) -> StepOut:
    took = timedelta(milliseconds=row.duration_ms or 0)
    end = row.created_at + took if row.duration_ms is not None else run.finished_at or timezone.now()
    title = {"summary": "Summary", "photo": "Text of a photo"}.get(row.purpose, "Model")
    made = _step(run, "model", row.model, title, "running" if row.state == "reserved" else row.state,
                 Span(row.created_at, end))  # fmt: skip
    return made.model_copy(
        update={
            "model": row.model,
            "input_tokens": row.input_tokens if row.state != "reserved" else 0,
            "cached_tokens": row.cached_tokens,
            "output_tokens": row.output_tokens if row.state != "reserved" else 0,
            "first_token_ms": row.first_token_ms,
            "cost": None if row.cost is None else float(row.cost),
            "has_cost": row.state != "reserved",
            "error": row.error,
            "said": texts.get(f"m{run.pk}-{row.step}", "") if row.purpose == "answer" else "",
        }
    )


def _guessed(run: Run, tools: Sequence[tuple[Span, ToolCall]], texts: Mapping[str, str]) -> list[StepOut]:
    """Where model calls left no row (the planner's): each lasts from what came before it to its tools, or the end."""
    if run.started_at is None:
        return []
    found: list[StepOut] = []
    begun = run.started_at
    for number, (first, last) in enumerate(_bounds(run, tools), start=1):
        said = texts.get(f"m{run.pk}-{number}", "")
        if first >= begun and (last is not None or said or run.finished_at is None or not found):
            state = "done" if last or run.finished_at else "running"
            step = _step(run, "model", run.model, "Model", state, Span(begun, first))
            found.append(step.model_copy(update={"model": run.model, "said": said}))
        begun = last or begun
    return found


def _bounds(
    run: Run, tools: Sequence[tuple[Span, ToolCall]]
) -> list[tuple[datetime, datetime | None]]:  # when the tools of a step began and were over; last the run's end
    by_step: dict[str, list[tuple[Span, ToolCall]]] = {}
    for span, call in tools:
        by_step.setdefault(call.tool_call_id.rpartition("-")[0], []).append((span, call))
    bounds: list[tuple[datetime, datetime | None]] = [
        (min(call.created_at for _, call in group), max(span.end for span, _ in group)) for group in by_step.values()
    ]
    return [*bounds, (run.finished_at or timezone.now(), None)]


def _tools(run: Run, tools: Sequence[tuple[Span, ToolCall]], results: Mapping[str, Mapping[str, Any]]) -> list[StepOut]:
    numbers = [one.approval_id for _, one in tools if one.approval_id is not None]
    approvals = {one.pk: one for one in Approval.objects.filter(pk__in=numbers)}
    return [_tool_step(run, span, one, results, approvals.get(one.approval_id or 0)) for span, one in tools]


def _tool_step(
    run: Run, span: Span, row: ToolCall, results: Mapping[str, Mapping[str, Any]], approval: Approval | None
) -> StepOut:
    state = "running" if row.state == CallState.EXECUTING else row.state
    made = _step(run, "tool", row.name, registry.title_of(row.name), state, span)
    result = (results.get(row.tool_call_id) or {}).get("content", "")
    return made.model_copy(
        update={
            "arguments": _pretty(row.arguments),
            "result": _pretty(result),
            "sentence": row.sentence,
            "approval": row.approval_id,
            "approval_state": approval.state if approval else "",
            "decided_by": approval.decided_by if approval else "",
            "event": row.event_id,
        }
    )


def _step(run: Run, kind: str, name: str, title: str, state: str, span: Span) -> StepOut:
    took = max(timedelta(), span.end - span.start)
    return StepOut(
        kind=kind, name=name, title=title, state=state, duration_ms=_ms(took), left=0, width=0,
        start_ms=max(0, _ms(span.start - run.created_at)),
    )  # fmt: skip


def _placed(steps: list[StepOut], total: int) -> list[StepOut]:
    for one in steps:
        one.left = round(min(100 - LEAST_WIDTH, 100 * one.start_ms / total), 2)
        one.width = round(max(LEAST_WIDTH, min(100 - one.left, 100 * one.duration_ms / total)), 2)
    return steps


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)


def _pretty(text: str) -> str:
    with contextlib.suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}\n..."
