"""What a SIM usually uses: the dense part of a step, over every SIM every day.

The level is that of the log of bytes on active days, weekday offset aside; level, offsets and spread follow the days by
exponentially weighted means whose innovations are clipped at 2.5 spreads (Huber) and do not count at all beyond six,
so that an anomaly teaches nothing (Gelper, Fried, Croux: Robust forecasting with exponential smoothing, 2010). The
first fourteen days are kept and the start is their median and MAD.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.anomalies.columns import Columns
from analytics.anomalies.shapes import START_DAYS, Day, Flags, Floats, Whole

LOW: Final = 1.9  # below 15 % of the usual, or 3.5 spreads if that is less, a day is not an active one
LOW_SPREADS: Final = 3.5
NOTHING: Final = 0.005  # share of the usual that counts as no use: what a network signals by itself
CLIP, BEYOND = 2.5, 6.0  # in spreads
FLOOR: Final = 0.08  # of the spread; log units
PRIOR_SPREAD, PRIOR_DAYS = 0.35, 4.0
PATIENCE: Final = 21  # days outside after which the new use is the usual
LEAST_ACTIVE: Final = 4  # of the fourteen
RECENT: Final = 0.25  # a week's memory
DRIFT_SLACK, DRIFTED, MOST_DRIFT = 0.75, 20.0, 30.0
DEBT_DAYS, DEBT_KEPT = 3.0, 0.6
MOST_ACTIVE_DAYS: Final = 10_000


@dataclass
class Reading:
    """One day of some SIMs against what is usual; arrays (SIM,). Where `judged` is false the rest means little."""

    known: Flags
    judged: Flags
    value: Floats  # bytes, 0 where unknown
    credited: Floats  # without what may be the late use of the days before
    usual: Floats
    residual: Floats  # log(credited / usual)
    deviation: Floats  # in spreads, -50 .. 50
    sessions: Floats  # NaN unknown
    sessions_deviation: Floats
    idle: Flags
    low: Flags


def read(state: Columns, day: Day) -> Reading:
    """Compare the day with the state, which stays as it is."""
    known = np.isfinite(day.bytes) & (day.bytes >= 0)
    if day.active is not None:
        known &= day.active
    value = np.where(known, day.bytes, np.float32(0))
    judged = known & (state["spread"] > 0)
    usual = np.exp(np.minimum(state["level"] + state["shape"][:, day.ordinal % 7], 60))
    owed = np.minimum(state["debt"], np.maximum(value - usual, 0))
    credited = value - owed
    residual = np.log(np.maximum(credited, 1)) - np.log(np.maximum(usual, 1))
    spread = np.maximum(state["spread"], FLOOR)
    wide = spread * np.sqrt(1 + 8 / np.maximum(state["active"], 4))
    deviation = np.clip(residual / wide, -50, 50)
    idle = known & (value <= NOTHING * usual) & (state["spread"] > 0)
    low = known & (residual < -np.maximum(LOW, LOW_SPREADS * spread))
    sessions, unusual = _sessions(state, day, known)
    return Reading(known, judged, value, credited, usual, residual, deviation, sessions, unusual, idle, low)


def _sessions(state: Columns, day: Day, known: Flags) -> tuple[Floats, Floats]:
    if day.sessions is None:
        nothing = np.full(known.shape, np.nan, np.float32)
        return nothing, np.zeros(known.shape, np.float32)
    good = known & np.isfinite(day.sessions) & (day.sessions >= 0) & (state["sessions_spread"] > 0)
    sessions = np.where(good, day.sessions, np.float32(np.nan))
    far = np.log1p(np.where(good, sessions, 0)) - state["sessions"]
    return sessions, np.where(good, np.clip(far / np.maximum(state["sessions_spread"], 0.15), -50, 50), 0)


def learn(state: Columns, day: Day, reading: Reading, common: Floats) -> None:
    """Take the day into what is usual. `common` (SIM,): how far the SIM's cohort moved that day, in spreads."""
    _learn_use(state, day, reading, common)
    _learn_debt(state, day, reading)
    _learn_sessions(state, day, reading)


def _learn_use(state: Columns, day: Day, reading: Reading, common: Floats) -> None:
    active = reading.judged & ~reading.low
    spread = np.maximum(state["spread"], FLOOR)
    own = reading.deviation - common
    far = np.abs(own)
    weight = np.clip((BEYOND - far) / (BEYOND - CLIP), 0, 1) * active
    clipped = np.clip(reading.residual, (common - CLIP) * spread, (common + CLIP) * spread) * weight
    count = state["active"]
    state["level"] += np.maximum(1 / (count + np.float32(START_DAYS)), np.float32(0.03)) * clipped
    state["shape"][:, day.ordinal % 7] += np.where(active, np.float32(0.08) * clipped, 0)
    logs = np.log(np.maximum(reading.credited, 1)) - state["shape"][:, day.ordinal % 7]
    step = np.clip(logs - state["recent"], -CLIP * spread, CLIP * spread)
    pace = weight * np.maximum(1 / (count + np.float32(START_DAYS)), np.float32(0.03))
    state["spread"] = np.where(
        active, np.sqrt(np.maximum((1 - pace) * spread**2 + pace * 1.05 * step**2, FLOOR**2)), state["spread"]
    )
    state["drift"] = np.where(
        active, np.clip(state["drift"] + np.clip(own, -3, 4) - DRIFT_SLACK, 0, MOST_DRIFT), state["drift"]
    )
    state["active"] += active & (count < MOST_ACTIVE_DAYS)
    most = CLIP * spread * (1 + state["outside"])  # one day moves it little, several in a row do
    state["recent"] += np.where(active, RECENT * np.clip(logs - state["recent"], -most, most), 0)
    _settle(
        state,
        reading,
        outside=(active & ((far > 4) | ((state["drift"] > DRIFTED) & (own > 0))))
        | (reading.judged & reading.low & ~reading.idle & (state["trickle"] == 0)),
    )


def _settle(state: Columns, reading: Reading, outside: Flags) -> None:
    """What lasts three weeks is the usual from then on; what comes back to the usual before is usual at once."""
    inside = reading.judged & ~outside & ~reading.idle
    state["outside"][inside] = 0
    state["outside"] += outside & (state["outside"] < 10_000)
    log = state["level"] + reading.residual
    back = outside & (state["before"] > 0) & (np.abs(log - state["before"]) < 2 * np.maximum(state["spread"], FLOOR))
    new = outside & ~back & (state["outside"] > PATIENCE)
    moved = np.flatnonzero(back | new)
    if moved.size:
        old = state["level"][moved]
        state["level"][moved] = np.where(back[moved], state["before"][moved], log[moved])
        state["before"][moved] = np.where(back[moved], 0, old)
        state["recent"][moved] = state["level"][moved]
        state["drift"][moved] = 0
        state["outside"][moved] = 0


def _learn_debt(state: Columns, day: Day, reading: Reading) -> None:
    """Bytes missing today may come tomorrow; what came is paid, what did not is forgotten within days."""
    expected = reading.usual * (1 - state["idle"][:, int(day.weekday > 4)])
    paid = state["debt"] - (reading.value - reading.credited)
    missing = reading.judged & (reading.value < 0.5 * reading.usual)
    owed = DEBT_KEPT * paid + np.where(missing, expected - reading.value, 0)
    chance = state["low"][:, int(day.weekday > 4)]
    pace = np.maximum(1 / (state["active"] + np.float32(6)), np.float32(0.02)) * reading.judged
    state["low"][:, int(day.weekday > 4)] += pace * (reading.low - chance)
    state["debt"] = np.where(reading.judged, np.clip(owed, 0, DEBT_DAYS * reading.usual), state["debt"])


def _learn_sessions(state: Columns, day: Day, reading: Reading) -> None:
    if day.sessions is None:
        return
    good = reading.known & (day.sessions > 0) & ~reading.low & np.isfinite(day.sessions)
    first = good & (state["sessions_spread"] == 0)
    logs = np.log1p(np.where(good, day.sessions, 0))
    state["sessions"] = np.where(first, logs, state["sessions"])
    state["sessions_spread"] = np.where(first, np.float32(0.5), state["sessions_spread"])
    spread = np.maximum(state["sessions_spread"], 0.15)
    far = np.clip(logs - state["sessions"], -CLIP * spread, CLIP * spread)
    weight = np.clip((BEYOND - np.abs(reading.sessions_deviation)) / (BEYOND - CLIP), 0, 1) * good
    pace = weight * np.maximum(1 / (state["active"] + np.float32(3)), np.float32(0.04))
    state["sessions"] += pace * far
    state["sessions_spread"] = np.sqrt((1 - pace) * state["sessions_spread"] ** 2 + pace * far**2)


def close_week(state: Columns) -> None:
    """Keep what the level of the last week was."""
    started = state["spread"] > 0
    weeks = state["shape"][:, 7:]
    weeks[started, :-1] = weeks[started, 1:]
    weeks[started, -1] = state["recent"][started]


def start(state: Columns, day: Day, reading: Reading) -> None:
    """Collect the first fourteen days of each SIM, then begin from their median and MAD."""
    new = np.flatnonzero(state["spread"] == 0)
    if not new.size:
        return
    fresh = new[(state["first_known"][new] == 0) & reading.known[new]]
    state["first_known"][fresh] = day.ordinal
    state["shape"][fresh] = np.nan
    waiting = new[state["first_known"][new] > 0]
    throttled = False if day.quota_reached is None else day.quota_reached[waiting]  # perhaps: teaches nothing
    use = np.where(reading.known[waiting] & np.logical_not(throttled), reading.value[waiting], np.nan)
    state["shape"][waiting, day.ordinal % START_DAYS] = use
    due = waiting[day.ordinal - state["first_known"][waiting] >= START_DAYS - 1]
    enough = (state["shape"][due] > 0).sum(axis=1) >= LEAST_ACTIVE
    _begin(state, due[enough], day.ordinal)


def _begin(state: Columns, sims: Whole, ordinal: int) -> None:
    if not sims.size:
        return
    days = state["shape"][sims]  # slot = day % 14, so the weekday is slot % 7
    logs = np.where(days > 0, np.log(np.maximum(days, 1)), np.nan)
    logs = np.where(logs >= row_median(logs)[:, None] - LOW, logs, np.nan)
    level = row_median(logs)
    pairs = (logs - level[:, None]).reshape(-1, 2, 7)
    there = np.isfinite(pairs)
    offset = np.where(there, pairs, 0).sum(axis=1) / (there.sum(axis=1) + 2)  # shrunk by half and more
    rest = pairs - offset[:, None, :]
    count = there.sum(axis=(1, 2))
    spread = _first_spread(rest.reshape(-1, START_DAYS), count)
    state["level"][sims] = level
    state["recent"][sims] = level
    state["spread"][sims] = np.maximum(spread, FLOOR)
    state["active"][sims] = count
    state["shape"][sims, :7] = offset
    state["shape"][sims, 7:] = np.nan
    usual, known = np.exp(level)[:, None], np.isfinite(days)
    _begin_idle(state, sims, days <= NOTHING * usual, known, ordinal)
    _chances(state["low"], sims, days <= np.exp(-LOW) * usual, known)


def _first_spread(rest: Floats, count: NDArray[np.int64]) -> Floats:
    """Root mean square of the residuals, those beyond 2.5 times their MAD clipped, drawn to what is usual.

    The offsets have taken about a quarter of the variance away, which is given back.
    """
    mad = 1.4826 * row_median(np.abs(rest))[:, None]
    clipped = np.where(np.isfinite(rest), np.clip(rest, -CLIP * mad, CLIP * mad), 0)
    total = 1.4 * (clipped**2).sum(axis=1)
    spread: Floats = np.sqrt((PRIOR_DAYS * PRIOR_SPREAD**2 + total) / (PRIOR_DAYS + count))
    return spread


def _begin_idle(state: Columns, sims: Whole, idle: Flags, known: Flags, ordinal: int) -> None:
    """How likely the SIM is to be idle: on weekdays, on weekends; and the runs of idle days in the start."""
    _chances(state["idle"], sims, idle, known)
    run = np.zeros(sims.size, np.int16)
    for past in range(START_DAYS - 1, -1, -1):
        run = np.where(idle[:, (ordinal - past) % START_DAYS], run + 1, 0).astype(np.int16)
        count_runs(state, sims, run)
    state["idle_days"][sims] = run
    state["surprise"][sims] = 0


def _chances(chance: Floats, sims: Whole, hit: Flags, known: Flags) -> None:
    """The share of weekdays, and of days of a weekend, with a hint that both may be rare."""
    weekend = np.isin(np.arange(START_DAYS) % 7, (6, 0))
    for place, slots in enumerate((~weekend, weekend)):
        chance[sims, place] = (hit[:, slots].sum(axis=1) + 0.05) / (known[:, slots].sum(axis=1) + 3)


def count_runs(state: Columns, sims: Whole, run: NDArray[np.int16]) -> None:
    """Count the idle runs that have just reached 1, 2, 4, 8 and 16 days."""
    for place, length in enumerate((1, 2, 4, 8, 16)):
        reached = sims[run == length]
        state["runs"][reached, place] += 1


def row_median(rows: Floats) -> Floats:
    """Of the known ones in each row; NaN where none is."""
    ordered = np.sort(rows, axis=1)  # NaN last
    count = np.isfinite(rows).sum(axis=1)
    index = np.arange(rows.shape[0])
    middle: Floats = (ordered[index, np.maximum(count - 1, 0) // 2] + ordered[index, count // 2]) / 2
    return middle
