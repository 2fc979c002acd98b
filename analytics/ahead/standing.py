"""How SIMs, customers, pools and the fleet stand now: usage of the cycle so far, quota, as-of."""

from datetime import date

from analytics.ahead.stored import Standing, cycle_on
from sims.models import Sim

CALENDAR = 1  # the billing day of whatever has no plan of its own


def own_quota(sim: Sim) -> int | None:
    """The quota that a SIM alone can pass: its own, or its plan's unless that is shared in a pool. 0 is none."""
    if sim.quota_bytes is not None:
        return sim.quota_bytes or None
    return sim.plan.quota_bytes or None if sim.plan and not sim.plan.pooled else None


def standing_of(sim: Sim, today: date) -> Standing:
    """A SIM's cycle as of its newest usage. Its sum of a cycle that is over does not count for the one that is on."""
    start, end = cycle_on(today, sim.plan.billing_day if sim.plan else CALENDAR)
    over = sim.cycle_start_date is not None and sim.cycle_start_date < start
    return Standing(0 if over else sim.cycle_bytes, own_quota(sim), start, end, sim.cycle_as_of)
