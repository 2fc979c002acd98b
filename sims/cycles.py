"""Billing cycles: which days belong together on a bill (pure; no Django)."""

import calendar
from datetime import date, timedelta


def cycle_start(day: date, billing_day: int) -> date:
    """The first day of the billing cycle that `day` is in.

    A cycle begins on `billing_day` (1 to 31), in a shorter month on its last day: with 31, February's cycle
    begins on the 28th or 29th. Raises ValueError outside of 1 to 31.
    """
    begins = _begins(day.year, day.month, billing_day)
    if day >= begins:
        return begins
    before = day.replace(day=1) - timedelta(days=1)
    return _begins(before.year, before.month, billing_day)


def next_cycle_start(day: date, billing_day: int) -> date:
    """The first day of the cycle after the one that `day` is in."""
    start = cycle_start(day, billing_day)
    after = start.replace(day=1) + timedelta(days=31)
    return _begins(after.year, after.month, billing_day)


def _begins(year: int, month: int, billing_day: int) -> date:
    if not 1 <= billing_day <= 31:
        raise ValueError(f"a billing day is 1 to 31, not {billing_day}")
    return date(year, month, min(billing_day, calendar.monthrange(year, month)[1]))
