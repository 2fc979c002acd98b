"""Slots: how a parameter's type finds its own value in a sentence.

A parameter type carries a `Slot` in its metadata (`Annotated[int, BeforeValidator(parse), Slot(...)]`), so whoever
holds only the schema (the offline planner, a form) can read values out of plain language without knowing the domain.

Roles tell several values of one kind apart. A finder marks what it can tell ("min", "max", "from", "to", "start",
"end"); a parameter asks by the prefix of its name (`min_usage`, `end_date`, `expected_quota`), see `wanted_roles`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, get_args

from pydantic import BaseModel

from iotsim.core.page_context import PageContext


def no_names(kind: str) -> list[str]:
    """The names known when nothing is known of the organisation."""
    return []


@dataclass(frozen=True)
class SlotContext:
    """What a finder may know beside the sentence: the day, the organisation's names of a kind, and the page."""

    today: date
    names: Callable[[str], list[str]] = no_names
    context: PageContext = field(default_factory=PageContext)


@dataclass(frozen=True)
class Found:
    """One value found at `text[start:end]`; `value` is plain JSON as the service accepts it."""

    start: int
    end: int
    value: Any
    text: str
    score: float = 1.0
    role: str = ""
    telling: bool = False  # its words say more than its kind ("unused"), so they are not masked

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end

    def overlaps(self, other: "Found") -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Source:
    """Where values of this kind come from when the sentence only describes them ("my top SIM").

    `service` is called first; the value is `field` of its first item (of all items for a list).
    """

    service: str
    field: str


@dataclass(frozen=True)
class Slot:
    """How a parameter is found in a sentence.

    `kind` groups parameters that mean the same thing; `cues` are words that speak for the parameter;
    `mask` stands in for a found value when sentences are compared (empty = the words stay as they are);
    `noun` names the value to a person ("the SIM"); `source` says where it can be looked up.
    """

    kind: str
    find: Callable[[str, SlotContext], list[Found]]
    cues: tuple[str, ...] = ()
    mask: str = ""
    noun: str = ""
    source: Source | None = None
    free: bool = False  # never speaks for or against a service
    shares: bool = False  # its words may also hold other values ("turn 3456 off")
    opens: bool = False  # a sentence with it asks anew, and does not go on from the one before ("a chart of ...")


ROLES = {
    "min_": ("min", "from"),
    "max_": ("max", "to"),
    "start_": ("start",),
    "end_": ("end",),
    "expected_": ("from",),
    "from_": ("from",),
}


def wanted_roles(parameter: str) -> tuple[str, ...]:
    """The roles a parameter takes, by the prefix of its name; () means any but "from" and "by"."""
    return next((roles for prefix, roles in ROLES.items() if parameter.startswith(prefix)), ())


def slots_of(model: type[BaseModel]) -> dict[str, Slot]:
    """The slot of each field that has one, also inside `X | None` and `list[X]`; the outermost wins."""
    found = {name: _slot_in(info.annotation, info.metadata) for name, info in model.model_fields.items()}
    return {name: slot for name, slot in found.items() if slot is not None}


def _slot_in(annotation: Any, metadata: Sequence[Any]) -> Slot | None:
    slots = [item for item in metadata if isinstance(item, Slot)]
    if slots:
        return slots[-1]
    inner = (_slot_in(part, getattr(part, "__metadata__", ())) for part in get_args(annotation))
    return next((slot for slot in inner if slot is not None), None)
