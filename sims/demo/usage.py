"""Daily use of a block of SIMs: arrays (day, SIM), contiguous float32.

Usage[i, t] = P[i,t] (1 - k) L_i G[i,t] Y(t) S_i(weekday) exp(x[i,t]) + k L_i + firmware, then events, then
late records; x is an AR(1) of log-sd s, shifted so that L_i is the mean day (and 30 L_i the month).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sims.demo.apply_events import apply_events
from sims.demo.archetypes import Archetype
from sims.demo.fleet import Fleet
from sims.demo.places import COUNTRIES, COUNTRY_INDEX

BLOCK: Final = 8192  # SIMs of one random stream: the same fleet whoever asks for which part of it
COMMON_SD: Final = 0.03
IDLE_START: Final = 0.01
IDLE_END: Final = 1 / 6
IDLE_SHARE: Final = IDLE_START / (IDLE_START + IDLE_END)

Days = NDArray[np.float32]


@dataclass
class Usage:
    """Use of the SIMs `start` <= sim < `stop` of a fleet.

    `bytes` float32, `sessions` int32 and `visited` uint8 (index in COUNTRIES) have the shape (day, SIM).
    """

    start: int
    stop: int
    bytes: Days
    sessions: NDArray[np.int32]
    visited: NDArray[np.uint8]


def blocks(fleet: Fleet) -> Iterator[Usage]:
    """The use of the whole fleet, one block of SIMs after the other."""
    for start in range(0, fleet.size, BLOCK):
        yield usage_of_block(fleet, start)


def usage_of_block(fleet: Fleet, start: int) -> Usage:
    """The block that begins at SIM `start`, a multiple of BLOCK."""
    stop = min(start + BLOCK, fleet.size)
    rng = np.random.default_rng([fleet.seed, 2, start])
    used = np.zeros((fleet.days, stop - start), dtype=np.float32)
    noise = np.zeros_like(used)
    for index, archetype in enumerate(fleet.recipe.archetypes):
        mine = np.flatnonzero(fleet.archetype[start:stop] == index)
        used[:, mine], noise[:, mine] = _ordinary_days(fleet, archetype, index, start + mine, rng)
    _firmware(fleet, used, start, stop, rng)
    sessions = _sessions(fleet, used, noise, start, stop)
    visited = np.broadcast_to(fleet.country[start:stop], used.shape).copy()
    block = Usage(start, stop, used, sessions, visited)
    _cross_borders(fleet, block, rng)
    apply_events(fleet, block)
    _live(fleet, block)
    _arrive_late(block, rng, fleet.recipe.late_share)
    block.sessions[block.bytes <= 0] = 0
    return block


def _ordinary_days(
    fleet: Fleet, archetype: Archetype, index: int, sims: NDArray[np.int64], rng: np.random.Generator
) -> tuple[Days, Days]:
    """Bytes and log noise of one archetype's SIMs, before anything happens to them."""
    weekdays = (fleet.start_date.weekday() + np.arange(fleet.days)) % 7
    activity = np.where(np.arange(7) < 5, archetype.weekday, archetype.weekend)
    shape = _weekday_shapes(archetype, activity, sims.size, rng)
    noise = _ar1(fleet.days, sims.size, archetype.daily_sd, rng, fleet.recipe.memory)
    days = np.exp(noise - archetype.daily_sd**2 / 2)
    days *= shape[weekdays]
    middle = np.arange(fleet.days, dtype=np.float32)[:, None] - fleet.days / 2
    days *= np.exp(middle * fleet.growth[sims])
    days *= _common(fleet, archetype, index)[:, None]
    days *= _active(archetype, activity[weekdays], sims.size, rng)
    if fleet.recipe.bursts:
        days *= _bursts(fleet.recipe.bursts, days.shape, rng)
    days *= 1 - archetype.keepalive
    days += archetype.keepalive
    days *= fleet.level[sims]
    return days, noise


def _bursts(share: float, shape: tuple[int, ...], rng: np.random.Generator) -> Days:
    """Days of harmless heavy use."""
    factor: Days = np.where(rng.random(shape) < share, rng.uniform(3, 8, shape), 1).astype(np.float32)
    return factor


def _weekday_shapes(archetype: Archetype, activity: NDArray[np.float64], count: int, rng: np.random.Generator) -> Days:
    """Each SIM's own week (7, SIM), so scaled that the mean day, idle ones included, is 1."""
    own = np.exp(rng.normal(0, 0.3 * archetype.daily_sd, size=(7, count)))
    shape = np.array(archetype.profile)[:, None] * own
    scaled: Days = (shape / (shape * activity[:, None]).mean(axis=0)).astype(np.float32)
    return scaled


def _ar1(days: int, count: int, sd: float, rng: np.random.Generator, memory: float) -> Days:
    noise = rng.standard_normal((days, count), dtype=np.float32)
    noise[1:] *= np.sqrt(1 - memory**2)
    for day in range(1, days):
        noise[day] += memory * noise[day - 1]
    noise *= sd
    return noise


def _common(fleet: Fleet, archetype: Archetype, index: int) -> Days:
    """What all SIMs of an archetype share on a day: the season, and common noise."""
    rng = np.random.default_rng([fleet.seed, 3, index])
    first = fleet.start_date.timetuple().tm_yday
    angle = 2 * np.pi * (first + np.arange(fleet.days) - archetype.peak_day) / 365.25
    noise = _ar1(fleet.days, 1, COMMON_SD, rng, fleet.recipe.memory)[:, 0]
    common: Days = ((1 + archetype.season * np.cos(angle)) * np.exp(noise)).astype(np.float32)
    return common


def _active(
    archetype: Archetype, activity: NDArray[np.float64], count: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """P[i, t]: on or off. Mobile devices also stand still for days (a Markov chain)."""
    draw = rng.random((activity.size, count), dtype=np.float32)
    if not archetype.mobile:
        return draw < activity[:, None].astype(np.float32)
    moving = ~_idle_spells(activity.size, count, rng)
    return moving & (draw < (activity / (1 - IDLE_SHARE))[:, None].astype(np.float32))


def _idle_spells(days: int, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    draw = rng.random((days, count), dtype=np.float32)
    idle = np.empty((days, count), dtype=np.bool_)
    idle[0] = draw[0] < IDLE_SHARE
    for day in range(1, days):
        idle[day] = np.where(idle[day - 1], draw[day] >= IDLE_END, draw[day] < IDLE_START)
    return idle


def _firmware(fleet: Fleet, used: Days, start: int, stop: int, rng: np.random.Generator) -> None:
    """Each campaign reaches four of five SIMs of its hardware model, on a day of its roll-out."""
    archetype, model = fleet.archetype[start:stop], fleet.model[start:stop]
    for campaign in fleet.campaigns:
        cohort = np.flatnonzero((archetype == campaign.archetype) & (model == campaign.model))
        cohort = cohort[rng.random(cohort.size) < fleet.recipe.firmware_reach]
        day = campaign.start + (rng.beta(1.2, 2.0, cohort.size) * campaign.spread).astype(int)
        reached = day < fleet.days
        used[day[reached], cohort[reached]] += campaign.size_bytes


def _sessions(fleet: Fleet, used: Days, noise: Days, start: int, stop: int) -> NDArray[np.int32]:
    usual = np.array([a.sessions for a in fleet.recipe.archetypes], dtype=np.float32)[fleet.archetype[start:stop]]
    sessions = np.rint(usual * np.exp(0.4 * noise))
    return np.where(used > 0, np.maximum(sessions, 1), 0).astype(np.int32)


def _cross_borders(fleet: Fleet, block: Usage, rng: np.random.Generator) -> None:
    """SIMs near a border are seen by a neighbour's network on some days: harmless."""
    for sim in np.flatnonzero(fleet.border[block.start : block.stop]):
        country = COUNTRIES[fleet.country[block.start + sim]]
        neighbour = COUNTRY_INDEX[country.neighbours[int(rng.integers(len(country.neighbours)))]]
        block.visited[rng.random(fleet.days) < fleet.recipe.border_days, sim] = neighbour


def _live(fleet: Fleet, block: Usage) -> None:
    """No use before activation, after the end, in a pause, or at all."""
    part = slice(block.start, block.stop)
    day = np.arange(fleet.days)[:, None]
    pause = fleet.pause[part]
    alive = (day >= fleet.first_day[part]) & (day < fleet.stop_day[part]) & ~fleet.unused[part]
    alive &= (day < pause[:, 0]) | (day >= pause[:, 1])
    block.bytes *= alive


def _arrive_late(block: Usage, rng: np.random.Generator, share: float) -> None:
    """Three in a thousand days are booked on the day after."""
    days, count = block.bytes.shape
    if days < 2:
        return
    late = rng.integers(0, (days - 1) * count, size=rng.binomial((days - 1) * count, share))
    late = np.unique(late)
    day, sim = np.divmod(late, count)
    moved = block.bytes[day, sim].copy()
    block.bytes[day, sim] -= moved
    np.add.at(block.bytes, (day + 1, sim), moved)
