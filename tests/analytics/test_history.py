"""The reader of days as arrays: what is zero, what is unknown, and whose it is."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from analytics.nightly.history import read_history
from tests.fleet import make_sim, use

LAST = date(2026, 3, 10)
NOW = datetime(2026, 3, 11, 9, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=300)


@pytest.fixture
def meter(organisation):
    return make_sim(organisation, activated_at=LONG_AGO, cycle_as_of=NOW)


def day(back):
    return LAST - timedelta(days=back)


def test_days_and_sims_stand_where_they_belong(organisation, meter):
    tracker = make_sim(organisation, activated_at=LONG_AGO, cycle_as_of=NOW)
    for back in range(4):
        use(meter, day(back), 100 + back)
    use(tracker, day(2), 7)
    history = read_history(organisation.pk, days=4)
    assert history.sim_ids.tolist() == [meter.pk, tracker.pk]
    assert (history.first_day, history.last_day, history.as_of) == (day(3), LAST, NOW)
    assert history.bytes.tolist() == [[103, 0], [102, 7], [101, 0], [100, 0]]
    assert history.sessions.tolist() == [[1, 0], [1, 1], [1, 0], [1, 0]]
    assert history.weekdays.tolist() == [day(3).weekday() + n - 7 * (day(3).weekday() + n > 6) for n in range(4)]


def test_the_day_that_is_not_over_is_left_out(organisation, meter):
    use(meter, LAST + timedelta(days=1), 5)
    assert read_history(organisation.pk, days=3).last_day == LAST


def test_a_day_on_which_nobody_used_anything_is_unknown_and_not_zero(organisation, meter):
    use(meter, day(2), 5)
    use(meter, day(0), 5)
    np.testing.assert_equal(read_history(organisation.pk, days=3).bytes[:, 0], np.float32([5, np.nan, 5]))


def test_one_sim_alone_has_the_zeros_it_has_among_all(organisation, meter):
    other = make_sim(organisation, activated_at=LONG_AGO, cycle_as_of=NOW)
    for back in range(3):
        use(other, day(back), 1)
    use(meter, day(2), 5)
    history = read_history(organisation.pk, days=3, sim_ids=[meter.pk])
    np.testing.assert_equal(history.bytes[:, 0], np.float32([5, 0, 0]))


def test_days_before_a_sim_was_activated_are_unknown(organisation, meter):
    for back in range(4):
        use(meter, day(back), 1)
    new = make_sim(organisation, activated_at=datetime(2026, 3, 9, 12, tzinfo=UTC), cycle_as_of=NOW)
    use(new, day(0), 9)
    column = read_history(organisation.pk, days=4).bytes[:, 1]
    np.testing.assert_equal(column, np.float32([np.nan, np.nan, 0, 9]))
    assert new.pk > meter.pk


def test_another_organisation_and_stock_are_not_there(organisation, other_organisation, meter):
    use(meter, day(0), 5)
    use(make_sim(other_organisation, activated_at=LONG_AGO, cycle_as_of=NOW), day(0), 99)
    make_sim(organisation, status="inventory")
    history = read_history(organisation.pk, days=1)
    assert history.sim_ids.tolist() == [meter.pk]
    assert history.bytes.tolist() == [[5]]


def test_a_fleet_without_sims_gives_empty_arrays(organisation):
    history = read_history(organisation.pk, days=5)
    assert history.bytes.shape == (5, 0)
    assert history.as_of is None
