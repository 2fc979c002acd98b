"""The planner as a model: given a conversation, the next call or the answer. Free of state between calls.

Messages are OpenAI-style: {"role": "user" | "assistant" | "tool", "content", "tool_calls", "tool_call_id"}; a tool's
content is the JSON of its result. After a tool's result came back, the plan for the last question is made again and
taken up where it stands, so a conversation can be continued by any process.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Any, Final

from copilot.planner.answers import answer_for, is_over
from copilot.planner.memory import Memory, calls_with_results, items_of
from copilot.planner.outline import Call, Later, Outline, Planner
from copilot.planner.reading import Tool
from iotsim.core import registry
from iotsim.core.slots import SlotContext

_OUR_QUESTION: Final = re.compile(r"Which one is it\?$")
_learning: Final = Lock()


@dataclass(frozen=True)
class Plan:
    """The calls to make now ([{"name", "arguments"}]), or what to answer."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    answer: str | None = None
    choices: dict[str, Any] | None = None  # asking back: {"question", "options": [{"words", "say"}]}


def plan(messages: Sequence[Mapping[str, Any]], tools: Sequence[Tool], context: SlotContext) -> Plan:
    """The next step of a conversation whose last message is a question or a tool's result.

    `tools` are those that the person may use; the planner knows all, so that it can say what a role forbids.
    """
    asked = max((place for place, one in enumerate(messages) if one.get("role") == "user"), default=None)
    if asked is None:
        return Plan(answer="What would you like to know about your SIMs?")
    planner = planner_for(tools)
    outline = _outline(messages[: asked + 1], planner, context)
    done = calls_with_results(messages[asked + 1 :])
    if done and (is_over(done[-1][1]) or len(done) >= len(outline.calls)):
        return Plan(answer=answer_for(*done[-1]))
    if not outline.calls:
        return Plan(answer=outline.answer)
    call = outline.calls[len(done)]
    if all(call.name != tool.name for tool in tools):
        return Plan(answer=f"{planner.tools[call.name].title}: your role does not allow that. Nothing was done.")
    return _next(call, done)


def _outline(messages: Sequence[Mapping[str, Any]], planner: Planner, context: SlotContext) -> Outline:
    text = str(messages[-1].get("content") or "")
    memory = Memory.of(messages[:-1])
    outline = planner.outline(text, context, memory)
    question = _question_before(messages)
    if question is None:
        return outline
    together = planner.outline(f"{question} {text}", context, memory)
    return together if together.calls else outline


def _question_before(messages: Sequence[Mapping[str, Any]]) -> str | None:
    """The sentence that made us ask back, when the last message answers our question."""
    if len(messages) < 3 or not _OUR_QUESTION.search(str(messages[-2].get("content") or "")):
        return None
    return next((str(one["content"]) for one in reversed(messages[:-1]) if one.get("role") == "user"), None)


def _next(call: Call, done: Sequence[tuple[dict[str, Any], Any]]) -> Plan:
    """The next call, with what was to come later taken from the result before it."""
    arguments: dict[str, Any] = {}
    for name, value in call.arguments.items():
        if isinstance(value, Later):
            before, result = done[-1] if done else (dict[str, Any](), None)
            found, more = _taken(value, result, limit=before.get("arguments", {}).get("limit"))
            if not found or more:
                why = f"That fits {more}, more than I can pass on at once." if more else "Nothing fits that."
                return Plan(answer=f"{why} Nothing was changed. {answer_for(before, result)}")
            value = found if value.many else found[0]
        arguments[name] = value
    return Plan(calls=[{"name": call.name, "arguments": arguments}])


def _taken(later: Later, result: Any, *, limit: int | None) -> tuple[list[Any], int]:
    """The values a result holds, and how many were wanted when some of them are not in it (else 0)."""
    values = [item[later.field] for item in items_of(result) if later.field in item]
    if not later.many:
        return values[:1], 0
    total = result.get("total", len(values)) if isinstance(result, Mapping) else 0
    total = min(total, limit or total)
    return values, total if total > len(values) else 0


def planner_for(tools: Sequence[Tool]) -> Planner:
    """The planner for these tools, made once and kept: the whole registry's when they are all of it."""
    everything = tuple(one for one in registry.all_services() if one.examples)
    whole = {id(tool) for tool in tools} <= {id(one) for one in everything}
    with _learning:
        return _made(everything if whole else tuple(tools))


@lru_cache(maxsize=4)
def _made(tools: tuple[Tool, ...]) -> Planner:
    return Planner([tool for tool in tools if tool.examples])


def warm() -> None:
    """Learn now, so that the first question does not wait for it (about three seconds)."""
    planner_for(())
