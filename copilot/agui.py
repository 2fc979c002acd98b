"""AG-UI events out of what happened in a run. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from ag_ui.core import (
    CustomEvent,
    Interrupt,
    RunErrorEvent,
    RunFinishedEvent,
    RunFinishedInterruptOutcome,
    TextMessageContentEvent,
    TextMessageEndEvent,
    TextMessageStartEvent,
    TokenUsage,
    ToolCallArgsEvent,
    ToolCallEndEvent,
    ToolCallResultEvent,
    ToolCallStartEvent,
)
from ag_ui.core.events import BaseEvent, RunFinishedOutcome

from copilot.conversation import APPROVAL, CHART, CHOICES, JOB, TABLE, WIDGET
from copilot.deltas import Called, Usage
from copilot.history import CANCELLED
from copilot.tools import ToolResult

WAITING: Final = "awaiting_approval"
WIDGETS: Final = {"table": TABLE, "chart": CHART, "job": JOB}  # events that are older than widgets


def call(called: Called, *, title: str, message_id: str) -> list[BaseEvent]:
    """A tool is going to be called by that message."""
    return [
        ToolCallStartEvent(
            tool_call_id=called.id,
            tool_call_name=called.name or "unknown",
            parent_message_id=message_id,
            metadata={"title": title},
        ),
        ToolCallArgsEvent(tool_call_id=called.id, delta=called.arguments or "{}"),
        ToolCallEndEvent(tool_call_id=called.id),
    ]


def result(called: Called, made: ToolResult) -> list[BaseEvent]:
    """What came of it: for the model as content, for people as a table, a chart or a card."""
    events: list[BaseEvent] = [_result(called.id, made.content, made.facts)]
    if made.widget:
        events.append(CustomEvent(name=WIDGETS.get(made.widget["kind"], WIDGET), value=made.widget))
    if made.approval:
        events.append(CustomEvent(name=APPROVAL, value=made.approval.model_dump(mode="json")))
    return events


def asked_back(choices: dict[str, Any], *, message_id: str) -> CustomEvent:
    """The answers to choose from, under the message that asks."""
    return CustomEvent(name=CHOICES, value={**choices, "id": message_id})


def cancelled(called: Called) -> ToolCallResultEvent:
    """It was announced and will not run."""
    return _result(called.id, CANCELLED, {"state": "cancelled", "summary": "cancelled"})


def settled(tool_call_id: str, content: str, *, state: str, sentence: str, undo: int | None) -> ToolCallResultEvent:
    """What really became of a call whose runner died."""
    facts = {"state": state, "sentence": sentence, "summary": sentence, "undo_event": undo}
    return _result(tool_call_id, content, facts)


def _result(tool_call_id: str, content: str, facts: dict[str, Any]) -> ToolCallResultEvent:
    return ToolCallResultEvent(
        message_id=f"t{tool_call_id}", tool_call_id=tool_call_id, content=content, role="tool", metadata=facts
    )


def waiting(results: Sequence[ToolResult], *, message_id: str) -> list[BaseEvent]:
    """In our own words, bound to the approvals that it speaks of: once they are decided it is out of date."""
    approvals = [one.approval for one in results if one.approval and one.state == WAITING]
    if len(approvals) == 1:
        words = f"This waits for your click. {approvals[0].why} Nothing has been changed yet."
    else:
        words = f"{len(approvals)} changes wait for your click. Nothing has been changed by them yet."
    bound = {"approvals": [one.id for one in approvals]}
    return [
        TextMessageStartEvent(message_id=message_id, role="assistant", metadata=bound),
        TextMessageContentEvent(message_id=message_id, delta=words, metadata={"offset": 0}),
        TextMessageEndEvent(message_id=message_id),
    ]


def interrupt(calls: Sequence[Called], results: Sequence[ToolResult]) -> RunFinishedInterruptOutcome:
    """The run ends here until a person has decided, each call on its own."""
    return RunFinishedInterruptOutcome(
        interrupts=[
            Interrupt(
                id=f"approval-{made.approval.id}",
                reason="tool_call",
                message=made.sentence,
                tool_call_id=called.id,
                expires_at=made.approval.expires_at.isoformat(),
            )
            for called, made in zip(calls, results, strict=True)
            if made.approval and made.state == WAITING
        ]
    )


def finished(
    thread_id: int, run_id: int, outcome: RunFinishedOutcome | None, *, usage: Sequence[Usage]
) -> RunFinishedEvent:
    return RunFinishedEvent(thread_id=str(thread_id), run_id=str(run_id), outcome=outcome, usage=_tokens(usage))


def failed(sentence: str, code: str, *, usage: Sequence[Usage] = ()) -> RunErrorEvent:
    return RunErrorEvent(message=sentence, code=code, usage=_tokens(usage))


def _tokens(usage: Sequence[Usage]) -> list[TokenUsage] | None:
    return [
        TokenUsage(
            provider=one.model.partition("/")[0],
            model=one.model.partition("/")[2],
            input_tokens=one.input_tokens,
            output_tokens=one.output_tokens,
        )
        for one in usage
    ] or None
