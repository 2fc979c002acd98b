"""The streaming detector: one vectorised step a day over all SIMs."""

from collections.abc import Iterable

import numpy as np

from analytics.anomalies.shapes import STATE, Day, Findings, Scan, Settings, State


def new_state(size: int) -> State:
    """`size` SIMs never seen."""
    return np.zeros(size, STATE)


def step(state: State, day: Day, settings: Settings | None = None) -> Findings:
    """Take one whole day: `state` is changed in place, what opened, goes on or ended is answered.

    Raises ValueError when the day was taken already, or arrays are of different lengths.
    """
    return Findings()


def scan(days: Iterable[Day], size: int, settings: Settings | None = None, state: State | None = None) -> Scan:
    """All days in turn, from a fresh state of `size` SIMs or from a given one (which is not changed)."""
    return Scan(new_state(size) if state is None else state.copy(), Findings(), 0)


def peek(state: State, partial: Day, share_of_day: float, settings: Settings | None = None) -> Findings:
    """What is sure already of a day of which `share_of_day` (0 .. 1) is over; the state stays as it is.

    `state` and `partial` hold the same SIMs, mostly few. Spikes, storms, thefts, roaming and broken limits only.
    """
    return Findings()
