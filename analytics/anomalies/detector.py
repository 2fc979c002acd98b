"""The streaming detector: one vectorised step a day over all SIMs."""

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any, Final

import numpy as np

from analytics.anomalies import alerts, cohorts, weighing
from analytics.anomalies.columns import Columns
from analytics.anomalies.idle import learn_idle, usual_chance
from analytics.anomalies.levels import Reading, close_week, learn, read, start
from analytics.anomalies.shapes import ARRAYS, ENDED, STATE, Day, Findings, Scan, Settings, State
from analytics.anomalies.slopes import slopes

NO_BUDGET: Final = 1e9
PART: Final = 4096  # SIMs at a time, so that their state stays in the processor's cache
USUAL: Final = Settings()


def new_state(size: int) -> State:
    """`size` SIMs never seen."""
    return np.zeros(size, STATE)


def step(state: State, day: Day, settings: Settings | None = None) -> Findings:
    """Take one whole day: `state` is changed in place, what opened, goes on or ended is answered.

    Raises ValueError when the day was taken already, or arrays are of different lengths.
    """
    check(state, day)
    columns = Columns.of(state)
    found = _step(columns, day, settings or USUAL)
    columns.write(state)
    return found


def _step(state: Columns, day: Day, settings: Settings) -> Findings:
    cohort = cohorts.cohort_of(day)
    reading = _read_all(state, day)
    common = cohorts.common_move(reading, cohort)
    chance = usual_chance(state, day, cohort)
    for part in _parts(state.size):
        own, today, here = state[part], _cut(day, part), _cut_reading(reading, part)
        learn(own, today, here, common[part])
    learn_idle(state, day, reading, cohort, chance)
    weekly = day.ordinal % 7 == 0
    if weekly:
        close_week(state)
    start(state, day, reading)
    state["last_day"] = day.ordinal
    cohorts.note_jumps(state, day, reading)
    weighing.note_signals(state, day, reading)
    together = cohorts.move_together(state, day, reading, cohort)
    slope = slopes(state) if weekly else None
    state["score"] = np.where(reading.judged, 1, 0)
    sims = weighing.candidates(state, day, reading, slope.t if slope else None, settings)
    evidence = weighing.weigh(state, day, reading, sims, together, cohort, slope, settings)
    return replace(alerts.update(state, day, evidence, weekly, settings), cohorts=together.events)


def scan(days: Iterable[Day], size: int, settings: Settings | None = None, state: State | None = None) -> Scan:
    """All days in turn, from a fresh state of `size` SIMs or from a given one (which is not changed)."""
    state = new_state(size) if state is None else state.copy()
    columns, found = Columns.of(state), []
    for day in days:
        check(columns, day)
        found.append(_step(columns, day, settings or USUAL))
    columns.write(state)
    return Scan(state, joined(found), len(found))


def joined(findings: list[Findings]) -> Findings:
    """Those of several days as one, in order of day, then SIM."""
    if not findings:
        return Findings()
    arrays = {name: np.concatenate([getattr(one, name) for one in findings]) for name in ARRAYS}
    events = tuple(event for one in findings for event in one.cohorts)
    return Findings(**arrays, cohorts=events, withheld=sum(one.withheld for one in findings))


def peek(state: State, partial: Day, share_of_day: float, settings: Settings | None = None) -> Findings:
    """What is sure already of a day of which `share_of_day` is over (above 0, at most 1); the state stays as it is.

    `state` and `partial` hold the same SIMs, mostly few. Nothing is extrapolated: what is found is beyond the usual of
    the whole day already. Spikes, storms, thefts, roaming, new countries and broken limits only; no budget.
    """
    if not 0 < share_of_day <= 1:
        raise ValueError(f"share_of_day is {share_of_day}; it is above 0 and at most 1.")
    check(state, partial)
    settings = replace(settings or USUAL, budget=NO_BUDGET)
    columns = Columns.of(state)
    reading = _read_all(columns, partial)
    weighing.note_signals(columns, replace(partial, quota_reached=None), reading)
    moved = columns["moved"]
    together = cohorts.Together(moved, moved, moved, ())
    sims = weighing.candidates(columns, partial, reading, None, settings)
    evidence = weighing.weigh(
        columns, partial, reading, sims, together, cohorts.cohort_of(partial), None, settings, whole_day=False
    )
    found = alerts.update(columns, partial, evidence, False, settings)
    return found.only(found.phase != ENDED)


def check(state: State | Columns, day: Day) -> None:
    """Raises ValueError in a sentence for a day that cannot be taken."""
    for name in (one.name for one in fields(Day)):
        given = getattr(day, name)
        if isinstance(given, np.ndarray) and given.shape != (state.size,):
            raise ValueError(f"{name} has the shape {given.shape}; the state holds {state.size} SIMs.")
    last = int(state["last_day"].max(initial=0))
    if day.ordinal <= last:
        raise ValueError(f"Day {day.ordinal} is not after {last}, which was taken already: days come in order.")


def _parts(size: int) -> list[slice]:
    return [slice(start, min(start + PART, size)) for start in range(0, max(size, 1), PART)]


def _cut(day: Day, part: slice) -> Day:
    arrays = {one.name: getattr(day, one.name) for one in fields(Day)}
    cut: dict[str, Any] = {name: given[part] for name, given in arrays.items() if isinstance(given, np.ndarray)}
    return replace(day, **cut)


def _cut_reading(reading: Reading, part: slice) -> Reading:
    return Reading(*(getattr(reading, one.name)[part] for one in fields(Reading)))


def _read_all(state: Columns, day: Day) -> Reading:
    parts = [read(state[part], _cut(day, part)) for part in _parts(state.size)]
    return Reading(*(np.concatenate([getattr(one, name.name) for one in parts]) for name in fields(Reading)))
