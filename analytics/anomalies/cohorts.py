"""SIMs that move together: a firmware update, an outage, a server that is down. One event, not one a SIM."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.anomalies.columns import Columns
from analytics.anomalies.levels import Reading
from analytics.anomalies.shapes import CohortEvent, Day, Flags, Floats, Whole

WINDOW: Final = 10  # days in which a roll-out reaches its cohort
FEWEST: Final = 3
SHARE: Final = 0.03
JUMP, JUMP_RATIO = 4.0, 1.5
ALIKE: Final = 3.0  # times the cohort's own median jump; more than that is something else
FEWEST_FOR_MEAN: Final = 20


@dataclass(frozen=True)
class Together:
    """Per SIM: is the way it moved today that of its cohort? `up` bytes, `sessions`, `silent`; `events` of today."""

    up: Flags
    sessions: Flags
    silent: Flags
    events: tuple[CohortEvent, ...]


def cohort_of(day: Day) -> Whole:
    """Of each SIM, -1 for none."""
    return np.full(day.bytes.shape, -1, np.int64) if day.cohort is None else day.cohort


def common_move(reading: Reading, cohort: Whole) -> Floats:
    """The mean deviation of each SIM's cohort that day, outliers clipped; 0 in small cohorts."""
    size = int(cohort.max(initial=-1)) + 1
    if not size:
        return np.zeros(cohort.shape, np.float32)
    there = reading.judged & ~reading.low & (cohort >= 0)
    place = np.where(there, cohort, size)
    count = np.bincount(place, minlength=size + 1)[:size]
    total = np.bincount(place, np.clip(reading.deviation, -2, 2), size + 1)[:size]
    mean = np.append(np.where(count >= FEWEST_FOR_MEAN, total / np.maximum(count, 1), 0), 0)
    return np.asarray(mean[np.where(cohort < 0, size, cohort)], np.float32)


def note_jumps(state: Columns, day: Day, reading: Reading) -> None:
    """Remember which SIMs jumped up today, and by how many bytes."""
    jumped = np.flatnonzero((reading.deviation > JUMP) & reading.judged & (reading.residual > np.log(JUMP_RATIO)))
    state["jump_day"][jumped] = day.ordinal
    state["jump"][jumped] = reading.credited[jumped] - reading.usual[jumped]


def move_together(state: Columns, day: Day, reading: Reading, cohort: Whole) -> Together:
    """Which cohorts move; call after `note_jumps` and the idle runs of the day."""
    size = int(cohort.max(initial=-1)) + 1
    place = np.where((cohort >= 0) & (state["spread"] > 0), cohort, size)
    members = np.bincount(place, minlength=size + 1)[:size]
    recent = (state["jump_day"] > day.ordinal - WINDOW) & (place < size)
    up, jumps = _events(day, "up", members, place, recent, state["jump"])
    storm = (reading.sessions_deviation > JUMP) & (place < size)
    sessions, _ = _events(day, "sessions", members, place, storm, None)
    fresh = (state["idle_days"] > 0) & (state["idle_days"] <= WINDOW) & (state["surprise"] > JUMP) & (place < size)
    silent, _ = _events(day, "silent", members, place, fresh, None)
    moves = {way: np.append(np.isin(np.arange(size), [one.cohort for one in found]), False)[place]
             for way, found in (("up", up), ("sessions", sessions), ("silent", silent))}  # fmt: skip
    alike = reading.credited - reading.usual <= ALIKE * np.append(jumps, 0)[place]
    state["moved"] = moves["up"] | moves["sessions"] | moves["silent"]
    return Together(moves["up"] & alike, moves["sessions"], moves["silent"], (*up, *sessions, *silent))


def _events(
    day: Day, way: str, members: NDArray[np.int64], place: Whole, moved: Flags, jump: Floats | None
) -> tuple[list[CohortEvent], Floats]:
    """The cohorts of which enough members moved, and the median jump of each cohort (0 where none)."""
    size = members.size
    who = np.flatnonzero(moved)
    count = np.bincount(place[who], minlength=size + 1)[:size]
    jumps = np.zeros(size, np.float32)
    found = []
    for one in np.flatnonzero((count >= FEWEST) & (count >= SHARE * members)).tolist():
        if jump is not None:
            jumps[one] = np.median(jump[who[place[who] == one]])
        found.append(CohortEvent(day.ordinal, one, way, int(count[one]), int(members[one]), float(jumps[one])))
    return found, jumps
