"""Tier 2: one series (a SIM, a customer, a pool, the fleet) on demand, by well-known models under a time limit."""

import time
from collections.abc import Callable, Sequence
from datetime import date, datetime
from datetime import time as clock
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.classics import MODELS, Task, filled, seasonal_naive
from analytics.forecasting.fleet import NAME, forecast_fleet
from analytics.forecasting.shapes import PRIOR_BELOW_DAYS, WEEK, Matrix
from analytics.forecasting.worker import Failed, Worker

ENSEMBLE: Final = "ensemble"
NAIVE: Final = "SeasonalNaive"
LEAST_DAYS: Final = 2 * WEEK + 1
DAY_SECONDS: Final = 86_400.0

Progress = Callable[[str], None]


class Answers(dict[str, Matrix]):
    """Bands (3, horizon) by model: those that were ready, and their median as `ensemble`.

    `missing`: why other models are not among them. `fell_back`: none was ready, so the one entry is the nightly
    forecast (or the last week again); `note` says so in a sentence. `seconds`: what each model took.
    """

    def __init__(self) -> None:
        super().__init__()
        self.missing: dict[str, str] = {}
        self.seconds: dict[str, float] = {}
        self.fell_back = False
        self.note = ""

    @property
    def best(self) -> str:
        """The one to show when one is asked for."""
        return ENSEMBLE if ENSEMBLE in self else next(iter(self))


def forecast_one(
    values: NDArray[np.floating],
    first_day: date,
    horizon: int,
    models: Sequence[str] = tuple(MODELS),
    seconds: float = 60.0,
    progress: Progress | None = None,
    cache_dir: Path | None = None,
) -> Answers:
    """Forecasts of the days `values` (T,), NaN unknown, the first of them `first_day`.

    Each model gets its share of the seconds that are left, in a process that is ended when they are over. `progress`
    hears a sentence before each model. `cache_dir`: see Worker. Raises ValueError for a model that does not exist.
    """
    for name in models:
        if name not in MODELS:
            raise ValueError(f"There is no model {name!r}: choose among {', '.join(MODELS)}.")
    series = np.asarray(values, dtype=np.float32)
    answers = Answers()
    if np.isfinite(series).sum() < LEAST_DAYS or not (series > 0).any():
        reason = f"models need {LEAST_DAYS} known days, some of them with use"
        answers.missing = dict.fromkeys(models, reason)
    else:
        _try(answers, _task(series, first_day, horizon), models, seconds, progress, cache_dir)
    if answers:
        answers[ENSEMBLE] = np.median(np.stack(list(answers.values())), axis=0).astype(np.float32)
    else:
        _fall_back(answers, series, first_day, horizon)
    return answers


def _task(series: Matrix, first_day: date, horizon: int) -> Task:
    begun = int(np.isfinite(series).argmax())
    start = datetime.combine(date.fromordinal(first_day.toordinal() + begun), clock())
    return Task(filled(series[begun:], WEEK), start, DAY_SECONDS, horizon, WEEK)


def _try(
    answers: Answers,
    task: Task,
    models: Sequence[str],
    seconds: float,
    progress: Progress | None,
    cache_dir: Path | None,
) -> None:
    deadline = time.monotonic() + seconds
    with Worker(cache_dir) as worker:
        for place, name in enumerate(models):
            if progress is not None:
                progress(f"{name}, model {place + 1} of {len(models)}")
            began = time.monotonic()
            try:
                answers[name] = worker.run(name, task, (deadline - began) / (len(models) - place))
            except Failed as error:
                answers.missing[name] = str(error)
            answers.seconds[name] = round(time.monotonic() - began, 2)


def _fall_back(answers: Answers, series: Matrix, first_day: date, horizon: int) -> None:
    """The nightly forecast of this one series; where that knows too little, the last week again."""
    answers.fell_back = True
    weekdays = (first_day.weekday() + np.arange(len(series))) % WEEK
    if np.isfinite(series).sum() >= PRIOR_BELOW_DAYS:
        nothing = np.full(1, np.nan, np.float32)
        made = forecast_fleet(
            series[:, None], weekdays, horizon=horizon, remaining=np.array([horizon]), allowance=nothing
        )
        answers[NAME] = made.curve[:, :, 0]
        answers.note = f"No other model was ready, so this is the nightly forecast ({NAME})."
    else:
        start = datetime.combine(first_day, clock())
        answers[NAIVE] = seasonal_naive(Task(filled(series, WEEK), start, DAY_SECONDS, horizon, WEEK))
        answers.note = "There are too few known days for any model, so this is the last week again."
