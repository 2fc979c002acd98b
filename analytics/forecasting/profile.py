"""What a series is usually like: its week, its noise, its class; for a block of series at once, shape (SIM, day).

Everything is scale-free in the way that matters: multiply a series by a factor and its profile is multiplied by it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.shapes import BURSTY, REGULAR, SILENT, SPARSE, VARIABLE, Flags, Matrix, Vector

CYCLES: Final = 8  # the last same weekdays that count
WINSOR: Final = 0.05  # of a series' days, at each end, are pulled in before they are averaged
SPARSE_BELOW: Final = 0.5  # of the days with use
SILENT_CYCLES: Final = 4  # without any use
REGULAR_UP_TO: Final = 0.13  # mean distance of days from their weekday's median, relative to the mean day
VARIABLE_UP_TO: Final = 0.45


@dataclass(frozen=True)
class Profile:
    """B series seen from the step after their last. `known` (B,): steps known; `middle`, `mean` (B, period): median
    and winsorised mean of each phase, phase 0 being the next step; `spread` (B,): winsorised standard deviation of
    the steps around their phase; `device_class` (B,): index in CLASSES."""

    known: NDArray[np.int32]
    middle: Matrix
    mean: Matrix
    spread: Vector
    device_class: NDArray[np.uint8]


def profile_of(values: Matrix, period: int, cycles: int = CYCLES) -> Profile:
    """The profile of `values` (B, T), NaN where unknown, from the last `cycles` periods."""
    folded = fold(values, period, cycles)
    middle, phase_known = middle_of(folded)
    flat = folded.reshape(len(folded), -1)
    known = np.isfinite(flat)
    fallback = _nan_to(middle_of(flat[:, None, :])[0][:, 0], 0)
    middle = np.where(phase_known > 0, middle, fallback[:, None])
    residual = (folded - middle[:, :, None]).reshape(len(folded), -1)
    low, high = quantiles_of(residual, (WINSOR, 1 - WINSOR))
    pulled = np.clip(residual, low[:, None], high[:, None])
    mean = middle + _mean(pulled.reshape(folded.shape), axis=2)
    spread = np.sqrt(_mean(np.square(pulled), axis=1))
    return Profile(
        known=np.isfinite(values).sum(axis=1, dtype=np.int32),
        middle=middle,
        mean=mean,
        spread=spread,
        device_class=_classes(flat, known, residual, period),
    )


def fold(values: Matrix, period: int, cycles: int) -> Matrix:
    """The last `cycles` periods as (B, period, cycles), NaN before the series began."""
    wanted = cycles * period
    count, length = values.shape
    if length < wanted:
        values = np.concatenate([np.full((count, wanted - length), np.nan, np.float32), values], axis=1)
    last = values[:, values.shape[1] - wanted :]
    return np.ascontiguousarray(last.reshape(count, cycles, period).transpose(0, 2, 1))


def middle_of(values: Matrix) -> tuple[Matrix, NDArray[np.int32]]:
    """The median of the known ones along the last axis (NaN when there are none), and how many there are."""
    ordered = np.sort(values, axis=-1)  # NaN goes last
    known = np.isfinite(ordered).sum(axis=-1, dtype=np.int32)
    below = np.maximum(known - 1, 0) // 2
    low = np.take_along_axis(ordered, below[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(ordered, (known // 2)[..., None].clip(max=values.shape[-1] - 1), axis=-1)[..., 0]
    high = np.where(known > 0, high, low)
    return low + (high - low) / 2, known


def quantiles_of(values: Matrix, levels: tuple[float, ...]) -> list[Vector]:
    """Quantiles of the known values of each row, interpolated; 0 for a row without any."""
    ordered = np.sort(values, axis=1)
    known = np.isfinite(ordered).sum(axis=1)
    rows = np.arange(len(values))
    found = []
    for level in levels:
        place = np.maximum(known - 1, 0) * level
        low = place.astype(np.int64)
        high = np.minimum(low + 1, np.maximum(known - 1, 0))
        part = (place - low).astype(np.float32)
        found.append(_nan_to(ordered[rows, low] * (1 - part) + ordered[rows, high] * part, 0))
    return found


def _classes(flat: Matrix, known: Flags, residual: Matrix, period: int) -> NDArray[np.uint8]:
    days = np.maximum(known.sum(axis=1), 1)
    active = (flat > 0).sum(axis=1) / days
    recent = (flat[:, -min(SILENT_CYCLES * period, flat.shape[1]) :] > 0).any(axis=1)
    size = _mean(flat, axis=1)
    distance = np.divide(_mean(np.abs(residual), axis=1), size, out=np.zeros_like(size), where=size > 0)
    found = np.where(distance <= REGULAR_UP_TO, REGULAR, np.where(distance <= VARIABLE_UP_TO, VARIABLE, BURSTY))
    found = np.where(active < SPARSE_BELOW, SPARSE, found)
    return np.where(recent, found, SILENT).astype(np.uint8)


def _mean(values: Matrix, axis: int) -> Matrix:
    """Of the known ones; 0 without any."""
    known = np.isfinite(values)
    total = np.where(known, values, np.float32(0)).sum(axis=axis, dtype=np.float32)
    count = known.sum(axis=axis)
    return np.divide(total, count, out=np.zeros_like(total), where=count > 0)


def _nan_to(values: Matrix, instead: float) -> Matrix:
    return np.where(np.isfinite(values), values, np.float32(instead))
