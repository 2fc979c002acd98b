"""Which words the planner has learned, and how strange a sentence is to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from copilot.planner.reading import Reading, is_aside
from copilot.planner.text import words_of

FOREIGN: Final = 0.15  # a word known only from sentences that no service answers
UNKNOWN: Final = 0.06  # a word never seen
MOST: Final = 0.35


@dataclass(frozen=True)
class Vocabulary:
    """The words of sentences that services answer, and of those that none does."""

    familiar: frozenset[str]
    heard: frozenset[str]

    @classmethod
    def of(cls, known: Sequence[Reading], others: Sequence[Reading]) -> Self:
        return cls(
            *(frozenset(word for one in readings for word in words_of(one.masked)) for readings in (known, others))
        )

    def strangeness(self, reading: Reading) -> float:
        """From 0, when every word is familiar; reasons that somebody gives do not count."""
        why = {word for hit in reading.chosen if is_aside(hit.slot) for word in words_of(hit.found.text)}
        words = {word for word in words_of(reading.masked) if len(word) > 2} - why - self.familiar
        foreign = len(words & self.heard)
        return min(FOREIGN * foreign + UNKNOWN * (len(words) - foreign), MOST)


def _words_of(readings: Sequence[Reading]) -> frozenset[str]:
    return frozenset(word for one in readings for word in words_of(one.masked))
