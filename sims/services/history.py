"""Usage over time."""

from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from iotsim.core.actor import Actor
from iotsim.core.days import back_months
from iotsim.core.errors import Invalid
from iotsim.core.parameters import Day
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.wording import size
from sims.examples import EXAMPLES
from sims.models import Sim
from sims.naming import find_sim
from sims.parameters import SimRef, UsageResolution
from sims.periods import DEFAULT_DAYS, period_of
from sims.schemas.fleet import UsageDay, UsageHistory, UsageHour
from sims.usage import by_month, local_today, sim_days, sim_hours

DEFAULT_MONTHS: Final = 12
HOURS_UP_TO: Final = 2  # days that are shown by hour when nothing is said
MONTHS_FROM: Final = 367  # days that are shown by month when nothing is said
MAX_DAYS_BY_HOUR: Final = 31


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="sims/{sim}/usage",
    examples=EXAMPLES["get_usage_history"],
    title="Usage history",
)
def get_usage_history(
    actor: Actor,
    *,
    sim: SimRef,
    start_date: Day | None = None,
    end_date: Day | None = None,
    resolution: UsageResolution | None = None,
) -> UsageHistory:
    """Show the usage of a SIM over a period, by hour, day or month; without a period, the last 30 days."""
    start, end = _period(local_today(actor), start_date, end_date, resolution)
    found = find_sim(actor, sim)
    days = sim_days(found, start, end)
    total = sum(one.bytes_total for one in days)
    hours = _hours(actor, found, days, resolution, total)
    wanted = resolution or ("hour" if hours else "month" if len(days) >= MONTHS_FROM else "day")
    peak = max(days, key=lambda one: one.bytes_total)
    return UsageHistory(
        sentence=_sentence(found, days, total, peak) + _about_hours(hours, total, wanted),
        iccid=found.iccid,
        label=found.label,
        start_date=start,
        end_date=end,
        resolution=wanted,
        days=days,
        hours=hours,
        months=by_month(days) if wanted == "month" else [],
        total_bytes=total,
        average_bytes=total // len(days),
        peak_day=peak.day if total else None,
        quota_bytes=found.effective_quota_bytes,
        as_of=found.cycle_as_of,
    )


def _period(today: date, start: date | None, end: date | None, resolution: str | None) -> tuple[date, date]:
    last = min(end or today, today)
    first = start or _usual_start(last, resolution)
    if resolution == "month":
        first = first.replace(day=1)
    first, last = period_of(today, first, end)
    if resolution == "hour" and (last - first).days >= MAX_DAYS_BY_HOUR:
        raise Invalid(
            f"By hour a period has at most {MAX_DAYS_BY_HOUR} days; choose a shorter one.", field="resolution"
        )
    return first, last


def _usual_start(last: date, resolution: str | None) -> date:
    if resolution == "month":
        return back_months(last, DEFAULT_MONTHS - 1)
    return last - timedelta(days=(HOURS_UP_TO if resolution == "hour" else DEFAULT_DAYS) - 1)


def _hours(actor: Actor, sim: Sim, days: list[UsageDay], resolution: str | None, total: int) -> list[UsageHour]:
    """The period by hour if that was asked for, or nothing was and it is short and its hours are still kept."""
    if resolution not in (None, "hour") or (resolution is None and len(days) > HOURS_UP_TO):
        return []
    hours = sim_hours(sim, ZoneInfo(actor.time_zone), days[0].day, days[-1].day)
    known = any(one.bytes_total for one in hours)
    return hours if resolution == "hour" or known or not total else []


def _about_hours(hours: list[UsageHour], total: int, resolution: str) -> str:
    if resolution != "hour" or not total:
        return ""
    peak = max(hours, key=lambda one: one.bytes_total)
    if not peak.bytes_total:
        return " The hours of that time are not kept, only its days."
    return f" The busiest hour began on {peak.label}, with {size(peak.bytes_total)}."


def _sentence(sim: Sim, days: list[UsageDay], total: int, peak: UsageDay) -> str:
    period = f"from {days[0].day:%d %b %Y} to {days[-1].day:%d %b %Y}"
    if not total:
        return f"SIM {sim.short_name} used nothing {period}."
    return (
        f"SIM {sim.short_name} used {size(total)} {period}, {size(total // len(days))} a day on average; "
        f"most on {peak.day:%d %b} with {size(peak.bytes_total)}."
    )
