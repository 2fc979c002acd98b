"""What a model says, piece by piece, and how the pieces of parallel tool calls are put together."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class CallPart:
    """A fragment of a tool call; providers leave out id and name after the first one."""

    index: int | None
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True)
class Usage:
    """Tokens of one model call, and its price in US dollars (None: not known).

    `cached_tokens`, a part of the input, came out of the provider's cache.
    """

    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = None
    cached_tokens: int = 0


@dataclass(frozen=True)
class Delta:
    """A piece of a model's answer."""

    text: str = ""
    calls: Sequence[CallPart] = ()
    usage: Usage | None = None
    finish: str = ""
    choices: dict[str, Any] | None = None  # asking back: {"question", "options": [{"words", "say"}]}
    model: str = ""  # which one says it


@dataclass
class Called:
    """A tool call as the model wrote it."""

    id: str
    name: str = ""
    arguments: str = ""
    confirmed: str = ""  # the digest of the facts on which a person took it as an offer

    def read(self) -> dict[str, Any] | None:
        """The arguments, or None when they are cut off, no JSON object, or could be read in two ways."""
        return read_object(self.arguments or "{}")


def read_object(text: str) -> dict[str, Any] | None:
    """A JSON object, or None: also for a name given twice (of which readers keep different ones) and for NaN."""
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is given twice")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


@dataclass
class Calls:
    """Puts fragments together by id, and by index where there is no id.

    Some providers number parallel calls wrongly (all 0, or a new number for each fragment): an id seen before always
    wins over the number, a new id always begins a new call.
    """

    found: list[Called] = field(default_factory=list)
    _at: dict[int | None, Called] = field(default_factory=dict)

    def add(self, part: CallPart) -> None:
        call = self._call_of(part)
        call.name = call.name or part.name
        call.arguments += part.arguments

    def _call_of(self, part: CallPart) -> Called:
        known = next((one for one in self.found if part.id and one.id == part.id), None)
        if known is None and not part.id:
            known = self._at.get(part.index) or (self.found[-1] if self.found and not part.name else None)
        if known is None:
            known = Called(part.id)
            self.found.append(known)
        self._at[part.index] = known
        return known
