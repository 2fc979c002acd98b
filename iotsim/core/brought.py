"""Files that name SIMs: lists, usage records, photos. The domain reads them (`fill`), faces keep and show them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Final, Literal

MOST_ROWS: Final = 50_000
LONGEST_VALUE: Final = 120

Kind = Literal["sims", "usage", "photo", "other"]


@dataclass(frozen=True)
class Value:
    """What stood in a row (numbered as in the file, from 1) or was found on a photo (row 0)."""

    row: int
    text: str


@dataclass(frozen=True)
class Code:
    """An identifier on a photo: what it is (ICCID, IMEI, EID) and its digits."""

    kind: str
    text: str


@dataclass(frozen=True)
class Brought:
    """What a file holds. `values` are all different; `repeated` counts those that stood there more than once."""

    kind: Kind
    title: str
    values: list[Value] = field(default_factory=list)
    repeated: int = 0
    rows: int = 0
    codes: list[Code] = field(default_factory=list)


Reader = Callable[[BinaryIO], Brought]
_readers: list[Reader] = []


def fill(reader: Reader) -> None:
    """The domain's reader. It raises Invalid or TooLarge with a sentence, and needs no database."""
    _readers[:] = [reader]


def read(content: BinaryIO) -> Brought:
    """What the file holds, by its content and never by its name. Raises Invalid or TooLarge."""
    return _readers[0](content)
