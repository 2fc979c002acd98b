"""Bounds cover what they say they cover, and chances are what happens."""

import numpy as np

from analytics.forecasting.calibration import LEVELS
from analytics.forecasting.chances import chance_of_passing
from tests.analytics.forecasting.fleets import busy, forecast, idle


def test_bounds_are_in_order_and_never_below_nothing():
    made = forecast(np.concatenate([busy(), idle()], axis=1))
    for bands in (made.curve, made.rest, made.month):
        assert (bands[0] <= bands[1]).all() and (bands[1] <= bands[2]).all() and (bands >= 0).all()


def test_four_of_five_days_and_sums_lie_between_the_bounds():
    whole = np.concatenate([busy(150, 150, 0.3, 7), idle(150, 100, 0.6, 8), busy(150, 150, 0.7, 9)], axis=1)
    made, came = forecast(whole[:120], horizon=30), whole[120:]
    known = np.isfinite(came)
    assert 0.75 < ((came >= made.curve[0]) & (came <= made.curve[2]))[known].mean() < 0.87
    sums = np.where(known, came, made.curve[1]).sum(axis=0)
    assert 0.7 < ((sums >= made.month[0]) & (sums <= made.month[2])).mean() < 0.9


def test_chances_of_passing_a_quota_are_what_happens():
    whole = busy(150, 600, 0.5, 11)
    whole = np.where(np.isnan(whole), 0, whole)
    usual, rng = whole[:120].mean(axis=0) * 30, np.random.default_rng(2)
    allowance = usual * np.exp(rng.normal(0, 0.15, 600))
    chance = forecast(whole[:120], remaining=30, allowance=0).probability
    made = forecast_with(whole[:120], allowance)
    passed = whole[120:].sum(axis=0) > allowance
    assert (chance == 1).all()
    assert np.mean((made - passed) ** 2) < 0.75 * np.mean((passed.mean() - passed) ** 2), "better than the base rate"
    for low, high in ((0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01)):
        bin_ = (made >= low) & (made < high)
        assert bin_.sum() > 20
        assert abs(made[bin_].mean() - passed[bin_].mean()) < 0.15


def forecast_with(values, allowance):
    from analytics.forecasting.fleet import forecast_fleet
    from tests.analytics.forecasting.fleets import weekdays

    remaining = np.full(values.shape[1], 30)
    return forecast_fleet(values, weekdays(len(values)), remaining=remaining, allowance=allowance).probability


def test_a_larger_allowance_never_has_a_larger_chance():
    values = busy(sims=12)
    chances = np.array([forecast(values, allowance=float(size)).probability for size in np.geomspace(1e3, 1e11, 60)])
    assert (np.diff(chances, axis=0) <= 1e-6).all()
    assert (chances[0] > 0.98).all() and (chances[-1] < 0.02).all()


def test_the_line_runs_through_the_quantiles_and_on_beyond_them():
    quantiles = np.linspace(100, 200, len(LEVELS), dtype=np.float32)[:, None].repeat(4, axis=1)
    found = chance_of_passing(quantiles, np.array([quantiles[3, 0], quantiles[7, 0], 250, 50]))
    assert np.allclose(found[:2], [0.9, 0.5], atol=1e-6)
    assert 0 < found[2] < 0.001 and 0.999 < found[3] < 1


def test_the_middle_of_a_sum_is_passed_by_half():
    made = forecast(busy(sims=30), remaining=20)
    half = forecast_with_remaining(busy(sims=30), made.rest[1])
    assert np.allclose(half, 0.5, atol=0.02)


def forecast_with_remaining(values, allowance):
    from analytics.forecasting.fleet import forecast_fleet
    from tests.analytics.forecasting.fleets import weekdays

    remaining = np.full(values.shape[1], 20)
    return forecast_fleet(values, weekdays(len(values)), remaining=remaining, allowance=allowance).probability
