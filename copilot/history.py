"""From a conversation's events to the messages a model is given, trimmed by whole turns and always well formed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from copilot.deltas import read_object

Message = dict[str, Any]

CHARS_PER_TOKEN: Final = 4
CANCELLED: Final = json.dumps(
    {"status": "cancelled", "sentence": "This call was cancelled; nothing was changed by it."}
)


class Turn(list[Message]):
    """The messages of one question and all that followed; `key` is the id of the question's message."""

    def __init__(self, key: str, messages: Iterable[Message]) -> None:
        super().__init__(messages)
        self.key = key


def turns_of(events: Iterable[Mapping[str, Any]], *, outcomes: Mapping[str, str] | None = None) -> list[Turn]:
    """OpenAI-style messages, one list for each question with all that followed it.

    `outcomes` replaces results that were settled later: what became of a call that waited for approval.
    """
    turns: list[Turn] = []
    by_id: dict[str, Message] = {}
    for event in events:
        kind = event["type"]
        if kind == "TEXT_MESSAGE_CHUNK":
            turns.append(Turn(event["messageId"], [{"role": "user", "content": event["delta"]}]))
            by_id.clear()
        elif turns:
            _add(turns[-1], by_id, event, outcomes or {})
    return [Turn(turn.key, _repaired(turn)) for turn in turns]


def _add(turn: list[Message], by_id: dict[str, Message], event: Mapping[str, Any], outcomes: Mapping[str, str]) -> None:
    match event["type"]:
        case "TEXT_MESSAGE_CONTENT":
            message = _assistant(turn, by_id, event["messageId"])
            start = (event.get("metadata") or {}).get("offset", len(message["content"]))
            message["content"] = message["content"][:start] + event["delta"]
        case "TEXT_MESSAGE_START" if (event.get("metadata") or {}).get("approvals"):
            by_id[event["messageId"]] = {"role": "assistant", "content": ""}  # "it waits": the call's result says so
        case "TOOL_CALL_START":
            message = _assistant(turn, by_id, event["parentMessageId"])
            call = {
                "id": event["toolCallId"],
                "type": "function",
                "function": {"name": event["toolCallName"], "arguments": ""},
            }
            message.setdefault("tool_calls", []).append(call)
            by_id[event["toolCallId"]] = call
        case "TOOL_CALL_ARGS":
            if event["toolCallId"] in by_id:
                by_id[event["toolCallId"]]["function"]["arguments"] += event["delta"]
        case "TOOL_CALL_RESULT":
            called = event["toolCallId"]
            content = outcomes.get(called, event["content"])
            turn.append({"role": "tool", "tool_call_id": called, "content": content})


def _assistant(turn: list[Message], by_id: dict[str, Message], message_id: str) -> Message:
    if message_id not in by_id:
        by_id[message_id] = {"role": "assistant", "content": ""}
        turn.append(by_id[message_id])
    return by_id[message_id]


def _repaired(turn: list[Message]) -> list[Message]:
    """Every tool call followed by its result (a stop leaves some without), every result after its call."""
    results = {one["tool_call_id"]: one for one in turn if one["role"] == "tool"}
    repaired: list[Message] = []
    for message in turn:
        if message["role"] == "tool":
            continue
        if message["role"] == "assistant" and not message["content"] and not message.get("tool_calls"):
            continue
        repaired.append(message)
        for call in message.get("tool_calls", ()):
            call["function"]["arguments"] = _readable(call["function"]["arguments"])
            orphan = {"role": "tool", "tool_call_id": call["id"], "content": CANCELLED}
            repaired.append(results.get(call["id"], orphan))
    return repaired


def _readable(arguments: str) -> str:
    """Providers refuse a history whose arguments are no JSON; cut off ones become empty."""
    return arguments if read_object(arguments) is not None else "{}"


def trimmed(turns: Sequence[list[Message]], *, tokens: int) -> list[Message]:
    """The newest whole turns that fit, about; the last turn always."""
    kept: list[list[Message]] = []
    room = tokens * CHARS_PER_TOKEN
    for turn in reversed(turns):
        room -= len(json.dumps(turn))
        if kept and room < 0:
            break
        kept.insert(0, turn)
    return [message for turn in kept for message in turn]


def has_read(messages: Iterable[Message]) -> bool:
    """Whether any tool's result, and so text from outside, is among the messages."""
    return any(message["role"] == "tool" for message in messages)
