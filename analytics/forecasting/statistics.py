"""Medians, quantiles and means of rows in which some values are unknown (NaN), for many rows at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def median(values: Array) -> tuple[Array, NDArray[np.int64]]:
    """The median of the known values along the last axis (NaN without any), and how many there are."""
    ordered = np.sort(values, axis=-1)  # NaN goes last
    known = np.isfinite(ordered).sum(axis=-1)
    low = _pick(ordered, np.maximum(known - 1, 0) // 2)
    high = _pick(ordered, np.maximum(np.minimum(known // 2, known - 1), 0))
    middle: Array = low + (high - low) * np.float32(0.5)
    return middle, known


def quantiles(values: Array, levels: Sequence[float]) -> list[Array]:
    """Of the known values of each row, interpolated; 0 for a row without any."""
    ordered = np.sort(values, axis=-1)
    last = np.maximum(np.isfinite(ordered).sum(axis=-1) - 1, 0)
    found = []
    for level in levels:
        place = last * level
        below = place.astype(np.int64)
        part = (place - below).astype(np.float32)
        low, high = _pick(ordered, below), _pick(ordered, np.minimum(below + 1, last))
        found.append(known_or(low + (high - low) * part, 0))
    return found


def mean(values: Array, axis: int) -> Array:
    """Of the known values; 0 without any."""
    known = np.isfinite(values)
    total = np.where(known, values, np.float32(0)).sum(axis=axis, dtype=np.float32)
    return share(total, known.sum(axis=axis))


def share(part: Array, whole: NDArray[np.float32] | NDArray[np.int64]) -> Array:
    """part / whole; 0 where the whole is nothing."""
    found: Array = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return found


def known_or(values: Array, instead: float) -> Array:
    """The values, with another for the unknown ones."""
    found: Array = np.where(np.isfinite(values), values, np.float32(instead))
    return found


def _pick(ordered: Array, place: NDArray[np.int64]) -> Array:
    found: Array = np.take_along_axis(ordered, place[..., None], axis=-1)[..., 0]
    return found
