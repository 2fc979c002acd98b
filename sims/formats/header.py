"""What a file's header says: which format it is, and whether it carries secrets (pure; no Django)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

from sims.formats.text import FileRefused

MOST_SHOWN = 12
_FIRST_LINES = 4096  # bytes

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NAME = re.compile(r"[^\W\d][\w .()/#%-]{0,39}")
_LOOKS_LIKE_KEY = re.compile(r"[0-9A-Fa-f]{24,}")
_KEY = re.compile(r"[0-9A-Fa-f]{32}")  # 128 bits; an EID is as long, but of digits only
# Ki and OPc are a SIM's authentication keys (3GPP TS 35.206), ADM and KIc unlock the card: who has them can clone it.
_SECRET_WORDS = frozenset({"ki", "op", "opc", "eki", "eopc", "adm", "kic", "kik"})
_SECRET_NAMES = frozenset(
    {"authkey", "authenticationkey", "subscriberkey", "encryptedki", "encryptedopc", "adm1", "otakey"}
)


class UnknownHeader(FileRefused):
    """No format has these columns, but they are names: people may say what they mean."""


class SecretColumn(FileRefused):
    """The file carries keys of SIM cards: nothing of it may be kept, not even the file."""


@dataclass(frozen=True)
class Shape:
    """The columns by which a format is known. Names are compared without case, spaces and signs."""

    name: str
    title: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def known(self) -> frozenset[str]:
        return frozenset(map(plain, self.required + self.optional))

    def missing(self, names: Iterable[str]) -> list[str]:
        present = set(names)
        return [name for name in self.required if plain(name) not in present]


@lru_cache(4096)
def plain(name: str) -> str:
    """A column's name for comparing: "Started At" and started_at are the same."""
    return re.sub(r"[^\w]|_", "", name).casefold()


def refuse_secrets(columns: Sequence[str]) -> None:
    """Raises SecretColumn, naming the column and never a value."""
    if any(_KEY.fullmatch(name) and not name.isdigit() for name in columns):
        raise SecretColumn(
            "The first line holds no column names but what looks like secret keys of SIM cards. Nothing of the "
            "file was kept. Remove the keys, put the column names into the first line, and import the file again."
        )
    for name in columns:
        words = {word.casefold() for word in [*_WORDS.findall(name), *re.split(r"[\W_]+", name), plain(name)]}
        if words & (_SECRET_WORDS | _SECRET_NAMES):
            column = f"The column {name}" if _shown(name) else "A column of the file"
            raise SecretColumn(
                f"{column} holds secret keys of SIM cards, which have no business here. "
                "Nothing of the file was kept. Remove the column and import the file again."
            )


@contextmanager
def keeping_no_secrets(file: BinaryIO) -> Iterator[None]:
    """A file refused for another reason may hold keys all the same, as SIM makers' output files do: so tell.

    Such a file names its columns somewhere in its first lines ("var_out: ICCID/PIN1/KI/OPC").
    """
    try:
        yield
    except SecretColumn:
        raise
    except FileRefused:
        file.seek(0)
        words = set(
            re.split(r"[^a-z0-9]+", file.read(_FIRST_LINES).replace(b"\0", b"").decode(errors="replace").casefold())
        )
        if words & {"ki", "opc", "eki"} and words & {"iccid", "imsi"}:
            raise SecretColumn(
                "The file seems to hold secret keys of SIM cards (KI, OPC), which have no business here. "
                "Nothing of the file was kept."
            ) from None
        raise


def refuse_repeated(columns: Sequence[str]) -> None:
    """Raises FileRefused when two columns have one name."""
    seen: set[str] = set()
    for name in columns:
        key = plain(name)
        if key and key in seen:
            raise FileRefused(f"Two columns are called {name}, so it is not clear which one counts.")
        seen.add(key)


def choose(columns: Sequence[str], shapes: Sequence[Shape]) -> Shape:
    """The format with these columns. Raises FileRefused, naming the formats known and the columns seen."""
    present = {plain(name) for name in columns}
    fitting = [shape for shape in shapes if not shape.missing(present)]
    if fitting:
        return max(fitting, key=lambda shape: len(shape.known & present))
    near = max(shapes, key=lambda shape: len(shape.known & present) / len(shape.known))
    if len(near.known & present) * 2 > len(near.known) or len(near.missing(present)) == 1 < len(present):
        missing = ", ".join(near.missing(present))
        raise UnknownHeader(f"This looks like {near.title}, but these columns are missing: {missing}.")
    first, *others = shapes
    known = ", ".join([f"{first.title} ({', '.join(first.required)})", *(shape.title for shape in others)])
    unknown = UnknownHeader if all(_shown(name) for name in columns if name) else FileRefused
    raise unknown(f"No known format has these columns. {_seen(columns)} Known formats: {known}.")


def _seen(columns: Sequence[str]) -> str:
    """The columns as far as they look like names: a first line of values may hold anything."""
    names = [name for name in columns if _shown(name)]
    if not names:
        return "The first line seems to hold values instead of column names."
    more = len(columns) - len(names[:MOST_SHOWN])
    return f"Seen: {', '.join(names[:MOST_SHOWN])}{f' and {more} more' if more else ''}."


def _shown(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and not _LOOKS_LIKE_KEY.search(name)
