"""Several requests in one sentence, and several things in one request."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from copilot.planner.memory import Memory
from copilot.planner.plans import Call, Later
from copilot.planner.reading import Filled, Hit, Reading, parameters_of
from copilot.planner.text import words_of
from iotsim.core.names import words

MOST_CALLS: Final = 6  # of one service for one question; of more that are named none is made
MOST_PARTS: Final = 4  # requests in one sentence
_NO_OPENERS: Final = words(
    """
    sim all the every this what new time both quota data let
    """
)
_ASKING: Final = frozenset(words_of("show list give tell what how display"))
AND: Final = re.compile(
    r"\s*(?:,|;|\.)?\s*\b(?:and\s+then|and\s+also|and|then|after\s+that|plus)\s+(?:please\s+|"
    r"then\s+|also\s+)?|\s*[;.]\s+",
    re.I,
)


@dataclass(frozen=True)
class Described:
    """A value that a call has to look up first, and the hits that describe it."""

    call: Call
    later: Later
    used: list[Hit]
    others: Sequence[Call] = ()  # the same call for the other things named ("the SIMs of Acme and Globex")


def cut(text: str, places: "Sequence[re.Match[str]]") -> list[str]:
    """The text cut at these places."""
    starts = [0, *(one.end() for one in places)]
    ends = [*(one.start() for one in places), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def as_done(calls: Sequence[Call]) -> list[tuple[dict[str, Any], Any]]:
    """Calls to come, as far as their arguments are known: "it" may be what one of them is about."""
    return [
        ({"name": one.name, "arguments": {k: v for k, v in one.arguments.items() if not isinstance(v, Later)}}, None)
        for one in calls
    ]


def placed(call: Call, at: int) -> Call:
    """With what comes "from the call before" bound to that call's place in the whole plan."""
    if not any(isinstance(value, Later) and value.of < 0 for value in call.arguments.values()):
        return call
    bound = {
        name: replace(value, of=at - 1) if isinstance(value, Later) and value.of < 0 else value
        for name, value in call.arguments.items()
    }
    return replace(call, arguments=bound)


def further(filled: Filled) -> dict[str, list[Any]]:
    """All values said for a parameter that takes one: a call each ("3456 and 7788", "in Germany and Austria").

    In the order they were said in. Of a parameter that a service can do without they must stand side by side; a change
    is never made of what does not.
    """
    found: dict[str, list[Any]] = {}
    for name, one in parameters_of(filled.tool).items():
        if one.many or name not in filled.arguments or (one.slot.shares and not one.required):
            continue
        taken = [hit for hit in filled.used if hit.slot.kind == one.slot.kind][:1]
        others = [hit for hit in filled.unused if hit.slot.kind == one.slot.kind and hit.found.score >= _SURE]
        said = sorted([*taken, *others], key=lambda hit: hit.found.start)
        if not (one.required and filled.tool.is_read):
            said = _side_by_side(filled.text, taken, said)
        if len(said) > 1:
            found[name] = [hit.found.value for hit in said]
    return found


def all_named(filled: Filled) -> list[Any]:
    """Every value that such a call each takes."""
    return [value for values in further(filled).values() for value in values]


def _side_by_side(text: str, taken: Sequence[Hit], said: Sequence[Hit]) -> list[Hit]:
    """Those that an "and", an "or" or a comma joins to the value taken, before and behind it."""
    if not taken or taken[0].slot.kind == "day":
        return []
    run: list[Hit] = []
    for hit in said:
        joined = run and _JOINT.fullmatch(text[run[-1].found.end : hit.found.start])
        if run and not joined:
            if taken[0] in run:
                break
            run = []
        run.append(hit)
    return run


_SURE: Final = 0.7
_THING: Final = r"(?:plans?|tariffs?|tags?|customers?|clients?|networks?)"
_JOINT: Final = re.compile(
    rf"(?:['’]s)?(?:\s+{_THING})?\s*(?:,\s*and|,\s*or|,|and|or|&|\+|plus|versus|vs\.?)"
    rf"(?:\s+(?:in|on|of|over|from))?(?:\s+the)?(?:\s+{_THING})?\s*",
    re.IGNORECASE,
)


def openers_of(readings: Sequence[Reading], is_read: Sequence[bool]) -> set[str]:
    """Word stems with which a second request may begin: those of commands, and the plainest ones of questions."""
    first = {
        words_of(one.text)[0] for one, read in zip(readings, is_read, strict=True) if not read and words_of(one.text)
    }
    return {word for word in first if word.isalpha() and len(word) > 2} - _NO_OPENERS | _ASKING


QUESTION: Final = re.compile(
    r"^\W*(?:who|when|why|where|did|was|were|has|have|is|are|does|which|what\s+(?:is|are|was|were|does|do|did)|how\s+(?:many|much|come|"
    r"far|did|has|is))\b(?!.*\b(?:then|please)\b)",
    re.IGNORECASE,
)
ALL: Final = re.compile(
    r"\b(?:all|every\w*|each|whole|entire|any|lot|fleet|complete)\b(?!\s+(?:of\s+)?(?:them|those|these)\b)",
    re.IGNORECASE,
)
THEM: Final = re.compile(r"\b(?:them|those|these)\b", re.IGNORECASE)


def is_bare(filled: Filled, arguments: Mapping[str, Any], reading: Reading, memory: Memory) -> bool:
    """A command for many that says neither which nor all ("suspend"), or "them" where nothing was spoken of."""
    parameters = parameters_of(filled.tool)
    all_are_meant = ALL.search(reading.text) or (THEM.search(reading.text) and memory.items)
    if not any(one.many and one.slot.source for one in parameters.values()) or all_are_meant:
        return False  # a list without a source, such as several states, only narrows what it is about
    return not any(
        name in parameters and not parameters[name].slot.shares and not parameters[name].slot.free for name in arguments
    )


def each_of(filled: Filled, arguments: dict[str, Any]) -> list[Call]:
    """One call; or one each when a question names several things and the tool takes one ("3456 and 7788")."""
    values: dict[str, Sequence[Any]] = {name: said for name, said in further(filled).items() if name in arguments}
    for name, value in arguments.items():
        own = parameters_of(filled.tool).get(name)
        if own is not None and not own.many and isinstance(value, list):
            values[name] = value[:MOST_CALLS]
    sets = [arguments]
    for name, several in values.items():
        sets = [one | {name: value} for value in several for one in sets]
    return [Call(filled.tool.name, one, is_read=filled.tool.is_read) for one in sets]


def unsaid(filled: Filled) -> list[str]:
    """The value to ask for when a change names its object and not what shall become of it ("rename truck-17")."""
    optional = [
        name
        for name, one in parameters_of(filled.tool).items()
        if not one.required and not name.startswith("expected_")
    ]
    told = filled.missing or any(name in filled.arguments for name in optional)
    return [] if told or not filled.tool.name.startswith("update_") else optional[:1]


FIT: Final = 0.10  # a value was said that the service needs, and none that it does not


def fit_of(filled: Filled) -> float:
    """How much the values said speak for the tool, when every one has its place."""
    kinds = {hit.slot.kind for hit in filled.used if not hit.slot.free and hit.found.score >= 0.8}
    return 0.0 if filled.unused or filled.missing else FIT * min(len(kinds), 2)
