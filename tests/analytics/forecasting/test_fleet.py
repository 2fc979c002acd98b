"""Tier 0: what every SIM of a fleet will use."""

import dataclasses

import numpy as np
import pytest

from analytics.forecasting import fleet
from analytics.forecasting.shapes import CLASSES, Forecasts
from tests.analytics.forecasting.fleets import WEEK, busy, forecast, idle, weekdays


def test_a_constant_series_goes_on_and_its_quota_ends_on_the_day_it_must():
    made = forecast(np.full((120, 3), 1e6, np.float32), remaining=20, allowance=10.5e6)
    assert np.allclose(made.curve, 1e6, rtol=1e-3)
    assert np.allclose(made.rest, 20e6, rtol=1e-3) and np.allclose(made.month, 30e6, rtol=1e-3)
    assert made.exhausts_in.tolist() == [11, 11, 11]
    assert (made.probability > 0.99).all()
    assert {CLASSES[index] for index in made.device_class} == {"regular"}


def test_the_week_is_found():
    made = forecast(busy(noise=0.05))
    first = made.curve[1, :7].mean(axis=1) / made.curve[1, :7].mean()
    assert np.allclose(first, np.roll(WEEK, -120 % 7) / WEEK.mean(), atol=0.06)


@pytest.mark.parametrize(("noise", "best_possible"), [(0.1, 0.08), (0.3, 0.24), (0.6, 0.45)])
def test_days_are_nearly_as_good_as_their_noise_allows(noise, best_possible):
    whole = busy(days=150, sims=150, noise=noise, seed=3)
    middle, came = forecast(whole[:120], horizon=30).curve[1], whole[120:]
    known = np.isfinite(came)
    relative = np.nansum(np.abs(came - middle), axis=0) / np.where(known, came, 0).sum(axis=0)
    assert np.median(relative) < 1.12 * best_possible


def test_it_beats_the_week_before():
    whole = busy(days=150, sims=150, seed=4)
    made, came = forecast(whole[:120], horizon=30), whole[120:]
    naive = np.resize(np.nan_to_num(whole[113:120]), (30, 150))
    assert np.nansum(np.abs(came - made.curve[1])) < 0.85 * np.nansum(np.abs(came - naive))


def test_what_comes_later_changes_nothing():
    values = busy()
    other = values.copy()
    other[100:] = 7e9
    assert_same(forecast(values[:100]), forecast(other[:100]))


def test_a_forecast_is_scaled_with_its_series():
    values = busy()
    small, large = forecast(values, allowance=2e8), forecast(values * 1024, allowance=2e8 * 1024)
    assert np.allclose(small.rest * 1024, large.rest, rtol=1e-4)
    assert np.allclose(small.curve * 1024, large.curve, rtol=1e-4)
    assert np.allclose(small.probability, large.probability, atol=1e-4)
    assert (small.exhausts_in == large.exhausts_in).all()


def test_the_order_of_sims_does_not_matter():
    values, order = busy(), np.random.default_rng(1).permutation(60)
    straight, mixed = forecast(values, allowance=1e8), forecast(values[:, order], allowance=1e8)
    assert np.allclose(straight.rest[:, order], mixed.rest, rtol=1e-4)
    assert np.allclose(straight.curve[:, :, order], mixed.curve, rtol=1e-4)
    assert np.allclose(straight.probability[order], mixed.probability, atol=1e-4)


def test_the_size_of_blocks_does_not_matter(monkeypatch):
    values = np.concatenate([busy(), idle()], axis=1)
    whole = forecast(values, allowance=1e8)
    monkeypatch.setattr(fleet, "BLOCK", 7)
    assert_same(whole, forecast(values, allowance=1e8))


def test_sums_of_devices_that_rarely_use_anything_are_not_nothing():
    made = forecast(idle(active=0.3, sims=80), remaining=30)
    assert (made.curve[1] == 0).mean() > 0.9
    usual = np.nanmean(idle(active=0.3, sims=80), axis=0) * 30
    assert 0.7 < np.median(made.rest[1] / usual) < 1.2
    assert {CLASSES[index] for index in made.device_class} <= {"sparse", "bursty"}


def test_a_new_level_is_followed_after_two_weeks():
    values = busy(noise=0.2, sims=40)
    values[-14:] *= 5
    before, after = forecast(busy(noise=0.2, sims=40)), forecast(values)
    assert 4 < np.median(after.rest[1] / before.rest[1]) < 6


def test_a_device_that_fell_silent_is_expected_to_stay_silent():
    values = busy(noise=0.2, sims=40)
    values[-21:, :10] = 0
    made = forecast(values, remaining=30)
    assert (made.rest[1, :10] < 0.15 * made.rest[1, 10:].min() + 0.15 * np.nanmean(values[:90, :10], axis=0) * 30).all()


def test_one_odd_day_changes_little():
    values = busy(noise=0.1)
    odd = values.copy()
    odd[-3] *= 50
    assert np.allclose(forecast(odd).rest[1], forecast(values).rest[1], rtol=0.1)


def test_labelled_anomalies_are_not_learnt():
    values = busy(noise=0.1)
    spoilt, ignored = values.copy(), np.zeros(values.shape, bool)
    spoilt[-12:, :5] *= 40
    ignored[-12:, :5] = True
    spared, fooled = forecast(spoilt, ignored=ignored), forecast(spoilt)
    clean = forecast(values)
    assert np.allclose(spared.rest[1, :5], clean.rest[1, :5], rtol=0.15)
    assert (fooled.rest[1, :5] > 2 * clean.rest[1, :5]).all()


def test_records_that_arrive_a_day_late_count_for_their_day():
    values = np.nan_to_num(busy(noise=0.05, sims=30), nan=1e5)
    late = values.copy()
    for day in (119, 112, 105, 98):
        late[day] += late[day - 1]
        late[day - 1] = 0
    assert np.allclose(forecast(late).curve, forecast(values).curve, rtol=0.1)


def test_new_sims_are_forecast_from_their_cohort_and_say_so():
    values = busy(noise=0.2, sims=60, seed=5)
    values[:, :30] *= 1e6 / np.nanmean(values[:, :30], axis=0)
    values[:, 30:] *= 1e3 / np.nanmean(values[:, 30:], axis=0)
    cohorts = np.repeat([1, 2], 30)
    values[:, [0, 30]] = np.nan
    values[-10:, 1] = 3e6
    values[:-10, 1] = np.nan
    made = forecast(values, remaining=10, cohorts=cohorts)
    assert np.flatnonzero(made.is_prior).tolist() == [0, 1, 30]
    assert made.history_days[[0, 1, 30]].tolist() == [0, 10, 0]
    assert 0.8 < made.rest[1, 0] / 10e6 < 1.2 and 0.8 < made.rest[1, 30] / 10e3 < 1.2
    assert 1.3 < made.rest[1, 1] / 10e6 < 2.7, "ten days of its own count as well"
    assert made.rest[0, 1] < made.rest[1, 1] < made.rest[2, 1]


def test_a_fleet_of_new_sims_alone_still_gets_an_answer():
    made = forecast(busy(days=5), remaining=10, allowance=1e6)
    assert made.is_prior.all() and np.isfinite(made.rest).all() and (made.rest[2] > made.rest[0]).all()
    assert np.isfinite(made.probability).all()


def test_nothing_remains_to_be_used_on_no_days():
    made = forecast(busy(), remaining=0, allowance=1.0)
    assert (made.rest == 0).all() and (made.probability == 0).all()


def test_a_quota_that_is_used_up_is_passed_already():
    made = forecast(busy(sims=4), allowance=0.0)
    assert (made.exhausts_in == 0).all() and (made.probability == 1).all()


def test_without_a_quota_there_is_no_chance_and_no_day():
    made = forecast(busy(sims=4))
    assert np.isnan(made.probability).all() and (made.exhausts_in == -1).all()


def test_days_must_follow_each_other_and_fit():
    values = busy(days=30, sims=2)
    more = {"remaining": np.zeros(2, int), "allowance": np.zeros(2)}
    with pytest.raises(ValueError, match="follow each other"):
        fleet.forecast_fleet(values, np.array([*range(20), *range(22, 32)]) % 7, **more)
    with pytest.raises(ValueError, match="29 weekdays do not fit"):
        fleet.forecast_fleet(values, weekdays(29), **more)
    with pytest.raises(ValueError, match="one value for each"):
        fleet.forecast_fleet(values, weekdays(30), remaining=np.zeros(3, int), allowance=np.zeros(2))
    with pytest.raises(ValueError, match="horizon of 0"):
        fleet.forecast_fleet(values, weekdays(30), horizon=0, **more)


def assert_same(one: Forecasts, other: Forecasts) -> None:
    for field in dataclasses.fields(one):
        assert np.array_equal(getattr(one, field.name), getattr(other, field.name), equal_nan=True), field.name
