"""The day it is, asked for when it is needed: a run that begins before midnight goes on after it."""

from datetime import UTC, date, datetime, timedelta


def today() -> date:
    """In UTC."""
    return datetime.now(UTC).date()


def billing_day(days: int) -> int:
    """Of a plan whose cycle began at least so many days ago, so that usage of the last hours is in it."""
    return min((today() - timedelta(days=days)).day, 28)
