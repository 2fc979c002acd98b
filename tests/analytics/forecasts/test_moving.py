"""A forecast moved on in time: pure numbers."""

import numpy as np
import pytest

from analytics.ahead.moving import Made, Now, grown, growth_of, moved, spread

MB = 1e6


def made(**changes):
    """One SIM that uses 10 MB a day; the forecast was made ten days before the end of its cycle."""
    curve = np.full((1, 31), 10 * MB)
    fields = {
        "growth": growth_of(curve), "at": [0.0], "end": [10.0], "rest": [[80 * MB], [100 * MB], [130 * MB]],
        "month": [[260 * MB], [300 * MB], [350 * MB]], "quota": [250 * MB], "probability": [0.4],
        "exhausts": [np.nan], "used": [150 * MB],
    }  # fmt: skip
    return Made(**{name: np.array(value, np.float64) for name, value in (fields | changes).items()})


def now(at=0.0, used=150 * MB, quota=250 * MB, end=10.0, same=True):
    return Now(*(np.array([value], np.float64) for value in (at, end, used, quota)), np.array([same]))


def test_nothing_new_changes_nothing():
    found = moved(made(), now())
    assert found.rest[:, 0] == pytest.approx([80 * MB, 100 * MB, 130 * MB])
    assert found.probability[0] == pytest.approx(0.4, abs=1e-6)


def test_days_that_are_over_drop_out_and_the_bounds_draw_together():
    found = moved(made(), now(at=7.5, used=225 * MB))
    assert found.rest[1, 0] == pytest.approx(25 * MB)
    assert found.rest[2, 0] - found.rest[1, 0] == pytest.approx(30 * MB * 0.5)


def test_moving_twice_is_moving_once():
    first = moved(made(), now(at=4.0, used=230 * MB))
    between = made(
        at=[4.0], rest=first.rest.tolist(), used=[230 * MB], probability=first.probability, exhausts=first.exhausts
    )
    twice, once = moved(between, now(at=6.0, used=240 * MB)), moved(made(), now(at=6.0, used=240 * MB))
    assert twice.rest == pytest.approx(once.rest)
    assert twice.probability == pytest.approx(once.probability, abs=1e-3)
    assert twice.exhausts == pytest.approx(once.exhausts)


def test_more_use_than_expected_brings_the_day_nearer_and_the_chance_up():
    calm, hot = moved(made(), now(at=2.0, used=170 * MB)), moved(made(), now(at=2.0, used=210 * MB))
    assert np.isnan(calm.exhausts[0]) and hot.exhausts[0] == pytest.approx(6.0, abs=0.01)
    assert hot.probability[0] > 0.9 > calm.probability[0]


def test_what_is_over_its_quota_is_certain_and_keeps_its_day():
    over = moved(made(exhausts=[-3.0]), now(at=2.0, used=300 * MB))
    assert (over.probability[0], over.exhausts[0]) == (1.0, -3.0)
    assert moved(made(), now(at=2.5, used=300 * MB)).exhausts[0] == 2.5


def test_without_a_quota_there_is_neither_chance_nor_day():
    found = moved(made(quota=[np.nan], probability=[np.nan]), now(quota=np.nan))
    assert np.isnan(found.probability[0]) and np.isnan(found.exhausts[0])


def test_a_new_cycle_rests_on_the_month():
    found = moved(made(), now(at=10.0, end=40.0, used=0.0, same=False))
    assert found.rest[1, 0] == pytest.approx(300 * MB)
    assert found.exhausts[0] == pytest.approx(35.0, abs=0.01)


def test_a_cycle_that_is_over_has_nothing_left():
    found = moved(made(), now(at=12.0, used=200 * MB))
    assert found.rest[:, 0].tolist() == [0, 0, 0] and found.probability[0] == 0


def test_a_silent_sim_does_not_run_out():
    zero = [[0.0], [0.0], [0.0]]
    silent = made(growth=growth_of(np.zeros((1, 31))), rest=zero, month=zero, probability=[0.0], used=[0.0])
    found = moved(silent, now(used=0.0))
    assert found.probability[0] == 0 and np.isnan(found.exhausts[0]) and not found.rest.any()


def test_a_petabyte_does_not_break_the_numbers():
    found = moved(made(rest=[[1e15], [2e15], [3e15]], probability=[np.nan]), now(quota=1e15))
    assert np.isfinite(found.rest).all() and found.probability[0] > 0.85


def test_beyond_its_end_the_curve_goes_on_as_in_its_last_week():
    growth = growth_of(np.array([[1.0] * 24 + [2.0] * 7]))
    assert grown(growth, np.array([31.0])) == pytest.approx(38) and grown(growth, np.array([34.0])) == pytest.approx(44)


def test_bounds_never_fall_below_nothing():
    sums = np.array([[0.0], [1.0], [100.0]])
    assert spread(sums, np.array([0.01]))[0, 0] == 0
