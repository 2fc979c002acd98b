"""Reading usage: hours, days and months of a SIM, days of the fleet, and where the billing cycle stands."""

import zoneinfo
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final

from django.db.models import Sum

from iotsim.core.actor import Actor
from sims.cycles import cycle_start, next_cycle_start
from sims.models import FleetDaily, Sim, UsageDaily, UsageHourly
from sims.schemas.fleet import UsageDay, UsageHour, UsageMonth

if TYPE_CHECKING:
    from django.db.models import QuerySet

    DayRows = QuerySet[UsageDaily] | QuerySet[FleetDaily]

HOUR: Final = timedelta(hours=1)


def local_today(actor: Actor) -> date:
    """Today in the organisation's zone."""
    return datetime.now(zoneinfo.ZoneInfo(actor.time_zone)).date()


def cycle_of(actor: Actor, sim: Sim) -> tuple[date, date]:
    """First and last day of the SIM's current billing cycle; a SIM without a plan follows the calendar month."""
    today, billing_day = local_today(actor), sim.plan.billing_day if sim.plan else 1
    return cycle_start(today, billing_day), next_cycle_start(today, billing_day) - timedelta(days=1)


def sim_days(sim: Sim, start: date, end: date) -> list[UsageDay]:
    """One entry for each day of the period, zeros included."""
    return _by_day(UsageDaily.objects.filter(sim_id=sim.pk), start, end)


def sim_hours(sim: Sim, zone: zoneinfo.ZoneInfo, start: date, end: date) -> list[UsageHour]:
    """One entry for each hour of the local days, zeros included: 23 or 25 of a day on which the clock changes.

    Hours are UTC's. Where the zone is half an hour off, the first one begins before midnight.
    """
    low, high = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (start, end + timedelta(days=1)))
    low = low.replace(minute=0, second=0)
    rows = UsageHourly.objects.filter(sim_id=sim.pk, hour__gte=low, hour__lt=high)
    known = {row.hour: row for row in rows}
    hours = [low + HOUR * step for step in range(-((low - high) // HOUR))]
    nothing = UsageHourly()
    return [_hour(at.astimezone(zone), known.get(at, nothing)) for at in hours]


def _hour(at: datetime, row: UsageHourly) -> UsageHour:
    twice = at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset()
    return UsageHour(
        hour=at,
        label=f"{at:%a} {at.day} {at:%b %H:%M}{f' {at:%Z}' if twice else ''}",
        bytes_up=row.bytes_up,
        bytes_down=row.bytes_down,
        sessions=row.sessions,
    )


def by_month(days: Sequence[UsageDay]) -> list[UsageMonth]:
    """The days added up by calendar month; they come in order."""
    return [
        UsageMonth(
            month=month,
            bytes_up=sum(one.bytes_up for one in group),
            bytes_down=sum(one.bytes_down for one in group),
            sessions=sum(one.sessions for one in group),
        )
        for month, found in groupby(days, key=lambda one: one.day.replace(day=1))
        for group in [list(found)]
    ]


def fleet_days(actor: Actor, start: date, end: date) -> list[UsageDay]:
    """The same for all SIMs that the actor may see."""
    return _by_day(_visible(actor), start, end)


def days_of(actor: Actor, sims: "QuerySet[Sim]", start: date, end: date) -> list[UsageDay]:
    """The same for some of the SIMs that the actor may see."""
    return _by_day(_sim_rows(actor).filter(sim_id__in=sims.order_by().values("pk")), start, end)


def month_to_date(actor: Actor, today: date) -> tuple[int, int]:
    """Bytes of this calendar month so far, and of the month before up to the same day."""
    start = today.replace(day=1)
    before_end = start - timedelta(days=1)
    before_start = before_end.replace(day=1)
    same_day = min(before_end, before_start + (today - start))
    return _total(actor, start, today), _total(actor, before_start, same_day)


def _visible(actor: Actor) -> "DayRows":
    """The fleet's own days, or those of the SIMs of the actor's customers."""
    if actor.customer_ids is None:
        return FleetDaily.objects.filter(organization_id=actor.organization_id)
    return _sim_rows(actor)


def _sim_rows(actor: Actor) -> "QuerySet[UsageDaily]":
    """The days of each SIM that the actor may see."""
    rows = UsageDaily.objects.filter(organization_id=actor.organization_id)
    return rows if actor.customer_ids is None else rows.filter(sim__customer_id__in=actor.customer_ids)


def _total(actor: Actor, start: date, end: date) -> int:
    sums = _visible(actor).filter(day__range=(start, end)).aggregate(up=Sum("bytes_up"), down=Sum("bytes_down"))
    return int((sums["up"] or 0) + (sums["down"] or 0))


def _by_day(rows: "DayRows", start: date, end: date) -> list[UsageDay]:
    sums = rows.filter(day__range=(start, end)).values("day").order_by("day")
    known = {
        row["day"]: UsageDay(day=row["day"], bytes_up=row["up"], bytes_down=row["down"], sessions=row["count"])
        for row in sums.annotate(up=Sum("bytes_up"), down=Sum("bytes_down"), count=Sum("sessions"))
    }
    days = [start + timedelta(days=step) for step in range((end - start).days + 1)]
    return [known.get(day) or UsageDay(day=day, bytes_up=0, bytes_down=0, sessions=0) for day in days]
