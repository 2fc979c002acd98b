"""Well-known models for one series, each giving 10, 50 and 90 % of the next steps. Their packages are imported late.

Prophet (Taylor and Letham 2018); AutoETS, DynamicOptimizedTheta and AutoCES of statsforecast (exponential smoothing
chosen by AICc, Fiorucci and others 2016, Svetunkov and others 2022). Series come without gaps.
"""

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.shapes import Matrix
from analytics.forecasting.statistics import known_or

LONGEST_SEASON: Final = 24  # that exponential smoothing takes
LONGEST_HISTORY: Final = 800  # steps; older ones cost time and teach nothing
WIDTH: Final = 80  # per cent between the outer bands


@dataclass(frozen=True)
class Task:
    """One series (T,) to be forecast: when it begins, seconds from step to step, the steps of a cycle and of a day."""

    values: NDArray[np.float64]
    start: datetime
    step_seconds: float
    horizon: int
    period: int
    day: int = 1

    @property
    def season(self) -> int:
        """Of models that take but one, and no long one."""
        return self.period if self.period <= LONGEST_SEASON else max(self.day, 1)


def filled(values: NDArray[np.floating], period: int) -> NDArray[np.float64]:
    """Unknown steps take the value of the cycle before (the first ones that of the cycle after), else the median."""
    found = np.asarray(values, dtype=np.float64).copy()
    found[~(np.isfinite(found) & (found >= 0))] = np.nan
    for step in range(period, len(found)):
        if np.isnan(found[step]):
            found[step] = found[step - period]
    for step in range(len(found) - period - 1, -1, -1):
        if np.isnan(found[step]):
            found[step] = found[step + period]
    middle = float(np.nanmedian(found)) if np.isfinite(found).any() else 0.0
    return np.asarray(known_or(found.astype(np.float32), middle), dtype=np.float64)


def seasonal_naive(task: Task) -> Matrix:
    """The last cycle again; the bounds are those of its own errors one cycle ahead, wider from cycle to cycle."""
    values, period = task.values, min(task.period, max(len(task.values), 1))
    last = values[-period:]
    errors = values[period:] - values[:-period] if len(values) > period else np.zeros(1)
    spread = 1.2816 * float(np.sqrt(np.mean(np.square(errors)))) if errors.size else 0.0
    steps = np.arange(task.horizon)
    middle = np.resize(last, task.horizon) if period else np.zeros(task.horizon)
    width = spread * np.sqrt(steps // max(period, 1) + 1)
    return np.array([middle - width, middle, middle + width]).clip(0).astype(np.float32)


def prophet(task: Task) -> Matrix:
    import pandas as pd
    from prophet import Prophet

    logging.getLogger("cmdstanpy").setLevel(logging.WARNING)
    logging.getLogger("prophet").setLevel(logging.WARNING)
    stamps = [task.start + timedelta(seconds=task.step_seconds * n) for n in range(len(task.values) + task.horizon)]
    values = task.values[-LONGEST_HISTORY:]
    scale = float(np.abs(values).max()) or 1.0
    np.random.seed(0)  # Prophet draws its bounds from the global generator
    model = Prophet(interval_width=WIDTH / 100)
    model.fit(pd.DataFrame({"ds": stamps[len(task.values) - len(values) : -task.horizon], "y": values / scale}))
    found = model.predict(pd.DataFrame({"ds": stamps[-task.horizon :]}))
    bands = found[["yhat_lower", "yhat", "yhat_upper"]].to_numpy().T * scale
    return np.asarray(bands, dtype=np.float32).clip(0)


def _statsforecast(make: Callable[[int], Any], task: Task) -> Matrix:
    values = task.values[-LONGEST_HISTORY:]
    scale = float(np.abs(values).max()) or 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of optimisers that try odd parameters
        found = make(task.season).forecast(y=(values / scale).astype(np.float64), h=task.horizon, level=[WIDTH])
    bands = np.array([found[f"lo-{WIDTH}"], found["mean"], found[f"hi-{WIDTH}"]], dtype=np.float64) * scale
    if not np.isfinite(bands).all():
        raise ValueError("it found no finite answer")
    return bands.clip(0).astype(np.float32)


def auto_ets(task: Task) -> Matrix:
    from statsforecast.models import AutoETS

    return _statsforecast(lambda season: AutoETS(season_length=season), task)


def theta(task: Task) -> Matrix:
    from statsforecast.models import DynamicOptimizedTheta

    return _statsforecast(lambda season: DynamicOptimizedTheta(season_length=season), task)


def auto_ces(task: Task) -> Matrix:
    from statsforecast.models import AutoCES

    return _statsforecast(lambda season: AutoCES(season_length=season), task)


MODELS: Final[dict[str, Callable[[Task], Matrix]]] = {
    "DynamicOptimizedTheta": theta,
    "AutoETS": auto_ets,
    "Prophet": prophet,
    "AutoCES": auto_ces,
}  # the quickest first
