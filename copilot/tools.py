"""Tools made from the registry: what a model is told of each service, and how a call goes through the guard."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from copilot.deltas import Called
from copilot.tables import summary_of
from copilot.widgets import widget_of
from iotsim.core import registry
from iotsim.core.actor import Actor
from iotsim.core.errors import ApprovalRequired, ConfirmationRequired, Denied, Invalid, IotsimError, NotFound
from iotsim.core.offers import Offer
from iotsim.core.registry import Outcome, Service
from iotsim.core.schemas import ApprovalOut

AnyService = Service[..., Any]

MOST_ROWS: Final = 25  # of each list in what a model reads
MOST_CHARS: Final = 12_000
FOR_EYES: Final = {"figure"}  # the numbers of a figure are in its table too
PLANNER_ROWS: Final = 100
EXAMPLES_TOLD: Final = 3

MOVED: Final = (
    "What this rests on has changed since it was offered, so nothing was done. Ask again to see it as it is now."
)
UNREADABLE: Final = "The arguments are cut off or not a JSON object, so nothing was run. Send them again, whole."


@cache
def all_tools() -> tuple[AnyService, ...]:
    """Every service that people talk about: those with examples."""
    return tuple(one for one in registry.all_services() if one.examples)


def tools_for(actor: Actor, *, planner: bool) -> list[AnyService]:
    """What this person may use. The planner knows everything, so that it can say what a role or a machine may not."""
    if planner:
        return list(all_tools())
    known = [one for one in all_tools() if actor.may(one.permission) and not one.people_only]
    return [*known, registry.get("offer_next_step")]


def function_of(service: AnyService) -> dict[str, Any]:
    """The service as an OpenAI function."""
    said = " ".join(f"“{one}”" for one in service.examples[:EXAMPLES_TOLD])
    return {
        "type": "function",
        "function": {
            "name": service.name,
            "description": f"{service.description}\nFor example: {said}",
            "parameters": _schema(service),
        },
    }


@cache
def _schema(service: AnyService) -> dict[str, Any]:
    schema = service.parameters.model_json_schema()
    schema.pop("title", None)
    for part in schema.get("properties", {}).values():
        part.pop("title", None)
    schema.setdefault("properties", {}).pop("cursor", None)
    return schema


@dataclass
class ToolResult:
    """What came of a call, for the model (`content`) and for people (the rest)."""

    state: str  # done, failed, denied, awaiting_approval or cancelled
    sentence: str
    content: str
    summary: str = ""
    duration_ms: int = 0
    widget: dict[str, Any] | None = None  # what people see of it: a table, a chart, a card (copilot/widgets.py)
    approval: ApprovalOut | None = None
    event_id: int | None = None
    can_undo: bool = False
    job_id: int | None = None  # the long work that it began
    unreadable: bool = False  # the model may try once more
    offers: list[Offer] = field(default_factory=list)  # next steps that the answer holds ready
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """What the quiet line shows (the metadata of TOOL_CALL_RESULT)."""
        undo = self.event_id if self.can_undo else None
        return {
            "state": self.state,
            "sentence": self.sentence,
            "summary": self.summary or self.sentence,
            "duration_ms": self.duration_ms,
            "undo_event": undo,
        }


async def call(actor: Actor, called: Called, *, tools: Sequence[AnyService], planner: bool, key: str) -> ToolResult:
    """Run one call through the guard. Never raises for what a person may be told; `key` makes it run once."""
    started = time.monotonic()
    arguments = called.read()
    service = next((one for one in tools if one.name == called.name), None)
    if service is None:
        made = _refused("failed", f"There is no tool called {called.name[:80]}.", unreadable=True)
    elif arguments is None:
        made = _refused("failed", UNREADABLE, unreadable=True)
    elif service.people_only:
        made = await _for_people(actor, service, arguments)
    else:
        made = await _through_the_guard(actor, service, arguments, called, key, planner)
    made.duration_ms = round((time.monotonic() - started) * 1000)
    made.arguments = arguments or {}
    return made


async def _through_the_guard(
    actor: Actor, service: AnyService, arguments: dict[str, Any], called: Called, key: str, planner: bool
) -> ToolResult:
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        outcome = await service.acall(actor, given, idempotency_key=key, confirmed=called.confirmed or None)
    except ApprovalRequired as error:
        return _waiting(error.approval, given)
    except ConfirmationRequired:
        return _refused("failed", MOVED)
    except Invalid as error:
        return _refused("failed", error.sentence, unreadable=True)
    except Denied as error:
        return _refused("denied", error.sentence)
    except IotsimError as error:
        return _refused("failed", error.sentence, **error.details())
    return _done(actor, service, given, outcome, called, planner)


def _done(
    actor: Actor,
    service: AnyService,
    arguments: dict[str, Any],
    outcome: Outcome,
    called: Called,
    planner: bool,
) -> ToolResult:
    return ToolResult(
        state="done",
        sentence=outcome.sentence,
        content=compact(outcome.result, planner=planner, time_zone=actor.time_zone),
        summary=summary_of(arguments, outcome.result),
        widget=widget_of(actor, service, arguments, outcome.result, widget_id=called.id),
        event_id=outcome.event_id,
        can_undo=outcome.can_undo,
        job_id=outcome.job.id if outcome.job else None,
        offers=list(getattr(outcome.result, "offers", ())),
    )


def _waiting(approval: ApprovalOut, arguments: dict[str, Any]) -> ToolResult:
    told = {"status": "waiting_for_approval", "request": approval.id, "sentence": approval.sentence}
    return ToolResult(
        state="awaiting_approval",
        sentence=approval.sentence,
        content=json.dumps(told),
        summary=summary_of(arguments, None),
        approval=approval,
    )


def _refused(state: str, sentence: str, *, unreadable: bool = False, **details: Any) -> ToolResult:
    told = {"status": state, "error": sentence, **details}
    return ToolResult(state=state, sentence=sentence, content=json.dumps(told, default=str), unreadable=unreadable)


async def _for_people(actor: Actor, service: AnyService, arguments: dict[str, Any]) -> ToolResult:
    """A machine may not decide; it can show what is to be decided. The guard's refusal is kept in the audit log."""
    made = _refused("denied", f"{service.title} is for people: a machine may not do it.")
    try:
        await service.acall(actor, arguments)
    except IotsimError as error:
        made = _refused("denied", error.sentence)
    number = arguments.get("approval")
    if isinstance(number, int):
        made.approval = await _approval(actor, number)
    if made.approval is not None:
        made.sentence = "Only a person can decide that. Use the buttons on the card."
    return made


async def _approval(actor: Actor, number: int) -> ApprovalOut | None:
    try:
        found = await registry.get("get_approval").acall(actor, {"approval": number})
    except NotFound:
        return None
    return found.result if isinstance(found.result, ApprovalOut) else None


def compact(result: BaseModel, *, planner: bool = False, time_zone: str = "UTC") -> str:
    """The result as JSON small enough for a model: lists cut, empty fields left out, moments in the person's zone.

    The planner pays for no token.
    """
    told = result.model_dump(exclude_none=True, exclude=FOR_EYES)
    plain = to_jsonable_python(_in_zone(told, ZoneInfo(time_zone)))
    for rows in (PLANNER_ROWS,) if planner else (MOST_ROWS, 10, 5, 2, 0):
        text = json.dumps(_cut(plain, rows), ensure_ascii=False, separators=(",", ":"))
        if planner or len(text) <= MOST_CHARS:
            return text
    return json.dumps({"sentence": str(plain.get("sentence", ""))[:MOST_CHARS]})


def _in_zone(value: Any, zone: ZoneInfo) -> Any:
    """The same with its moments as the clocks there show them, and how far those are from UTC."""
    if isinstance(value, datetime):
        return value.astimezone(zone)
    if isinstance(value, dict):
        return {name: _in_zone(one, zone) for name, one in value.items()}
    return [_in_zone(one, zone) for one in value] if isinstance(value, list) else value


def _cut(value: Any, rows: int) -> Any:
    if isinstance(value, dict):
        cut = {name: _cut(one, rows) for name, one in value.items() if one not in ("", [])}
        left = {
            f"{name}_left_out": len(one) - rows
            for name, one in value.items()
            if isinstance(one, list) and len(one) > rows
        }
        return {**cut, **left}
    if isinstance(value, list):
        return [_cut(one, rows) for one in value[:rows]]
    return value
