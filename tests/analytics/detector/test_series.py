"""Any one series, scored in streaming order."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analytics.anomalies import score_series

START = np.datetime64("2026-01-05T00:00")


def daily_wave(count, minutes, seed=1, noise=0.1):
    """A daily rhythm with noise, and its timestamps."""
    stamps = START + np.arange(count) * np.timedelta64(minutes, "m")
    phase = np.arange(count) * minutes / 1440 * 2 * np.pi
    return stamps, 10 + 3 * np.sin(phase) + np.random.default_rng(seed).normal(0, noise, count)


@pytest.mark.parametrize("minutes", [1, 5, 60, 1440])
def test_a_spike_has_the_lowest_scores_at_any_interval(minutes):
    stamps, values = daily_wave(3000, minutes)
    values[2500] += 6
    scores = score_series(stamps, values)
    assert scores[2500] < -0.1
    assert 2500 <= scores.argmin() < 2505  # the way back is as sudden as the way there
    assert (scores[1500:2500] < 0).mean() < 0.003  # once a day has been seen


def test_a_level_that_is_unusual_at_that_hour_is_found_though_it_is_usual_at_others():
    stamps, values = daily_wave(3000, 60)
    values[2412:2416] = 13  # by night, where 7 is usual
    assert score_series(stamps, values).argmin() in range(2412, 2416)


def test_scores_are_within_their_range_and_finite():
    stamps, values = daily_wave(2000, 5)
    values[1500] = 1e300
    scores = score_series(stamps, values)
    assert np.isfinite(scores).all() and (np.abs(scores) <= 1).all()


@pytest.mark.parametrize("cut", [1, 17, 25, 300, 1501])
def test_nothing_looks_ahead(cut):
    stamps, values = daily_wave(2000, 5)
    values[1500] += 5
    values[700] = np.nan
    assert score_series(stamps[:cut], values[:cut]).tolist() == score_series(stamps, values)[:cut].tolist()


def test_all_ways_to_write_a_moment_give_the_same():
    stamps, values = daily_wave(300, 60)
    seconds = stamps.astype("datetime64[s]").astype(np.int64)
    moments = [datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=n) for n in range(300)]
    texts = [moment.isoformat() for moment in moments]
    expected = score_series(stamps, values).tolist()
    for given in (seconds, seconds.tolist(), moments, texts, stamps.astype(str), list(stamps)):
        assert score_series(given, values.tolist()).tolist() == expected


def test_irregular_moments_gaps_and_repeated_moments_are_taken_as_they_come():
    rng = np.random.default_rng(3)
    seconds = np.cumsum(rng.integers(0, 600, 3000)).astype(float)
    seconds[1500:] += 5 * 86_400
    values = 10 + 3 * np.sin(seconds / 86_400 * 2 * np.pi) + rng.normal(0, 0.1, 3000)
    values[2800] += 6
    scores = score_series(seconds, values)
    assert 2800 <= scores.argmin() < 2805


def test_a_change_of_scale_changes_no_score():
    stamps, values = daily_wave(1500, 60)
    one, other = score_series(stamps, values), score_series(stamps, values * 1e9)
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_noise_alone_is_hardly_ever_an_anomaly():
    rng = np.random.default_rng(4)
    stamps = START + np.arange(20_000) * np.timedelta64(5, "m")
    assert (score_series(stamps, rng.normal(0, 1, 20_000)) < 0).mean() < 0.001
