"""The last days in detail: each SIM-day as one to three usage records that add up to it exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sims.demo.archetypes import ARCHETYPES
from sims.demo.events import Kind
from sims.demo.fleet import Fleet
from sims.demo.identity import REPLACEMENT_TAC, THIEF_TAC, Texts, imeis_of_model
from sims.demo.places import COUNTRIES, OPERATOR_COUNTRY
from sims.demo.usage import Usage

MOST_RECORDS: Final = 3
UP_SHARE: Final = {"smart meter": 0.7, "tracker": 0.65, "telematics": 0.5, "POS": 0.45, "vending": 0.5,
                   "alarm": 0.5, "camera": 0.93}  # fmt: skip
# radio access as 3GPP numbers it: 6 LTE, 8 NB-IoT, 9 LTE-M
RAT: Final = {
    "smart meter": 8,
    "tracker": 9,
    "telematics": 6,
    "POS": 6,
    "vending": 9,
    "alarm": 9,
    "camera": 6,
}

Whole = NDArray[np.int64]


@dataclass
class Sums:
    """A block's days in whole numbers, shape (day, SIM)."""

    up: Whole
    down: Whole
    sessions: Whole


@dataclass
class Records:
    """One entry a record. `sim` counts within the fleet, `operator` in OPERATORS; times are UNIX seconds."""

    sim: Whole
    started: Whole
    ended: Whole
    up: Whole
    down: Whole
    count: Whole
    operator: Whole
    rat: Whole
    imei: Texts


class Devices:
    """Which device a SIM was in when: `first` IMEIs, and moves as (first day, day after the last, IMEI)."""

    def __init__(self, fleet: Fleet, first: Texts) -> None:
        self.first = first
        self.moves: dict[int, list[tuple[int, int, str]]] = {}
        for kind, tac in ((Kind.THEFT, THIEF_TAC), (Kind.IMEI_SWAP, REPLACEMENT_TAC)):
            events = fleet.events[fleet.events["kind"] == kind]
            texts = imeis_of_model(tac, np.arange(events.size), fleet.seed)
            for event, text in zip(events, texts, strict=True):
                end = int(event["end"]) if kind == Kind.THEFT else fleet.days
                self.moves.setdefault(int(event["sim"]), []).append((int(event["start"]), end, str(text)))

    def at_end(self, days: int) -> Texts:
        """The IMEI each SIM was last seen with, after so many days."""
        texts = self.first.copy()
        for sim, moves in self.moves.items():
            for _, end, imei in sorted(moves):
                if end >= days:
                    texts[sim] = imei
        return texts

    def on(self, sim: Whole, day: Whole, start: int, stop: int) -> Texts:
        """The IMEI of each (SIM, day); all SIMs are within start <= sim < stop."""
        texts = self.first[sim]
        for moved in (number for number in self.moves if start <= number < stop):
            for since, until, imei in sorted(self.moves[moved]):
                texts[(sim == moved) & (day >= since) & (day < until)] = imei
        return texts


def day_sums(fleet: Fleet, block: Usage, last_day: float = 1.0) -> Sums:
    """Bytes up and down and sessions a day; `last_day` is the share of the last day that is over already."""
    total = np.rint(block.bytes.astype(np.float64)).astype(np.int64)
    sessions = block.sessions.astype(np.int64)
    total[-1] = (total[-1] * last_day).astype(np.int64)
    sessions[-1] = np.ceil(sessions[-1] * last_day).astype(np.int64)
    sessions = np.where(total > 0, np.maximum(sessions, 1), 0)
    share = np.array([UP_SHARE[a.name] for a in ARCHETYPES])[fleet.archetype[block.start : block.stop]]
    up = (total * share).astype(np.int64)
    return Sums(up, total - up, sessions)


def make_records(
    fleet: Fleet,
    block: Usage,
    sums: Sums,
    devices: Devices,
    days: Sequence[int],
    spans: Sequence[tuple[int, int]],
) -> Records:
    """Records of the given days (counted in the period), each within its span of UNIX seconds (from, to)."""
    rng = np.random.default_rng([fleet.seed, 5, block.start])
    total = sums.up + sums.down
    day, sim = np.nonzero(total[list(days)] > 0)
    cell = (np.asarray(days)[day], sim)
    parts = np.minimum(rng.integers(1, MOST_RECORDS + 1, day.size), sums.sessions[cell])
    owner = np.repeat(np.arange(day.size), parts)
    place = np.arange(owner.size) - np.repeat(np.cumsum(parts) - parts, parts)
    low, high = np.array(spans, dtype=np.int64).reshape(-1, 2)[day].T
    slot = (high - low) / parts
    started = low[owner] + (slot[owner] * (place + 0.55 * rng.random(owner.size))).astype(np.int64)
    length = np.maximum((slot[owner] * 0.4 * rng.random(owner.size)).astype(np.int64), 1)
    weights = rng.random(owner.size) + 0.2
    fleet_sim = block.start + sim[owner]
    return Records(
        sim=fleet_sim,
        started=started,
        ended=started + length,
        up=_split(sums.up[cell], parts, weights),
        down=_split(sums.down[cell], parts, weights),
        count=1 + _split(sums.sessions[cell] - parts, parts, weights),
        operator=_seen_by(fleet, fleet_sim, block.visited[cell][owner]),
        rat=np.array([RAT[a.name] for a in ARCHETYPES])[fleet.archetype[fleet_sim]],
        imei=devices.on(fleet_sim, cell[0][owner], block.start, block.stop),
    )


def _split(whole: Whole, parts: Whole, weights: NDArray[np.float64]) -> Whole:
    """Each number in so many parts by weight; the last takes what rounding left."""
    if whole.size == 0:
        return whole
    first = np.cumsum(parts) - parts
    share = weights / np.repeat(np.add.reduceat(weights, first), parts)
    pieces: Whole = (np.repeat(whole, parts) * share).astype(np.int64)
    pieces[first + parts - 1] += whole - np.add.reduceat(pieces, first)
    return pieces


def _seen_by(fleet: Fleet, sim: Whole, visited: NDArray[np.uint8]) -> Whole:
    """The operator: its own at home, the largest one abroad."""
    largest = np.array([OPERATOR_COUNTRY.index(index) for index in range(len(COUNTRIES))])
    return np.where(visited == fleet.country[sim], fleet.operator[sim], largest[visited]).astype(np.int64)
