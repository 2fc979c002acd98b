"""From deviations to kinds: how strong the evidence of each kind is, for the few SIMs that show any.

A strength of 1 is the threshold. It is the weaker of two measures wherever a kind needs two: far from the usual in the
SIM's own spreads, and many times the usual in bytes, so that neither a restless camera nor a meter with a spread of a
hundredth is flagged for nothing.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.anomalies.cohorts import Together
from analytics.anomalies.columns import Columns
from analytics.anomalies.idle import run_surprise, survival
from analytics.anomalies.levels import DRIFTED, FLOOR, Reading
from analytics.anomalies.shapes import (
    FIGURES,
    KINDS,
    LEAK,
    NEW_COUNTRY,
    POLICY,
    RETRY_STORM,
    ROAMING,
    SILENT,
    SPIKE,
    THEFT,
    THROTTLED,
    Day,
    Flags,
    Floats,
    Settings,
    Whole,
)
from analytics.anomalies.slopes import Slopes

SPIKE_DEVIATION, SPIKE_RATIO = 6.0, 2.0
DRIFT_RATIO, LASTING = 1.4, 2.0
SIDE_DEVIATION, SIDE_RATIO, SIDE_DRIFT = 3.0, 2.5, 6.0  # with a change of device or country beside it
SIDE_DAYS: Final = 7
TWO_EVIDENCES: Final = 4.0  # what bytes and a change of device weigh together, against either alone
HABIT, HABIT_DAYS, HABIT_DISCOUNT = 3e-4, 5_000, 3.0  # single heavy days a SIM and day that are a habit
STORM_DEVIATION, STORM_RATIO, FEWEST_SESSIONS = 5.0, 4.0, 40
SILENCE: Final = 11.0  # nats
SLOPE, RISE, RISING = 5.0, np.log(1.6), 0.8
TRICKLE_DAYS, TRICKLE_ODDS = 2, 6.5
RARELY_ABROAD: Final = 0.005  # share of a cohort's SIMs ever abroad, below which a new country alone is odd

Strengths = NDArray[np.float32]  # (kind, SIM)


@dataclass(frozen=True)
class Evidence:
    """Of the SIMs at `sims`: the strength of each kind, and the figures."""

    sims: Whole
    strength: Strengths
    figures: NDArray[np.void]


def candidates(state: Columns, day: Day, reading: Reading, leaking: Floats | None, settings: Settings) -> Whole:
    """SIMs that anything may be said of today; all others have no anomaly and none that is open."""
    found = (reading.deviation > SIDE_DEVIATION) | (reading.sessions_deviation > STORM_DEVIATION / 2)
    found &= reading.judged
    found |= (state["idle_days"] > 1) | (state["trickle"] > 0) | (state["drift"] > SIDE_DRIFT) | (state["kind"] > 0)
    for flags in (day.new_country, day.imei_changed):
        found |= False if flags is None else flags
    if leaking is not None:
        found |= leaking > SLOPE / 2
    found |= over_limit(day, reading, settings)
    return np.flatnonzero(found & reading.known)


def note_signals(state: Columns, day: Day, reading: Reading) -> None:
    """Remember changes of device and country, and days of a trickle behind a quota."""
    if day.imei_changed is not None:
        state["imei_day"][day.imei_changed] = day.ordinal
    if day.new_country is not None:
        state["country_day"][day.new_country] = day.ordinal
    if day.abroad is not None:
        state["ever_abroad"] |= day.abroad
    if day.quota_reached is not None:
        small = reading.judged & reading.low & (reading.value > 0)
        ended = ~day.quota_reached | (reading.judged & ~small & ~reading.idle)
        state["trickle"][ended] = 0
        state["trickle_days"][ended] = 0
        now = np.flatnonzero(day.quota_reached & small)
        state["trickle"][now] -= np.log(np.maximum(state["low"][now, int(day.weekday > 4)], 0.01))
        state["trickle_days"][now] += 1


def weigh(
    state: Columns,
    day: Day,
    reading: Reading,
    sims: Whole,
    together: Together,
    cohort: Whole,
    slope: Slopes | None,
    settings: Settings,
    *,
    whole_day: bool = True,
) -> Evidence:
    """The strengths for the SIMs at `sims`; what their cohort does too is left out.

    Of a day that is not over only what more of it cannot take back is weighed.
    """
    figures = _figures(state, day, reading, sims)
    strength = np.zeros((len(KINDS), sims.size), np.float32)
    _weigh_bytes(strength, figures, settings)
    strength[[SPIKE, THEFT, ROAMING]] *= ~together.up[sims]
    _weigh_sessions(strength, figures, reading.sessions_deviation[sims])
    strength[RETRY_STORM] *= ~together.sessions[sims]
    _weigh_country(strength, state, sims, cohort, figures)
    if whole_day:
        _weigh_silence(strength, figures, state, sims, cohort)
        strength[SILENT] *= ~together.silent[sims]
        _weigh_trickle(strength, figures, state, sims)
    if slope is not None:
        _weigh_slope(strength, figures, slope, sims)
    _weigh_policy(strength, figures, day, reading, sims, settings)
    _discount_habit(strength, state, sims, cohort, figures)
    strength[:POLICY] *= settings.sensitivity
    return Evidence(sims, strength, figures)


def _figures(state: Columns, day: Day, reading: Reading, sims: Whole) -> NDArray[np.void]:
    found = np.zeros(sims.size, FIGURES)
    spread = np.maximum(state["spread"][sims], FLOOR)
    usual = reading.usual[sims]
    values = {
        "value": reading.value[sims], "usual": usual, "low": usual * np.exp(-spread), "high": usual * np.exp(spread),
        "deviation": np.where(reading.judged[sims], reading.deviation[sims], 0), "drift": state["drift"][sims],
        "sessions": reading.sessions[sims],
        "usual_sessions": np.where(state["sessions_spread"][sims] > 0, np.expm1(state["sessions"][sims]), np.nan),
        "idle_days": state["idle_days"][sims], "idle_odds": 1, "doubling_days": np.nan,
        "imei_age": _age(state["imei_day"][sims], day.ordinal), "imei_hours": np.nan,
        "country_age": _age(state["country_day"][sims], day.ordinal), "limit": np.nan,
    }  # fmt: skip
    for name, column in values.items():
        found[name] = column
    for name in ("abroad", "quota_reached", "imei_hours"):
        given = getattr(day, name)
        if given is not None:
            found[name] = given[sims]
    return found


def _age(since: NDArray[np.int32], today: int) -> NDArray[np.int32]:
    """Days since, -1 for never or more than thirty ago."""
    age = today - since
    return np.where((since > 0) & (age <= 30), age, -1)


def _weigh_bytes(strength: Strengths, figures: NDArray[np.void], settings: Settings) -> None:
    """Spike, and with a change of device theft, with a foreign country roaming."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(np.maximum(figures["value"] / np.maximum(figures["usual"], 1), 1e-6))
    worth = figures["value"] - figures["usual"] >= settings.smallest_excess
    deviation, drift = figures["deviation"], figures["drift"]
    sudden = np.minimum(deviation / SPIKE_DEVIATION, ratio / np.log(SPIKE_RATIO))
    lasting = np.where(deviation > LASTING, np.minimum(drift / DRIFTED, ratio / np.log(DRIFT_RATIO)), 0)
    strength[SPIKE] = np.where(worth, np.maximum(sudden, lasting), 0)
    beside = np.minimum(np.maximum(deviation / SIDE_DEVIATION, drift / SIDE_DRIFT), ratio / np.log(SIDE_RATIO))
    lately = (figures["imei_age"] >= 0) & (figures["imei_age"] <= SIDE_DAYS)
    strength[THEFT] = np.where(worth & lately, np.where(beside >= 1, TWO_EVIDENCES * beside, beside), 0)
    new = figures["abroad"] & (figures["country_age"] >= 0) & (figures["country_age"] <= SIDE_DAYS)
    strength[ROAMING] = np.where(worth, np.where(new, beside, np.where(figures["abroad"], strength[SPIKE], 0)), 0)


def _discount_habit(strength: Strengths, state: Columns, sims: Whole, cohort: Whole, figures: NDArray[np.void]) -> None:
    """Single heavy days count less where the SIM's cohort has them now and then: one must last, or be huge."""
    alone = (strength[SPIKE] >= 1) & ~(strength[THEFT:] >= 1).any(axis=0)
    bursts = sims[alone & (figures["deviation"] >= SPIKE_DEVIATION)]
    state["bursts"][bursts] += state["bursts"][bursts] < 10_000
    size = int(cohort.max(initial=-1)) + 1
    place = np.where(cohort < 0, size, cohort)
    seen = np.bincount(place, state["bursts"], size + 1)
    lived = np.bincount(place, state["active"], size + 1)
    fleet = seen.sum() / (lived.sum() + HABIT_DAYS)
    habit = seen + HABIT_DAYS * fleet > HABIT * (lived + HABIT_DAYS)
    single = state["outside"][sims] < 2
    strength[SPIKE][single & habit[place[sims]]] /= HABIT_DISCOUNT


def _weigh_sessions(strength: Strengths, figures: NDArray[np.void], deviation: Floats) -> None:
    sessions, usual = np.nan_to_num(figures["sessions"]), np.nan_to_num(figures["usual_sessions"], nan=1e9)
    ratio = np.log1p(sessions) - np.log1p(usual)
    storm = np.minimum(ratio / np.log(STORM_RATIO), deviation / STORM_DEVIATION)
    strength[RETRY_STORM] = np.where(sessions >= FEWEST_SESSIONS, np.maximum(storm, 0), 0)


def _weigh_silence(strength: Strengths, figures: NDArray[np.void], state: Columns, sims: Whole, cohort: Whole) -> None:
    quiet = np.flatnonzero(figures["idle_days"] > 1)
    if not quiet.size:
        return
    surprise = run_surprise(state[sims[quiet]], survival(state, cohort), cohort[sims[quiet]])
    strong = surprise / SILENCE
    lasting = 0.05 * np.maximum(figures["idle_days"][quiet] - 2, 0)  # the longer, the graver
    strength[SILENT, quiet] = np.where(strong >= 1, strong + lasting, strong)
    figures["idle_odds"][quiet] = np.exp(-surprise)


def _weigh_trickle(strength: Strengths, figures: NDArray[np.void], state: Columns, sims: Whole) -> None:
    """The quota is reached and days far below the usual follow, one or two of which may be chance."""
    enough = figures["quota_reached"] & (state["trickle_days"][sims] >= TRICKLE_DAYS)
    strength[THROTTLED] = np.where(enough, state["trickle"][sims] / TRICKLE_ODDS, 0)


def _weigh_country(strength: Strengths, state: Columns, sims: Whole, cohort: Whole, figures: NDArray[np.void]) -> None:
    """A country alone counts where SIMs of its cohort hardly ever leave theirs."""
    new = np.flatnonzero((figures["country_age"] == 0) & (state["spread"][sims] > 0))
    for place in new.tolist():
        alike = cohort == cohort[sims[place]]
        if state["ever_abroad"][alike].mean() < RARELY_ABROAD and alike.sum() > 1 / RARELY_ABROAD:
            strength[NEW_COUNTRY, place] = 1.2


def _weigh_slope(strength: Strengths, figures: NDArray[np.void], slope: Slopes, sims: Whole) -> None:
    steady = slope.rising[sims] >= RISING
    strength[LEAK] = np.where(steady, np.minimum(slope.t[sims] / SLOPE, slope.rise[sims] / RISE), 0).clip(0)
    with np.errstate(divide="ignore"):
        doubling = 7 * np.log(2) / slope.slope[sims]
    figures["doubling_days"] = np.where(strength[LEAK] > 0, doubling, np.nan)
    figures["weeks"] = slope.weeks[sims]


def _weigh_policy(
    strength: Strengths, figures: NDArray[np.void], day: Day, reading: Reading, sims: Whole, settings: Settings
) -> None:
    """A limit that was set is broken or not: no statistics."""
    for value, own, general in (
        (reading.value, day.limit_bytes, settings.limit_bytes),
        (reading.sessions, day.limit_sessions, settings.limit_sessions),
    ):
        limit = np.full(sims.size, np.nan if general is None else general, np.float32)
        limit = limit if own is None else np.fmin(limit, own[sims])
        with np.errstate(invalid="ignore", divide="ignore"):
            over = value[sims] / limit
            broken = over > 1
        strength[POLICY][broken] = np.maximum(strength[POLICY][broken], 1 + np.log(over[broken]))
        figures["limit"] = np.where(broken, limit, figures["limit"])


def over_limit(day: Day, reading: Reading, settings: Settings) -> Flags:
    """SIMs above a limit of their own or of all, whether judged or not."""
    over = np.zeros(day.bytes.shape, np.bool_)
    for value, own, general in (
        (reading.value, day.limit_bytes, settings.limit_bytes),
        (reading.sessions, day.limit_sessions, settings.limit_sessions),
    ):
        with np.errstate(invalid="ignore"):
            if general is not None:
                over |= value > general
            if own is not None:
                over |= value > own
    return over
