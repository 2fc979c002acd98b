"""What sounds like a command and is none: wondered about, reported, quoted, taken back, almost done, not to be done.

The English rules of refusals.py read the translated sentence; a translation loses the moods of verbs ("würdest du",
"suspenderías"), so these rules (data/unmeant.txt) read the sentence as it was said, each in its own language. They only
hold back what would change something: a question may be answered by a service that reads.
"""

import re
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

_FILE: Final = Path(__file__).resolve().parent / "data" / "unmeant.txt"
_LANGUAGES: Final = ("en", "de", "fr", "es")
_OPENS: Final = r"(?:[\"“„«‹]|(?<!\w)'(?=\w)|:\s*(?=[\"“„«‹]))"
_GOAL: Final = re.compile(r"\b(?:to|at|auf|à|a|hasta)\s+\d[\d.,]*\s*(?:[kmgt]i?b|[kmgt]o)\b", re.IGNORECASE)
_QUOTED: Final = re.compile(r"[\"“„«‹]\s*(?P<said>[^\"”“»›]*\w+\W+\w[^\"”“»›]*)[\"”“»›]")


@cache
def _sections() -> dict[str, str]:
    """The patterns of each section, as one."""
    found: dict[str, list[str]] = {}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if re.fullmatch(r"\[\w+(?: says| relative)?\]", line):
            found[line.strip("[]")] = section = []
        elif line and not line.startswith("#"):
            section.append(line.replace(" ", r"\s+"))
    return {name: "|".join(patterns) for name, patterns in found.items()}


@cache
def _unmeant(language: str) -> re.Pattern[str]:
    return re.compile(_sections()[language], re.IGNORECASE)


@cache
def _relative(language: str) -> re.Pattern[str]:
    """By how much something shall change: no service takes a difference, and a figure set in its place is wrong."""
    return re.compile(_sections()[f"{language} relative"], re.IGNORECASE)


@cache
def _reported(language: str) -> re.Pattern[str]:
    """A word of saying, and soon behind it a quotation."""
    says = _sections()[f"{language} says"]
    return re.compile(rf"\b(?:{says})\b[^\"“„«‹.!?]{{0,30}}{_OPENS}", re.IGNORECASE)


def held_back(text: str, language: str, values: Collection[Any] = ()) -> str:
    """Why a change is not made, as a phrase's name, else nothing. `values`: the arguments that would be passed on."""
    if is_unmeant(text, language, values):
        return "unmeant"
    has_figure = any(isinstance(one, int | float) and not isinstance(one, bool) for one in values)
    if not has_figure or _GOAL.search(text):
        return ""
    return "relative" if any(_relative(one).search(text) for one in _LANGUAGES) else ""


def is_unmeant(text: str, language: str, values: Iterable[Any] = ()) -> bool:
    """Whether a sentence that names a change does not ask for it. `values`: the arguments that would be passed on.

    Words that somebody is quoted with are no command, unless a service is to keep them (the text of an alert).
    """
    plain = text.replace("’", "'")
    if any(_unmeant(one).search(plain) for one in _LANGUAGES):  # a short sentence may be told wrongly
        return True
    if not _reported(language).search(plain):
        return False
    quote = _QUOTED.search(plain)
    said = quote["said"].strip().lower() if quote else ""
    return not (said and any(said in str(value).lower() for value in values))
