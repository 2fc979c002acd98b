"""The streaming detector: one vectorised step a day over all SIMs."""

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Final

import numpy as np

from analytics.anomalies import alerts, cohorts, weighing
from analytics.anomalies.idle import learn_idle, usual_chance
from analytics.anomalies.levels import Reading, learn, read
from analytics.anomalies.shapes import ARRAYS, STATE, Day, Findings, Scan, Settings, State
from analytics.anomalies.slopes import slopes

PART: Final = 4096  # SIMs at a time, so that their state stays in the processor's cache
USUAL: Final = Settings()


def new_state(size: int) -> State:
    """`size` SIMs never seen."""
    return np.zeros(size, STATE)


def step(state: State, day: Day, settings: Settings | None = None) -> Findings:
    """Take one whole day: `state` is changed in place, what opened, goes on or ended is answered.

    Raises ValueError when the day was taken already, or arrays are of different lengths.
    """
    settings = settings or USUAL
    check(state, day)
    cohort = cohorts.cohort_of(day)
    reading = _read_all(state, day)
    common = cohorts.common_move(reading, cohort)
    chance = usual_chance(state, day, cohort)
    for part in _parts(state.size):
        own, today, here = state[part], _cut(day, part), _cut_reading(reading, part)
        learn(own, today, here, common[part])
        learn_idle(own, today, here, chance[part])
    state["last_day"] = day.ordinal
    cohorts.note_jumps(state, day, reading)
    weighing.note_signals(state, day, reading)
    together = cohorts.move_together(state, day, reading, cohort)
    weekly = day.ordinal % 7 == 0
    slope = slopes(state) if weekly else None
    state["score"] = np.where(reading.judged, 1, 0)
    sims = weighing.candidates(state, day, reading, slope.t if slope else None)
    evidence = weighing.weigh(state, day, reading, sims, together, cohort, slope, settings)
    return replace(alerts.update(state, day, evidence, weekly, settings), cohorts=together.events)


def scan(days: Iterable[Day], size: int, settings: Settings | None = None, state: State | None = None) -> Scan:
    """All days in turn, from a fresh state of `size` SIMs or from a given one (which is not changed)."""
    state = new_state(size) if state is None else state.copy()
    found = [step(state, day, settings) for day in days]
    return Scan(state, joined(found), len(found))


def joined(findings: list[Findings]) -> Findings:
    """Those of several days as one, in order of day, then SIM."""
    if not findings:
        return Findings()
    arrays = {name: np.concatenate([getattr(one, name) for one in findings]) for name in ARRAYS}
    events = tuple(event for one in findings for event in one.cohorts)
    return Findings(**arrays, cohorts=events, withheld=sum(one.withheld for one in findings))


def peek(state: State, partial: Day, share_of_day: float, settings: Settings | None = None) -> Findings:
    """What is sure already of a day of which `share_of_day` (0 .. 1) is over; the state stays as it is.

    `state` and `partial` hold the same SIMs, mostly few. Spikes, storms, thefts, roaming and broken limits only.
    """
    return Findings()


def check(state: State, day: Day) -> None:
    """Raises ValueError in a sentence for a day that cannot be taken."""
    for name in (one.name for one in fields(Day)):
        given = getattr(day, name)
        if isinstance(given, np.ndarray) and given.shape != state.shape:
            raise ValueError(f"{name} has the shape {given.shape}; the state holds {state.size} SIMs.")
    last = int(state["last_day"].max(initial=0))
    if day.ordinal <= last:
        raise ValueError(f"Day {day.ordinal} is not after {last}, which was taken already: days come in order.")


def _parts(size: int) -> list[slice]:
    return [slice(start, min(start + PART, size)) for start in range(0, size, PART)]


def _cut(day: Day, part: slice) -> Day:
    arrays = {one.name: getattr(day, one.name) for one in fields(Day)}
    return Day(**{name: given[part] if isinstance(given, np.ndarray) else given for name, given in arrays.items()})


def _cut_reading(reading: Reading, part: slice) -> Reading:
    return Reading(*(getattr(reading, one.name)[part] for one in fields(Reading)))


def _read_all(state: State, day: Day) -> Reading:
    parts = [read(state[part], _cut(day, part)) for part in _parts(state.size)]
    return Reading(*(np.concatenate([getattr(one, name.name) for one in parts]) for name in fields(Reading)))
