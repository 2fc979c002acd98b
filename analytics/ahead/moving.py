"""A forecast moved on in time: what was forecast at night, and what has been used since. Pure numbers: no Django.

Nothing is forecast anew. The night's curve says how what is left of a cycle is spread over its days, so of the sum that
was expected from then on, the part of the days that are over drops out and what was really used takes its place. The
bounds draw together with the root of what is left: days err independently of each other. Moving twice is the same as
moving once, so a forecast may be kept after any number of moves.

Positions are days since the midnight on which the curve begins: 2.5 is noon of its third day.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WEEK: Final = 7
MONTH_DAYS: Final = 30
_Z90: Final = 1.2815515655446004  # the 90 % quantile of the standard normal distribution
_MOST_SHIFT: Final = 2.0  # standard deviations that a forecast's own chance may lie beside its bounds
_FURTHEST: Final = 4.0  # standard deviations beyond which a chance is 0 or 1


@dataclass(frozen=True)
class Made:
    """N forecasts as they were made. Bytes, float64, of the shape (N,) unless said otherwise.

    `growth` (N, days + 1): the middle curve added up, see `growth_of`. `rest` (3, N): 10, 50 and 90 % of the sum from
    position `at` to position `end`, the end of the cycle; `month` (3, N) of the first 30 days. `quota`, `probability`
    and `exhausts` (a position) are NaN where there is none.
    """

    growth: Floats
    at: Floats
    end: Floats
    rest: Floats
    month: Floats
    quota: Floats
    probability: Floats
    exhausts: Floats
    used: Floats


@dataclass(frozen=True)
class Now:
    """How it stands: used up to position `at` in the cycle that ends at position `end`; `quota` NaN for none.

    `same_cycle`: whether it is the cycle of the forecast.
    """

    at: Floats
    end: Floats
    used: Floats
    quota: Floats
    same_cycle: NDArray[np.bool_]


@dataclass(frozen=True)
class Moved:
    """The forecast now: `rest` (3, N) from now to the end of the cycle; `exhausts` as a position, NaN for not in it."""

    rest: Floats
    probability: Floats
    exhausts: Floats


def growth_of(curve: NDArray[np.floating]) -> Floats:
    """Daily curves (N, days) added up from 0 on; where nothing is expected at all, every day counts the same."""
    days = np.maximum(curve.astype(np.float64), 0)
    days[days.sum(axis=1) <= 0] = 1.0
    return np.concatenate([np.zeros((len(days), 1)), days.cumsum(axis=1)], axis=1)


def grown(growth: Floats, at: Floats) -> Floats:
    """The added-up curve at these positions; beyond its end it goes on as in its last week."""
    days = growth.shape[1] - 1
    inside = np.clip(at, 0, days)
    place = np.minimum(inside.astype(np.int64), days - 1)
    rows = np.arange(len(growth))
    within = growth[rows, place] + (inside - place) * (growth[rows, place + 1] - growth[rows, place])
    total: Floats = within + np.maximum(at - days, 0) * _pace(growth)
    return total


def _pace(growth: Floats) -> Floats:
    """A day's use after the end of the curve."""
    days = growth.shape[1] - 1
    week = min(WEEK, days)
    pace: Floats = (growth[:, days] - growth[:, days - week]) / week
    return pace


def moved(made: Made, now: Now) -> Moved:
    """The forecasts as they stand now. In a cycle after the forecast's own, its month is what they rest on."""
    base = np.where(now.same_cycle, made.rest, made.month)
    span = np.where(
        now.same_cycle,
        grown(made.growth, made.end) - grown(made.growth, made.at),
        grown(made.growth, np.full_like(made.at, MONTH_DAYS)),
    )
    left = np.maximum(grown(made.growth, now.end) - grown(made.growth, now.at), 0)
    share = np.divide(left, span, out=np.zeros_like(left), where=span > 0)
    rest = spread(base, share)
    return Moved(rest, _probability(made, now, rest), _exhausts(made, now, rest[1], left))


def spread(sums: Floats, share: Floats) -> Floats:
    """The quantiles (3, N) of a part of these sums: the middle in proportion, the bounds with the part's root."""
    middle = sums[1] * share
    root = np.sqrt(share)
    low, high = (sums[1] - sums[0]) * root, (sums[2] - sums[1]) * root
    return np.stack([np.maximum(middle - low, 0), middle, middle + high])


def _probability(made: Made, now: Now, rest: Floats) -> Floats:
    """The chance that the quota is passed; what the forecast's own chance was beside its bounds is kept as it moves."""
    from scipy.special import ndtr, ndtri

    kept = np.clip(made.probability, 1e-5, 1 - 1e-5)
    shift = np.clip(-ndtri(kept), -_FURTHEST, _FURTHEST) - _distance(made.quota - made.used, made.rest)
    shift = np.where(np.isnan(shift) | ~now.same_cycle, 0, np.clip(shift, -_MOST_SHIFT, _MOST_SHIFT))
    chance = ndtr(-np.clip(_distance(now.quota - now.used, rest) + shift, -_FURTHEST, _FURTHEST))
    chance = np.where(rest[2] <= 0, 0.0, np.where(chance < 1e-4, 0.0, chance))
    chance = np.where(now.used > now.quota, 1.0, chance)
    return np.where(np.isnan(now.quota), np.nan, chance)


def _distance(allowance: Floats, rest: Floats) -> Floats:
    """How many standard deviations the allowance lies above the middle; each side of it has its own."""
    beyond = allowance - rest[1]
    side = np.where(beyond >= 0, rest[2] - rest[1], rest[1] - rest[0]) / _Z90
    distance: Floats = np.clip(beyond / np.maximum(side, 1.0), -_FURTHEST, _FURTHEST)
    return distance


def _exhausts(made: Made, now: Now, middle: Floats, left: Floats) -> Floats:
    """When the middle passes the quota, as a position before the end of the cycle."""
    allowance = now.quota - now.used
    part = np.divide(allowance, middle, out=np.full_like(middle, np.inf), where=middle > 0)
    passes = (part < 1) & (allowance >= 0)
    goal = grown(made.growth, now.at) + np.where(passes, part, 0) * left
    place = _position(made.growth, goal)
    latest = np.ceil(now.end) - 1e-6
    over = now.used > now.quota
    since = np.where(now.same_cycle & (made.exhausts < now.at), made.exhausts, now.at)
    found = np.where(passes, np.clip(place, now.at, np.maximum(latest, now.at)), np.nan)
    return np.where(over, since, found)


def _position(growth: Floats, goal: Floats) -> Floats:
    """Where the added-up curve comes to these sums."""
    days = growth.shape[1] - 1
    place = np.minimum((growth[:, 1:] <= goal[:, None]).sum(axis=1), days - 1)
    rows = np.arange(len(growth))
    step = growth[rows, place + 1] - growth[rows, place]
    inside = place + np.divide(goal - growth[rows, place], step, out=np.zeros_like(goal), where=step > 0)
    beyond = goal - growth[:, days]
    pace = np.maximum(_pace(growth), 1e-9)
    place_of: Floats = np.where(beyond > 0, days + beyond / pace, np.minimum(inside, days))
    return place_of
