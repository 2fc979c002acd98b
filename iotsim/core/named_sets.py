"""Sets kept under one reference, which may stand in a list of names: "attachment:12" is all the SIMs of a file.

Whoever keeps such sets fills the port; services that take names get their members by it. Core knows no file of theirs.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from iotsim.core.actor import Actor

Members = Callable[[Actor, int], Sequence[str]]

_REFERENCE: Final = re.compile(r"([a-z]+):([0-9]{1,18})")
_sources: dict[str, Members] = {}


@dataclass(frozen=True)
class Expanded:
    """The names of a list that stand for themselves, and the members of the sets in it."""

    names: list[str]
    members: list[str]


def fill(kind: str, members: Members) -> None:
    """Tell how the members of a kind of set are found; it raises NotFound for a set that is not the actor's."""
    _sources[kind] = members


def reference(kind: str, number: int) -> str:
    return f"{kind}:{number}"


def expanded(actor: Actor, refs: Sequence[str]) -> Expanded:
    """The list with its sets opened. Raises NotFound."""
    names: list[str] = []
    members: list[str] = []
    for ref in refs:
        match = _REFERENCE.fullmatch(ref)
        if match and match[1] in _sources:
            members += _sources[match[1]](actor, int(match[2]))
        else:
            names.append(ref)
    return Expanded(names, members)
