"""Reading usage: days of a SIM, of the fleet, and where the billing cycle stands."""

import zoneinfo
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Sum

from iotsim.core.actor import Actor
from sims.cycles import cycle_start, next_cycle_start
from sims.models import Sim, UsageDaily
from sims.schemas.fleet import UsageDay

if TYPE_CHECKING:
    from django.db.models import QuerySet


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


def fleet_days(actor: Actor, start: date, end: date) -> list[UsageDay]:
    """The same for all SIMs that the actor may see."""
    return _by_day(_visible(actor), start, end)


def month_to_date(actor: Actor, today: date) -> tuple[int, int]:
    """Bytes of this calendar month so far, and of the month before up to the same day."""
    start = today.replace(day=1)
    before_end = start - timedelta(days=1)
    before_start = before_end.replace(day=1)
    same_day = min(before_end, before_start + (today - start))
    return _total(actor, start, today), _total(actor, before_start, same_day)


def _visible(actor: Actor) -> "QuerySet[UsageDaily]":
    rows = UsageDaily.objects.filter(organization_id=actor.organization_id)
    return rows if actor.customer_ids is None else rows.filter(sim__customer_id__in=actor.customer_ids)


def _total(actor: Actor, start: date, end: date) -> int:
    sums = _visible(actor).filter(day__range=(start, end)).aggregate(up=Sum("bytes_up"), down=Sum("bytes_down"))
    return int((sums["up"] or 0) + (sums["down"] or 0))


def _by_day(rows: "QuerySet[UsageDaily]", start: date, end: date) -> list[UsageDay]:
    sums = rows.filter(day__range=(start, end)).values("day").order_by("day")
    known = {
        row["day"]: UsageDay(day=row["day"], bytes_up=row["up"], bytes_down=row["down"], sessions=row["count"])
        for row in sums.annotate(up=Sum("bytes_up"), down=Sum("bytes_down"), count=Sum("sessions"))
    }
    days = [start + timedelta(days=step) for step in range((end - start).days + 1)]
    return [known.get(day) or UsageDay(day=day, bytes_up=0, bytes_down=0, sessions=0) for day in days]
