"""A small fleet with two months of days, and a night that has forecast it. Days are relative to today."""

import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from analytics.nightly import forecasts
from analytics.nightly.history import read_history
from iotsim.core.models import Organization
from iotsim.core.tenancy import tenant
from sims.cycles import cycle_start
from sims.models import Sim
from tests.dates import today
from tests.fleet import make_sim, use

MB, GB = 10**6, 10**9
DAYS = 60


def now() -> datetime:
    return datetime.now(UTC)


class NoJob:
    """A job whose progress nobody looks at."""

    def __init__(self) -> None:
        self.notes: list[dict[str, Any]] = []

    def progress(self, **said: Any) -> None:
        self.notes.append(said)


def steady(organisation: Organization, daily: float, *, noise: float = 0.2, days: int = DAYS, **fields: Any) -> Sim:
    """A SIM that has used about `daily` bytes on each of the last days, up to yesterday; its cycle is added up."""
    rng = np.random.default_rng(zlib.crc32(f"{fields.get('label')} {daily}".encode()))
    amounts = [int(daily * factor) for factor in rng.lognormal(0, noise, days)]
    plan = fields.get("plan")
    start = cycle_start(today(), plan.billing_day if plan else 1)
    used = sum(amount for back, amount in enumerate(amounts, 1) if today() - timedelta(days=back) >= start)
    values = {"activated_at": now() - timedelta(days=300), "cycle_as_of": midnight(), "cycle_bytes": used,
              "cycle_start_date": start, **fields}  # fmt: skip
    sim = make_sim(organisation, **values)
    for back, amount in enumerate(amounts, 1):
        if amount:
            use(sim, today() - timedelta(days=back), amount)
    return sim


def midnight() -> datetime:
    """The beginning of today in UTC, which is the zone of the tests' organisations."""
    return datetime.combine(today(), datetime.min.time(), UTC)


def night(organisation: Organization, actor: Any) -> str:
    """What the night does, with what it says."""
    return forecasts.run(actor, read_history(organisation.pk), NoJob())  # type: ignore[arg-type]


def again(sim: Sim) -> Sim:
    """The SIM as it is in the database now."""
    with tenant(sim.organization_id, read_only=True):
        return Sim.objects.select_related("plan", "customer").get(pk=sim.pk)
