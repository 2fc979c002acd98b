"""Which service a sentence is for: kernel ridge regression over sentence vectors, words and found values.

It learns at start-up, from the registry's examples and a file of sentences that no service answers; nothing is
stored. Sentences are compared after their values were masked ("suspend SIM 1234"). Deterministic; about 1,200
sentences take two seconds, nearly all of it embedding.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from copilot.planner.reading import Reading
from copilot.planner.text import words_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NOTHING: Final = ""  # the class of sentences that no service answers
_SHARPNESS: Final = 2.0  # of the vectors' kernel exp(sharpness * (cosine - 1))
_WORDS: Final = 0.25  # weight of the words' kernel beside the vectors'
_RIDGE: Final = 0.08


def tokens_of(reading: Reading) -> list[str]:
    """Words, pairs of words and found values of a sentence, as tokens to be counted."""
    words = words_of(reading.masked)
    pairs = [f"{left}_{right}" for left, right in zip(["^", *words], [*words, "$"], strict=True)]
    kinds = Counter(hit.slot.kind for hit in reading.chosen)
    values = [f"<{kind}{'+' if count > 1 else ''}>" for kind, count in kinds.items()]
    exact = [f"<{hit.slot.kind}={hit.found.value}>" for hit in reading.chosen if hit.slot.shares]
    return words + pairs + values + exact


@dataclass
class Example:
    """A sentence to learn from, and the service it is for (NOTHING for none)."""

    reading: Reading
    label: str


class Router:
    """Scores of every service, and of NOTHING, for a sentence; a clear case scores near 1.

    `vectors` [n, 384] are those of the examples' masked sentences.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        *,
        vectors: "NDArray[np.float32]",
        embed: "Callable[[Sequence[str]], NDArray[np.float32]]",
    ) -> None:
        import numpy as np

        self._embed = embed
        self.labels = sorted({one.label for one in examples})
        self._vectors = vectors
        self._index, self._rarity = _vocabulary([tokens_of(one.reading) for one in examples])
        counts = np.stack([self._count(one.reading) for one in examples])
        targets = np.array([[float(one.label == label) for label in self.labels] for one in examples], np.float32)
        kernel = self._near(self._vectors) + _WORDS * (counts @ counts.T)
        inverse = np.linalg.inv(kernel + _RIDGE * np.eye(len(examples), dtype=np.float32))
        self._weights = inverse @ targets
        self._word_weights = _WORDS * (counts.T @ self._weights)  # the words' kernel is linear: one row per word
        self.left_out = targets - self._weights / np.diag(inverse)[:, None]

    def _count(self, reading: Reading) -> "NDArray[np.float32]":
        import numpy as np

        row = np.zeros(len(self._index), np.float32)
        for token in tokens_of(reading):
            place = self._index.get(token)
            if place is not None:
                row[place] = self._rarity[place]
        return row / max(float(np.linalg.norm(row)), 1e-6)

    def _near(self, vectors: "NDArray[np.float32]") -> "NDArray[np.float32]":
        import numpy as np

        near: NDArray[np.float32] = (1 - _WORDS) * np.exp(_SHARPNESS * (vectors @ self._vectors.T - 1))
        return near

    def scores(self, reading: Reading) -> dict[str, float]:
        """Score by service name; NOTHING is among them.

        One sentence is too little work for the threads of a matrix product: they would only wait for each other.
        """
        import numpy as np

        near = np.einsum("ed,d->e", self._vectors, self._embed([reading.masked])[0])
        by_vector = np.einsum("e,el->l", (1 - _WORDS) * np.exp(_SHARPNESS * (near - 1)), self._weights)
        counts = self._count(reading)
        known = np.flatnonzero(counts)
        by_words = np.einsum("t,tl->l", counts[known], self._word_weights[known])
        return dict(zip(self.labels, (by_vector + by_words).tolist(), strict=True))


def _vocabulary(sentences: Sequence[Sequence[str]]) -> "tuple[dict[str, int], NDArray[np.float32]]":
    """Tokens in at least two sentences, and their inverse document frequency."""
    import numpy as np

    counts = Counter(token for sentence in sentences for token in set(sentence))
    kept = sorted(token for token, count in counts.items() if count > 1)
    rarity = np.array([np.log(len(sentences) / counts[token]) for token in kept], np.float32)
    return {token: place for place, token in enumerate(kept)}, rarity
