"""Tier 0: every series of a fleet at once, with bounds and the day its allowance is used up. Pure numpy.

The curve of days is the median of the last same weekdays (robust, and as good as any model on daily use of machines);
the sum of days rests on their winsorised mean, as a median is too low where days without use are common.
"""

from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.calibration import (
    LEVELS,
    MIDDLE,
    NINETIETH,
    TENTH,
    Calibration,
    calibrate,
    sum_scale,
    tiled,
)
from analytics.forecasting.profile import Profile, profile_of
from analytics.forecasting.shapes import MONTH_DAYS, PRIOR_BELOW_DAYS, WEEK, Flags, Forecasts, Matrix, Vector

BLOCK: Final = 4096
SAMPLE: Final = 8192  # series that bounds are learnt from


def forecast_fleet(
    values: Matrix,
    weekdays: NDArray[np.int64],
    *,
    horizon: int = 31,
    remaining: NDArray[np.integer],
    allowance: NDArray[np.floating],
    cohorts: NDArray[np.integer] | None = None,
    ignored: Flags | None = None,
) -> Forecasts:
    """`values` float32 (T, N), NaN unknown; `weekdays` (T,), Monday 0; `remaining` (N,) days; `allowance` (N,) bytes
    left of the quota, NaN none; `cohorts` (N,): like devices, for new SIMs; `ignored` (T, N): labelled anomalies."""
    count = values.shape[1]
    answer = _empty(horizon, count)
    sample = np.unique(np.linspace(0, max(count - 1, 0), min(count, SAMPLE)).astype(np.int64))
    usual = partial(profile_of, period=WEEK)
    calibration = calibrate(_block(values, ignored, sample), horizon, WEEK, usual)
    for start in range(0, count, BLOCK):
        part = slice(start, min(start + BLOCK, count))
        block = _block(values, ignored, np.arange(part.start, part.stop))
        _fill(answer, part, usual(block), calibration, remaining[part], allowance[part])
    return answer


def _block(values: Matrix, ignored: Flags | None, sims: NDArray[np.int64]) -> Matrix:
    """(SIM, day), what cannot be or shall not count as unknown."""
    block = np.ascontiguousarray(values[:, sims].T)
    block[~(np.isfinite(block) & (block >= 0))] = np.nan
    if ignored is not None:
        block[ignored[:, sims].T] = np.nan
    return block


def _empty(horizon: int, count: int) -> Forecasts:
    return Forecasts(
        curve=np.zeros((3, horizon, count), np.float32),
        rest=np.zeros((3, count), np.float32),
        month=np.zeros((3, count), np.float32),
        exhausts_in=np.full(count, -1, np.int16),
        probability=np.full(count, np.nan, np.float32),
        history_days=np.zeros(count, np.int16),
        is_prior=np.zeros(count, np.bool_),
        device_class=np.zeros(count, np.uint8),
    )


def _fill(
    answer: Forecasts,
    part: slice,
    profile: Profile,
    calibration: Calibration,
    remaining: NDArray[np.integer],
    allowance: NDArray[np.floating],
) -> None:
    horizon = answer.curve.shape[1]
    answer.history_days[part] = np.minimum(profile.known, np.iinfo(np.int16).max)
    answer.is_prior[part] = profile.known < PRIOR_BELOW_DAYS
    answer.device_class[part] = profile.device_class
    curve = tiled(profile.middle, horizon)
    every = np.arange(1, horizon + 1)
    for band, level in enumerate((TENTH, MIDDLE, NINETIETH)):
        shift = 0 if level == MIDDLE else _at(calibration, calibration.steps, profile, every[None, :], level)
        answer.curve[band, :, part] = np.maximum(curve + shift * profile.spread[:, None], 0).T
    sums = np.cumsum(tiled(profile.mean, max(horizon, MONTH_DAYS, int(remaining.max(initial=0)))), axis=1)
    answer.month[:, part] = _quantiles(calibration, profile, sums, np.full(len(curve), MONTH_DAYS))[[3, 7, 11]]
    rest = _quantiles(calibration, profile, sums, remaining)
    answer.rest[:, part] = rest[[TENTH, MIDDLE, NINETIETH]]
    answer.probability[part] = _passing(rest, allowance)
    answer.exhausts_in[part] = _exhausts(sums[:, :horizon], allowance)


def _at(
    calibration: Calibration, table: NDArray[np.float64], profile: Profile, steps: NDArray[np.int64], level: int
) -> Matrix:
    """The quantile of each series' class, interpolated between the numbers of steps; shaped like `steps`."""
    found = np.zeros(np.broadcast_shapes((len(profile.spread), 1), steps.shape), np.float32)
    for index in np.unique(profile.device_class):
        mine = profile.device_class == index
        line = np.interp(steps if steps.shape[0] == 1 else steps[mine], calibration.ahead, table[index, :, level])
        found[mine] = line
    return found


def _quantiles(calibration: Calibration, profile: Profile, sums: Matrix, steps: NDArray[np.integer]) -> Matrix:
    """(LEVELS, B): of the sum of each series' next `steps` steps."""
    middle = np.where(steps > 0, np.take_along_axis(sums, np.maximum(steps - 1, 0)[:, None], axis=1)[:, 0], 0)
    scale = sum_scale(profile, np.maximum(steps, 0))
    rows = [
        np.maximum(middle + scale * _at(calibration, calibration.sums, profile, steps[:, None], level)[:, 0], 0)
        for level in range(len(LEVELS))
    ]
    return np.maximum.accumulate(np.array(rows, np.float32), axis=0)


def _passing(quantiles: Matrix, allowance: NDArray[np.floating]) -> Vector:
    """P(sum > allowance), by the line through the quantiles; falls as the allowance grows."""
    found = np.full(len(allowance), np.nan, np.float32)
    for sim in np.flatnonzero(~np.isnan(allowance)):
        line = quantiles[:, sim]
        if allowance[sim] < 0:
            found[sim] = 1
        elif line[-1] <= 0:
            found[sim] = 0
        else:
            found[sim] = 1 - np.interp(allowance[sim], line, LEVELS, left=0, right=1)
    return found


def _exhausts(sums: Matrix, allowance: NDArray[np.floating]) -> NDArray[np.int16]:
    passed = sums > allowance[:, None]
    first = np.where(passed.any(axis=1), passed.argmax(axis=1) + 1, -1)
    return np.where(allowance <= 0, 0, first).astype(np.int16)
