"""Days and series that are empty, broken, huge or out of order: a sensible answer or a sentence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analytics.anomalies import Day, Days, new_state, scan, score_series, step
from tests.analytics.detector.fleets import MONDAY, calm, found, of_sim, opened


def scores_of(values, minutes=60):
    start = datetime(2026, 1, 5, tzinfo=UTC)
    return score_series([start + timedelta(minutes=minutes * n) for n in range(len(values))], values)


@pytest.mark.parametrize("value", [0, 1, 5e6, 1e15])
def test_constant_series_have_no_anomaly(value):
    days = Days(MONDAY, np.full((60, 30), value, np.float32))
    assert opened(days) == []
    assert (scores_of(np.full(500, float(value))) == 1).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -5])
def test_numbers_that_cannot_be_are_unknown(value):
    days = calm(days=60)
    days.bytes[20:40, 0] = value
    days.bytes[:, 1] = value
    days.sessions[30:32, 2] = value
    assert opened(days) == []


def test_a_petabyte_is_a_spike_and_breaks_nothing():
    days = calm()
    days.bytes[60, 0] = 1e15
    assert of_sim(days) == [("spike", 60)]
    values = np.random.default_rng(1).normal(10, 1, 300)
    values[200] = 1e15
    scores = scores_of(values)
    assert scores[200] == scores.min() < -0.9
    assert np.isfinite(scores).all()


def test_a_sim_used_once_or_never_raises_nothing():
    days = calm(days=60)
    days.bytes[:, 0] = 0
    days.bytes[:, 1] = 0
    days.bytes[10, 1] = 1e6
    assert opened(days) == []


def test_an_empty_fleet_and_no_days_have_no_findings():
    assert len(scan([], 5).findings) == 0
    nothing = np.zeros((20, 0), np.float32)
    assert len(found(Days(MONDAY, nothing, cohort=np.zeros(0, np.int64)))) == 0


def test_days_that_are_missing_altogether_teach_nothing():
    days = calm()
    kept = [day for place, day in enumerate(days) if not 40 <= place < 50]
    assert len(scan(kept, 200).findings) == 0


def test_days_without_side_signals_are_enough():
    days = calm()
    bare = Days(days.first, days.bytes)
    bare.bytes[60, 0] *= 30
    assert opened(bare) == [(0, "spike", 60)]


def test_a_sim_that_begins_later_is_learnt_before_it_is_judged():
    days = calm()
    days.bytes[:50, 0] = np.nan
    days.bytes[55, 0] *= 50
    days.bytes[80, 0] *= 50
    assert of_sim(days) == [("spike", 80)]


def test_a_day_twice_is_refused_in_a_sentence():
    days, state = list(calm(days=3)), new_state(200)
    step(state, days[1])
    for again in (days[1], days[0]):
        with pytest.raises(ValueError, match="days come in order"):
            step(state, again)


def test_arrays_of_other_lengths_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="the state holds 5 SIMs"):
        step(new_state(5), Day(MONDAY, np.zeros(4, np.float32)))
    with pytest.raises(ValueError, match="sessions has the shape"):
        step(new_state(4), Day(MONDAY, np.zeros(4, np.float32), sessions=np.zeros(3, np.float32)))


def test_the_same_day_in_another_precision_is_the_same():
    days = calm(days=40)
    wide = replace(days, bytes=days.bytes.astype(np.float64))
    assert opened(days) == opened(wide)


def test_time_that_goes_backwards_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="Timestamp 2 is before"):
        score_series([10, 20, 15], [1, 2, 3])


def test_lengths_that_differ_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="3 timestamps and 2 values"):
        score_series([1, 2, 3], [1, 2])


@pytest.mark.parametrize("moment", ["yesterday", None, "NaT", float("nan")])
def test_what_is_no_moment_is_refused(moment):
    with pytest.raises(ValueError, match="not a moment"):
        score_series([moment], [1])


def test_series_without_a_point_or_with_one_have_nothing_to_say():
    assert score_series([], []).tolist() == []
    assert score_series(["2026-01-01"], [5]).tolist() == [1]
    assert score_series(["2026-01-01", "2026-01-02"], [np.nan, np.nan]).tolist() == [1, 1]


def test_unknown_values_score_one_and_gaps_break_nothing():
    values = np.random.default_rng(2).normal(10, 1, 400)
    values[100:150] = np.nan
    values[160] = np.inf
    scores = scores_of(values)
    assert (scores[100:150] == 1).all() and scores[160] == 1
    assert (scores > -0.5).all()
