"""The planner as a model: given a conversation, the next call or the answer. Free of state between calls.

Messages are OpenAI-style: {"role": "user" | "assistant" | "tool", "content", "tool_calls", "tool_call_id"}; a tool's
content is the JSON of its result. After a tool's result came back, the plan for the last question is made again and
taken up where it stands, so a conversation can be continued by any process.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from threading import Lock
from typing import Any

from copilot.planner.answers import is_over
from copilot.planner.choices import Option, as_event, chosen
from copilot.planner.memory import Memory, calls_with_results
from copilot.planner.outline import Planner
from copilot.planner.phrases import asks_back, phrase
from copilot.planner.plans import Outline
from copilot.planner.reading import Tool
from copilot.planner.steps import Walk, walk
from copilot.replies import read_reply
from iotsim.core import registry
from iotsim.core.slots import SlotContext

_learning = Lock()


@dataclass(frozen=True)
class Plan:
    """The calls to make now ([{"name", "arguments"}]), or what to answer, perhaps with answers to choose from."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    answer: str | None = None
    choices: dict[str, Any] | None = None  # asking back: {"question", "options": [{"words", "say"}]}


def plan(messages: Sequence[Mapping[str, Any]], tools: Sequence[Tool], context: SlotContext) -> Plan:
    """The next step of a conversation whose last message is a question or a tool's result.

    `tools` are those that the person may use; the planner knows all, so that it can say what a role forbids.
    """
    asked = max((place for place, one in enumerate(messages) if one.get("role") == "user"), default=None)
    if asked is None:
        return Plan(answer=phrase("what"))
    planner = planner_for(tools)
    outline = _outline(messages[: asked + 1], planner, context)
    if not outline.calls:
        return Plan(answer=outline.answer, choices=as_event(outline.answer or "", outline.options))
    done = calls_with_results(messages[asked + 1 :])
    walked = walk(outline, done, allowed={tool.name for tool in tools}, title=lambda name: planner.tools[name].title)
    if walked.failed is None:
        return Plan(calls=walked.calls, answer=walked.answer)
    return _failed(walked, str(messages[asked].get("content") or ""), outline.language)


def _failed(walked: Walk, said: str, language: str) -> Plan:
    """The answer about a call that failed; a name that fits several is asked back."""
    options = candidates_of(walked.failed, said) if walked.failed else []
    if not options:
        return Plan(answer=walked.answer)
    question = phrase("which_one", language)
    return Plan(answer=f"{walked.answer} {question}", choices=as_event(question, options))


def candidates_of(failed: tuple[dict[str, Any], Any], said: str) -> list[Option]:
    """What a name that fits several objects may mean, as answers: the sentence with the full name in its place."""
    call, result = failed
    names = result.get("candidates") if isinstance(result, Mapping) else None
    if not isinstance(names, list) or not names:
        return []
    given = call["arguments"].get(str(result.get("field") or ""))
    meant = str(given[0] if isinstance(given, list) and given else given or "")
    return [Option(str(one), _instead(said, meant, str(one))) for one in names]


def _instead(said: str, meant: str, name: str) -> str:
    full = name.split(" (")[0] if name[:1].isdigit() else name
    if meant and meant.lower() in said.lower():
        return re.sub(re.escape(meant), lambda _: full, said, count=1, flags=re.IGNORECASE)
    return full


def _outline(messages: Sequence[Mapping[str, Any]], planner: Planner, context: SlotContext) -> Outline:
    """What the last sentence asks for: by itself, or as the answer to a question of ours."""
    text = str(messages[-1].get("content") or "")
    memory = Memory.of(messages[:-1])
    question = _question_before(messages)
    if question is None:
        return _to_nothing(text) or planner.outline(text, context, memory)
    before = _before_question(messages)
    known = Memory.of(before)
    option = chosen(text, _options(messages, question, planner, context, known))
    if option is not None and option.service:
        return planner.outline(question, context, replace(known, settled=option.service))
    if option is not None and option.say not in (option.words, text):
        return planner.outline(option.say, context, known)
    together = planner.outline(f"{question} {text}", context, replace(known, said=[*known.said, question]))
    return together if together.calls else planner.outline(text, context, memory)


def _to_nothing(text: str) -> Outline | None:
    """A yes or no when nothing is offered or asked: one that answers an offer never comes as far as here."""
    reply = read_reply(text)
    if reply is None:
        return None
    key = "negated" if reply.no else "nothing_offered"
    return Outline(answer=phrase(key, reply.language), why="question", language=reply.language)


def _options(
    messages: Sequence[Mapping[str, Any]], question: str, planner: Planner, context: SlotContext, known: Memory
) -> list[Option]:
    """What was offered to choose from: worked out anew from the question and what came of it."""
    outline = planner.outline(question, context, known)
    if outline.options:
        return list(outline.options)
    place = max(at for at, one in enumerate(messages[:-1]) if one.get("role") == "user")
    failed = [pair for pair in calls_with_results(messages[place:-1]) if is_over(pair[1])]
    return candidates_of(failed[-1], question) if failed else []


def _before_question(messages: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    place = max(at for at, one in enumerate(messages[:-1]) if one.get("role") == "user")
    return messages[:place]


def _question_before(messages: Sequence[Mapping[str, Any]]) -> str | None:
    """The sentence that made us ask back, when the last message answers our question."""
    if len(messages) < 3 or not asks_back(str(messages[-2].get("content") or "")):
        return None
    return next((str(one["content"]) for one in reversed(messages[:-1]) if one.get("role") == "user"), None)


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
