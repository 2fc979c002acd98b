"""Moments as positions on a forecast's curve, and back: days since the local midnight on which it begins. Pure."""

import math
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

SECONDS = 86_400


def position(at: datetime, first_day: date, zone: ZoneInfo) -> float:
    """How many days lie between the curve's beginning and a moment; a day counts as one, whatever the clock does."""
    local = at.astimezone(zone)
    since = (local.hour * 60 + local.minute) * 60 + local.second
    return max((local.date() - first_day).days + since / SECONDS, 0.0)


def end_position(last_day: date, first_day: date) -> float:
    """The end of a day, as a position."""
    return max(float((last_day - first_day).days + 1), 0.0)


def day_at(place: float, first_day: date) -> date | None:
    """The day in which a position lies; None for NaN. A position before the curve is a day before it."""
    return None if math.isnan(place) else first_day + timedelta(days=math.floor(place))
