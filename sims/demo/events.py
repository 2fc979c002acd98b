"""What happens to single SIMs: labelled anomalies, and the harmless things that look like them."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sims.demo.recipe import Recipe


class Kind(IntEnum):
    THEFT = 1
    RETRY_STORM = 2
    SILENT = 3
    LEAK = 4
    ROAMING_SPIKE = 5
    THROTTLED = 6
    IMEI_SWAP = 11
    BORDER_ROAMING = 12
    SEASONAL_SHOP = 13
    WIND_DOWN = 14
    UNUSED = 15
    FIRMWARE = 16  # a campaign: labelled once for its cohort, not for each SIM

    @property
    def is_anomaly(self) -> bool:
        return self < Kind.IMEI_SWAP


# events a SIM and year
RATES: Final = {
    Kind.THEFT: 0.004,
    Kind.RETRY_STORM: 0.010,
    Kind.SILENT: 0.015,
    Kind.LEAK: 0.008,
    Kind.ROAMING_SPIKE: 0.006,
    Kind.THROTTLED: 0.010,
    Kind.IMEI_SWAP: 0.03,
}

# days an event lasts: from, below
LENGTHS: Final = {
    Kind.THEFT: (2, 15),
    Kind.RETRY_STORM: (1, 6),
    Kind.SILENT: (3, 31),
    Kind.LEAK: (30, 91),
    Kind.ROAMING_SPIKE: (1, 7),
    Kind.THROTTLED: (5, 21),
    Kind.IMEI_SWAP: (1, 2),
}

# `size` means: theft bytes a day, storm and spike a factor, leak days to double, throttled the share left
EVENT: Final = np.dtype(
    [("sim", "i8"), ("kind", "u1"), ("start", "i4"), ("end", "i4"), ("size", "f8"), ("extra", "i8")]
)

Events = NDArray[np.void]


@dataclass(frozen=True)
class Campaign:
    """A firmware update of one hardware model: 80 % of its cohort, within `spread` days from `start`."""

    archetype: int
    model: int
    start: int
    spread: int
    size_bytes: float


def draw_events(
    first_day: NDArray[np.int32], stop_day: NDArray[np.int32], days: int, rng: np.random.Generator, recipe: "Recipe"
) -> Events:
    """Anomalies and IMEI swaps while each SIM lives, at most one anomaly a SIM, ordered by SIM.

    `first_day` and `stop_day` bound the days [first, stop) that a SIM is in use. Days count from 0 to `days`.
    """
    lived = np.clip(stop_day, 0, days) - np.clip(first_day, 0, days)
    drawn = [_draw(kind, recipe, first_day, lived, rng) for kind in RATES]
    events = np.concatenate(drawn)
    anomaly = events["kind"] < Kind.IMEI_SWAP
    order = rng.permutation(np.flatnonzero(anomaly))
    _, first = np.unique(events["sim"][order], return_index=True)
    kept = np.concatenate([events[order[first]], events[~anomaly]])
    return kept[np.argsort(kept["sim"], kind="stable")]


def _draw(
    kind: Kind,
    recipe: "Recipe",
    first_day: NDArray[np.int32],
    lived: NDArray[np.int32],
    rng: np.random.Generator,
) -> Events:
    hit = np.flatnonzero(rng.random(lived.size) < 1 - np.exp(-recipe.rate(kind) * lived / 365))
    events = np.zeros(hit.size, dtype=EVENT)
    events["sim"], events["kind"] = hit, kind
    events["start"] = first_day[hit].clip(0) + (rng.random(hit.size) * lived[hit]).astype(np.int32)
    length, events["size"] = _shape(kind, hit.size, rng, recipe)
    stop = first_day[hit].clip(0) + lived[hit]
    events["end"] = np.minimum(events["start"] + length, stop)
    events["extra"] = rng.integers(0, 1 << 31, size=hit.size)
    return events


def _shape(
    kind: Kind, count: int, rng: np.random.Generator, recipe: "Recipe"
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """How many days an event lasts, and its size."""
    shapes: dict[Kind, Callable[[], NDArray[np.float64]]] = {
        Kind.THEFT: lambda: 400e6**recipe.strength * np.exp(rng.normal(0, 0.35, count)),
        Kind.RETRY_STORM: lambda: np.exp(rng.uniform(np.log(2), np.log(20), count)) ** recipe.strength,
        Kind.LEAK: lambda: rng.uniform(10, 40, count),
        Kind.ROAMING_SPIKE: lambda: rng.uniform(3, 10, count) ** recipe.strength,
        Kind.THROTTLED: lambda: rng.uniform(0.01, 0.05, count),
    }
    size = shapes.get(kind, lambda: np.zeros(count))()
    return rng.integers(*recipe.lengths(kind), size=count), size


def draw_campaigns(
    models: list[tuple[int, int, float]], days: int, rng: np.random.Generator, recipe: "Recipe"
) -> tuple[Campaign, ...]:
    """Firmware campaigns over the period, about two a year for each (archetype, model, size in bytes)."""
    found = []
    for archetype, model, size in models:
        for _ in range(rng.poisson(2 * recipe.firmware * days / 365)):
            start, spread = int(rng.integers(0, days)), int(rng.integers(4, 11))
            found.append(Campaign(archetype, model, start, spread, size * float(rng.uniform(0.5, 2))))
    return tuple(found)
