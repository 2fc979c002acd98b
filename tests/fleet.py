"""Small fleets for tests: rows written behind the wall, as the product would."""

import itertools
import random
from datetime import date, datetime
from typing import Any

from django.db.models import F
from django.utils import timezone

from iotsim.core.models import Organization
from iotsim.core.tenancy import tenant
from sims.intake.partitions import ensure_hour_partitions, ensure_partitions
from sims.models import Customer, FleetDaily, FleetHourly, Plan, Sim, UsageDaily, UsageHourly

_numbers = itertools.count(random.randrange(10**9) * 1000)


def make_sim(organisation: Organization, **fields: Any) -> Sim:
    """A committed SIM, active unless said otherwise, with an ICCID of its own."""
    digits = f"89490{next(_numbers):014d}"
    values = {"iccid": digits, "status": "active", "status_changed_at": timezone.now(), **fields}
    with tenant(organisation.pk):
        return Sim.objects.create(organization=organisation, **values)


def make_plan(organisation: Organization, name: str = "Basic", **fields: Any) -> Plan:
    values = {"quota_bytes": 1_000_000_000, "price_cents": 300, **fields}
    with tenant(organisation.pk):
        return Plan.objects.create(organization=organisation, name=name, **values)


def make_customer(organisation: Organization, name: str = "Acme") -> Customer:
    with tenant(organisation.pk):
        return Customer.objects.create(organization=organisation, name=name)


def use(sim: Sim, day: date, amount: int, *, up: int = 0) -> None:
    """Bytes that a SIM used on a local day of its organisation, in one session."""
    use_day(sim, day, bytes_up=up, bytes_down=amount - up, sessions=1)


def use_day(sim: Sim, day: date, **amounts: int) -> None:
    """A SIM's day as the intake would write it, with what all SIMs add up to."""
    ensure_partitions(day, day)
    with tenant(sim.organization_id):
        UsageDaily.objects.create(organization_id=sim.organization_id, sim=sim, day=day, **amounts)
        _add_to_the_fleet(sim.organization_id, day, amounts)


def use_hour(sim: Sim, hour: datetime, amount: int) -> None:
    """Bytes of a SIM in one hour (UTC), with what all SIMs add up to."""
    ensure_hour_partitions(hour.date(), hour.date())
    with tenant(sim.organization_id):
        UsageHourly.objects.create(organization_id=sim.organization_id, sim=sim, hour=hour, bytes_down=amount)
        fleet = FleetHourly.objects.filter(organization_id=sim.organization_id, hour=hour)
        if not fleet.update(bytes_down=F("bytes_down") + amount):
            FleetHourly.objects.create(organization_id=sim.organization_id, hour=hour, bytes_down=amount)


def _add_to_the_fleet(organization_id: int, day: date, amounts: dict[str, int]) -> None:
    there = FleetDaily.objects.filter(organization_id=organization_id, day=day)
    if not there.update(**{name: F(name) + amount for name, amount in amounts.items()}):
        FleetDaily.objects.create(organization_id=organization_id, day=day, **amounts)
