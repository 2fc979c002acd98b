"""A small fleet with a history, and a theft in it: what the night is tried on."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from analytics.models import Anomaly, AnomalyState
from analytics.nightly import anomalies
from analytics.nightly.history import read_history
from iotsim.core.actor import Actor
from iotsim.core.jobs import RunningJob
from iotsim.core.models import Job, Organization
from iotsim.core.tenancy import tenant
from sims.intake.partitions import ensure_partitions
from sims.models import FleetDaily, Sim, UsageDaily
from tests.dates import today
from tests.fleet import make_customer, make_plan, make_sim

LAST = today() - timedelta(days=(today().weekday() - 7) % 7 + 2)  # a Saturday; the day after it is over too
DAYS = 100
MB = 1_000_000


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@dataclass
class Fleet:
    """SIMs of one kind, each with about 2 MB a day, on the days up to `last`."""

    organization: Organization
    sims: list[Sim]
    last: date

    def put(self, sim: Sim, back: int, megabytes: float, sessions: int = 12) -> None:
        """What a SIM used so many days before the last one, in place of what stood there."""
        day = self.last - timedelta(days=back)
        ensure_partitions(day, day)
        with tenant(self.organization.pk):
            rows = UsageDaily.objects.filter(organization=self.organization, sim_id=sim.pk, day=day)
            rows.delete()
            FleetDaily.objects.get_or_create(organization=self.organization, day=day, defaults={"sessions": 1})
            if megabytes:
                UsageDaily.objects.create(
                    organization=self.organization, sim_id=sim.pk, day=day, bytes_up=0,
                    bytes_down=int(megabytes * MB), sessions=sessions,
                )  # fmt: skip

    def know_until(self, back: int, hour: int = 6) -> None:
        """Usage is known up to the morning after the day so many days before the last one."""
        at = noon(self.last - timedelta(days=back - 1)).replace(hour=hour)
        with tenant(self.organization.pk):
            Sim.objects.filter(organization=self.organization).update(cycle_as_of=at)

    def night(self, *, until: date | None = None, days: int = DAYS) -> str:
        actor = Actor.system(self.organization)
        history = read_history(self.organization.pk, days=days, until=until)
        return anomalies.run(actor, history, running_job(self.organization))

    def found(self, **fields: Any) -> list[Anomaly]:
        with tenant(self.organization.pk):
            return list(Anomaly.objects.filter(**fields).order_by("first_day", "sim_id", "cohort"))


def running_job(organization: Organization) -> RunningJob:
    with tenant(organization.pk):
        job = Job.objects.create(
            organization=organization, service="run_analytics_night", arguments={}, who="test", face="system",
            scopes=[], state="running", worker=str(uuid.uuid4()),
        )  # fmt: skip
        return RunningJob(job)


def make_fleet(organization: Organization, size: int = 60, *, days: int = DAYS, last: date = LAST) -> Fleet:
    """`size` SIMs with steady use; nothing strange about any."""
    plan, acme = make_plan(organization, "Basic", quota_bytes=10**12), make_customer(organization, "Acme")
    long_ago = noon(last) - timedelta(days=400)
    sims = [
        make_sim(
            organization, label=f"truck-{n}", plan=plan, customer=acme, activated_at=long_ago, imei=f"3512345600{n:05d}"
        )
        for n in range(size)
    ]
    fleet = Fleet(organization, sims, last)
    rng = np.random.default_rng(7)
    used = 2 * MB * np.exp(rng.normal(0, 0.15, (days, size)))
    row, sim = np.indices(used.shape)
    used[(7 * row + 13 * sim) % 61 == 0] = 0  # each pauses now and then for a day: nothing strange
    first = last - timedelta(days=days - 1)
    ensure_partitions(first, last + timedelta(days=1))
    with tenant(organization.pk):
        UsageDaily.objects.bulk_create(
            UsageDaily(
                organization=organization, sim_id=sim.pk, day=first + timedelta(days=row), bytes_up=0,
                bytes_down=int(used[row, n]), sessions=int(rng.integers(9, 15)),
            )
            for row in range(days)
            for n, sim in enumerate(sims)
            if used[row, n]
        )  # fmt: skip
        FleetDaily.objects.bulk_create(
            FleetDaily(
                organization=organization, day=first + timedelta(days=row), bytes_up=0,
                bytes_down=int(used[row].sum()), sessions=12 * size,
            )
            for row in range(days)
        )  # fmt: skip
    fleet.know_until(0)
    return fleet


def states(organization: Organization) -> list[tuple[Any, ...]]:
    """What the detector remembers, block by block."""
    with tenant(organization.pk):
        rows = AnomalyState.objects.order_by("block")
        return [(one.block, one.day, bytes(one.sim_ids), bytes(one.state)) for one in rows]
