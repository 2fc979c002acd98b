"""Asking back with answers to choose from, and reading which one was chosen: by its words, its number, or a click."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from iotsim.core.names import words as word_set

MOST: Final = 6


@dataclass(frozen=True)
class Option:
    """An answer: what its button says, what the person says with it, and the service it settles (if it does)."""

    words: str
    say: str
    service: str = ""


_PLACES: Final = [
    ("first", "1st", "erste", "ersten", "erstes", "premier", "première", "primero", "primera", "1", "one"),
    ("second", "2nd", "zweite", "zweiten", "zweiter", "deuxième", "segundo", "segunda", "2", "two"),
    ("third", "3rd", "dritte", "dritten", "troisième", "troisieme", "tercero", "tercera", "3", "three"),
    ("fourth", "4th", "vierte", "vierten", "quatrième", "quatrieme", "cuarto", "cuarta", "4", "four"),
    ("fifth", "5th", "fünfte", "fünften", "cinquième", "cinquieme", "quinto", "quinta", "5", "five"),
    ("sixth", "6th", "sechste", "sechsten", "sixième", "sixieme", "sexto", "sexta", "6", "six"),
]  # fmt: skip
_LAST: Final = frozenset(("last", "letzte", "letzten", "dernier", "dernière", "último", "última"))
_SMALL: Final = word_set(
    """the that one i mean meant please take it is ok yes option number no der die das den nummer bitte ich meine le la
    les numéro je veux dire el los las número quiero decir s'il te plaît por favor"""
)


def chosen(text: str, options: Sequence[Option]) -> Option | None:
    """The option that an answer means, or None when it is about something else."""
    plain = text.strip().strip(".!?¿¡\"“”„'").lower()
    exact = [one for one in options if plain in (one.words.lower(), one.say.lower())]
    if exact:
        return exact[0]
    words = [word for word in re.findall(r"[\w'-]+", plain) if word not in _SMALL]
    if len(words) == 1:
        place = next((at for at, names in enumerate(_PLACES) if words[0] in names), None)
        if words[0] in _LAST and options:
            return options[-1]
        if place is not None and place < len(options):
            return options[place]
    inside = [one for one in options if words and all(word in one.words.lower() for word in words)]
    return inside[0] if len(inside) == 1 and len(words) <= 6 else None


def as_event(question: str, options: Sequence[Option]) -> dict[str, Any] | None:
    """As the conversation shows it, or None when there is nothing to choose from."""
    if not options:
        return None
    return {"question": question, "options": [{"words": one.words, "say": one.say} for one in options[:MOST]]}
