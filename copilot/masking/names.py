"""Finding known names (customers, people, labels) in a text: by their first word, however many there are. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

_WORD: Final = re.compile(r"\w+")
SHORTEST: Final = 3
_FORMS: Final = re.compile(
    r"[\s,]+(?:gmbh(?:\s*&\s*co\.?\s*kg)?|ag|kg|ohg|ug|se|ltd\.?|limited|inc\.?|llc|plc|corp\.?|s\.?a\.?s?\.?|s\.?r\.?l\.?|"
    r"s\.?l\.?|sarl|spa|b\.?v\.?|n\.?v\.?|oy|ab|as|a/s|aps|kk|pty)$",
    re.IGNORECASE,
)
# Given names that are words too: a sentence that begins with "Mark" is not about Mark.
_EVERYDAY: Final = """
mark will may rose grant bill max art bob dean frank grace hope ivy joy june april august sky jack miles page rich rob
sue ray drew chase chip dale dot faith gene guy iris jean lance long major norm pat penny pierce reed skip stone summer
tom victor wade dash data admin owner viewer manager demo test user
"""
_WORDS_TOO: Final = frozenset(_EVERYDAY.split())


@dataclass(frozen=True)
class Name:
    """A name and what it is the name of. One word is only found as it is written."""

    kind: str
    text: str
    offset: int  # of its first word
    loose: bool  # in any case

    def matches(self, text: str, start: int) -> bool:
        begin, end = start - self.offset, start - self.offset + len(self.text)
        found = text[begin:end] if begin >= 0 else ""
        if found != self.text and not (self.loose and found.lower() == self.text.lower()):
            return False
        return not (text[end : end + 1].isalnum() and self.text[-1:].isalnum())


class Names:
    """Known names, found in a text by the longest that fits."""

    def __init__(self, names: Iterable[tuple[str, str]] = ()) -> None:
        self._by_word: dict[str, list[Name]] = {}
        self._known: set[str] = set()
        for kind, text in names:
            self.add(kind, text)

    def add(self, kind: str, text: str) -> None:
        """Know a name from now on."""
        text = text.strip()
        words = _WORD.findall(text)
        if len(text) < SHORTEST or not words or text in self._known or text.isdigit():
            return
        self._known.add(text)
        first = _WORD.search(text)
        assert first is not None
        name = Name(kind, text, first.start(), loose=len(words) > 1)
        same = self._by_word.setdefault(first.group().lower(), [])
        same.append(name)
        same.sort(key=lambda one: -len(one.text))

    def __len__(self) -> int:
        return len(self._known)

    def find(self, text: str) -> Iterator[tuple[int, int, Name]]:
        """(start, end, name) of each, from left to right and without overlap."""
        after = 0
        for word in _WORD.finditer(text):
            if word.start() < after:
                continue
            for name in self._by_word.get(word.group().lower(), ()):
                if name.matches(text, word.start()):
                    begin = word.start() - name.offset
                    after = begin + len(name.text)
                    yield begin, after, name
                    break


def of_customers(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Names of companies, each also without its legal form."""
    for name in names:
        yield "CUSTOMER", name
        short = _FORMS.sub("", name)
        if short != name and len(short) > SHORTEST:
            yield "CUSTOMER", short


def of_people(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Names of people, each also by its parts where those are no words of every day."""
    for name in names:
        yield "PERSON", name
        parts = name.split()
        if len(parts) > 1:
            yield from (("PERSON", one) for one in parts if len(one) > 2 and one.lower() not in _WORDS_TOO)
