"""The part of a request that stays the same, marked for providers that keep it only when they are told to.

Tools and rules come first and hold neither day nor person nor page; a conversation only grows at its end. Providers
that keep prefixes by themselves need no more than that. Anthropic's models are told where such parts end: after the
tools, after the rules, and after the newest message, so that the next step of the same run reads all before it again.
"""

from collections.abc import Sequence
from typing import Any, Final

from copilot.prompt import STABLE

Messages = Sequence[dict[str, Any]]
HERE: Final = {"type": "ephemeral"}


def needs_marks(model: str) -> bool:
    """Anthropic's own interface, and the others that speak for it."""
    name = model.lower()
    return name.startswith("anthropic/") or "claude" in name


def marked(messages: Messages, tools: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Both with the marks; what was given stays as it is."""
    return _messages(list(messages)), [*tools[:-1], *({**one, "cache_control": HERE} for one in tools[-1:])]


def _messages(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not messages:
        return messages
    first = messages[0]
    if first["role"] == "system" and str(first["content"]).startswith(STABLE):
        rest = first["content"].removeprefix(STABLE)
        parts = [_part(STABLE, mark=True), *([_part(rest)] if rest else [])]
        messages[0] = {**first, "content": parts}
    if len(messages) > 1:
        messages[-1] = _closed(messages[-1])
    return messages


def _closed(message: dict[str, Any]) -> dict[str, Any]:
    if message["role"] == "tool":
        return {**message, "cache_control": HERE}
    if isinstance(message["content"], str) and message["content"]:
        return {**message, "content": [_part(message["content"], mark=True)]}
    return message


def _part(text: str, *, mark: bool = False) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "text", "text": text}
    return {**part, "cache_control": HERE} if mark else part
