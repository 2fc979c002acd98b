"""From a sentence to calls: which service, with which arguments, after which other call, or a sentence back.

Deterministic and free of state: the same tools and sentence give the same outline. See router.py for how a service is
chosen and reading.py for how its arguments are found.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from copilot.embedding import embed, embed_kept, whole_words
from copilot.planner.asking import ask_for, ask_meant, ask_which, decline
from copilot.planner.follow_ups import follow_up
from copilot.planner.languages import language_of, understood
from copilot.planner.memory import Memory
from copilot.planner.names import names_of
from copilot.planner.parts import (
    AND,
    FIT,
    MOST_CALLS,
    MOST_PARTS,
    QUESTION,
    Described,
    all_named,
    as_done,
    cut,
    each_of,
    fit_of,
    is_bare,
    openers_of,
    placed,
    unsaid,
)
from copilot.planner.phrases import phrase
from copilot.planner.plans import Call, Later, Outline, has_later
from copilot.planner.pointing import pointed, spoken_of
from copilot.planner.reading import (
    Filled,
    Hit,
    Parameter,
    Reading,
    Tool,
    fill,
    leaving,
    leaving_only,
    parameters_of,
    read,
    required_of,
    without,
)
from copilot.planner.refusals import (
    is_general,
    is_hostile,
    is_hypothetical,
    is_later,
    opposites_of,
    out_of_scope_sentences,
    without_negation,
)
from copilot.planner.router import NOTHING, Example, Router
from copilot.planner.shells import bared, clauses_of
from copilot.planner.strangers import is_in_another_language
from copilot.planner.text import Speller, clean, words_of
from copilot.planner.unmeant import held_back
from copilot.planner.vocabulary import FOREIGN, Vocabulary
from iotsim.core.slots import Slot, SlotContext, Source

_MISSING: Final = 0.22  # a required value was not said
_ASKED: Final = 0.30  # the sentence asks, and the service changes something
_UNUSED: Final = 0.20  # a value was said that the service has no place for


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
        self._vocabulary = Vocabulary.of(known, others)
        self._openers = openers_of(known, [self.tools[name].is_read for _, name in pairs])
        self._opposites = opposites_of(tools, commands=self._openers)
        self._standing = frozenset(name for sentence, name in pairs if is_later(sentence))
        spoken = re.findall(r"[a-z]{4,}", " ".join(one.text.lower() for one in known + others))
        self._speller = Speller(spoken, english=whole_words())

    def _readings(self, sentences: Sequence[str], context: SlotContext) -> list[Reading]:
        return [read(bared(clean(sentence)), self.slots, context) for sentence in sentences]

    def read(self, text: str, context: SlotContext) -> Reading:
        """The sentence cleaned, its slips mended, and every value in it found."""
        cleaned = bared(clean(text))
        first = read(cleaned, self.slots, context)
        names = [hit.found.span for hit in first.chosen if not hit.slot.shares and not hit.found.telling]
        mended = self._speller.correct(cleaned, keep=names)
        return first if mended == cleaned else read(mended, self.slots, context)

    # --- choosing a tool ---

    def ranked(self, reading: Reading, memory: Memory) -> list[tuple[float, Filled | None]]:
        """The tools that may be meant, with their scores, best first; None stands for no tool at all.

        Where no tool is meant by the whole of a sentence, one of its clauses may be the request ("the driver called,
        what is the state of truck-17"): it must be clear by itself.
        """
        ranked = self._ranked(reading, memory)
        if ranked[0][1] is not None:
            return ranked
        for clause in clauses_of(reading.masked):
            other = self._ranked(leaving_only(reading, clause), memory)
            if other[0][1] is not None and other[0][0] > _CLAUSE_CLEAR:
                return other
        return ranked

    def _ranked(self, reading: Reading, memory: Memory) -> list[tuple[float, Filled | None]]:
        scores = self.router.scores(reading)
        strange = self._vocabulary.strangeness(reading)
        ranked: list[tuple[float, Filled | None]] = [(scores.pop(NOTHING, 0.0) + strange, None)]
        for name, score in sorted(scores.items(), key=lambda pair: pair[1], reverse=True):
            if score + 2 * FIT < ranked[0][0] - _TIE:
                break  # neither this one nor any after it can be the one, or as likely as it
            filled = fill(self.tools[name], reading)
            fit = 0.0 if strange >= FOREIGN else fit_of(filled)
            ranked.append((score + fit - self._misfit(filled, reading, memory), filled))
            ranked.sort(key=lambda pair: pair[0], reverse=True)
        return ranked

    def _misfit(self, filled: Filled, reading: Reading, memory: Memory) -> float:
        """How badly the values said fit the tool: what it needs and lacks, what it cannot take."""
        resolved = [self._resolve(filled, name, reading, memory) for name in filled.missing]
        lacking = [value for value in resolved if value is None]
        looked_up = [*resolved, *self._chosen(filled, reading).values()]
        placed = {hit.found.span for value in looked_up if isinstance(value, Described) for hit in value.used}
        named = all_named(filled)
        unused = [hit for hit in filled.unused if hit.found.span not in placed and hit.found.value not in named]
        strangers = {hit.found.span: hit for hit in unused if not hit.slot.free and hit.found.score >= 0.7}
        weights = [0.4 if hit.slot.shares and hit.found.score < 1 else 1.0 for hit in strangers.values()]
        one = any(hit.slot.kind == "limit" and hit.found.value == 1 for hit in unused)
        asked = not filled.tool.is_read and QUESTION.search(reading.text) is not None
        return _MISSING * len(lacking) + _UNUSED * min(sum(weights) + one, 3.0) + _ASKED * asked

    # --- values that were only referred to ---

    def _resolve(self, filled: Filled, name: str, reading: Reading, memory: Memory) -> Any:
        """A value for a missing parameter: from the conversation ("it"), or later from another call ("my top SIM")."""
        parameter = parameters_of(filled.tool).get(name)
        if parameter is None:
            return None
        coming = self._coming(parameter, reading, memory)
        said = coming if coming is not None else memory.value_for(parameter, reading.text)
        if said is not None:
            return said
        source = parameter.slot.source
        if source is None or source.service not in self.tools:
            return None
        return self._described(source, reading, many=parameter.many, taken=_needed(filled))

    def _described(
        self, source: Source, reading: Reading, *, many: bool, taken: Sequence[Hit] = ()
    ) -> "Described | None":
        """The call that finds what the sentence describes: needs an order, a last-one, or for lists any filter."""
        filled = fill(self.tools[source.service], leaving(reading, taken))
        telling = [name for name in filled.arguments if name != "limit"]
        if many and telling:
            later = Later(source.field, many=filled.arguments.get("limit") != 1)
            call, *others = each_of(filled, filled.arguments)
            return Described(call, later, filled.used, others)
        ordered = any(hit.slot.kind == "sort" for hit in filled.used)
        newest = not telling and re.search(r"\b(?:that|it|last|latest|just|previous|recent|my)\b", reading.text, re.I)
        if not ordered and not (newest and source.service.startswith("list_")):
            return None
        call, *others = each_of(filled, filled.arguments | {"limit": 1})
        return Described(call, Later(source.field), filled.used, others)

    def outline(self, text: str, context: SlotContext, memory: Memory | None = None) -> Outline:
        """What a sentence asks for, given what was said before."""
        memory = memory or Memory()
        if is_in_another_language(text[:_LONGEST]):
            return Outline(answer=phrase("languages", language_of("", before=memory.said)), why="language")
        said = understood(text[:_LONGEST], names=names_of(context), before=memory.said)
        spoken = said.english if said.language == "en" else spoken_of(said.english, many=len(memory.items) > 1)
        english, memory = pointed(spoken, context, replace(memory, language=said.language, text=text[:_LONGEST]))
        made = self._outlined(english, context, memory)
        changed = [value for call in made.calls for value in call.arguments.values() if not call.is_read]
        if any(not call.is_read for call in made.calls) and (why := held_back(said.text, said.language, changed)):
            made = Outline(answer=phrase(why, said.language), why=why)
        return replace(made, language=said.language)

    def _outlined(self, text: str, context: SlotContext, memory: Memory) -> Outline:
        cleaned = clean(text)
        if not cleaned or is_hostile(cleaned):
            return self.decline(memory.language)
        reading = self.read(text, context)
        follow = follow_up(reading, memory, self.tools, self._openers)
        if follow:
            return Outline(follow)
        several = self._several(reading, memory, context)
        if several is None:
            return self._single(reading, memory, context)
        return self._meant(several, reading, memory, context) or several

    def _single(self, reading: Reading, memory: Memory, context: SlotContext) -> Outline:
        ranked = self.ranked(reading, memory)
        filled = self._settled(memory, reading) or ranked[0][1]
        if filled is None:
            return self.decline(memory.language)
        made = self._checked(filled, reading, memory, context)
        if not made.calls or memory.settled or memory.is_part:
            return made
        other = self._as_likely(ranked, reading, memory, context)
        if other is not None:
            return ask_which([filled.tool, other.tool], memory.language)
        return self._meant(made, reading, memory, context) or made

    def _meant(self, made: Outline, reading: Reading, memory: Memory, context: SlotContext) -> Outline | None:
        """Asking back about a name in it that may be several things."""
        return ask_meant([self.tools[call.name] for call in made.calls], made.calls, reading, context, memory)

    def _settled(self, memory: Memory, reading: Reading) -> Filled | None:
        """The service that the person chose when asked."""
        return fill(self.tools[memory.settled], reading) if memory.settled in self.tools else None

    def _as_likely(
        self, ranked: Sequence[tuple[float, Filled | None]], reading: Reading, memory: Memory, context: SlotContext
    ) -> Filled | None:
        """The second tool, when nobody can tell which of the two is meant and it could be called as well."""
        (first, one), (second, other) = ranked[0], ranked[1] if len(ranked) > 1 else (0.0, None)
        if one is None or other is None or first - second > _TIE or first > _CLEAR or other.missing:
            return None
        if one.tool.is_read and other.tool.is_read and memory.last_call is not None:
            return None
        return other if self._checked(other, reading, memory, context).calls else None

    def _several(self, reading: Reading, memory: Memory, context: SlotContext) -> Outline | None:
        """Several requests in one sentence ("find ..., tag them with lost and suspend them"), when each is clear."""
        places = [match for match in AND.finditer(reading.text) if self._begins_anew(match, reading)][: MOST_PARTS - 1]
        cuts = [places] if len(places) < 2 else [places, *([one] for one in places)]
        for one in cuts:
            made = self._parts(cut(reading.text, one), memory, context) if one else None
            if made is not None:
                return made
        return None

    def _begins_anew(self, match: "re.Match[str]", reading: Reading) -> bool:
        """Whether a request begins behind this "and", and not the next value of a list ("3456 and lift-12")."""
        if any(hit.found.start <= match.end() < hit.found.end and not hit.slot.shares for hit in reading.chosen):
            return False
        return any(word in self._openers for word in words_of(reading.text[match.end() :])[:1])

    def _parts(self, parts: Sequence[str], memory: Memory, context: SlotContext) -> Outline | None:
        """The calls of all parts, each able to take what the ones before it bring."""
        calls: list[Call] = []
        for text in parts:
            known = replace(memory, is_part=True, coming=tuple(calls), results=[*memory.results, *as_done(calls)])
            made = self._single(read(text, self.slots, context), known, context)
            if not made.calls or (calls and made.calls[-1].name == calls[-1].name):
                return None
            calls += [placed(call, len(calls) + at) for at, call in enumerate(made.calls)]
        return Outline(calls)

    def _checked(self, filled: Filled, reading: Reading, memory: Memory, context: SlotContext) -> Outline:
        """Commands that are negated, hypothetical or for later are not carried out; words are not explained."""
        if is_general(reading.text) and not any(name in filled.arguments for name in required_of(filled.tool)):
            return self.decline(memory.language)
        if not filled.tool.is_read:
            if is_hypothetical(reading.text):
                return self.decline(memory.language)
            if filled.tool.name not in self._standing and is_later(without(reading.text, filled.used)):
                return Outline(answer=phrase("later", memory.language), why="later")
            if self._negated(filled, reading, memory, context):
                return Outline(answer=phrase("negated", memory.language), why="negated")
        return self._calls(filled, reading, memory, context)

    def _negated(self, filled: Filled, reading: Reading, memory: Memory, context: SlotContext) -> bool:
        """Negated, and the negation is not what made the router choose this tool ("do not approve" = reject)."""
        said = without(reading.text, [hit for hit in filled.used if hit.found.value == "none"])
        positive = without_negation(said, commands=self._openers)
        if positive is None:
            return False
        _, other = self.ranked(read(positive, self.slots, context), memory)[0]
        return (
            other is None
            or other.tool.is_read
            or other.tool.name == filled.tool.name
            or filled.tool.name not in self._opposites
        )

    def _calls(self, filled: Filled, reading: Reading, memory: Memory, context: SlotContext) -> Outline:
        calls: list[Call] = []
        others: list[Call] = []
        arguments = dict(filled.arguments)
        chosen = self._chosen(filled, reading) | self._pointed_at(filled, reading, memory)
        for name in [*filled.missing, *unsaid(filled), *(one for one in chosen if one not in filled.missing)]:
            value = chosen.get(name) or self._resolve(filled, name, reading, memory)
            if value is None:
                return ask_for(filled, name, context, memory)
            if isinstance(value, Described):
                calls.append(replace(value.call, asked=False))
                others += [replace(one, asked=False) for one in value.others]
                arguments = {key: kept for key, kept in arguments.items() if key not in value.call.arguments}
                value = value.later
            arguments[name] = value
        arguments |= memory.filters_for(filled, reading.text) if not has_later(arguments) else {}
        if not filled.tool.is_read and not calls and is_bare(filled, arguments, reading, memory):
            several = next(name for name, one in parameters_of(filled.tool).items() if one.many)
            return ask_for(filled, several, context, memory)
        made = each_of(filled, arguments)
        count = len(made) * (1 + len(others))
        if count > MOST_CALLS:
            return Outline(answer=phrase("too_many_named", memory.language, count=str(count), most=str(MOST_CALLS)))
        again = [call for one in others for call in (one, *made)] if len(calls) == 1 else []
        return Outline([*calls, *made, *again])

    def _pointed_at(self, filled: Filled, reading: Reading, memory: Memory) -> dict[str, Any]:
        """Objects that "it" or "them" stands for, in places that a service can do without ("forecast them")."""
        own = parameters_of(filled.tool)
        if any(one.slot.source and name in filled.arguments for name, one in own.items()):
            return {}
        for name, one in own.items():
            if one.required or one.slot.source is None or name in filled.arguments:
                continue
            value = self._coming(one, reading, memory)
            if value is None and not one.many and filled.tool.is_read:
                value = memory.value_for(one, reading.text)
            if value is not None:
                return {name: value}
        return {}

    def _coming(self, parameter: Parameter, reading: Reading, memory: Memory) -> Any:
        """What an earlier call of the same sentence will bring, when "it", "them" or "each" speaks of that."""
        many = memory.speaks_of_many(reading.text)
        if not memory.coming or not (many or memory.speaks_of_one(reading.text)):
            return None
        for at, call in reversed(list(enumerate(memory.coming))):
            said = call.arguments.get(parameter.name, call.arguments.get(parameter.name.rstrip("s")))
            if isinstance(said, Later):
                return replace(said, many=parameter.many, of=at - 1 if said.of < 0 else said.of)
            source = parameter.slot.source
            if source is not None and call.name == source.service:
                several = call.arguments.get("limit") != 1
                return Later(source.field, many=parameter.many and several, each=several and not parameter.many, of=at)
        return None

    def _chosen(self, filled: Filled, reading: Reading) -> dict[str, Described]:
        """What an order and a count choose ("the top 5"), for a tool that has no order and count of its own."""
        own = parameters_of(filled.tool)
        if any(one.slot.kind == "limit" for one in own.values()):
            return {}
        found: dict[str, Described] = {}
        for name, one in own.items():
            source = one.slot.source
            if one.required or name in filled.arguments or source is None or source.service not in self.tools:
                continue
            described = fill(self.tools[source.service], leaving(reading, _needed(filled)))
            by_name = one.slot.kind in described.arguments.values()
            ordered = by_name or any(hit.slot.kind == "sort" for hit in described.used)
            count = described.arguments.get("limit", 0)
            if (count > 1 and one.many) or (count > 0 and ordered and (one.many or filled.tool.is_read)):
                later = Later(source.field, many=one.many, each=not one.many)
                call, *others = each_of(described, described.arguments)
                found[name] = Described(call, later, described.used, others)
                if by_name:
                    return {name: found[name]}
        return dict(list(found.items())[:1])

    def decline(self, language: str = "en") -> Outline:
        """No call, and what can be asked instead."""
        return decline(self.tools, language)


def _needed(filled: Filled) -> list[Hit]:
    """What was said for values that the tool needs: they describe nothing ("my top SIM to plan Gold")."""
    needed = {one.slot.kind for one in parameters_of(filled.tool).values() if one.required}
    return [hit for hit in filled.used if hit.slot.kind in needed]


_LONGEST: Final = 1000  # characters read of a sentence; a request is shorter
_TIE: Final = 0.04  # scores so near that nobody can tell
_CLAUSE_CLEAR: Final = 0.5  # a score by which a clause is the request, whatever else was told
_CLEAR: Final = 0.6  # a score that leaves no doubt
