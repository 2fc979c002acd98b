"""Made-up fleets for these tests: small, and the same for the same seed."""

import numpy as np
from numpy.typing import NDArray

from analytics.forecasting.fleet import forecast_fleet
from analytics.forecasting.shapes import Forecasts

WEEK = np.array([1.1, 1.2, 1.1, 1.0, 1.0, 0.6, 0.5])
Fleet = NDArray[np.float32]


def busy(days: int = 120, sims: int = 60, noise: float = 0.3, seed: int = 0) -> Fleet:
    """(days, sims): levels from 10 kB to 100 MB a day, a week, lognormal days, one in a hundred unknown."""
    rng = np.random.default_rng(seed)
    level = np.exp(rng.uniform(np.log(1e4), np.log(1e8), sims))
    values = level * WEEK[np.arange(days) % 7][:, None] * np.exp(rng.normal(0, noise, (days, sims)))
    values[rng.random((days, sims)) < 0.01] = np.nan
    return values.astype(np.float32)


def idle(days: int = 120, sims: int = 60, active: float = 0.3, seed: int = 0) -> Fleet:
    """(days, sims): most days nothing at all."""
    rng = np.random.default_rng(seed)
    values = busy(days, sims, 0.5, seed)
    values = np.where(np.isnan(values), 0, values)
    return np.where(rng.random((days, sims)) < active, values, 0).astype(np.float32)


def weekdays(days: int) -> NDArray[np.int64]:
    return np.arange(days) % 7


def forecast(values: Fleet, remaining: int = 20, allowance: float = np.nan, **more: object) -> Forecasts:
    """forecast_fleet with the same rest and allowance for all."""
    count = values.shape[1]
    return forecast_fleet(
        values,
        weekdays(len(values)),
        remaining=np.full(count, remaining),
        allowance=np.full(count, allowance),
        **more,  # type: ignore[arg-type]
    )
