"""Cleaning a sentence before it is read: contractions, quotes, spaces and slips of the keyboard."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_PLAIN: Final = str.maketrans(
    {"’": "'", "‘": "'", "´": "'", "‟": '"', "？": "?"} | dict.fromkeys("\u00a0\u202f\t\n", " ")
)
_CONTRACTIONS: Final = [
    (re.compile(pattern, re.IGNORECASE), full)
    for pattern, full in (
        (r"\bcan'?t\b|\bcannot\b", "can not"),
        (r"\bwon'?t\b", "will not"),
        (r"\bain't\b", "is not"),
        (r"\b(do|does|did|is|are|was|were|has|have|had|could|should|would|must|need)n'?t\b", r"\1 not"),
        (r"\b(what|who|where|how|when|why|that|there|here|which)'?s\b(?=\s)", r"\1 is"),
        (r"\b(it|he|she)'s\b", r"\1 is"),
        (r"\b(i|we|you|they)'ve\b", r"\1 have"),
        (r"\bi'?m\b", "i am"),
        (r"\b(we|you|they)'re\b", r"\1 are"),
        (r"\b(i|we|you|they|it|he|she)'ll\b", r"\1 will"),
        (r"\b(i|we|you|they|he|she)'d\b", r"\1 would"),
        (r"\blet's\b", "let us"),
        (r"\b(?:pls|plz|plss|plse|pleas)\b", "please"),
        (r"\be-mail", "email"),
        (r"\bgimme\b", "give me"),
        (r"\blemme\b", "let me"),
        (r"\bwanna\b", "want to"),
        (r"\bgonna\b", "going to"),
        (r"\bgotta\b", "have to"),
        (r"\b(?:thru)\b", "through"),
        (r"\bu\b(?!\.)", "you"),
        (r"\bcuz\b|\bcoz\b|\b'cause\b", "because"),
        (r"\bw/o\b", "without"),
        (r"\bw/(?=\s)", "with"),
        (r"\bsim[\s-]?cards\b", "SIMs"),
        (r"\bsim[\s-]?card\b", "SIM"),
    )
]
_TOKEN: Final = re.compile(r"[^\W\d_]+")


def clean(text: str) -> str:
    """The sentence with plain quotes and spaces and its contractions written out; "don't" -> "do not"."""
    text = text.translate(_PLAIN)
    for pattern, full in _CONTRACTIONS:
        text = pattern.sub(full, text)
    return re.sub(r" {2,}", " ", text).strip()


class Speller:
    """Mends words that are a slip away from one of its own; words of plain English are left alone."""

    def __init__(self, words: Iterable[str], *, english: frozenset[str]) -> None:
        self._own = frozenset(word.lower() for word in words if len(word) > 3)
        self._english = english
        self._mended = lru_cache(maxsize=4096)(self._mend)

    def correct(self, text: str, *, keep: Iterable[tuple[int, int]] = ()) -> str:
        """The text with its slips mended; places in `keep` (names, identifiers) stay as they are."""
        places = list(keep)
        parts, position = [], 0
        for match in _TOKEN.finditer(text):
            word = match[0]
            if not self._open(text, match, places):
                continue
            mended = self._mended(word.lower())
            if mended != word.lower():
                parts += [text[position : match.start()], mended]
                position = match.end()
        return "".join([*parts, text[position:]])

    def _open(self, text: str, match: "re.Match[str]", places: list[tuple[int, int]]) -> bool:
        """Not part of an identifier or a kept place, and long enough to be sure."""
        glued = re.match(r"[\d_@-]", text[match.end() : match.end() + 1]) or re.search(
            r"[\d_@./-]$", text[: match.start()]
        )
        inside = any(start <= match.start() and match.end() <= end for start, end in places)
        return len(match[0]) > 3 and not glued and not inside

    def _inflected(self, word: str) -> bool:
        """Another form of one of its words: "talker" beside "talkers", "pausing" beside "pause"."""
        roots = [
            word.removesuffix(end) for end in ("s", "es", "ed", "d", "ing", "er", "ers", "ly") if word.endswith(end)
        ]
        return word + "s" in self._own or any(root in self._own or root + "e" in self._own for root in roots)

    def _mend(self, word: str) -> str:
        if word in self._own or word in self._english or self._inflected(word):
            return word
        from rapidfuzz.distance import OSA

        limit = 1 if len(word) < 7 else 2
        near = [
            (OSA.distance(word, own, score_cutoff=limit), own[0] != word[0], -len(own), own)
            for own in self._own
            if abs(len(own) - len(word)) <= limit
        ]
        best = min(near, default=(limit + 1, True, 0, word))
        return best[3] if best[0] <= limit and not (best[1] and best[0] > 1) else word


_STEM: Final = re.compile(r"(?:ing|ings|ed|es|s|ly)$")


def stem(word: str) -> str:
    """A crude stem: "suspending", "suspends" and "suspended" fall together. For counting words, not for showing."""
    if len(word) <= 4:
        return word.rstrip("s") if len(word) == 4 and not word.endswith("ss") else word
    short = _STEM.sub("", word)
    if len(short) > 3 and short[-1] == short[-2] and short[-1] not in "sle":
        short = short[:-1]
    return short.rstrip("e") if len(short) > 3 else word


def words_of(text: str) -> list[str]:
    """The stems of a text's words, in order; digits fall together as "0"."""
    return [stem(word) if word[0].isalpha() else "0" for word in re.findall(r"[^\W\d_]+|\d+", text.lower())]
