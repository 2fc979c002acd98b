"""Tier 0: every series of a fleet at once, with bounds and the day its allowance is used up. Pure numpy.

The curve of days is the median of the last same weekdays (robust, and as good as any model on daily use of machines);
the sum of days rests on their winsorised mean, as a median is too low where days without use are common. Both are
moved to the level that is to be expected (`levels`), and have the bounds that earlier errors demand (`calibration`).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.calibration import PLACES
from analytics.forecasting.chances import chance_of_passing
from analytics.forecasting.cleaning import cleaned, undo_late
from analytics.forecasting.outlook import (
    YEAR_DAYS,
    Learnt,
    Outlook,
    Seasons,
    bands,
    learn,
    look_ahead,
    middle_sums,
    sum_quantiles,
)
from analytics.forecasting.priors import Prior, Usual, cohorts_of, prior_of
from analytics.forecasting.shapes import MONTH_DAYS, PRIOR_BELOW_DAYS, WEEK, Flags, Forecasts, Matrix, Vector

NAME: Final = "weekday median"
VERSION: Final = "1"
BLOCK: Final = 2048  # series worked on at once: what is needed beside the input is a few such blocks
SAMPLE: Final = 8192  # series that errors are learnt from
SEASONS: Final = Seasons(WEEK, YEAR_DAYS)
Whole = NDArray[np.int64]


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
    """Forecasts of N series from their last T days on.

    `values` float32 (T, N), NaN unknown; `weekdays` (T,), Monday 0, of days that follow each other; `remaining` (N,)
    days whose sum is asked for; `allowance` (N,) bytes left of the quota, NaN without one; `cohorts` (N,): devices
    that are alike, for new SIMs; `ignored` (T, N): labelled anomalies, left out of what is learnt.
    Raises ValueError when the shapes do not fit or days are missing.
    """
    left: Whole = np.maximum(np.asarray(remaining, np.int64), 0)
    limit: Vector = np.asarray(allowance, np.float32)
    _check(values, weekdays, horizon, left, limit)
    count = values.shape[1]
    answer, usual = _empty(horizon, count), Usual.nothing(count, WEEK)
    learnt = learn(_block(values, ignored, _sample(count)), max(horizon, MONTH_DAYS), SEASONS)
    for start in range(0, count, BLOCK):
        part = slice(start, min(start + BLOCK, count))
        outlook = look_ahead(_block(values, ignored, part), learnt)
        usual.keep(part, outlook)
        _fill(answer, part, outlook, learnt, left[part], limit[part])
    for sims, alike in cohorts_of(usual, cohorts, np.flatnonzero(answer.is_prior)):
        prior = prior_of(usual, alike, _block(values, ignored, sims))
        _fill_prior(answer, sims, prior, left[sims], limit[sims])
    return answer


def _check(values: Matrix, weekdays: NDArray[np.int64], horizon: int, remaining: Whole, allowance: Vector) -> None:
    if values.ndim != 2 or len(weekdays) != len(values):
        raise ValueError(f"{len(weekdays)} weekdays do not fit values of the shape {values.shape}: one a day.")
    if len(weekdays) > 1 and ((np.diff(weekdays) % WEEK) != 1).any():
        raise ValueError("The days must follow each other: a day that is not known is a row of NaN.")
    if len(remaining) != values.shape[1] or len(allowance) != values.shape[1]:
        raise ValueError(f"There are {values.shape[1]} series: remaining and allowance need one value for each.")
    if horizon < 1:
        raise ValueError(f"A horizon of {horizon} days is none: give 1 or more.")


def _sample(count: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, SAMPLE)).astype(np.int64))


def _block(values: Matrix, ignored: Flags | None, sims: NDArray[np.int64] | slice) -> Matrix:
    """(SIM, day), cleaned."""
    block = cleaned(values[:, sims].T, None if ignored is None else ignored[:, sims].T)
    return undo_late(block, WEEK)


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
    answer: Forecasts, part: slice, outlook: Outlook, learnt: Learnt, remaining: Whole, allowance: Vector
) -> None:
    horizon, known = answer.curve.shape[1], outlook.profile.known
    answer.history_days[part] = np.minimum(known, np.iinfo(np.int16).max)
    answer.is_prior[part] = known < PRIOR_BELOW_DAYS
    answer.device_class[part] = outlook.profile.device_class
    answer.curve[:, :, part] = bands(outlook, learnt, horizon).transpose(0, 2, 1)
    answer.month[:, part] = sum_quantiles(outlook, learnt, np.full(len(known), MONTH_DAYS))[list(PLACES)]
    rest = sum_quantiles(outlook, learnt, remaining)
    answer.rest[:, part] = rest[list(PLACES)]
    answer.probability[part] = chance_of_passing(rest, allowance)
    answer.exhausts_in[part] = _exhausts(middle_sums(outlook, learnt, horizon), allowance)


def _fill_prior(answer: Forecasts, sims: Whole, prior: Prior, remaining: Whole, allowance: Vector) -> None:
    curve, rest = prior.curve(answer.curve.shape[1]), prior.sums(remaining)
    answer.curve[:, :, sims] = curve
    answer.month[:, sims] = prior.sums(np.full(len(sims), MONTH_DAYS))[list(PLACES)]
    answer.rest[:, sims] = rest[list(PLACES)]
    answer.probability[sims] = chance_of_passing(rest, allowance)
    answer.exhausts_in[sims] = _exhausts(np.cumsum(curve[1], axis=0, dtype=np.float32).T, allowance)


def _exhausts(sums: Matrix, allowance: Vector) -> NDArray[np.int16]:
    passed = sums > allowance[:, None]
    first = np.where(passed.any(axis=1), passed.argmax(axis=1) + 1, -1)
    return np.where(allowance <= 0, 0, first).astype(np.int16)
