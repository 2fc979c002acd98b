"""Use by hour of the week, in the organisation's zone: one statement, however large the fleet."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from django.db.models import F, Sum
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, TruncDate

from iotsim.core.actor import Actor
from sims.models import FleetHourly, UsageHourly
from sims.retention import HOURS, kept_from

if TYPE_CHECKING:
    from sims.models.fleet import SimQuerySet

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Week:
    """Bytes by weekday (Monday 0) and hour, and how many of each weekday they were added up over."""

    totals: list[list[int]]
    days: list[int]

    @property
    def averages(self) -> list[list[float | None]]:
        """Bytes in such an hour; None for a weekday of which no hours are known."""
        return [
            [total / count if count else None for total in hours]
            for hours, count in zip(self.totals, self.days, strict=True)
        ]

    @property
    def known_days(self) -> int:
        return sum(self.days)


def week_of(actor: Actor, sims: "SimQuerySet | None", start: date, end: date) -> Week:
    """The hours of `sims` (None: of the whole fleet) on these days, as far as hours are kept."""
    zone = ZoneInfo(actor.time_zone)
    first = start
    if sims is not None:
        first = max(start, kept_from(HOURS, datetime.now(zone).date()) or start)
    low, high = (datetime.combine(day, time(), zone) for day in (first, end + timedelta(days=1)))
    span = {"organization_id": actor.organization_id, "hour__gte": low, "hour__lt": high}
    rows: Any = FleetHourly.objects.filter(**span)
    days = [0] * 7
    for day in rows.values_list(TruncDate("hour", tzinfo=zone), flat=True).distinct().order_by():
        days[day.weekday()] += 1
    if sims is not None:
        rows = UsageHourly.objects.filter(**span, sim_id__in=sims.order_by().values("pk"))
    totals = [[0] * 24 for _ in WEEKDAYS]
    cells = rows.values_list(ExtractIsoWeekDay("hour", tzinfo=zone), ExtractHour("hour", tzinfo=zone))
    for weekday, hour, total in cells.annotate(total=Sum(F("bytes_up") + F("bytes_down"))).order_by():
        totals[weekday - 1][hour] = int(total)
    return Week(totals, days)
