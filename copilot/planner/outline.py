"""From a sentence to calls: which service, with which arguments, after which other call, or a sentence back.

Deterministic and free of state: the same tools and sentence give the same outline. See router.py for how a service is
chosen and reading.py for how its arguments are found.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from copilot.embedding import embed, embed_kept, whole_words
from copilot.planner.languages import understood
from copilot.planner.memory import Memory
from copilot.planner.reading import Filled, Hit, Reading, Tool, fill, parameters_of, read, required_of
from copilot.planner.refusals import (
    is_general,
    is_hostile,
    is_hypothetical,
    is_later,
    out_of_scope_sentences,
    without_negation,
)
from copilot.planner.router import NOTHING, Example, Router
from copilot.planner.text import Speller, clean, words_of
from iotsim.core.names import words
from iotsim.core.slots import Slot, SlotContext, Source

_MISSING: Final = 0.22  # a required value was not said
_ASKED: Final = 0.30  # the sentence asks, and the service changes something
_UNUSED: Final = 0.20  # a value was said that the service has no place for
_FIT: Final = 0.10  # a value was said that the service needs, and none that it does not
_FOREIGN: Final = 0.15  # a word known only from sentences that no service answers
_UNKNOWN: Final = 0.06  # a word never seen


@dataclass(frozen=True)
class Later:
    """A value that only the result of the call before can give: `field` of its first item, or of all."""

    field: str
    many: bool = False


@dataclass(frozen=True)
class Call:
    """One call of a tool; an argument may be a `Later`."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Described:
    """A value that a call has to look up first, and the hits that describe it."""

    call: Call
    later: Later
    used: list[Hit]


@dataclass(frozen=True)
class Outline:
    """What a sentence asks for: calls in their order, or none and what to say instead."""

    calls: list[Call] = field(default_factory=list)
    answer: str | None = None
    why: str = ""  # "", "out of scope", "question", "negated", ...
    language: str = "en"  # of the sentence


class Planner:
    """The built-in planner for one set of tools. Making it takes about two seconds, a sentence about 10 ms."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        any_day = SlotContext(date(2026, 1, 31))  # any day: only the places of dates matter here
        self.tools = {tool.name: tool for tool in tools}
        self.slots: dict[str, Slot] = {}
        for tool in tools:
            for parameter in parameters_of(tool).values():
                self.slots.setdefault(parameter.slot.kind, parameter.slot)
        pairs = [(sentence, tool.name) for tool in tools for sentence in tool.examples]
        known = self._readings([sentence for sentence, _ in pairs], any_day)
        others = self._readings(out_of_scope_sentences(self.tools), any_day)
        examples = [Example(one, name) for one, (_, name) in zip(known, pairs, strict=True)]
        examples += [Example(one, NOTHING) for one in others]
        masked = [one.reading.masked for one in examples]
        vectors = embed_kept(masked, folder=Path(settings.DATA_DIR) / "planner")
        self.router = Router(examples, vectors=vectors, embed=embed)
        self._familiar = {word for one in known for word in words_of(one.masked)}
        self._heard = {word for one in others for word in words_of(one.masked)}
        self._openers = _openers(known, [self.tools[name].is_read for _, name in pairs])
        spoken = re.findall(r"[a-z]{4,}", " ".join(one.text.lower() for one in known + others))
        self._speller = Speller(spoken, english=whole_words())

    def _readings(self, sentences: Sequence[str], context: SlotContext) -> list[Reading]:
        return [read(clean(sentence), self.slots, context) for sentence in sentences]

    def read(self, text: str, context: SlotContext) -> Reading:
        """The sentence cleaned, its slips mended, and every value in it found."""
        cleaned = clean(text)
        first = read(cleaned, self.slots, context)
        names = [hit.found.span for hit in first.chosen if not hit.slot.shares and not hit.found.telling]
        mended = self._speller.correct(cleaned, keep=names)
        return first if mended == cleaned else read(mended, self.slots, context)

    # --- choosing a tool ---

    def ranked(self, reading: Reading, memory: Memory) -> list[tuple[float, Filled | None]]:
        """Every tool with its score, best first; None stands for no tool at all."""
        scores = self.router.scores(reading)
        strange = self._strangeness(reading)
        ranked: list[tuple[float, Filled | None]] = [(scores.pop(NOTHING, 0.0) + strange, None)]
        for name, score in sorted(scores.items(), key=lambda pair: pair[1], reverse=True):
            if len(ranked) > 2 and score + 2 * _FIT < ranked[1][0]:
                break  # neither this one nor any after it can come second
            filled = fill(self.tools[name], reading)
            fit = 0.0 if strange >= _FOREIGN else self._fit(filled)
            ranked.append((score + fit - self._misfit(filled, reading, memory), filled))
            ranked.sort(key=lambda pair: pair[0], reverse=True)
        return ranked

    def _misfit(self, filled: Filled, reading: Reading, memory: Memory) -> float:
        """How badly the values said fit the tool: what it needs and lacks, what it cannot take."""
        resolved = [self._resolve(filled, name, reading, memory) for name in filled.missing]
        lacking = [value for value in resolved if value is None]
        looked_up = [*resolved, *self._chosen(filled, reading).values()]
        placed = {hit.found.span for value in looked_up if isinstance(value, Described) for hit in value.used}
        further = {value for values in _further(filled).values() for value in values}
        unused = [hit for hit in filled.unused if hit.found.span not in placed and str(hit.found.value) not in further]
        strangers = {hit.found.span: hit for hit in unused if not hit.slot.free and hit.found.score >= 0.7}
        weights = [0.4 if hit.slot.shares and hit.found.score < 1 else 1.0 for hit in strangers.values()]
        one = any(hit.slot.kind == "limit" and hit.found.value == 1 for hit in unused)
        asked = not filled.tool.is_read and _QUESTION.search(reading.text) is not None
        return _MISSING * len(lacking) + _UNUSED * min(sum(weights) + one, 3.0) + _ASKED * asked

    def _fit(self, filled: Filled) -> float:
        """How much the values said speak for the tool, when every one has its place."""
        kinds = {hit.slot.kind for hit in filled.used if not hit.slot.free and hit.found.score >= 0.8}
        return 0.0 if filled.unused or filled.missing else _FIT * min(len(kinds), 2)

    def _strangeness(self, reading: Reading) -> float:
        words = {word for word in words_of(reading.masked) if len(word) > 2}
        foreign = [word for word in words if word in self._heard and word not in self._familiar]
        unknown = [word for word in words if word not in self._heard and word not in self._familiar]
        return min(_FOREIGN * len(foreign) + _UNKNOWN * len(unknown), 0.35)

    # --- values that were only referred to ---

    def _resolve(self, filled: Filled, name: str, reading: Reading, memory: Memory) -> Any:
        """A value for a missing parameter: from the conversation ("it"), or later from another call ("my top SIM")."""
        parameter = parameters_of(filled.tool).get(name)
        if parameter is None:
            return None
        said = memory.value_for(parameter, reading.text)
        if said is not None:
            return said
        source = parameter.slot.source
        if source is None or source.service not in self.tools:
            return None
        return self._described(source, reading, many=parameter.many)

    def _described(self, source: Source, reading: Reading, *, many: bool) -> "Described | None":
        """The call that finds what the sentence describes: needs an order, a last-one, or for lists any filter."""
        filled = fill(self.tools[source.service], reading)
        telling = [name for name in filled.arguments if name != "limit"]
        if many and telling:
            later = Later(source.field, many=filled.arguments.get("limit") != 1)
            return Described(Call(source.service, filled.arguments), later, filled.used)
        ordered = any(hit.slot.kind == "sort" for hit in filled.used)
        newest = not telling and re.search(r"\b(?:that|it|last|latest|just|previous|recent|my)\b", reading.text, re.I)
        if not ordered and not (newest and source.service.startswith("list_")):
            return None
        return Described(Call(source.service, filled.arguments | {"limit": 1}), Later(source.field), filled.used)

    # --- the outline ---

    def outline(self, text: str, context: SlotContext, memory: Memory | None = None) -> Outline:
        """What a sentence asks for, given what was said before."""
        memory = memory or Memory()
        said = understood(text[:_LONGEST], names=_names(context), before=memory.said)
        return replace(self._outlined(said.english, context, memory), language=said.language)

    def _outlined(self, text: str, context: SlotContext, memory: Memory) -> Outline:
        cleaned = clean(text)
        if not cleaned or is_hostile(cleaned):
            return self.decline()
        reading = self.read(text, context)
        follow = self._follow_up(reading, memory)
        if follow is not None:
            return Outline([follow])
        return self._both(reading, memory, context) or self._single(reading, memory, context)

    def _single(self, reading: Reading, memory: Memory, context: SlotContext) -> Outline:
        _, filled = self.ranked(reading, memory)[0]
        return self.decline() if filled is None else self._checked(filled, reading, memory, context)

    def _both(self, reading: Reading, memory: Memory, context: SlotContext) -> Outline | None:
        """Two requests in one sentence ("tag 3456 with lost and suspend it"): two calls, when both halves are clear."""
        for match in _AND.finditer(reading.text):
            if any(hit.found.start <= match.end() < hit.found.end and not hit.slot.shares for hit in reading.chosen):
                continue  # "3456 and lift-12": the second half begins with a value, not with a verb
            halves = reading.text[: match.start()], reading.text[match.end() :]
            if words_of(halves[1])[:1] and words_of(halves[1])[0] in self._openers:
                both = self._halves(*halves, memory, context)
                if both is not None:
                    return both
        return None

    def _halves(self, left: str, right: str, memory: Memory, context: SlotContext) -> Outline | None:
        first = self._single(read(left, self.slots, context), memory, context)
        if not first.calls or isinstance(first.calls[-1].arguments.get("sim"), Later):
            return None
        done = {"name": first.calls[-1].name, "arguments": first.calls[-1].arguments}
        later = Memory(last_call=done, results=[*memory.results, (done, None)], items=memory.items)
        second = self._single(read(right, self.slots, context), later, context)
        if not second.calls or second.calls[-1].name == done["name"]:
            return None
        return Outline([*first.calls, *second.calls])

    def _checked(self, filled: Filled, reading: Reading, memory: Memory, context: SlotContext) -> Outline:
        """Commands that are negated, hypothetical or for later are not carried out; words are not explained."""
        if is_general(reading.text) and not any(name in filled.arguments for name in required_of(filled.tool)):
            return self.decline()
        if not filled.tool.is_read:
            if is_hypothetical(reading.text):
                return self.decline()
            if is_later(_without(reading.text, filled.used)):
                return Outline(
                    answer="I can only do that at once, not later or on a condition. Nothing was changed.", why="later"
                )
            if self._negated(filled, reading, memory, context):
                return Outline(answer="Understood: nothing was changed.", why="negated")
        return self._calls(filled, reading, memory)

    def _negated(self, filled: Filled, reading: Reading, memory: Memory, context: SlotContext) -> bool:
        """Negated, and the negation is not what made the router choose this tool ("do not approve" = reject)."""
        said = _without(reading.text, [hit for hit in filled.used if hit.found.value == "none"])
        positive = without_negation(said, commands=self._openers)
        if positive is None:
            return False
        _, other = self.ranked(read(positive, self.slots, context), memory)[0]
        return (
            other is None
            or other.tool.is_read
            or other.tool.name == filled.tool.name
            or filled.tool.name not in _OPPOSITES
        )

    def _calls(self, filled: Filled, reading: Reading, memory: Memory) -> Outline:
        calls: list[Call] = []
        arguments = dict(filled.arguments)
        chosen = self._chosen(filled, reading)
        for name in [*filled.missing, *chosen]:
            value = chosen.get(name) or self._resolve(filled, name, reading, memory)
            if value is None:
                return self._ask(filled, name)
            if isinstance(value, Described):
                calls.append(value.call)
                arguments = {key: kept for key, kept in arguments.items() if key not in value.call.arguments}
                value = value.later
            arguments[name] = value
        arguments |= memory.filters_for(filled, reading.text)
        if not filled.tool.is_read and not calls and self._is_bare(filled, arguments, reading):
            return self._ask(filled, next(name for name, one in parameters_of(filled.tool).items() if one.many))
        return Outline([*calls, *self._each(filled, arguments)])

    def _each(self, filled: Filled, arguments: dict[str, Any]) -> list[Call]:
        """One call; or one each when a question names several things and the tool takes one ("3456 and 7788")."""
        calls = [Call(filled.tool.name, arguments)]
        for name, others in _further(filled).items():
            calls += [Call(filled.tool.name, arguments | {name: other}) for other in others]
        return calls

    def _chosen(self, filled: Filled, reading: Reading) -> dict[str, Described]:
        """A list that an order and a count choose ("the top 5"), for a tool that has no order and count of its own."""
        own = parameters_of(filled.tool)
        for name, parameter in own.items():
            source = parameter.slot.source
            if not parameter.many or parameter.required or name in filled.arguments or source is None:
                continue
            if "limit" not in own and source.service in self.tools:
                found = fill(self.tools[source.service], reading)
                if found.arguments.get("limit", 1) > 1:
                    later = Later(source.field, many=True)
                    return {name: Described(Call(source.service, found.arguments), later, found.used)}
        return {}

    def _is_bare(self, filled: Filled, arguments: Mapping[str, Any], reading: Reading) -> bool:
        """A command for many that says neither which nor all ("suspend")."""
        parameters = parameters_of(filled.tool)
        if not any(one.many and one.slot.source for one in parameters.values()) or _ALL.search(reading.text):
            return False  # a list without a source, such as several states, only narrows what it is about
        return not any(
            name in parameters and not parameters[name].slot.shares and not parameters[name].slot.free
            for name in arguments
        )

    def _ask(self, filled: Filled, name: str) -> Outline:
        parameter = parameters_of(filled.tool).get(name)
        noun = (parameter.slot.noun if parameter else "") or name.replace("_", " ")
        return Outline(answer=f"{filled.tool.title}: I need {noun}. Which one is it?", why="question")

    def _follow_up(self, reading: Reading, memory: Memory) -> Call | None:
        """The last call again with what was just said ("what about the last 7 days", "only the German ones")."""
        last = memory.last_call
        if last is None or last["name"] not in self.tools or not memory.is_elliptic(reading.text):
            return None
        filled = fill(self.tools[last["name"]], reading)
        strangers = [
            hit for hit in filled.unused if not hit.slot.free and not hit.slot.shares and hit.found.score >= 0.7
        ]
        if not filled.used or strangers or any(hit.slot.opens for hit in filled.used):
            return None
        return Call(last["name"], {**last["arguments"], **filled.arguments})

    def decline(self) -> Outline:
        """No call, and what can be asked instead."""
        titles = sorted({_in_a_sentence(tool.title) for tool in self.tools.values()}, key=str.lower)
        readers = sorted(self.tools.values(), key=lambda tool: (not tool.is_read, -len(tool.examples)))
        asked = " ".join(f"“{tool.examples[0]}”" for tool in readers[:3] if tool.examples)
        return Outline(
            answer=f"I cannot help with that. What I know here: {', '.join(titles)}. You could ask: {asked}",
            why="out of scope",
        )


def _names(context: SlotContext) -> list[str]:
    """What the organisation calls its things: not to be taken for words of a language."""
    return [name for kind in ("customer", "plan", "tag") for name in context.names(kind)]


def _without(text: str, hits: Sequence[Hit]) -> str:
    """The sentence without the values that the tool takes: "for 3 days" or "whenever it ..." may be one of them."""
    for hit in hits:
        text = text[: hit.found.start] + " " * (hit.found.end - hit.found.start) + text[hit.found.end :]
    return text


def _in_a_sentence(title: str) -> str:
    """With a small first letter, unless it is an abbreviation such as SIM."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


_LONGEST: Final = 1000  # characters read of a sentence; a request is shorter
_MOST_CALLS: Final = 4  # further calls for one question
_AND: Final = re.compile(
    r"\s*(?:,|;|\.)?\s*\b(?:and\s+then|and\s+also|and|then|after\s+that|plus)\s+(?:please\s+|"
    r"then\s+|also\s+)?|\s*[;.]\s+",
    re.I,
)
_QUESTION: Final = re.compile(
    r"^\W*(?:who|when|why|where|did|was|were|has|have|is|are|does|which|how\s+(?:many|much|come|"
    r"far|did|has|is))\b(?!.*\b(?:then|please)\b)",
    re.IGNORECASE,
)
_ALL: Final = re.compile(
    r"\b(?:all|every\w*|each|whole|entire|any|lot|them|those|these|fleet|complete)\b", re.IGNORECASE
)
_NO_OPENERS: Final = words(
    """
    sim all the every this what new time both quota data let
    """
)
_ASKING: Final = frozenset(words_of("show list give tell what how display"))
_OPPOSITES: Final = frozenset({"reject_call"})


def _further(filled: Filled) -> dict[str, list[str]]:
    """For a tool that only reads: the further values of a required parameter that takes one value."""
    if not filled.tool.is_read:
        return {}
    return {
        name: [
            str(hit.found.value) for hit in filled.unused if hit.slot.kind == one.slot.kind and hit.found.score >= 0.7
        ][:_MOST_CALLS]
        for name, one in parameters_of(filled.tool).items()
        if one.required and not one.many and name in filled.arguments
    }


def _openers(readings: Sequence[Reading], is_read: Sequence[bool]) -> set[str]:
    """Word stems with which a second request may begin: those of commands, and the plainest ones of questions."""
    first = {
        words_of(one.text)[0] for one, read in zip(readings, is_read, strict=True) if not read and words_of(one.text)
    }
    return {word for word in first if word.isalpha() and len(word) > 2} - _NO_OPENERS | _ASKING
