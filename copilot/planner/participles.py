"""Participles of French and Spanish verbs, and their English: "attribuées" is "assigned", not a command. Pure."""

import re
from typing import Final

_ENDINGS: Final = {
    "fr": re.compile(r"\w{3,}(?:ées?|és|é)$", re.IGNORECASE),
    "es": re.compile(r"\w{2,}[ai]d[ao]s?$", re.IGNORECASE),
}
_IRREGULAR: Final = {
    "put": "put", "set": "set", "give": "given", "send": "sent", "make": "made", "draw": "drawn", "find": "found",
    "stop": "stopped", "undo": "undone", "get": "got", "tell": "told", "show": "shown", "withdraw": "withdrawn",
    "throw": "thrown", "read": "read", "stick": "stuck", "tag": "tagged", "cap": "capped", "run": "run",
    "buy": "bought", "forecast": "forecast", "pay": "paid", "plot": "plotted",
}  # fmt: skip


def is_participle(said: str, language: str) -> bool:
    """Whether a word has the ending of a participle, with its accent."""
    pattern = _ENDINGS.get(language)
    return pattern is not None and pattern.match(said) is not None


def past(english: str) -> str:
    """The participle of an English verb: "assign" is "assigned"; of several words the first is the verb."""
    verb, _, rest = english.partition(" ")
    done = _IRREGULAR.get(verb) or (f"{verb[:-1]}ied" if re.search(r"[^aeiou]y$", verb) else _regular(verb))
    return f"{done} {rest}".strip()


def _regular(verb: str) -> str:
    return f"{verb}d" if verb.endswith("e") else f"{verb}ed"
