"""A run's recorded events as an AG-UI client may have them: its own ids, whole brackets, nothing told twice. Pure.

Steps and the shared state are made here out of the recorded events, so they cost the runner nothing and are the same
however often somebody reads them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ag_ui.core import (
    Message,
    MessagesSnapshotEvent,
    RunStartedEvent,
    StateSnapshotEvent,
    StepFinishedEvent,
    StepStartedEvent,
)
from ag_ui.core.events import BaseEvent

from copilot.agui_answers import answer_schema
from copilot.agui_state import SharedState
from copilot.stream import Entry

Json = dict[str, Any]

PROTOCOL: Final = "1.0"
LAST: Final = frozenset({"RUN_FINISHED", "RUN_ERROR"})
WAITING: Final = "awaiting_approval"
MODEL: Final = "model"


@dataclass(frozen=True)
class Position:
    """How far a reader is: the number of an event and, within a text, the characters of it that they have."""

    seq: int
    chars: int = 0

    def __str__(self) -> str:
        return f"{self.seq}-{self.chars}" if self.chars else str(self.seq)


@dataclass(frozen=True)
class Ids:
    """What the client calls the conversation and the run."""

    thread: str
    run: str


@dataclass
class Translation:
    """The state of one reading of one run, from its first event on."""

    ids: Ids
    state: SharedState
    said: dict[str, int] = field(default_factory=dict)  # characters of each message
    open_calls: dict[str, str] = field(default_factory=dict)  # announced and without a result: their titles
    names: dict[str, str] = field(default_factory=dict)  # the tools of all calls
    step: str = ""
    models: int = 0
    over: bool = False

    def opening(self, history: Sequence[Message]) -> list[Json]:
        """What every reading begins with."""
        return [
            _json(RunStartedEvent(thread_id=self.ids.thread, run_id=self.ids.run, protocol_version=PROTOCOL)),
            _json(StateSnapshotEvent(snapshot=self.state.value)),
            _json(MessagesSnapshotEvent(messages=list(history))),
        ]

    def of(self, event: Mapping[str, Any], *, cost: float | None = None) -> list[Json]:
        """The events that this one becomes."""
        self.over = self.over or event["type"] in LAST
        steps = self._steps(event)
        delta = self.state.after(event, cost=cost)
        changes: list[Json] = [{"type": "STATE_DELTA", "delta": delta}] if delta else []
        told = self._told(event)
        return [*steps, *changes, *told] if self.over else [*steps, *told, *changes]

    def _told(self, event: Mapping[str, Any]) -> list[Json]:
        match event["type"]:
            case "RUN_STARTED" | "TEXT_MESSAGE_CHUNK":
                return []  # told already: by the opening, and among its messages
            case "TEXT_MESSAGE_CONTENT":
                return self._text(event)
            case "RUN_FINISHED":
                return self._finished(event)
        return [dict(event)]

    def _text(self, event: Mapping[str, Any]) -> list[Json]:
        """The part of the text that this reader does not have yet."""
        had = self.said.get(event["messageId"], 0)
        start = (event.get("metadata") or {}).get("offset", had)
        delta = event["delta"][max(had - start, 0) :]
        self.said[event["messageId"]] = max(had, start + len(event["delta"]))
        if not delta:
            return []
        return [{"type": event["type"], "messageId": event["messageId"], "delta": delta}]

    def position(self, entry: Entry) -> Position:
        """Where a reader is who has this entry."""
        text = entry.payload["type"] == "TEXT_MESSAGE_CONTENT"
        return Position(entry.seq, self.said[entry.payload["messageId"]] if text else 0)

    def _finished(self, event: Mapping[str, Any]) -> list[Json]:
        ended = {**event, "threadId": self.ids.thread, "runId": self.ids.run}
        outcome = event.get("outcome") or {}
        if outcome.get("type") != "interrupt":
            return [ended]
        interrupts = [self._interrupt(one) for one in outcome["interrupts"]]
        # What a client needs to resume goes before the interrupt itself.
        snapshot = _json(StateSnapshotEvent(snapshot=self.state.value))
        return [snapshot, {**ended, "outcome": {**outcome, "interrupts": interrupts}}]

    def _interrupt(self, interrupt: Mapping[str, Any]) -> Json:
        """With the form of its answer, by which a client knows that it may offer to edit the arguments."""
        name = self.names.get(interrupt.get("toolCallId") or "", "")
        return {"responseSchema": answer_schema(name), **interrupt}

    # --- steps ---

    def _steps(self, event: Mapping[str, Any]) -> list[Json]:
        match event["type"]:
            case "RUN_STARTED":
                return self._go_to(self._next_model())
            case "TOOL_CALL_START":
                title = (event.get("metadata") or {}).get("title") or event["toolCallName"]
                self.open_calls[event["toolCallId"]] = title
                self.names[event["toolCallId"]] = event["toolCallName"]
                return self._go_to("") if self.step == f"{MODEL} {self.models}" else []
            case "TOOL_CALL_END":
                return self._go_to(next(iter(self.open_calls.values()), "")) if not self.step else []
            case "TOOL_CALL_RESULT":
                return self._after_result(event)
            case "RUN_FINISHED" | "RUN_ERROR":
                return self._go_to("")
        return []

    def _after_result(self, event: Mapping[str, Any]) -> list[Json]:
        if self.open_calls.pop(event["toolCallId"], None) is None:
            return []  # of a call of the run before
        if self.open_calls:
            return self._go_to(next(iter(self.open_calls.values())))
        waits = (event.get("metadata") or {}).get("state") == WAITING
        return self._go_to("" if waits else self._next_model())

    def _next_model(self) -> str:
        self.models += 1
        return f"{MODEL} {self.models}"

    def _go_to(self, step: str) -> list[Json]:
        """Finish the step under way and start another; no name means none."""
        before, self.step = self.step, step
        ended = [_json(StepFinishedEvent(step_name=before))] if before else []
        return [*ended, _json(StepStartedEvent(step_name=step))] if step else ended


def _json(event: BaseEvent) -> Json:
    plain: Json = event.model_dump(mode="json", by_alias=True)
    return plain
