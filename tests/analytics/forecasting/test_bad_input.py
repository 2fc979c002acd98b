"""Histories that no device should have: each gets a sensible answer."""

import numpy as np
import pytest

from tests.analytics.forecasting.fleets import busy, forecast

NAN = np.nan


def with_one(column: object, days: int = 120) -> np.ndarray:
    """A fleet whose first SIM is like this."""
    values = busy(days=days, sims=20)
    values[:, 0] = np.asarray(column, np.float32)
    return values


@pytest.mark.parametrize(
    ("column", "low", "high"),
    [
        (np.zeros(120), 0, 0),
        (np.full(120, 5.0), 99, 101),
        (np.full(120, 1e15), 1.9e16, 2.1e16),
        (np.where(np.arange(120) == 60, 1e15, 1e6), 1e7, 4e7),
        (np.where(np.arange(120) % 10 == 0, -1e6, 1e6), 1.9e7, 2.1e7),
        (np.where(np.arange(120) % 10 == 0, np.inf, 1e6), 1.9e7, 2.1e7),
        (np.where(np.arange(120) % 3 == 0, 1e6, NAN), 1.9e7, 2.1e7),
        (np.where(np.arange(120) < 60, 1e6, NAN), 1e7, 2.1e7),
        (np.where(np.arange(120) == 3, 1e6, 0), 0, 2e6),
    ],
    ids=["zero", "constant", "1e15", "one 1e15", "negative", "infinite", "gaps", "half missing", "one use"],
)
def test_a_series_has_an_answer(column, low, high):
    made = forecast(with_one(column), remaining=20, allowance=1e5)
    assert low <= made.rest[1, 0] <= high
    assert np.isfinite(made.curve).all() and np.isfinite(made.rest).all() and np.isfinite(made.month).all()
    assert 0 <= made.probability[0] <= 1


def test_a_single_known_day_is_a_new_sim():
    made = forecast(with_one([NAN] * 119 + [1e6]), allowance=1e6)
    assert made.is_prior[0] and made.history_days[0] == 1 and made.rest[1, 0] > 0


def test_one_bad_neighbour_does_not_spoil_the_others():
    clean = forecast(with_one(np.full(120, 1e6))).rest[1, 1:]
    for column in (np.full(120, 1e15), np.full(120, np.inf), np.full(120, -1.0), np.zeros(120)):
        assert np.allclose(forecast(with_one(column)).rest[1, 1:], clean, rtol=0.1)


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (6, 3), (20, 0), (45, 1)])
def test_any_shape_has_an_answer(shape):
    made = forecast(np.ones(shape, np.float32), remaining=10, allowance=100.0)
    assert made.curve.shape == (3, 31, shape[1]) and np.isfinite(made.curve).all()
    assert made.rest.shape == (3, shape[1]) and np.isfinite(made.rest).all()


def test_a_fleet_of_nothing_at_all_uses_nothing():
    made = forecast(np.full((60, 4), NAN, np.float32), allowance=5.0)
    assert (made.rest == 0).all() and made.is_prior.all() and (made.probability == 0).all()


def test_more_days_than_the_curve_can_be_asked_for():
    made = forecast(busy(), remaining=60)
    assert (made.rest[1] > 1.5 * made.month[1]).all()
