"""Reading a sentence: every value that any service's slots find in it, and the arguments they make for one service."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Final, Protocol, get_args, get_origin

from pydantic import BaseModel

from copilot.planner.shells import plainly
from iotsim.core.slots import Found, Slot, SlotContext, slots_of, wanted_roles


class Tool(Protocol):
    """What the planner needs of a service; the registry's Service has it all."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def examples(self) -> Sequence[str]: ...
    @property
    def parameters(self) -> type[BaseModel]: ...
    @property
    def is_read(self) -> bool: ...


_GUESS: Final = 0.65  # a name that may as well be any word stays in the sentence
_SURE: Final = 0.7  # a value found with less only counts when there is no better one


@dataclass(frozen=True)
class Parameter:
    """One parameter of a tool that can be found in a sentence."""

    name: str
    slot: Slot
    required: bool
    many: bool

    def takes(self, found: Found) -> bool:
        roles = wanted_roles(self.name)
        return found.role in roles if roles else found.role not in ("from", "by")


def parameters_of(tool: Tool) -> Mapping[str, Parameter]:
    """The parameters of a tool that have a slot, by name."""
    return _parameters_of(tool.parameters)


@cache
def _parameters_of(model: type[BaseModel]) -> Mapping[str, Parameter]:
    fields = model.model_fields
    return {
        name: Parameter(name, slot, fields[name].is_required(), _is_list(fields[name].annotation))
        for name, slot in slots_of(model).items()
    }


def required_of(tool: Tool) -> Sequence[str]:
    """The names of all parameters a call cannot do without."""
    return _required_of(tool.parameters)


@cache
def _required_of(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(name for name, info in model.model_fields.items() if info.is_required())


def _is_list(annotation: Any) -> bool:
    if get_origin(annotation) is list:
        return True
    return any(_is_list(part) for part in get_args(annotation))


@dataclass(frozen=True)
class Hit:
    """A value found, with the slot that found it."""

    slot: Slot
    found: Found

    def clashes(self, other: "Hit") -> bool:
        """Whether both cannot be meant: they share words, unless one may hold the other inside."""
        mine, theirs = self.found, other.found
        if not mine.overlaps(theirs) or (self.slot.kind == other.slot.kind and mine.span == theirs.span):
            return False
        if self.slot.shares and other.slot.shares:
            return False
        return not ((self.slot.shares and _inside(theirs, mine)) or (other.slot.shares and _inside(mine, theirs)))

    @property
    def rank(self) -> tuple[float, int]:
        return self.found.score, self.found.end - self.found.start


def _inside(inner: Found, outer: Found) -> bool:
    return outer.start < inner.start and inner.end < outer.end


@dataclass
class Reading:
    """A sentence with every value found in it, by kind of slot."""

    text: str
    hits: dict[str, list[Hit]] = field(default_factory=dict)
    request: str = ""  # the clause that asks, masked, where the rest only tells

    @cached_property
    def chosen(self) -> list[Hit]:
        """The hits that stand when all kinds compete, in order of place."""
        return sorted(choose([hit for hits in self.hits.values() for hit in hits]), key=lambda hit: hit.found.start)

    @cached_property
    def masked(self) -> str:
        """The sentence with each found value replaced by its kind's stand-in, so that sentences can be compared."""
        if self.request:
            return self.request
        parts, position = [], 0
        for hit in self.chosen:
            if hit.slot.mask and not hit.found.telling and hit.found.start >= position and hit.found.score > _GUESS:
                parts += [self.text[position : hit.found.start], hit.slot.mask]
                position = hit.found.end
        return plainly("".join([*parts, self.text[position:]]), {hit.slot.mask for hit in self.chosen if hit.slot.mask})


def choose(hits: Iterable[Hit]) -> list[Hit]:
    """The best hits of which no two clash."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda one: one.rank, reverse=True):
        if not any(hit.clashes(other) for other in kept):
            kept.append(hit)
    return kept


def read(text: str, slots: Mapping[str, Slot], context: SlotContext) -> Reading:
    """Let every slot look at the sentence. `slots` is one slot per kind."""
    return Reading(
        text, {kind: [Hit(slot, found) for found in slot.find(text, context)] for kind, slot in slots.items()}
    )


@dataclass
class Filled:
    """The arguments of one tool as far as the sentence gives them."""

    tool: Tool
    arguments: dict[str, Any]
    used: list[Hit]
    missing: list[str]  # required and not said
    unused: list[Hit]  # said, and this tool has no place for it
    text: str = ""  # the sentence


def fill(tool: Tool, reading: Reading) -> Filled:
    """The arguments for a tool out of a reading; values that no parameter takes are counted as unused."""
    parameters = parameters_of(tool)
    kinds = dict.fromkeys(one.slot.kind for one in parameters.values())  # of two as good the first parameter's is taken
    hits = choose([hit for kind in kinds for hit in reading.hits.get(kind, [])])
    arguments: dict[str, Any] = {}
    used: list[Hit] = []
    for parameter in parameters.values():
        mine = [hit for hit in hits if hit.slot.kind == parameter.slot.kind and parameter.takes(hit.found)]
        if not mine:
            mine = _fallback(parameter, parameters, hits)
        if mine:
            arguments[parameter.name] = _value(parameter, mine)
            used += [hit for hit in mine if parameter.many or hit.found.value == arguments[parameter.name]]
    missing = [name for name in required_of(tool) if name not in arguments]
    unused = [hit for hit in reading.chosen if not _accounted(hit, used)]
    return Filled(tool, arguments, used, missing, unused, reading.text)


def _fallback(parameter: Parameter, parameters: Mapping[str, Parameter], hits: Sequence[Hit]) -> list[Hit]:
    """A value without a role goes to the lower bound when the tool has only bounds ("SIMs with 5GB")."""
    alike = [one.name for one in parameters.values() if one.slot.kind == parameter.slot.kind]
    if not parameter.name.startswith("min_") or not all(wanted_roles(name) for name in alike):
        return []
    return [hit for hit in hits if hit.slot.kind == parameter.slot.kind and hit.found.role == ""][:1]


def _value(parameter: Parameter, hits: list[Hit]) -> Any:
    best = max(hits, key=lambda hit: hit.found.score)
    if not parameter.many:
        return best.found.value
    sure = [hit for hit in hits if hit.found.score >= _SURE or best.found.score < _SURE]
    return list(dict.fromkeys(hit.found.value for hit in sorted(sure, key=lambda hit: hit.found.start)))


def _accounted(hit: Hit, used: Iterable[Hit]) -> bool:
    return any(hit.found.overlaps(other.found) for other in used)


def is_aside(slot: Slot) -> bool:
    """A value in the person's own words, such as a reason: it says nothing about the service."""
    return slot.free and not slot.shares and not slot.mask


def leaving(reading: Reading, taken: Sequence[Hit]) -> Reading:
    """The reading without what stands where these values stand: "with check" is the tag to put on, not one to find."""
    if not taken:
        return reading
    left = {
        kind: [hit for hit in hits if not any(hit.found.overlaps(one.found) for one in taken)]
        for kind, hits in reading.hits.items()
    }
    return Reading(reading.text, left)


def leaving_only(reading: Reading, clause: str) -> Reading:
    """The same sentence and values, routed by one clause of it."""
    return Reading(reading.text, reading.hits, clause)


def without(text: str, hits: Sequence[Hit]) -> str:
    """The sentence without the values that the tool takes: "for 3 days" or "whenever it ..." may be one of them."""
    for hit in hits:
        text = text[: hit.found.start] + " " * (hit.found.end - hit.found.start) + text[hit.found.end :]
    return text
