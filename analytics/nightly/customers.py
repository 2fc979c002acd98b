"""The fleet as it was at the end of a day, for the features of customers: status, alerts and use up to then."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
from django.db.models import F, Q
from numpy.typing import NDArray

from analytics.churn.features import MONTH, FleetOn
from analytics.nightly.history import DAY, History, local_midnight
from sims.lifecycle import Status
from sims.models import Alert, Customer, Sim, StatusChange
from sims.models.fleet import ChangeState

COLUMNS: Final = (
    "pk", "customer_id", "status", "activated_at", "created_at", "quota_bytes", "plan_id", "plan__quota_bytes",
    "plan__price_cents", "plan__pooled",
)  # fmt: skip
STOPPED: Final = frozenset({Status.INACTIVE.value, Status.SUSPENDED.value})


@dataclass(frozen=True)
class Fleet:
    """What is read once: the SIMs of the history with their links, changes of status, alerts. C customers."""

    history: History
    customer_ids: NDArray[np.int64]  # ascending
    customer: NDArray[np.int64]  # of each SIM: its place among them, -1 for none
    status: list[str]
    begun: list[date | None]  # when the SIM was taken into use
    quota: NDArray[np.float64]
    price: NDArray[np.float64]
    plan: NDArray[np.int64]
    pooled: NDArray[np.float64]
    changes: list[tuple[int, datetime, str]]  # place of the SIM, when, the status before; the newest first
    alerts: list[tuple[int, datetime, datetime | None]]  # place of the customer, from when, resolved when


def read_fleet(history: History) -> Fleet:
    """Inside the tenant's transaction."""
    organization_id = history.organization_id
    sims = Sim.objects.filter(organization_id=organization_id).exclude(status=Status.INVENTORY)
    rows = {row[0]: row for row in sims.values_list(*COLUMNS)}
    found = [rows.get(pk) or (pk, None, "", *[None] * 7) for pk in history.sim_ids.tolist()]
    customers = Customer.objects.filter(organization_id=organization_id).order_by("pk")
    ids = np.fromiter(customers.values_list("pk", flat=True), np.int64)
    places = {pk: place for place, pk in enumerate(ids.tolist())}
    quota = [row[5] if row[5] is not None else row[7] for row in found]
    return Fleet(
        history=history,
        customer_ids=ids,
        customer=np.array([places.get(row[1], -1) for row in found], np.int64),
        status=[row[2] for row in found],
        begun=[(row[3] or row[4]).astimezone(history.zone).date() if row[4] else None for row in found],
        quota=_numbers(value or None for value in quota),  # a quota of 0 is none
        price=_numbers(row[8] for row in found),
        plan=np.array([row[6] or -1 for row in found], np.int64),
        pooled=_numbers(row[9] for row in found),
        changes=_changes(history, {pk: place for place, pk in enumerate(history.sim_ids.tolist())}),
        alerts=_alerts(history, places),
    )


def _numbers(values: Iterable[Any]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else float(value) for value in values], np.float64)


def _changes(history: History, places: dict[int, int]) -> list[tuple[int, datetime, str]]:
    """What was confirmed since the earliest day that is asked about, thirty days before the history's first."""
    since = local_midnight(history.first_day - timedelta(days=MONTH), history.zone)
    rows = StatusChange.objects.filter(
        organization_id=history.organization_id, state=ChangeState.CONFIRMED, settled_at__gte=since
    )
    found = rows.order_by("-settled_at", "-pk").values_list("sim_id", "settled_at", "from_status")
    return [(places[sim], at, before) for sim, at, before in found if sim in places and at is not None]


def _alerts(history: History, places: dict[int, int]) -> list[tuple[int, datetime, datetime | None]]:
    since = local_midnight(history.first_day - timedelta(days=MONTH), history.zone)
    rows = Alert.objects.filter(
        Q(resolved_at=None) | Q(resolved_at__gte=since), organization_id=history.organization_id
    )
    found = rows.annotate(of_sim=F("sim__customer_id")).values_list("customer_id", "of_sim", "first_at", "resolved_at")
    return [
        (places[own or of_sim], first, resolved) for own, of_sim, first, resolved in found if (own or of_sim) in places
    ]


def fleet_on(fleet: Fleet, day: date) -> FleetOn:
    """The fleet at the end of `day`, which is one of the history's. Nothing later is looked at.

    What is kept without its past (plans, prices, quotas) is known for the last day only.
    """
    history = fleet.history
    place = (day - history.first_day).days
    status, earlier = _status_at(fleet, day), _status_at(fleet, day - timedelta(days=MONTH))
    is_now = day == history.last_day
    count, sims = len(fleet.customer_ids), len(fleet.status)
    nothing = np.full(sims, np.nan)
    return FleetOn(
        used=history.bytes[: place + 1],
        customer=fleet.customer,
        active=np.array([one == Status.ACTIVE for one in status], bool),
        active_before=np.array([one == Status.ACTIVE for one in earlier], bool),
        stopped=np.array([one in STOPPED for one in status], bool),
        quota=fleet.quota if is_now else nothing,
        price=fleet.price if is_now else nothing,
        plan=fleet.plan if is_now else np.full(sims, -1, np.int64),
        pooled=fleet.pooled if is_now else nothing,
        **_alerts_at(fleet, day, count),
        tenure=_tenure(fleet, day, count),
    )


def _status_at(fleet: Fleet, day: date) -> list[str]:
    """The status of each SIM at the end of that day: today's, taken back change by change; none before its time."""
    end = local_midnight(day + DAY, fleet.history.zone)
    status = list(fleet.status)
    for place, at, before in fleet.changes:
        if at < end:
            break
        status[place] = before
    return [one if begun is None or begun <= day else "" for one, begun in zip(status, fleet.begun, strict=True)]


def _alerts_at(fleet: Fleet, day: date, count: int) -> dict[str, NDArray[np.float64]]:
    end = local_midnight(day + DAY, fleet.history.zone)
    since = end - timedelta(days=MONTH)
    before = [(place, first, resolved) for place, first, resolved in fleet.alerts if first < end]
    still = [place for place, _, resolved in before if resolved is None or resolved >= end]
    new = [place for place, first, _ in before if first >= since]
    return {
        "open_alerts": np.bincount(np.array(still, np.int64), minlength=count).astype(float),
        "new_alerts": np.bincount(np.array(new, np.int64), minlength=count).astype(float),
    }


def _tenure(fleet: Fleet, day: date, count: int) -> NDArray[np.float64]:
    """Days since each customer's first SIM was taken into use."""
    first: dict[int, date] = {}
    for place, begun in zip(fleet.customer.tolist(), fleet.begun, strict=True):
        if begun is not None and place >= 0 and begun <= first.get(place, day):
            first[place] = begun
    days = np.full(count, np.nan)
    for place, begun in first.items():
        days[place] = (day - begun).days
    return days
