"""Usage over time."""

from datetime import date, timedelta

from iotsim.core.actor import Actor
from iotsim.core.errors import Invalid
from iotsim.core.parameters import Day
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.wording import size
from sims.examples import EXAMPLES
from sims.models import Sim
from sims.naming import find_sim
from sims.parameters import SimRef
from sims.schemas.fleet import UsageDay, UsageHistory
from sims.usage import local_today, sim_days

DEFAULT_DAYS = 30
MAX_DAYS = 1_100


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="sims/{sim}/usage",
    examples=EXAMPLES["get_usage_history"],
    title="Usage history",
)
def get_usage_history(
    actor: Actor, *, sim: SimRef, start_date: Day | None = None, end_date: Day | None = None
) -> UsageHistory:
    """Show the daily usage of a SIM over a period; without one, the last 30 days."""
    start, end = _period(local_today(actor), start_date, end_date)
    found = find_sim(actor, sim)
    days = sim_days(found, start, end)
    total = sum(one.bytes_total for one in days)
    peak = max(days, key=lambda one: one.bytes_total)
    return UsageHistory(
        sentence=_sentence(found, days, total, peak),
        iccid=found.iccid,
        label=found.label,
        start_date=start,
        end_date=end,
        days=days,
        total_bytes=total,
        average_bytes=total // len(days),
        peak_day=peak.day if total else None,
        quota_bytes=found.effective_quota_bytes,
        as_of=found.cycle_as_of,
    )


def _period(today: date, start: date | None, end: date | None) -> tuple[date, date]:
    last = min(end or today, today)
    first = start or last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last:
        raise Invalid(f"The period begins on {first} and ends before that, on {last}.", field="start_date")
    if (last - first).days >= MAX_DAYS:
        raise Invalid(f"The period is longer than {MAX_DAYS:,} days; choose a shorter one.", field="start_date")
    return first, last


def _sentence(sim: Sim, days: list[UsageDay], total: int, peak: UsageDay) -> str:
    period = f"from {days[0].day:%d %b %Y} to {days[-1].day:%d %b %Y}"
    if not total:
        return f"SIM {sim.short_name} used nothing {period}."
    return (
        f"SIM {sim.short_name} used {size(total)} {period}, {size(total // len(days))} a day on average; "
        f"most on {peak.day:%d %b} with {size(peak.bytes_total)}."
    )
