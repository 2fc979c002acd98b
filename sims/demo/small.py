"""A fleet of twelve SIMs that is the same whenever it is made: what the copilot is evaluated with.

Numbers hang on the SIM's place in the list and the day only. The cycle has begun ten days ago, so that usage of the
cycle is never empty and the month's days do not matter.
"""

import zoneinfo
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.db.models import Sum
from django.utils import timezone

from iotsim.core.models import Organization
from iotsim.core.tenancy import tenant
from sims.cycles import cycle_start
from sims.intake.partitions import ensure_partitions
from sims.models import Customer, FleetDaily, Operator, Plan, Sim, SimTag, Tag, UsageDaily

MB: Final = 1_000_000
DAYS: Final = 60
CUSTOMERS: Final = ("Harbour Logistics", "Green Meters")
# name, quota in MB, price in cents
PLANS: Final = (("Fleet 10 GB", 10_000, 1200), ("Basic 1 GB", 1_000, 300))
# ending, label, customer, plan, country, state, MB a day, tags
SIMS: Final[tuple[tuple[str, str, int, int, str, str, int, tuple[str, ...]], ...]] = (
    ("1001", "truck-01", 0, 0, "DE", "active", 900, ("north",)),
    ("1002", "truck-02", 0, 0, "DE", "active", 700, ("north",)),
    ("1003", "truck-03", 0, 0, "DE", "active", 400, ()),
    ("1004", "truck-04", 0, 0, "FR", "active", 200, ("winter",)),
    ("1005", "truck-05", 0, 0, "FR", "active", 100, ()),
    ("1006", "truck-06", 0, 0, "FR", "suspended", 0, ()),
    ("2001", "meter-01", 1, 1, "DE", "active", 5, ()),
    ("2002", "meter-02", 1, 1, "DE", "active", 4, ()),
    ("2003", "meter-03", 1, 1, "DE", "active", 3, ("winter",)),
    ("2004", "meter-04", 1, 1, "DE", "suspended", 0, ()),
    ("3001", "camera-01", 0, 0, "DE", "active", 50, ()),
    ("3456", "pump-07", 1, 1, "DE", "active", 20, ()),
)
NETWORKS: Final = {"DE": ("262", "02"), "FR": ("208", "01")}  # Vodafone, Orange


def iccid_of(ending: str) -> str:
    return f"894902000000000{ending}"


def make(organization: Organization, extra: Sequence[Mapping[str, Any]] = ()) -> None:
    """Write the fleet, and SIMs that a case needs beside it (`ending`, and fields of a SIM such as `label`)."""
    today = datetime.now(zoneinfo.ZoneInfo(organization.time_zone)).date()
    ensure_partitions(today - timedelta(DAYS), today)
    with tenant(organization.pk):
        customers = [Customer.objects.create(organization=organization, name=name) for name in CUSTOMERS]
        plans = [_plan(organization, today, *one) for one in PLANS]
        operators = {country: _operator(country) for country in NETWORKS}
        tags = {name: Tag.objects.create(organization=organization, name=name) for name in ("north", "winter")}
        for row in SIMS:
            sim = _sim(organization, row, today, customers, plans, operators)
            SimTag.objects.bulk_create(SimTag(organization=organization, sim=sim, tag=tags[one]) for one in row[7])
            _use(sim, row[6], today)
        _add_up(organization)
        for one in extra:
            _extra(organization, one, plans[1])


def empty(organization: Organization) -> None:
    """Delete the fleet and all that belongs to it."""
    from sims.demo import seeding  # imports numpy, which nobody needs at start-up

    seeding.empty(organization)


def _plan(organization: Organization, today: date, name: str, quota: int, price: int) -> Plan:
    began = min((today - timedelta(10)).day, 28)
    values = {"quota_bytes": quota * MB, "price_cents": price, "billing_day": began, "overage_cents_per_mb": "0.5"}
    return Plan.objects.create(organization=organization, name=name, currency=organization.currency, **values)


def _operator(country: str) -> Operator | None:
    mcc, mnc = NETWORKS[country]
    return Operator.objects.filter(mcc=mcc, mnc=mnc).first()


def _sim(
    organization: Organization,
    row: tuple[Any, ...],
    today: date,
    customers: list[Customer],
    plans: list[Plan],
    operators: dict[str, Operator | None],
) -> Sim:
    ending, label, customer, plan, country, status, daily, _ = row
    begun = cycle_start(today, plans[plan].billing_day)
    now = timezone.now()
    return Sim.objects.create(
        organization=organization, iccid=iccid_of(ending), label=label, status=status, country=country,
        customer=customers[customer], plan=plans[plan], operator=operators[country], status_changed_at=now,
        activated_at=datetime.combine(today - timedelta(200), time(), UTC), last_seen_at=now if daily else None,
        cycle_start_date=begun, cycle_as_of=now, cycle_bytes=daily * MB * ((today - begun).days + 1),
    )  # fmt: skip


def _use(sim: Sim, daily: int, today: date) -> None:
    """The same every day, so that sums can be told by heart."""
    if not daily:
        return
    UsageDaily.objects.bulk_create(
        UsageDaily(
            organization_id=sim.organization_id, sim=sim, day=today - timedelta(ago),
            bytes_up=daily * MB // 10, bytes_down=daily * MB - daily * MB // 10, sessions=4,
        )
        for ago in range(DAYS)
    )  # fmt: skip


def _add_up(organization: Organization) -> None:
    sums = UsageDaily.objects.values("day").annotate(
        up=Sum("bytes_up"), down=Sum("bytes_down"), count=Sum("sessions")
    )  # fmt: skip
    FleetDaily.objects.bulk_create(
        FleetDaily(
            organization=organization, day=one["day"], bytes_up=one["up"], bytes_down=one["down"], sessions=one["count"]
        )
        for one in sums.order_by("day")
    )


def _extra(organization: Organization, one: Mapping[str, Any], plan: Plan) -> None:
    values = {"status": "active", "country": "DE", "plan": plan, "status_changed_at": timezone.now(), **one}
    ending = values.pop("ending")
    tags = values.pop("tags", ())
    sim = Sim.objects.create(organization=organization, iccid=iccid_of(str(ending)), **values)
    for name in tags:
        tag, _ = Tag.objects.get_or_create(organization=organization, name=name)
        SimTag.objects.create(organization=organization, sim=sim, tag=tag)
