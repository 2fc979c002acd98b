"""How surprising a run of days without use is.

A run is as unlikely as its beginning (per SIM, weekdays and weekends apart) times the chance that a run, once begun,
lasts so long. The latter is the survival curve of the idle runs of the SIM's cohort, to which its own runs are added:
trackers stand still for weeks, meters never.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.anomalies.columns import Columns
from analytics.anomalies.levels import Reading, count_runs
from analytics.anomalies.shapes import Day, Floats, Whole

LENGTHS: Final = np.array([1, 2, 4, 8, 16])
USUAL: Final = np.array([1, 0.15, 0.05, 0.025, 0.0125])  # survival where nothing is known
USUAL_RUNS: Final = 4.0
COHORT_RUNS: Final = 40.0  # how many of its own runs the cohort's curve is worth

COHORT_DAYS: Final = 100
FAULTS: Final = 1.2e-4  # runs a SIM and day that count as faults and not as the cohort's habit

Curves = NDArray[np.float64]


def usual_chance(state: Columns, day: Day, cohort: Whole) -> Floats:
    """How often an idle run begins on such a day in each SIM's cohort, a run a SIM-day; 0 without a cohort.

    The mean of what its SIMs are taken for, and no more than the cohort's runs over its days: a SIM alone cannot know
    that it is hardly ever idle, a thousand can.
    """
    size = int(cohort.max(initial=-1)) + 1
    place = np.where((cohort >= 0) & (state["spread"] > 0), cohort, size)
    count = np.maximum(np.bincount(place, minlength=size + 1), 1)
    mean = [np.bincount(place, state["idle"][:, kind], size + 1) / count for kind in (0, 1)]
    begun = np.bincount(place, state["runs"][:, 0], size + 1) + 0.5
    expected = np.bincount(place, state["active"], size + 1) * (5 * mean[0] + 2 * mean[1]) / 7
    chance = mean[int(day.weekday > 4)] * np.minimum(begun / np.maximum(expected, 0.5), 1)
    chance[size] = 0
    return np.asarray(chance[place], np.float32)


def learn_idle(state: Columns, day: Day, reading: Reading, cohort: Whole, usual: Floats) -> None:
    """Take the day into the idle runs; `surprise` is that of the first day, by what was known before it.

    What a SIM is taken for is drawn toward its cohort, `usual`, as if by a hundred days more.
    """
    weekend = int(day.weekday > 4)
    at_risk = reading.judged & (state["idle_days"] == 0)
    idle = np.flatnonzero(reading.idle)
    chance = state["idle"][:, weekend]
    begins = idle[at_risk[idle]]
    own = state["active"][begins].astype(np.float32)
    drawn = (own * chance[begins] + COHORT_DAYS * usual[begins]) / (own + COHORT_DAYS)
    drawn = np.where(cohort[begins] < 0, chance[begins], drawn)
    state["surprise"][begins] = -np.log(np.maximum(drawn, 1e-4))
    pace = np.maximum(1 / (state["active"] + np.float32(6)), np.float32(0.01)) * at_risk
    state["idle"][:, weekend] += pace * (reading.idle - chance)
    state["idle_days"][reading.judged & ~reading.idle] = 0
    state["idle_days"][idle] = np.minimum(state["idle_days"][idle] + 1, 10_000)
    count_runs(state, idle, state["idle_days"][idle])


def survival(state: Columns, cohort: Whole) -> Curves:
    """For each cohort (row; the last row: no cohort) the share of idle runs that reached 1, 2, 4, 8, 16 days."""
    size = int(cohort.max(initial=-1)) + 1
    place = np.where(cohort < 0, size, cohort)
    runs = np.stack([np.bincount(place, state["runs"][:, one], size + 1) for one in range(len(LENGTHS))], axis=1)
    lived = np.bincount(place, state["active"], size + 1)
    runs[:, 1:] = np.maximum(runs[:, 1:] - FAULTS * lived[:, None], 0)
    curves: Curves = np.ones_like(runs)
    for one in range(len(LENGTHS) - 1):  # a run that goes on has not yet failed to reach the next length
        open_runs = (state["idle_days"] >= LENGTHS[one]) & (state["idle_days"] < LENGTHS[one + 1])
        undecided = np.bincount(place[open_runs], minlength=size + 1)
        tried = np.maximum(runs[:, one] - undecided, runs[:, one + 1])
        step = USUAL[one + 1] / USUAL[one]
        curves[:, one + 1] = curves[:, one] * (runs[:, one + 1] + USUAL_RUNS * step) / (tried + USUAL_RUNS)
    return curves


def run_surprise(state: Columns, curves: Curves, cohort: Whole) -> Floats:
    """In nats, of the idle runs of these SIMs (0 where there is none)."""
    run = state["idle_days"].astype(np.float64)
    prior = curves[np.where(cohort < 0, curves.shape[0] - 1, cohort)]
    own = state["runs"].astype(np.float64)
    begun = np.maximum(own[:, :1] - 1, 0)  # without the one that runs
    lasted = np.minimum(np.maximum(own - (run[:, None] >= LENGTHS), 0), begun)
    logs = np.log((lasted + COHORT_RUNS * prior) / (begun + COHORT_RUNS))
    found: Floats = np.where(run > 0, state["surprise"] - _between(logs, run), 0).astype(np.float32)
    return found


def _between(logs: NDArray[np.float64], run: NDArray[np.float64]) -> NDArray[np.float64]:
    """The log survival at each run's length, straight in the log of the length, and on beyond sixteen days."""
    at, x = np.log2(np.maximum(run, 1)), np.arange(len(LENGTHS))
    part = np.clip(np.floor(at).astype(int), 0, len(LENGTHS) - 2)
    rows = np.arange(run.size)
    slope = logs[rows, part + 1] - logs[rows, part]
    return np.asarray(logs[rows, part] + slope * (at - x[part]))
