"""What a series is usually like: its week, its recent level, its noise, its class; for a block of series at once.

Arrays have the shape (SIM, day). Multiply a series by a factor and its profile is multiplied by it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.shapes import BURSTY, REGULAR, SILENT, SPARSE, VARIABLE, Matrix, Vector
from analytics.forecasting.statistics import known_or, mean, median, quantiles, share

CYCLES: Final = 16  # the last same weekdays that count
WINDOWS: Final = (1, 2, 4, 8, 16)  # weeks whose levels are compared
FEATURES: Final = len(WINDOWS) - 1
WINSOR: Final = 0.03  # of a series' days, the highest, are pulled in before they are averaged
RARE_ZEROS: Final = (0.5, 0.8)  # median week to mean week: below the medians say nothing of the shape, above all
INNER: Final = (0.1, 0.9)  # quantiles of the residuals that noise is measured between: holidays lie outside
INNER_WIDTH: Final = 2.563  # of a standard normal distribution
EVEN_CYCLES: Final = np.float32(8)  # that the belief of equally noisy phases weighs as much as
LEAST_NOISE: Final = 0.25  # of the standard deviation, where most days are alike and a few are not
ODD_CYCLES: Final = 0.15  # of the cycles, the oddest, are left out of the drift
WEEK_KNOWN: Final = 0.4  # of a week's days: fewer say nothing about its level
LARGEST_STEP: Final = 1.0  # of the log of a level, from window to window
SPARSE_BELOW: Final = 0.5  # of the days with use
SILENT_CYCLES: Final = 4  # without any use
REGULAR_UP_TO: Final = 0.13  # mean distance of days from their weekday's median, relative to the mean day
VARIABLE_UP_TO: Final = 0.45


@dataclass(frozen=True)
class Profile:
    """B series seen from their last step.

    `known` (B,): steps known in the whole history, `seen` (B,): of the last 16 cycles. `middle`, `average`
    (B, period): median and winsorised mean of each phase of the cycle, phase 0 being the next step. `spread` (B,):
    standard deviation of steps around their phase, `uneven` (B, period): that of each phase relative to it, `drift`
    (B,): of whole cycles' levels around 1. `recent` (B, FEATURES): log ratios of the level of the last cycle to that
    of the last 2, 2 to 4, and so on. `device_class` (B,): index in CLASSES.
    """

    known: NDArray[np.int64]
    seen: NDArray[np.int64]
    middle: Matrix
    average: Matrix
    spread: Vector
    uneven: Matrix
    drift: Vector
    recent: Matrix
    device_class: NDArray[np.uint8]

    @property
    def level(self) -> Vector:
        """The mean step."""
        found: Vector = self.average.mean(axis=1)
        return found


def profile_of(values: Matrix, period: int, cycles: int = CYCLES) -> Profile:
    """The profile of `values` (B, T), NaN where unknown, from its last `cycles` periods."""
    folded = fold(values, period, cycles)
    flat = folded.reshape(len(folded), folded.shape[1] * folded.shape[2])
    middle, known = median(folded)
    middle = np.where(known > 0, middle, known_or(median(flat)[0], 0)[:, None])
    limit = _highest(flat)
    pulled = np.minimum(folded, limit[:, None, None])
    average = np.where(known > 0, mean(pulled, axis=2), mean(pulled.reshape(flat.shape), axis=1)[:, None])
    average = _steadied(average, middle)
    residual = pulled - middle[:, :, None]
    spread, distance = _noise(residual.reshape(flat.shape))
    levels = _cycle_levels(pulled, average)
    return Profile(
        known=np.isfinite(values).sum(axis=1),
        seen=np.isfinite(flat).sum(axis=1),
        middle=middle,
        average=average,
        spread=spread,
        uneven=_uneven(residual, distance),
        drift=_drift(levels),
        recent=_recent(levels),
        device_class=_classes(folded, distance),
    )


def _highest(flat: Matrix) -> Vector:
    """What no day may be taken to exceed (B,); of a device that rarely uses anything, at least its usual use."""
    (limit,) = quantiles(flat, (1 - WINSOR,))
    rare = np.flatnonzero((limit <= 0) & (flat > 0).any(axis=1))
    if rare.size:
        used = np.where(flat[rare] > 0, flat[rare], np.float32(np.nan))
        limit[rare] = median(used)[0]
    return limit


def _steadied(average: Matrix, middle: Matrix) -> Matrix:
    """The average with the shape of the medians, which holidays do not bend, where days without use are rare."""
    whole = average.sum(axis=1, keepdims=True)
    ratio = share(middle.sum(axis=1, keepdims=True), whole)
    trust = np.clip((ratio - RARE_ZEROS[0]) / (RARE_ZEROS[1] - RARE_ZEROS[0]), 0, 1).astype(np.float32)
    shaped = middle * share(whole, middle.sum(axis=1, keepdims=True))
    found: Matrix = trust * shaped + (1 - trust) * average
    return found


def fold(values: Matrix, period: int, cycles: int) -> Matrix:
    """The last `cycles` periods (at most all there are) as (B, period, cycles), the newest last."""
    count, length = values.shape
    cycles = max(min(cycles, -(-length // period)), 1)
    missing = cycles * period - length
    if missing > 0:
        values = np.concatenate([np.full((count, missing), np.nan, np.float32), values], axis=1)
    last = values[:, values.shape[1] - cycles * period :]
    return np.ascontiguousarray(last.reshape(count, cycles, period).transpose(0, 2, 1))


def _noise(residual: Matrix) -> tuple[Vector, Vector]:
    """Standard deviation judged by the inner days, and mean absolute distance."""
    low, high = quantiles(residual, INNER)
    inner = (high - low) / np.float32(INNER_WIDTH)
    whole = np.sqrt(mean(np.square(residual), axis=1))
    spread: Vector = np.maximum(inner, LEAST_NOISE * whole)
    return spread, mean(np.abs(residual), axis=1)


def _uneven(residual: Matrix, distance: Vector) -> Matrix:
    """How much noisier than the others each phase is, drawn to 1: it is known from few cycles."""
    own = share(mean(np.abs(residual), axis=2), np.broadcast_to(distance[:, None], residual.shape[:2]))
    known = np.isfinite(residual).sum(axis=2).astype(np.float32)
    found: Matrix = (known * own + EVEN_CYCLES) / (known + EVEN_CYCLES)
    return np.where(distance[:, None] > 0, found, np.float32(1))


def _cycle_levels(pulled: Matrix, average: Matrix) -> Matrix:
    """(B, cycles): each cycle's use relative to the usual use of the same known steps, NaN with too few."""
    known = np.isfinite(pulled)
    usual = np.where(known, average[:, :, None], np.float32(0)).sum(axis=1)
    levels = share(known_or(pulled, 0).sum(axis=1), usual)
    enough = (known.sum(axis=1) >= max(WEEK_KNOWN * pulled.shape[1], 1)) & (usual > 0)
    return np.where(enough, levels, np.float32(np.nan))


def _recent(levels: Matrix) -> Matrix:
    windows = [mean(levels[:, -count:], axis=1) for count in WINDOWS]
    seen = [np.isfinite(levels[:, -count:]).any(axis=1) for count in WINDOWS]
    steps = []
    for near, far, known in zip(windows, windows[1:], seen, strict=False):
        ratio = np.log(np.maximum(near, 1e-3) / np.maximum(far, 1e-3))
        steps.append(np.where(known, np.clip(ratio, -LARGEST_STEP, LARGEST_STEP), 0))
    return np.stack(steps, axis=1).astype(np.float32)


def _drift(levels: Matrix) -> Vector:
    """Standard deviation of the cycles' levels around 1, the oddest left out."""
    distance = np.clip(np.abs(levels - 1), 0, 1)
    (limit,) = quantiles(distance, (1 - ODD_CYCLES,))
    found: Vector = np.sqrt(mean(np.square(np.minimum(distance, limit[:, None])), axis=1))
    return found


def _classes(folded: Matrix, distance: Vector) -> NDArray[np.uint8]:
    flat = folded.reshape(len(folded), folded.shape[1] * folded.shape[2])
    active = share((flat > 0).sum(axis=1).astype(np.float32), np.isfinite(flat).sum(axis=1))
    recent = (folded[:, :, -SILENT_CYCLES:] > 0).any(axis=(1, 2))
    relative = share(distance, mean(flat, axis=1))
    found = np.where(relative <= REGULAR_UP_TO, REGULAR, np.where(relative <= VARIABLE_UP_TO, VARIABLE, BURSTY))
    found = np.where(active < SPARSE_BELOW, SPARSE, found)
    return np.where(recent, found, SILENT).astype(np.uint8)
