"""The period that a question about usage is about. Pure."""

from datetime import date, timedelta
from typing import Final

from iotsim.core.errors import Invalid

DEFAULT_DAYS: Final = 30
MAX_DAYS: Final = 1_100


def period_of(today: date, start: date | None, end: date | None) -> tuple[date, date]:
    """First and last day, both inside: to today at most, 30 days when no beginning is given. Raises Invalid."""
    last = min(end or today, today)
    first = start or last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last:
        raise Invalid(f"The period begins on {first} and ends before that, on {last}.", field="start_date")
    if (last - first).days >= MAX_DAYS:
        raise Invalid(f"The period is longer than {MAX_DAYS:,} days; choose a shorter one.", field="start_date")
    return first, last
