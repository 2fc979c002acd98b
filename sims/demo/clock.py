"""Days of a fleet as moments in an organisation's zone."""

import zoneinfo
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cached_property

from sims.demo.fleet import Fleet


@dataclass
class Clock:
    """Day 0 is the first of the fleet's period, negative days are before it. `now` may cut the last day."""

    fleet: Fleet
    zone: zoneinfo.ZoneInfo
    now: datetime
    _known: dict[int, datetime] = field(default_factory=dict)

    def midnight(self, day: int) -> datetime:
        """The beginning of a local day, in UTC."""
        if day not in self._known:
            local = datetime.combine(self.fleet.start_date + timedelta(days=day), time(), self.zone)
            self._known[day] = local.astimezone(UTC)
        return self._known[day]

    def at(self, day: int, second: int) -> datetime:
        return self.midnight(day) + timedelta(seconds=second)

    @cached_property
    def as_of(self) -> datetime:
        """Up to when the fleet's usage is known: now, or the end of its last day."""
        return min(self.now, self.midnight(self.fleet.days))

    @cached_property
    def last_day(self) -> float:
        """The share of the last day that is over."""
        begin, end = self.midnight(self.fleet.days - 1), self.midnight(self.fleet.days)
        return min(max((self.as_of - begin) / (end - begin), 0.0), 1.0)

    def span(self, day: int) -> tuple[int, int]:
        """Seconds since 1970 at which a day begins, and at which it ends or where it has come to."""
        return int(self.midnight(day).timestamp()), int(min(self.midnight(day + 1), self.as_of).timestamp())
