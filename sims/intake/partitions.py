"""Partitions come into being before the rows that need them, each in a short transaction of its own."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.db import connection, transaction

_RECORDS_AND_DAYS: Final = "sims_usage_partitions"
_HOURS: Final = "sims_hour_partitions"
_made: set[tuple[str, str, date]] = set()


def ensure_partitions(first: date, last: date) -> None:
    """See to it that records and days from `first` to `last` have a place. Not within a long transaction."""
    _ensure(_RECORDS_AND_DAYS, first, last)


def ensure_hour_partitions(first: date, last: date) -> None:
    """The same for hours."""
    _ensure(_HOURS, first, last)


def ensure_partitions_for(first_micros: int, last_micros: int) -> None:
    """Records and days for times, with a day to spare on both sides: local days are not UTC's."""
    first, last = (datetime.fromtimestamp(micros / 1e6, UTC).date() for micros in (first_micros, last_micros))
    ensure_partitions(first - timedelta(days=1), last + timedelta(days=1))


def forget_partitions() -> None:
    """Some are gone: look again before the next rows."""
    _made.clear()


def _ensure(function: str, first: date, last: date) -> None:
    name = connection.settings_dict["NAME"]
    months = {(name, function, month) for month in _months(first, last)}
    if months <= _made:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [first, last])
    transaction.on_commit(lambda: _made.update(months))  # at once, unless a caller's transaction may yet undo it


def _months(first: date, last: date) -> list[date]:
    count = (last.year - first.year) * 12 + last.month - first.month
    return [
        date(first.year + (first.month - 1 + step) // 12, (first.month - 1 + step) % 12 + 1, 1)
        for step in range(count + 1)
    ]
