"""Files that name SIMs: lists, usage records, photos. The domain reads them (`fill`), faces keep and show them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, Literal

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
    """An identifier on a photo: what it is (ICCID, EID, IMEI, IMSI, MSISDN) and its digits."""

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


Read = Callable[[BinaryIO], Brought]
AsJpeg = Callable[[BinaryIO], bytes]
Identify = Callable[[Mapping[str, Sequence[str]], str], list[Code]]
_port: dict[str, Any] = {}


def fill(*, read: Read, as_jpeg: AsJpeg, identify: Identify) -> None:
    """The domain's readers. They raise Invalid or TooLarge with a sentence, and need no database."""
    _port.update(read=read, as_jpeg=as_jpeg, identify=identify)


def read(content: BinaryIO) -> Brought:
    """What the file holds, by its content and never by its name. Raises Invalid or TooLarge."""
    found: Read = _port["read"]
    return found(content)


def as_jpeg(content: BinaryIO) -> bytes:
    """A photo as a model may be shown it: small, upright, without what the camera wrote beside it. Raises Invalid."""
    found: AsJpeg = _port["as_jpeg"]
    return found(content)


def identify(said: Mapping[str, Sequence[str]], text: str) -> list[Code]:
    """Which of the numbers that somebody says stand on a label (by kind: iccid, imsi, ...) are such numbers."""
    found: Identify = _port["identify"]
    return found(said, text)
