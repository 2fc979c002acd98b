"""One forecast for a block of series, and everything it learns from earlier days. Arrays (SIM, step).

The steps need not be days: `period` is how many make one cycle (7 days of a week, 168 hours of a week), `year` how
many make a year of whole cycles.
"""

from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.calibration import PLACES, Calibration, calibrate, steps_ahead
from analytics.forecasting.levels import (
    Weights,
    believed,
    change,
    expected_change,
    features,
    learn_weights,
)
from analytics.forecasting.profile import Profile, profile_of
from analytics.forecasting.shapes import Matrix, Matrix3, Vector
from analytics.forecasting.shifts import shifted_ratio
from analytics.forecasting.statistics import known_or

T = TypeVar("T", bound=np.generic)
ROWS: Final = 60_000  # series times earlier days that are learnt from, at most
ORIGINS: Final = 20
ENOUGH: Final = 6  # earlier days, to learn from those alone that knew a last year
YEAR_DAYS: Final = 364  # a year of whole weeks
LAST_YEAR_CYCLES: Final = 6  # of history before the same time last year
OWN: Final = 0.5  # how much (as a power) the own spread of a series says about the error of its sums
OWN_STEP: Final = 0.8  # and about the error of its steps
USUAL_SPREAD: Final = 0.3  # of the level
USUAL_DRIFT: Final = 0.1
DRIFT_SHARE: Final = 0.25  # of a cycle's own variance goes on into the sum
LEAST_SCALE: Final = 0.25  # of the usual noise stays when a level has fallen to nothing


@dataclass(frozen=True)
class Seasons:
    """How many steps make a cycle, and a year (0: unknown)."""

    period: int
    year: int = 0


@dataclass(frozen=True)
class Learnt:
    """What earlier days taught: the weights of recent levels, and how wrong sums and single steps were."""

    seasons: Seasons
    horizon: int
    weights: Weights
    sums: Calibration
    steps: Calibration
    common: float  # what was unusual for all a year ago


@dataclass(frozen=True)
class Outlook:
    """B series: their profile and the ratio (B,) of the level to come to the usual."""

    profile: Profile
    ratio: Vector

    def middle(self, steps: int) -> Matrix:
        """(B, steps): the usual step at the level to come."""
        return repeated(self.profile.middle * self.ratio[:, None], steps)

    def sums(self, steps: int) -> Matrix:
        """(B, steps): the expected sum up to each step."""
        average = repeated(self.profile.average * self.ratio[:, None], steps)
        found: Matrix = np.cumsum(average, axis=1, dtype=np.float32)
        return found

    def step_scale(self) -> Vector:
        """What the error of one step is measured in (B,): its own spread, drawn towards the usual as for sums."""
        usual = USUAL_SPREAD * self.profile.level
        found: Vector = np.power(self.profile.spread, OWN_STEP) * np.power(usual, 1 - OWN_STEP)
        return (found * np.maximum(self.ratio, LEAST_SCALE)).astype(np.float32)

    def step_scales(self, steps: int) -> Matrix:
        """The same of each of the next steps (B, steps): some phases are noisier than others."""
        return self.step_scale()[:, None] * repeated(self.profile.uneven, steps)

    def sum_scale(self, steps: NDArray[np.int64] | int) -> Vector:
        """What the error of a sum of so many steps is measured in: (B,) for `steps` (B,) or one number.

        Noise that averages out and drift that does not, as the series showed them, drawn towards what is usual for a
        series of its size: its own spread is known from few weeks.
        """
        return self.sum_scales(np.broadcast_to(np.asarray(steps), self.ratio.shape)[:, None])[:, 0]

    def sum_scales(self, steps: NDArray[np.int64]) -> Matrix:
        """The same (B, H) for `steps` (B, H) or (1, H)."""
        ahead = steps.astype(np.float32)
        spread = self.profile.spread[:, None]
        drift = (self.profile.drift * self.profile.level)[:, None]
        noise = np.square(spread) * ahead * (1 + ahead / np.maximum(self.profile.seen, 1)[:, None].astype(np.float32))
        lasting = np.square(drift * ahead) * np.float32(DRIFT_SHARE)
        usual = np.sqrt(ahead + np.float32(USUAL_DRIFT) * np.square(ahead)) * np.float32(USUAL_SPREAD)
        found = np.power(noise + lasting, np.float32(OWN / 2))
        found *= np.power(usual * self.profile.level[:, None], np.float32(1 - OWN))
        scale: Matrix = found * np.maximum(self.ratio, np.float32(LEAST_SCALE))[:, None]
        return scale


@dataclass(frozen=True)
class _Past:
    """A forecast from an earlier day, and what came."""

    profile: Profile
    rows: Matrix
    shifted: Vector
    came: Matrix
    informed: bool  # about the year before


def repeated(cycle: Matrix, steps: int) -> Matrix:
    """(B, period) as (B, steps)."""
    return np.tile(cycle, (1, -(-steps // cycle.shape[1])))[:, :steps]


def look_ahead(values: Matrix, learnt: Learnt) -> Outlook:
    """The outlook of `values` (B, T), cleaned, from their last step."""
    return outlook_of(values, learnt.weights, learnt.horizon, learnt.seasons, learnt.common)


def outlook_of(
    values: Matrix, weights: Weights, horizon: int, seasons: Seasons, common: float | None = None
) -> Outlook:
    """The same with weights that are known; without `common` it is taken from these series."""
    profile = profile_of(values, seasons.period)
    last_year = _surprise(values, values.shape[1], horizon, seasons)
    rows = features(profile, last_year, _middle(last_year) if common is None else common)
    return _outlook(profile, rows, shifted_ratio(values, profile), weights)


def learn(values: Matrix, horizon: int, seasons: Seasons) -> Learnt:
    """From a sample of series (B, T), cleaned. Only these days are looked at, each forecast from those before it."""
    wanted = min(ORIGINS, max(ROWS // max(len(values), 1), 2))
    pasts = [_past(values, at, horizon, seasons) for at in earlier(values.shape[1], horizon, seasons.period, wanted)]
    now = _surprise(values, values.shape[1], horizon, seasons)
    alike = _alike(pasts, now)
    errors = [_errors(past, _weights([one for one in pasts if one is not past])) for past in alike]
    classes = [past.profile.device_class for past in alike]
    ahead, gap = steps_ahead(horizon), _gap(horizon)
    return Learnt(
        seasons=seasons,
        horizon=horizon,
        weights=_weights(pasts),
        sums=calibrate(ahead, [sums for sums, _ in errors], classes, gap),
        steps=calibrate(ahead, [steps for _, steps in errors], classes, gap),
        common=_middle(now),
    )


def earlier(length: int, horizon: int, period: int, wanted: int) -> list[int]:
    """Lengths of history that forecasts are made from to learn: the latest first."""
    last = length - horizon
    first = min(8 * period, max(2 * period, last // 2))
    return list(range(last, first - 1, -_gap(horizon)))[:wanted]


def _gap(horizon: int) -> int:
    return max(horizon // 2, 1)


def _alike(pasts: list[_Past], now: Vector | None) -> list[_Past]:
    """Those that knew a last year, if today does and they are enough: the others were wrong for want of it."""
    informed = [past for past in pasts if past.informed]
    return informed if now is not None and len(informed) >= ENOUGH else pasts


def bands(outlook: Outlook, learnt: Learnt, horizon: int) -> Matrix3:
    """(3, B, horizon): 10, 50, 90 % of each step."""
    middle, scale = outlook.middle(horizon), outlook.step_scales(horizon)
    found = np.empty((3, *middle.shape), np.float32)
    found[1] = middle
    for index in np.unique(outlook.profile.device_class):
        mine = outlook.profile.device_class == index
        for band in (0, 2):
            line = learnt.steps.table[index, :, PLACES[band]]
            shift = np.interp(np.arange(1, horizon + 1), learnt.steps.ahead, line).astype(np.float32)
            found[band, mine] = middle[mine] + shift * scale[mine]
    np.maximum(found, 0, out=found)
    found[0], found[2] = np.minimum(found[0], found[1]), np.maximum(found[2], found[1])
    return found


def sum_quantiles(outlook: Outlook, learnt: Learnt, steps: NDArray[np.int64]) -> Matrix:
    """(LEVELS, B): of the sum of each series' next `steps` (B,) steps; 0 steps: 0."""
    sums = outlook.sums(max(int(steps.max(initial=1)), 1))
    middle = np.take_along_axis(sums, np.maximum(steps - 1, 0)[:, None], axis=1)[:, 0]
    scores = learnt.sums.at(outlook.profile.device_class, steps)
    found = np.maximum(middle + outlook.sum_scale(steps) * scores, 0)
    found[:, steps <= 0] = 0
    ordered: Matrix = np.maximum.accumulate(found, axis=0)
    return ordered


def middle_sums(outlook: Outlook, learnt: Learnt, horizon: int) -> Matrix:
    """(B, horizon): the 50 % quantile of the sum up to each step; never falls."""
    every = np.arange(1, horizon + 1)
    lines = np.array([np.interp(every, learnt.sums.ahead, one[:, PLACES[1]]) for one in learnt.sums.table])
    scores = lines.astype(np.float32)[outlook.profile.device_class]
    found = outlook.sums(horizon) + outlook.sum_scales(every[None, :]) * scores
    ordered: Matrix = np.maximum.accumulate(np.maximum(found, 0), axis=1)
    return ordered


def _past(values: Matrix, at: int, horizon: int, seasons: Seasons) -> _Past:
    profile = profile_of(values[:, :at], seasons.period)
    last_year = _surprise(values, at, horizon, seasons)
    rows = features(profile, last_year, _middle(last_year))
    return _Past(
        profile,
        rows,
        shifted_ratio(values[:, :at], profile),
        values[:, at : at + horizon],
        last_year is not None,
    )


def common_surprise(values: Matrix, horizon: int, seasons: Seasons) -> float:
    """What was unusual for all of these series (B, T) at the same time last year; 0 when nobody knows."""
    return _middle(_surprise(values, values.shape[1], horizon, seasons))


def _surprise(values: Matrix, at: int, horizon: int, seasons: Seasons) -> Vector | None:
    """How far the same steps a year before `at` were from what could be expected then (B,), as a log."""
    then = at - seasons.year
    if not seasons.year or horizon > seasons.year or then < LAST_YEAR_CYCLES * seasons.period:
        return None
    profile = profile_of(values[:, :then], seasons.period)
    return change(profile, values[:, then : then + horizon]) - believed(profile)


def _middle(surprise: Vector | None) -> float:
    if surprise is None or not np.isfinite(surprise).any():
        return 0.0
    return float(np.nanmedian(surprise))


def _outlook(profile: Profile, rows: Matrix, shifted: Vector, weights: Weights) -> Outlook:
    slow = np.exp(expected_change(weights, rows, profile.device_class))
    return Outlook(profile, np.where(np.isfinite(shifted), shifted, slow).astype(np.float32))


def _weights(pasts: list[_Past]) -> Weights:
    none = np.empty((0, 6), np.float32)
    rows = _joined([past.rows for past in pasts], none)
    changes = _joined([change(past.profile, past.came) for past in pasts], np.empty(0, np.float32))
    shifted = _joined([past.shifted for past in pasts], np.empty(0, np.float32))
    classes = _joined([past.profile.device_class for past in pasts], np.empty(0, np.uint8))
    slow = ~np.isfinite(shifted)
    return learn_weights(rows[slow], changes[slow], classes[slow])


def _errors(past: _Past, weights: Weights) -> tuple[Matrix, Matrix]:
    """Standardised errors (B, A) of the sums of so many steps, and of the single steps so far ahead."""
    outlook, horizon = _outlook(past.profile, past.rows, past.shifted, weights), past.came.shape[1]
    ahead = steps_ahead(horizon)
    known = np.isfinite(past.came)
    expected = repeated(past.profile.average * outlook.ratio[:, None], horizon)
    missed = np.cumsum(known_or(past.came - expected, 0), axis=1)
    seen = np.cumsum(known, axis=1)
    usable = (past.profile.seen >= 2 * past.profile.middle.shape[1]) & (past.profile.spread > 0)
    sums = np.full((len(known), len(ahead)), np.nan, np.float32)
    for place, count in enumerate(ahead):
        scale = outlook.sum_scale(int(count))
        whole = usable & (seen[:, count - 1] >= 0.8 * count) & (scale > 0)
        sums[whole, place] = missed[whole, count - 1] / scale[whole]
    usable &= outlook.step_scale() > 0
    scales = np.where(usable[:, None], outlook.step_scales(horizon), 1)[:, ahead - 1]
    single = (past.came - outlook.middle(horizon))[:, ahead - 1] / scales
    return sums, np.where(usable[:, None], single, np.float32(np.nan))


def _joined(arrays: list[NDArray[T]], empty: NDArray[T]) -> NDArray[T]:
    return np.concatenate(arrays) if arrays else empty
