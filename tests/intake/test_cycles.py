"""Billing cycles: months of 28 to 31 days, billing days of 1 to 31."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims.cycles import cycle_start, next_cycle_start

days = st.dates(min_value=date(2019, 1, 1), max_value=date(2032, 12, 31))


@pytest.mark.parametrize(
    ("day", "billing_day", "start", "following"),
    [
        (date(2026, 11, 22), 1, date(2026, 11, 1), date(2026, 12, 1)),
        (date(2026, 11, 22), 22, date(2026, 11, 22), date(2026, 12, 22)),
        (date(2026, 11, 22), 23, date(2026, 10, 23), date(2026, 11, 23)),
        (date(2026, 2, 27), 31, date(2026, 1, 31), date(2026, 2, 28)),
        (date(2026, 2, 28), 31, date(2026, 2, 28), date(2026, 3, 31)),
        (date(2028, 2, 29), 30, date(2028, 2, 29), date(2028, 3, 30)),
        (date(2026, 1, 3), 31, date(2025, 12, 31), date(2026, 1, 31)),
        (date(2026, 12, 31), 15, date(2026, 12, 15), date(2027, 1, 15)),
    ],
)
def test_a_cycle_begins_on_the_billing_day_or_the_last_day_of_a_shorter_month(day, billing_day, start, following):
    assert cycle_start(day, billing_day) == start
    assert next_cycle_start(day, billing_day) == following


@given(days, st.integers(1, 31))
def test_every_day_is_in_exactly_one_cycle(day, billing_day):
    start, following = cycle_start(day, billing_day), next_cycle_start(day, billing_day)
    assert start <= day < following
    assert 28 <= (following - start).days <= 31
    assert cycle_start(following, billing_day) == following
    assert cycle_start(following - timedelta(days=1), billing_day) == start


@pytest.mark.parametrize("wrong", [0, 32, -1])
def test_there_is_no_other_billing_day(wrong):
    with pytest.raises(ValueError, match="1 to 31"):
        cycle_start(date(2026, 1, 1), wrong)


@given(days, st.integers(29, 31))
def test_late_billing_days_fall_on_the_last_of_a_february(day, billing_day):
    february = day.replace(month=2, day=1)
    last = day.replace(month=3, day=1) - timedelta(days=1)
    assert last.day in (28, 29)
    assert cycle_start(last, billing_day) == last.replace(day=min(billing_day, last.day))
    before = day.replace(month=1, day=billing_day)
    assert cycle_start(february, billing_day) == before
    assert next_cycle_start(february, billing_day) == last.replace(day=min(billing_day, last.day))
    assert next_cycle_start(last, billing_day) == day.replace(month=3, day=billing_day)


@given(days, st.integers(1, 31))
def test_twelve_cycles_are_a_year(day, billing_day):
    start = cycle_start(day, billing_day)
    after = start
    for _ in range(12):
        after = next_cycle_start(after, billing_day)
    assert (after.year, after.month) == (start.year + 1, start.month)
    assert after.day in (start.day, 28, 29, min(billing_day, 29))
