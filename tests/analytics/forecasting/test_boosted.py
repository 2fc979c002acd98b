"""Tier 1: one gradient-boosted model for all."""

import json

import numpy as np
import pytest

from analytics.forecasting.boosted import Boosted, NothingToLearn, fit, predict
from tests.analytics.forecasting.fleets import busy, forecast, idle, weekdays

DAYS, HORIZON = 120, 14


def whole_fleet() -> np.ndarray:
    return np.concatenate([busy(DAYS + HORIZON, 120, 0.3, 21), idle(DAYS + HORIZON, 40, 0.6, 22)], axis=1)


@pytest.fixture(scope="module")
def model() -> Boosted:
    return fit(whole_fleet()[:DAYS], weekdays(DAYS), horizon=HORIZON)


def ahead(model: Boosted, values: np.ndarray, remaining: int = HORIZON):
    return predict(model, values, weekdays(len(values)), remaining=np.full(values.shape[1], remaining))


def test_sums_are_close_and_the_bounds_cover_them(model):
    came = np.nansum(whole_fleet()[DAYS:], axis=0)
    made = ahead(model, whole_fleet()[:DAYS])
    assert np.median(np.abs(made.rest[1, :120] - came[:120]) / came[:120]) < 0.12
    assert 0.65 < ((came >= made.rest[0]) & (came <= made.rest[2])).mean() < 0.95
    assert (made.rest[0] <= made.rest[1]).all() and (made.rest[1] <= made.rest[2]).all() and (made.rest >= 0).all()


def test_days_are_about_as_good_as_those_of_tier_0(model):
    values, came = whole_fleet()[:DAYS], whole_fleet()[DAYS:]
    boosted, plain = ahead(model, values).curve, forecast(values, horizon=HORIZON).curve
    assert boosted.shape == plain.shape
    assert np.nansum(np.abs(boosted[1] - came)) < 1.1 * np.nansum(np.abs(plain[1] - came))


def test_longer_sums_are_larger_and_no_days_are_nothing(model):
    values = whole_fleet()[:DAYS]
    middles = np.array([np.median(ahead(model, values, days).rest[1]) for days in (0, 1, 5, 14)])
    assert middles[0] == 0 and (np.diff(middles) > 0).all()


def test_what_comes_later_changes_nothing(model):
    values = whole_fleet()
    other = values.copy()
    other[DAYS:] = 5e9
    again = fit(other[:DAYS], weekdays(DAYS), horizon=HORIZON)
    assert again.to_bytes() == model.to_bytes(), "and the same input gives the same model"


def test_bytes_come_back_as_the_same_model(model):
    data = model.to_bytes()
    assert set(json.loads(data)) >= {"models", "weights", "offsets"}, "readable text, nothing that could run"
    back = Boosted.from_bytes(data)
    values = whole_fleet()[:DAYS]
    assert np.array_equal(ahead(back, values).rest, ahead(model, values).rest)
    assert back.to_bytes() == data


@pytest.mark.parametrize("data", [b"", b"\x80\x04\x95", b"{}", b"[1]", b'{"format": 9, "models": {}}'])
def test_other_bytes_are_refused(data):
    with pytest.raises(ValueError, match="no forecast model"):
        Boosted.from_bytes(data)


def test_a_damaged_model_is_refused(model):
    read = json.loads(model.to_bytes())
    read["models"]["sum_50"] = "tree\nnonsense"
    damaged = Boosted.from_bytes(json.dumps(read).encode())
    with pytest.raises(ValueError, match="damaged"):
        ahead(damaged, whole_fleet()[:DAYS])


@pytest.mark.parametrize(
    ("values", "reason"),
    [(busy(20, 30), "too short"), (np.zeros((120, 30), np.float32), "too little use"), (busy(120, 0), "too little")],
)
def test_a_history_with_nothing_to_learn_says_so(values, reason):
    with pytest.raises(NothingToLearn, match=reason):
        fit(values, weekdays(len(values)), horizon=HORIZON)


def test_bad_days_are_no_harm(model):
    values = whole_fleet()[:DAYS, :6].copy()
    values[:, 0], values[:, 1], values[:, 2], values[:, 3] = 0, np.nan, 1e15, -1
    values[10, 4] = np.inf
    made = ahead(model, values)
    assert np.isfinite(made.rest).all() and np.isfinite(made.curve).all()
    assert (made.rest[:, :2] == 0).all() and made.rest[1, 2] > 1e15
