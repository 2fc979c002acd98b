"""Days and periods as people write them; today is Sunday, 22 November 2026."""

from datetime import date

import pytest

from iotsim.core.days import parse_day
from iotsim.core.periods import find_periods

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("last week", "2026-11-09", "2026-11-15"),
        ("over the last week", "2026-11-15", "2026-11-22"),
        ("past fortnight", "2026-11-08", "2026-11-22"),
        ("last 7 days", "2026-11-15", "2026-11-22"),
        ("the last three months", "2026-08-22", "2026-11-22"),
        ("last month", "2026-10-01", "2026-10-31"),
        ("this month so far", "2026-11-01", "2026-11-22"),
        ("yesterday", "2026-11-21", "2026-11-21"),
        ("the day before yesterday", "2026-11-20", "2026-11-20"),
        ("since Monday", "2026-11-16", "2026-11-22"),
        ("since October 3", "2026-10-03", "2026-11-22"),
        ("since the start of the month", "2026-11-01", "2026-11-22"),
        ("between 3 and 12 October", "2026-10-03", "2026-10-12"),
        ("October 3-12", "2026-10-03", "2026-10-12"),
        ("from 1 Oct to 5 Nov 2026", "2026-10-01", "2026-11-05"),
        ("2026-10-01 to 2026-10-31", "2026-10-01", "2026-10-31"),
        ("12.10.2026", "2026-10-12", "2026-10-12"),
        ("in September", "2026-09-01", "2026-09-30"),
        ("in December", "2025-12-01", "2025-12-31"),
        ("Q3", "2026-07-01", "2026-09-30"),
        ("in 2025", "2025-01-01", "2025-12-31"),
        ("for the year 2025", "2025-01-01", "2025-12-31"),
        ("in October and in September", "2026-09-01", "2026-10-31"),
        ("the first week of October", "2026-10-01", "2026-10-07"),
        ("last weekend", "2026-11-14", "2026-11-15"),
        ("dec 24 till jan 2", "2025-12-24", "2026-01-02"),
        ("between November and February", "2025-11-01", "2026-02-28"),
        ("from December and January", "2025-12-01", "2026-01-31"),
        ("in October and September", "2026-09-01", "2026-10-31"),
        ("in the last 24 hours", "2026-11-21", "2026-11-22"),
    ],
)
def test_a_period_is_read_relative_to_today(text: str, first: str, last: str) -> None:
    (period,) = find_periods(text, today=TODAY)
    assert (str(period.first), str(period.last)) == (first, last)


def test_a_period_may_be_open_at_its_start() -> None:
    (period,) = find_periods("until yesterday", today=TODAY)
    assert (period.first, period.last) == (None, date(2026, 11, 21))


@pytest.mark.parametrize("text", ["suspend it now", "SIM 3456 may be lost", "this cycle", "over 2026 MB", "32 of them"])
def test_what_is_no_period_is_left_alone(text: str) -> None:
    assert find_periods(text, today=TODAY) == []


def test_a_day_is_parsed_from_iso_and_from_words() -> None:
    assert parse_day("2026-09-30", today=TODAY) == date(2026, 9, 30)
    assert parse_day("yesterday", today=TODAY) == date(2026, 11, 21)
    with pytest.raises(ValueError, match="is not a day"):
        parse_day("2026-02-30", today=TODAY)
