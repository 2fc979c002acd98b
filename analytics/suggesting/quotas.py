"""SIMs that run out of data within days: the quota that would carry them to the end of their cycle is offered."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from analytics.ahead.risks import Wanted, risks
from analytics.suggesting.audience import limited_customers, limited_to, whole_fleet
from analytics.suggesting.found import Found
from iotsim.core.wording import size
from sims.models import Sim
from sims.services.quota import OF_PLAN, update_quota
from sims.usage import local_today

if TYPE_CHECKING:
    from datetime import date

    from analytics.schemas.forecasts import QuotaRisk
    from iotsim.core.actor import Actor
    from sims.models.fleet import SimQuerySet

AHEAD: Final = timedelta(days=7)
SOON: Final = timedelta(days=3)
LIKELY: Final = 0.5
MOST: Final = 500
STEPS: Final = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100)  # what a quota is rounded up to, tenths of a power of ten


def find(organization_id: int, sim_ids: Sequence[int] | None = None) -> list[Found]:
    """The soonest of the fleet, and of those that limited members see; or only these SIMs."""
    actor = whole_fleet(organization_id)
    sims = Sim.objects.for_actor(actor)
    if sim_ids is not None:
        return _of(actor, sims.filter(pk__in=list(sim_ids)))
    found = {one.key: one for one in _of(actor, sims)}
    if customers := limited_customers(organization_id):
        theirs = limited_to(actor, customers)
        found |= {one.key: one for one in _of(theirs, Sim.objects.for_actor(theirs))}
    return list(found.values())


def _of(actor: "Actor", sims: "SimQuerySet") -> list[Found]:
    today = local_today(actor)
    wanted = Wanted(LIKELY, before=today + AHEAD, is_over=False)
    items = risks(actor, sims, wanted, order="date", cursor=None, limit=MOST, most=1).items
    rows = {one.iccid: one for one in sims.filter(iccid__in=[one.iccid for one in items])}
    due = [(one, one.exhausts_on, rows.get(one.iccid)) for one in items if not one.is_over]
    zone = ZoneInfo(actor.time_zone)
    return [_found(one, on, sim, today, zone) for one, on, sim in due if on and on <= today + AHEAD and sim]


def _found(one: "QuotaRisk", on: "date", sim: Sim, today: "date", zone: ZoneInfo) -> Found:
    left = max((on - today).days, 0)
    severity = "critical" if left <= 1 else "high" if on - today <= SOON else "medium"
    quota = enough(one)
    own = OF_PLAN if sim.quota_bytes is None else sim.quota_bytes
    facts = {
        "name": one.name, "on": on.isoformat(), "used": one.used_bytes, "quota": one.quota_bytes,
        "percent": one.percent, "cycle_end": one.cycle_end_date.isoformat(),
    }  # fmt: skip
    return Found(
        key=f"quota:{sim.pk}", kind="quota", severity=severity, order=100 * (left + 1) - one.percent, facts=facts,
        button="Upgrade quota", link=one.link, sim_id=sim.pk, customer_id=sim.customer_id, as_of=one.as_of,
        offer={
            "service": update_quota.name,
            "arguments": {"sim": sim.iccid, "quota": quota, "expected_quota": own},
            "words": f"Raise the quota of SIM {one.name} to {size(quota)}",
        },
        stamp=f"{one.cycle_end_date}:{one.quota_bytes}:{'soon' if on - today <= SOON else 'later'}",
        expires_at=datetime.combine(on + timedelta(days=1), time.min, zone),
    )  # fmt: skip


def enough(one: "QuotaRisk") -> int:
    """A round quota, in bytes, that nine of ten such cycles stay within."""
    wanted = max(one.cycle_high_bytes, one.cycle_middle_bytes * 11 // 10, one.quota_bytes * 11 // 10, 1)
    unit = 10 ** (len(str(wanted)) - 1)
    return next(step * unit // 10 for step in STEPS if step * unit // 10 >= wanted) if unit >= 10 else 10
