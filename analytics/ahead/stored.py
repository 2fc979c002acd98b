"""Kept forecasts as arrays that can be moved on, and what they come to now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from analytics.ahead.clock import day_at, end_position, position
from analytics.ahead.moving import Floats, Made, Moved, Now, growth_of, moved
from sims.cycles import cycle_start, next_cycle_start

if TYPE_CHECKING:
    from analytics.models import GroupForecast, SimForecast

    Kept = SimForecast | GroupForecast


@dataclass(frozen=True)
class Standing:
    """What is known now of what a forecast is about: the newest usage of its cycle, and its quota.

    `as_of` is None when nothing is known that the forecast did not know. `used` counts from `start` on.
    """

    used: int
    quota: int | None
    start: date
    end: date
    as_of: datetime | None


@dataclass(frozen=True)
class Outlook:
    """A forecast as it stands: bytes; `cycle` is 10, 50 and 90 % of the whole cycle, what was used included."""

    as_of: datetime
    start: date
    end: date
    used: int
    quota: int | None
    cycle: tuple[int, int, int]
    exhausts_on: date | None
    probability: float | None


def cycle_on(day: date, billing_day: int) -> tuple[date, date]:
    """First and last day of the cycle that a day is in."""
    return cycle_start(day, billing_day), date.fromordinal(next_cycle_start(day, billing_day).toordinal() - 1)


def outlooks(rows: "Sequence[Kept]", now: Sequence[Standing], zone: ZoneInfo) -> list[Outlook]:
    """What the kept forecasts come to with what is known now, in their order."""
    if not rows:
        return []
    moments = [max(one.as_of, row.as_of) if one.as_of else row.as_of for row, one in zip(rows, now, strict=True)]
    found = moved(made_of(rows, zone), _now(rows, now, moments, zone))
    return [
        _outlook(row, one, at, found, place)
        for place, (row, one, at) in enumerate(zip(rows, now, moments, strict=True))
    ]


def made_of(rows: "Sequence[Kept]", zone: ZoneInfo) -> Made:
    """Kept forecasts as arrays."""
    used = _floats([row.used_bytes for row in rows])
    cycle = _floats([[row.cycle_p10_bytes, row.cycle_p50_bytes, row.cycle_p90_bytes] for row in rows]).T
    return Made(
        growth=growth_of(_floats([row.days_p50 for row in rows])),
        at=_floats([position(row.as_of, row.first_day, zone) for row in rows]),
        end=_floats([end_position(row.cycle_end_date, row.first_day) for row in rows]),
        rest=np.maximum(cycle - used, 0),
        month=_floats([[row.month_p10_bytes, row.month_p50_bytes, row.month_p90_bytes] for row in rows]).T,
        quota=_floats([_or_nan(row.quota_bytes) for row in rows]),
        probability=_floats([_or_nan(row.exhausts_probability) for row in rows]),
        exhausts=_floats(
            [float((row.exhausts_on - row.first_day).days) if row.exhausts_on else np.nan for row in rows]
        ),
        used=used,
    )


def _now(rows: "Sequence[Kept]", now: Sequence[Standing], moments: Sequence[datetime], zone: ZoneInfo) -> Now:
    begins = [float((one.start - row.first_day).days) for row, one in zip(rows, now, strict=True)]
    end = _floats([end_position(one.end, row.first_day) for row, one in zip(rows, now, strict=True)])
    at = _floats([position(when, row.first_day, zone) for row, when in zip(rows, moments, strict=True)])
    return Now(
        at=np.minimum(np.maximum(at, _floats(begins)), end),
        end=end,
        used=_floats([one.used for one in now]),
        quota=_floats([_or_nan(one.quota or None) for one in now]),
        same_cycle=np.array([row.cycle_start_date == one.start for row, one in zip(rows, now, strict=True)]),
    )


def _outlook(row: "Kept", now: Standing, at: datetime, found: Moved, place: int) -> Outlook:
    low, middle, high = (round(now.used + float(found.rest[level, place])) for level in range(3))
    chance = float(found.probability[place])
    return Outlook(
        as_of=at,
        start=now.start,
        end=now.end,
        used=now.used,
        quota=now.quota or None,
        cycle=(low, middle, high),
        exhausts_on=day_at(float(found.exhausts[place]), row.first_day),
        probability=None if np.isnan(chance) else chance,
    )


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _floats(values: Sequence[object]) -> Floats:
    return np.array(values, np.float64)
