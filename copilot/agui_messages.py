"""A conversation's events as AG-UI messages: what a client that comes to a known conversation is told at once. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ag_ui.core import AssistantMessage, FunctionCall, Message, ToolCall, ToolMessage, UserMessage

MOST: Final = 400  # messages, the newest ones, beginning with a question


@dataclass
class _Log:
    messages: list[Message] = field(default_factory=list)
    answers: dict[str, AssistantMessage] = field(default_factory=dict)
    calls: dict[str, ToolCall] = field(default_factory=dict)
    results: dict[str, ToolMessage] = field(default_factory=dict)

    def answer(self, message_id: str) -> AssistantMessage:
        if message_id not in self.answers:
            self.answers[message_id] = AssistantMessage(id=message_id, content="")
            self.messages.append(self.answers[message_id])
        return self.answers[message_id]

    def take(self, event: Mapping[str, Any], ids: Mapping[str, str]) -> None:
        match event["type"]:
            case "TEXT_MESSAGE_CHUNK":
                message_id = ids.get(event["messageId"], event["messageId"])
                self.messages.append(UserMessage(id=message_id, content=event.get("delta", "")))
            case "TEXT_MESSAGE_CONTENT":
                self._write(event)
            case "TOOL_CALL_START":
                self._begin_call(event)
            case "TOOL_CALL_ARGS" if event["toolCallId"] in self.calls:
                self.calls[event["toolCallId"]].function.arguments += event["delta"]
            case "TOOL_CALL_RESULT":
                self._settle(event)

    def _write(self, event: Mapping[str, Any]) -> None:
        message = self.answer(event["messageId"])
        text = message.content or ""
        start = (event.get("metadata") or {}).get("offset", len(text))
        message.content = text[:start] + event["delta"] + text[start + len(event["delta"]) :]

    def _begin_call(self, event: Mapping[str, Any]) -> None:
        message = self.answer(event.get("parentMessageId") or event["toolCallId"])
        call = ToolCall(id=event["toolCallId"], function=FunctionCall(name=event["toolCallName"], arguments=""))
        message.tool_calls = [*(message.tool_calls or ()), call]
        self.calls[event["toolCallId"]] = call

    def _settle(self, event: Mapping[str, Any]) -> None:
        """A call has one result: what was decided later takes the place of "it waits"."""
        known = self.results.get(event["toolCallId"])
        if known is not None:
            known.content = event["content"]
            return
        made = ToolMessage(id=event["messageId"], tool_call_id=event["toolCallId"], content=event["content"])
        self.results[event["toolCallId"]] = made
        self.messages.append(made)


def messages_of(events: Iterable[Mapping[str, Any]], ids: Mapping[str, str]) -> list[Message]:
    """The messages, oldest first. `ids` gives a question the id under which the client sent it."""
    log = _Log()
    for event in events:
        log.take(event, ids)
    said = [one for one in log.messages if not _is_empty(one)]
    newest = said[-MOST:]
    while len(said) > MOST and newest and newest[0].role != "user":
        newest.pop(0)
    return newest


def _is_empty(message: Message) -> bool:
    return isinstance(message, AssistantMessage) and not message.content and not message.tool_calls
