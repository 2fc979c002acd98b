"""A world in which churn can be learned: snapshots of a year in which customers whose use falls leave."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from analytics.churn.features import FEATURES
from analytics.churn.rules import health_of
from analytics.models import CustomerSnapshot
from iotsim.core.models import Job, Organization
from iotsim.core.tenancy import tenant
from sims.models import Customer, Sim
from tests.fleet import make_sim

LAST = date(2026, 11, 20)
DAYS = 200


def make_churn_world(organisation: Organization, *, customers: int = 90, leavers: int = 60, seed: int = 5) -> None:
    """Weekly snapshots; `leavers` of the customers leave, spread over the time, after a month of falling use."""
    rng = np.random.default_rng(seed)
    first = LAST - timedelta(days=DAYS)
    left = [first + timedelta(days=int(20 + (DAYS - 25) * (n + 1) / leavers)) for n in range(leavers)]
    with tenant(organisation.pk):
        rows = [
            Customer(organization=organisation, name=f"Customer {n:03}", left_on=left[n] if n < leavers else None)
            for n in range(customers)
        ]
        Customer.objects.bulk_create(rows)
        days = [LAST - timedelta(days=7 * week) for week in range(DAYS // 7, -1, -1)]
        days = [first, *days]
        CustomerSnapshot.objects.bulk_create(
            snapshot(organisation, row, day, rng)
            for row in rows
            for day in days
            if not row.left_on or day < row.left_on
        )


def snapshot(organisation: Organization, customer: Customer, day: date, rng: np.random.Generator) -> CustomerSnapshot:
    leaves_soon = customer.left_on is not None and customer.left_on <= day + timedelta(days=30)
    features = dict.fromkeys(FEATURES, None) | {
        "usage_change_30": float(rng.normal(-0.5 if leaves_soon else 0.02, 0.25)),
        "silent_share": float(np.clip(rng.normal(0.35 if leaves_soon else 0.1, 0.15), 0, 1)),
        "active_sims": float(rng.integers(5, 50)),
        "tenure_days": float(rng.integers(30, 900)),
    }
    health = health_of(features)
    return CustomerSnapshot(
        organization=organisation, customer_id=customer.pk, day=day, features=features, score=health.score,
        reasons=[{"feature": one.feature, "words": one.words, "weight": one.weight} for one in health.reasons],
        risk=1 - health.score / 100,
    )  # fmt: skip


def sim_of(organisation: Organization, customer: Customer, **fields: object) -> Sim:
    begun = datetime.combine(LAST - timedelta(days=400), time(), ZoneInfo("UTC"))
    return make_sim(organisation, customer=customer, **{"activated_at": begun, **fields})


def run_newest_job(organisation: Organization) -> Job:
    """Do what a worker would: the newest job, to its end."""
    from iotsim.core.jobs import run_job

    with tenant(organisation.pk):
        job = Job.objects.order_by("-pk").first()
    run_job(organisation.pk, job.pk)
    with tenant(organisation.pk):
        return Job.objects.get(pk=job.pk)
