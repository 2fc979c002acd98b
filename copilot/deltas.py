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

    def read(self) -> dict[str, Any] | None:
        """The arguments, or None when they are cut off or no JSON object."""
        try:
            found = json.loads(self.arguments or "{}")
        except ValueError:
            return None
        return found if isinstance(found, dict) else None


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
