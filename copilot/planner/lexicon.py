"""Phrase books for the languages the planner reads beside English: what people write = what the English rules read.

A book is a text file in data/, with three sections: [common] the words by which the language is told, [apart] pairs
of words that mean something together ("schalt* ... ab"), [verbs] and [words] phrases. Everything is compared folded:
small letters without accents. Pure.
"""

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("de", "fr", "es")
_FOLDER: Final = Path(__file__).resolve().parent / "data"
_UMLAUT: Final = re.compile(r"(?<![aeq])(?P<vowel>[aou])e")  # not in "neue", "Dauer" or "Quelle"
_MOST_WORDS: Final = 7  # of a phrase
_VERB: Final = 4  # letters that a verb counts more where a sentence begins: "warnschwelle" is no "warn*"


def folded(word: str, language: str) -> str:
    """Small letters without accents; in German "ae", "oe", "ue" as the umlauts they stand for."""
    plain = unicodedata.normalize("NFKD", word.lower().replace("ß", "ss").replace("œ", "oe").replace("’", "'"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _UMLAUT.sub(r"\g<vowel>", plain) if language == "de" else plain


@dataclass(frozen=True)
class Phrase:
    """Words that stand side by side, and what they mean in English."""

    words: tuple[str, ...]
    english: str
    is_verb: bool = False

    def fits(self, words: "list[str]", start: int) -> bool:
        return len(words) - start >= len(self.words) and all(
            fits(pattern, words[start + place]) for place, pattern in enumerate(self.words)
        )


@dataclass(frozen=True)
class Apart:
    """Two groups of words with others between them: both together have the meaning."""

    first: tuple[str, ...]
    second: tuple[str, ...]
    english: str


def fits(pattern: str, word: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


@dataclass
class Book:
    """The phrases of one language."""

    language: str
    common: frozenset[str] = frozenset()
    apart: list[Apart] = field(default_factory=list)
    by_start: dict[str, list[Phrase]] = field(default_factory=dict)

    def find(self, words: "list[str]", start: int, *, verbs_first: bool = False) -> Phrase | None:
        """The longest phrase that begins there; of the same length the one with the longer words.

        `verbs_first`: a sentence begins there, so that it is rather a command than an adjective ("désactive").
        """
        candidates = [one for size in range(1, 5) for one in self.by_start.get(words[start][:size], ())]
        fitting = [one for one in candidates if one.fits(words, start)]
        return max(
            fitting,
            key=lambda one: (len(one.words), sum(map(_weight, one.words)) + _VERB * (verbs_first and one.is_verb)),
            default=None,
        )

    def nearest(self, word: str) -> str | None:
        """A single word of the book that is a slip of the keyboard away."""
        return _nearest(self.language, word)

    def knows(self, word: str) -> bool:
        return word in self.common or self.find([word], 0) is not None


def _weight(pattern: str) -> float:
    return len(pattern) - 1.5 if pattern.endswith("*") else len(pattern)


@cache
def book_of(language: str) -> Book:
    """The book of a language, read once."""
    text = (_FOLDER / f"{language}.txt").read_text(encoding="utf-8")
    book, section = Book(language), ""
    common: list[str] = []
    starts: dict[str, list[Phrase]] = defaultdict(list)
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif section == "common":
            common += line.split()
        elif "=" in line and not line.startswith("#"):
            _take(book, starts, section, line)
    if language == "de":
        for phrase in _joined(book):
            starts[phrase.words[0][:4]].append(phrase)
    book.apart.sort(key=lambda pair: -len(pair.first) - len(pair.second))  # "ne ... plus signe" before "ne ... plus"
    book.common, book.by_start = frozenset(common), dict(starts)
    return book


_PARTICLES: Final = frozenset(
    ("ab", "an", "auf", "aus", "ein", "um", "zu", "zuruck", "frei", "hoch", "runter", "rauf", "stumm", "still", "raus")
)


def _joined(book: Book) -> list[Phrase]:
    """The forms in which a German verb that parts is one word: "klemm* ... ab" is also "abklemmen", "abzuklemmen"."""
    parted = [pair for pair in book.apart if len(pair.first) == 1 and len(pair.second) == 1]
    pairs = [(pair.second[0], pair.first[0], pair.english) for pair in parted if pair.second[0] in _PARTICLES]
    forms = [(f"{particle}{link}{verb}", english) for particle, verb, english in pairs for link in ("", "zu")]
    return [Phrase((form,), english, True) for form, english in forms if len(form) > 6]


def _take(book: Book, starts: dict[str, list[Phrase]], section: str, line: str) -> None:
    said, _, english = (part.strip() for part in line.partition("="))
    if " ... " in said:
        first, second = said.split(" ... ")
        book.apart.append(Apart(tuple(first.split()), tuple(second.split()), english))
        return
    phrase = Phrase(tuple(said.split()), english, section == "verbs")
    starts[phrase.words[0].rstrip("*")[:4]].append(phrase)


@cache
def _single(language: str) -> list[str]:
    book = book_of(language)
    return sorted(
        {one.words[0].rstrip("*") for many in book.by_start.values() for one in many if len(one.words) == 1}
        | book.common
    )


@lru_cache(maxsize=4096)
def _nearest(language: str, word: str) -> str | None:
    if len(word) < 5:
        return None
    from rapidfuzz.distance import OSA

    limit = 1 if len(word) < 8 else 2
    near = [
        (OSA.distance(word, own, score_cutoff=limit), own)
        for own in _single(language)
        if len(own) > 3 and abs(len(own) - len(word)) <= limit and own[0] == word[0]
    ]
    best = min(near, default=(9, ""))
    return best[1] if best[0] <= limit else None


def parts_of(word: str, language: str) -> list[str] | None:
    """The parts of a compound that the book knows ("kundenkosten": kunden, kosten); None when it is none."""
    book = book_of(language)
    for place in range(len(word) - 4, 3, -1):
        left, right = word[:place], word[place:]
        for joint in (left, left.removesuffix("s"), left.removesuffix("n"), left.removesuffix("en")):
            if len(joint) > 3 and _noun(book, joint) and _noun(book, right):
                return [joint, right]
    return None


def _noun(book: Book, word: str) -> bool:
    phrase = book.find([word], 0)
    return phrase is not None and not phrase.is_verb and len(phrase.words[0].rstrip("*")) > 3 and bool(phrase.english)


_MORE_ENGLISH: Final = frozenset(
    ("card", "cards", "newest", "connection", "first", "retired", "suspended", "active", "client")
)


@cache
def english_of_books() -> frozenset[str]:
    """Words that the books translate to: they speak for English."""
    phrases = [one for language in LANGUAGES for many in book_of(language).by_start.values() for one in many]
    found = {word for one in phrases for word in re.findall(r"[a-z]{4,}", one.english)}
    foreign = {word for one in phrases for word in one.words}
    return frozenset((found - foreign) | _MORE_ENGLISH)
