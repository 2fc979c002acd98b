"""Grave anomalies that are new and that nobody has looked at."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from analytics.findings.rows import outs, visible
from analytics.suggesting.audience import limited_customers, limited_to, whole_fleet
from analytics.suggesting.found import Found
from sims.usage import local_today

if TYPE_CHECKING:
    from datetime import date

    from analytics.models import Anomaly
    from analytics.schemas.anomalies import AnomalyOut
    from iotsim.core.actor import Actor

GRAVE: Final = ("critical", "high")
NEW: Final = timedelta(days=2)
LASTS: Final = timedelta(hours=36)  # its words say "yesterday"
MOST: Final = 50


def find(organization_id: int) -> list[Found]:
    """The worst of the fleet, and of those that limited members see."""
    actor = whole_fleet(organization_id)
    found = {one.key: one for one in _of(actor)}
    if customers := limited_customers(organization_id):
        found |= {one.key: one for one in _of(limited_to(actor, customers))}
    return list(found.values())


def _of(actor: "Actor") -> list[Found]:
    today = local_today(actor)
    rows = visible(actor).filter(ended_on=None, status="open", severity__in=GRAVE, first_day__gte=today - NEW)
    worst = list(rows.order_by("rank", "-last_day", "-pk")[:MOST])
    shown = outs(worst, today)
    return [_found(row, one, today) for row, one in zip(worst, shown, strict=True)]


def _found(row: "Anomaly", one: "AnomalyOut", today: "date") -> Found:
    return Found(
        key=f"anomaly:{row.pk}", kind="anomaly", severity=row.severity, order=500 + 10 * (today - row.last_day).days,
        facts={"subject": one.subject or "A SIM that is gone", "title": one.title, "words": one.words},
        button="Open the anomaly", link=f"/anomalies/{row.pk}/", sim_id=row.sim_id, customer_id=row.customer_id,
        object_id=row.pk, stamp=f"{row.severity}:{row.kind}", expires_at=timezone.now() + LASTS,
    )  # fmt: skip
