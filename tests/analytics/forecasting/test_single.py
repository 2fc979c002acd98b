"""Tier 2: one series by well-known models, under a time limit."""

from datetime import date, datetime

import numpy as np
import pytest

from analytics.forecasting.classics import Task, filled, seasonal_naive
from analytics.forecasting.single import ENSEMBLE, NAIVE, forecast_one
from analytics.forecasting.worker import Failed, Worker, answer
from tests.analytics.forecasting.fleets import busy, forecast

FIRST = date(2026, 3, 2)  # a Monday
QUICK = ("DynamicOptimizedTheta", "AutoETS", "Prophet")  # AutoCES compiles for half a minute


@pytest.fixture(scope="module")
def series() -> np.ndarray:
    return busy(days=114, sims=1, noise=0.2, seed=31)[:, 0]


def test_models_answer_with_bounds_and_their_median_is_the_ensemble(series):
    heard: list[str] = []
    found = forecast_one(series[:100], FIRST, 14, models=QUICK, seconds=240, progress=heard.append)
    assert list(found) == [*QUICK, ENSEMBLE] and found.best == ENSEMBLE
    assert heard == [f"{name}, model {place} of 3" for place, name in enumerate(QUICK, 1)]
    assert not found.fell_back and not found.missing and set(found.seconds) == set(QUICK)
    middle = np.median([found[name][1] for name in QUICK], axis=0)
    assert np.allclose(found[ENSEMBLE][1], middle)
    came = series[100:]
    for bands in found.values():
        assert bands.shape == (3, 14)
        assert (bands[0] <= bands[1]).all() and (bands[1] <= bands[2]).all() and (bands >= 0).all()
        assert np.nansum(np.abs(bands[1] - came)) < 0.35 * np.nansum(came)


def test_without_time_the_nightly_forecast_stands_in_and_says_so(series):
    found = forecast_one(series, FIRST, 14, models=QUICK, seconds=0.02)
    assert found.fell_back and list(found) == ["weekday median"] and "nightly forecast" in found.note
    assert set(found.missing) == set(QUICK)
    assert np.allclose(found["weekday median"], forecast(series[:, None], horizon=14).curve[:, :, 0])


def test_a_model_that_takes_too_long_is_ended_and_the_next_has_its_turn(series):
    task = Task(filled(series, 7), datetime(2026, 3, 2), 86_400.0, 14, 7)
    with Worker() as worker:
        with pytest.raises(Failed, match="longer than its share"):
            worker.run("AutoETS", task, 0.05)
        assert worker.run("AutoETS", task, 120).shape == (3, 14)


def test_a_child_that_dies_says_its_last_words(series):
    task = Task(filled(series, 7), datetime(2026, 3, 2), 86_400.0, 14, 7)
    with Worker() as worker, pytest.raises(Failed, match="KeyError: 'no such model'"):
        worker.run("no such model", task, 60)


def test_a_model_that_cannot_says_why():
    question = {"model": "AutoETS", "values": [], "start": "2026-03-02T00:00:00"}
    said = answer({**question, "step_seconds": 86_400.0, "horizon": 3, "period": 7, "day": 1})
    assert "error" in said and ":" in said["error"]


@pytest.mark.parametrize("days", [0, 1, 10])
def test_with_too_few_days_the_last_week_is_repeated(days, series):
    found = forecast_one(series[:days], FIRST, 10, models=QUICK, seconds=5)
    assert found.fell_back and list(found) == [NAIVE] and "too few" in found.note
    assert found[NAIVE].shape == (3, 10) and np.isfinite(found[NAIVE]).all()
    if days == 10:
        assert np.allclose(found[NAIVE][1, :7], filled(series[3:10], 7))


@pytest.mark.parametrize("bad", [np.zeros(120), np.full(120, np.nan), np.full(120, -1.0)])
def test_a_series_without_use_needs_no_model(bad):
    found = forecast_one(bad, FIRST, 5, models=QUICK, seconds=5)
    assert found.fell_back and all((bands == 0).all() for bands in found.values())


def test_an_unknown_model_is_refused(series):
    with pytest.raises(ValueError, match="There is no model 'Oracle': choose among DynamicOptimizedTheta, AutoETS"):
        forecast_one(series, FIRST, 5, models=("Oracle",))


def test_gaps_take_the_value_of_the_week_before():
    values = np.arange(21.0)
    values[[9, 0, 20]] = np.nan
    found = filled(values, 7)
    assert found[9] == 2 and found[0] == 7 and found[20] == 13


def test_the_naive_forecast_repeats_the_cycle_with_growing_bounds():
    values = np.tile(np.arange(1.0, 8), 6) * np.random.default_rng(0).uniform(0.9, 1.1, 42)
    low, middle, high = seasonal_naive(Task(values, datetime(2026, 3, 2), 86_400.0, 21, 7))
    assert np.allclose(middle[:7], values[-7:]) and np.allclose(middle[7:14], middle[:7])
    width = high - middle
    assert (width[7:14] > width[:7]).all() and (low <= middle).all()
