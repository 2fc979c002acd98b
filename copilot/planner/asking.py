"""When the planner makes no call: it declines with what can be asked, or asks back with answers to choose from."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, get_args

from copilot.planner.choices import MOST, Option
from copilot.planner.memory import Memory
from copilot.planner.phrases import has_phrase, phrase
from copilot.planner.plans import Call, Outline
from copilot.planner.reading import Filled, Hit, Reading, Tool, parameters_of
from iotsim.core.slots import SlotContext


def decline(tools: Mapping[str, Tool], language: str = "en") -> Outline:
    """No call, and what can be asked instead."""
    readers = sorted(tools.values(), key=lambda tool: (not tool.is_read, -len(tool.examples)))
    spoken = " ".join(f"“{tool.examples[0]}”" for tool in readers[:3] if tool.examples)
    asked = phrase("examples", language) or spoken
    return Outline(
        answer=phrase("declined", language, known=phrase("known", language), asked=asked), why="out of scope"
    )


def ask_for(filled: Filled, name: str, context: SlotContext, memory: Memory) -> Outline:
    """Which SIM, which plan, which model: a value that the service needs, with those that may be meant."""
    parameter = parameters_of(filled.tool).get(name)
    noun = (parameter.slot.noun if parameter else "") or name.replace("_", " ")
    question = phrase("need", memory.language, title=filled.tool.title, noun=noun)
    kind = parameter.slot.kind if parameter else ""
    values = [*_shown(memory, parameter), *context.names(kind), *_fixed(filled.tool.parameters.model_fields[name])]
    options = [Option(one, one) for one in dict.fromkeys(values)]
    return Outline(answer=question, why="question", options=options[:MOST] if len(options) <= 2 * MOST else [])


def _shown(memory: Memory, parameter: Any) -> list[str]:
    """The things that were spoken of last, by the names people know."""
    source = parameter.slot.source if parameter else None
    if source is None:
        return []
    fitting = [item for item in memory.items if source.field in item]
    return [str(item.get("label") or item.get("title") or item[source.field]) for item in fitting[:4]]


def _fixed(info: Any) -> list[str]:
    """The values of a parameter that takes one of a few words."""
    found = [part for part in _parts(info.annotation) if isinstance(part, str)]
    return [one.replace("_", " ") for one in found] if 1 < len(found) <= MOST else []


def _parts(annotation: Any) -> list[Any]:
    args = get_args(annotation)
    return [inner for one in args for inner in ([one] if isinstance(one, str) else _parts(one))]


def ask_which(tools: Sequence[Tool], language: str) -> Outline:
    """Two services are as likely: their titles as answers."""
    options = [Option(tool.title, tool.title, tool.name) for tool in tools]
    return Outline(answer=phrase("which", language), why="which", options=options)


# --- one name, several objects ---

_NEAR: Final = 0.25  # scores of readings between which nobody can tell


def ask_meant(
    tools: Sequence[Tool], calls: Sequence[Call], reading: Reading, context: SlotContext, memory: Memory
) -> Outline | None:
    """A name that may be a customer or an operator, or that begins several names: each as an answer."""
    said = memory.text or reading.text
    given = [value for call in calls for value in call.arguments.values() if isinstance(value, str)]
    kinds = {one.slot.kind for tool in tools for one in parameters_of(tool).values()}
    for hit in reading.chosen:
        if hit.found.value not in given or hit.slot.kind not in kinds:
            continue
        twins = _twins(hit, kinds, reading)
        if twins:
            return _between(hit, twins, memory.language, said)
        names = _longer(hit, context)
        if len(names) > 1:
            options = [Option(one, _put(said, hit.found.text, one)) for one in names]
            question = phrase("several", memory.language, name=hit.found.text)
            return Outline(answer=question, why="meant", options=options[:MOST])
    return None


def _twins(hit: Hit, kinds: Collection[str], reading: Reading) -> list[Hit]:
    """Other kinds of object that the tools also take and that the very same words name about as well."""
    return [
        other
        for kind, hits in reading.hits.items()
        for other in hits
        if kind in kinds
        and kind != hit.slot.kind
        and has_phrase(kind)
        and has_phrase(hit.slot.kind)
        and other.found.span == hit.found.span
        and abs(other.found.score - hit.found.score) < _NEAR
    ]


def _between(hit: Hit, twins: Sequence[Hit], language: str, said: str) -> Outline:
    name = hit.found.text
    kinds = dict.fromkeys([hit.slot.kind, *(one.slot.kind for one in twins)])
    words = [phrase(kind, language, name=name) for kind in kinds]
    options = [Option(one[:1].upper() + one[1:], _put(said, name, one)) for one in words]
    return Outline(answer=phrase("meant", language, name=name), why="meant", options=options)


def _longer(hit: Hit, context: SlotContext) -> list[str]:
    """Names of the organisation that begin with these words, when none is exactly that."""
    value = str(hit.found.value).lower()
    names = context.names(hit.slot.kind) if has_phrase(hit.slot.kind) else []
    if any(one.lower() == value for one in names):
        return []
    return [one for one in names if one.lower().startswith(f"{value} ")]


def _put(said: str, name: str, better: str) -> str:
    """The sentence as it was said, with the name made plain."""
    return re.sub(rf"(?:\bthe\s+)?{re.escape(name)}(?!\w)", lambda _: better, said, count=1, flags=re.IGNORECASE)
