"""The facts behind a SIM's usage, read inside the tenant's transaction."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import F, Sum

from analytics.findings.rows import visible
from analytics.findings.words import TITLES
from analytics.reasons.numbers import Days
from analytics.schemas.reasons import OpenAnomaly, Peers, Share
from iotsim.core.actor import Actor
from iotsim.core.countries import country_name
from sims.models import Sim, UsageRecord
from sims.usage import sim_hours

if TYPE_CHECKING:
    from sims.schemas.fleet import UsageDay

HOURS_BACK: Final = 14  # days by whose hours the hour of the day is told
RECORDS_BACK: Final = 31  # days by whose records networks and countries are told
MOST_NAMED: Final = 5
FEWEST_PEERS: Final = 5


def amounts(days: "Sequence[UsageDay]") -> Days:
    return np.array([one.bytes_total for one in days], np.float64)


def hours_of_day(actor: Actor, sim: Sim, start: date, end: date) -> Days:
    """Bytes by hour of the local day, over the newest two weeks of the period at most."""
    zone = ZoneInfo(actor.time_zone)
    first = max(start, end - timedelta(days=HOURS_BACK - 1))
    sums = np.zeros(24)
    for one in sim_hours(sim, zone, first, end):
        sums[one.hour.astimezone(zone).hour] += one.bytes_total
    return sums


def places(actor: Actor, sim: Sim, start: date, end: date) -> tuple[list[Share], list[Share]]:
    """The networks and the countries of the period's records, the heaviest first; empty when none are kept."""
    zone = ZoneInfo(actor.time_zone)
    first = max(start, end - timedelta(days=RECORDS_BACK - 1))
    low, high = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, end + timedelta(days=1)))
    rows = (
        UsageRecord.objects.filter(sim_id=sim.pk, started_at__gte=low, started_at__lt=high, operator__isnull=False)
        .values("operator__name", "operator__country")
        .annotate(total=Sum(F("bytes_up") + F("bytes_down")))
    )
    found = [(row["operator__name"], row["operator__country"], int(row["total"] or 0)) for row in rows]
    networks = _shares([(f"{name} ({country})", total) for name, country, total in found])
    return networks, _shares([(country_name(country), total) for _, country, total in found])


def _shares(found: Sequence[tuple[str, int]]) -> list[Share]:
    sums: dict[str, int] = {}
    for name, total in found:
        sums[name] = sums.get(name, 0) + total
    whole = sum(sums.values())
    heaviest = sorted(sums.items(), key=lambda pair: -pair[1])[:MOST_NAMED]
    return [
        Share(name=name, bytes_total=total, share_percent=round(100 * total / whole, 1))
        for name, total in heaviest
        if total
    ]


def peers_of(actor: Actor, sim: Sim) -> Peers | None:
    """How it stands among its like; None without a plan or with fewer than five of them."""
    if sim.plan_id is None:
        return None
    rows = Sim.objects.for_actor(actor).filter(plan_id=sim.plan_id, customer=sim.customer, status="active")
    rows = rows.exclude(pk=sim.pk)
    count = rows.count()
    if count < FEWEST_PEERS:
        return None
    below = rows.filter(cycle_bytes__lt=sim.cycle_bytes).count()
    median = rows.order_by("cycle_bytes").values_list("cycle_bytes", flat=True)[count // 2]
    plan, customer = sim.plan, sim.customer
    what = f"on plan {plan.name}" if plan else ""
    what += f" of {customer.name}" if customer else ""
    return Peers(count=count, above_percent=round(100 * below / count, 1), median_bytes=median, what=what)


def anomalies_of(actor: Actor, sim: Sim) -> list[OpenAnomaly]:
    """Those that last and were not called false or expected, the worst first."""
    rows = visible(actor).filter(sim_id=sim.pk, ended_on=None).exclude(status__in=("false", "expected"))
    return [
        OpenAnomaly(id=one.pk, title=TITLES[one.kind], severity=one.severity, first_day=one.first_day)
        for one in rows.order_by("rank", "-last_day")[:3]
    ]
