"""What a sentence asks for, as data: calls in their order, values that come later, or what to say instead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from copilot.planner.choices import Option


@dataclass(frozen=True)
class Later:
    """A value that only the result of another call can give: `field` of its first item, of all, or of each in turn.

    `of` is the place of that call in the plan; -1 is the call right before.
    """

    field: str
    many: bool = False
    each: bool = False
    of: int = -1


@dataclass(frozen=True)
class Call:
    """One call of a tool; an argument may be a `Later`. One that was not asked for only looks something up."""

    name: str
    arguments: dict[str, Any]
    asked: bool = field(default=True, compare=False)
    is_read: bool = field(default=True, compare=False)


@dataclass(frozen=True)
class Outline:
    """What a sentence asks for: calls in their order, or none and what to say instead."""

    calls: list[Call] = field(default_factory=list)
    answer: str | None = None
    why: str = ""  # "", "out of scope", "question", "negated", ...
    language: str = "en"  # of the sentence
    options: Sequence[Option] = ()  # to choose from, when it asks back


def has_later(arguments: Mapping[str, Any]) -> bool:
    """Whether a value comes from the result of an earlier call."""
    return any(isinstance(value, Later) for value in arguments.values())
