"""The suite: conversations, each with what must come of every turn. Read from suite/*.yaml; see docs/evaluation.md."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from iotsim.core.errors import Invalid

FOLDER: Final = Path(__file__).parent / "suite"
MOST_TURNS: Final = 8  # a person may ask ten questions a minute


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WantedCall(_Strict):
    """A tool call that must be made. Of the arguments those named here must fit; with `only`, there may be no others.

    A value may be a matcher: {any: [a, b]}, {ends: "3456"}, {contains: "north"}, {matches: "regex"}, {count: 3}.
    """

    tool: str | list[str]
    arguments: dict[str, Any] = {}
    only: bool = False
    state: str = Field(default="", description="done, failed, denied or awaiting_approval")

    @property
    def tools(self) -> list[str]:
        return [self.tool] if isinstance(self.tool, str) else self.tool


class Turn(_Strict):
    """What is asked, and what must come of it. What is not given is not looked at."""

    ask: str
    calls: list[WantedCall] | None = Field(default=None, description="These and no others, in this order; []: none")
    called: list[WantedCall] = Field(default=[], description="Each of these, whatever else is called")
    not_called: list[str] = []
    most_calls: int | None = None
    contains: list[str] = Field(default=[], description="Each of these stands in the answer, whatever its case")
    any_of: list[str] = []
    lacks: list[str] = []
    matches: str = ""
    figures: list[str] = Field(default=[], description="Numbers with their unit, as a number and not a part of one")
    approvals: int | None = Field(default=None, description="How many calls wait for a person afterwards")
    refused: bool | None = Field(default=None, description="Nothing was done, and the person was told something")
    unchanged: bool | None = Field(default=None, description="No change was made, whatever was read")
    state: Literal["", "done", "waiting", "failed", "stopped"] = ""
    decide: Literal["", "approve", "reject"] = Field(default="", description="What the person does with what waits")

    @field_validator("matches")
    @classmethod
    def _is_a_pattern(cls, value: str) -> str:
        re.compile(value)
        return value


class Case(_Strict):
    """One conversation, asked by a person in that role."""

    name: str = Field(max_length=120)
    category: str = ""
    tags: list[str] = []
    role: str = "owner"
    sims: list[dict[str, Any]] = Field(default=[], description="SIMs beside the fixed fleet: ending, label, tags")
    turns: list[Turn] = Field(min_length=1, max_length=MOST_TURNS)

    def is_about(self, word: str) -> bool:
        return word in (self.name, self.category, *self.tags)


class _File(_Strict):
    category: str
    cases: list[Case]


def suite(folder: Path = FOLDER) -> list[Case]:
    """Every case of the suite, in the order of the files. Raises Invalid naming the file that cannot be read."""
    found = [case for path in sorted(folder.glob("*.yaml")) for case in _read(path)]
    names = [one.name for one in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise Invalid(f"Two cases of the suite are called “{twice}”. Give one of them another name.")
    return found


def chosen(cases: Sequence[Case], only: str) -> list[Case]:
    """The cases with that tag, category or name; all when empty. Raises Invalid when there are none."""
    found = [one for one in cases if not only or one.is_about(only)]
    if not found:
        known = ", ".join(sorted({one.category for one in cases}))
        raise Invalid(f"No case of the suite has the tag or name “{only}”. The categories are {known}.", field="only")
    return found


def hash_of(cases: Iterable[Case]) -> str:
    """Twelve digits that change when what is asked or wanted does."""
    plain = [one.model_dump(mode="json", exclude_defaults=True) for one in cases]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]


def _read(path: Path) -> list[Case]:
    import yaml  # only who evaluates needs it

    try:
        made = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError, OSError) as error:
        raise Invalid(f"The suite's file {path.name} cannot be read: {str(error)[:300]}") from error
    return [one.model_copy(update={"category": made.category}) for one in made.cases]
