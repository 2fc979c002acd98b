"""Record keys and digests: stable hashes of whole columns (pure; no Django).

They are stored, so they must never change: each different text is hashed once by BLAKE2b, rows combine the
hashes by the finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
"""

from hashlib import blake2b
from typing import Any

import numpy as np

from sims.formats.columns import Coded
from sims.formats.table import Ints

Words = np.ndarray[Any, np.dtype[np.uint64]]
Keys = np.ndarray[Any, np.dtype[np.uint8]]  # shape (rows, 16)

_SEEDS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03))


def _mix(words: Words) -> Words:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


class Hash:
    """A hash of 128 bits per row over any number of columns; their order counts."""

    def __init__(self, rows: int) -> None:
        self._lanes = [np.full(rows, seed) for seed in _SEEDS]

    def numbers(self, values: Ints) -> "Hash":
        words = values.astype(np.int64).view(np.uint64)
        self._lanes = [_mix(lane * np.uint64(31) + _mix(words + seed)) for lane, seed in self._seeded()]
        return self

    def texts(self, column: Coded[str]) -> "Hash":
        digests = b"".join(blake2b(value.encode(), digest_size=16).digest() for value in column.values)
        table = np.frombuffer(digests, "<u8").reshape(-1, 2)
        for lane in (0, 1):
            self._lanes[lane] = _mix(self._lanes[lane] * np.uint64(31) + table[column.codes, lane])
        return self

    def _seeded(self) -> list[tuple[Words, np.uint64]]:
        return list(zip(self._lanes, _SEEDS, strict=True))

    def keys(self, lead: Ints) -> Keys:
        """16 bytes per row: 4 of `lead`, which should grow with time, then 12 of the hash."""
        found = np.empty((len(lead), 16), np.uint8)
        found[:, :4] = (lead & 0xFFFFFFFF).astype(">u4").view(np.uint8).reshape(-1, 4)
        found[:, 4:12] = self._lanes[0].astype(">u8").view(np.uint8).reshape(-1, 8)
        found[:, 12:] = (self._lanes[1] >> np.uint64(32)).astype(">u4").view(np.uint8).reshape(-1, 4)
        return found

    def digest(self) -> Ints:
        """8 bytes per row, as signed numbers."""
        return self._lanes[0].view(np.int64)
