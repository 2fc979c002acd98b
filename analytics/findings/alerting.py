"""Alerts of anomalies: one for each lasting anomaly, the worst first, as many as the budget allows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.utils import timezone

from analytics.findings.rows import sentence_of
from analytics.findings.settings import WEEK, alerts_a_week
from analytics.models import Anomaly, AnomalySettings
from analytics.models.anomalies import SEVERITIES
from analytics.nightly.history import local_midnight
from sims.alerts.found import Found, end_found, raise_found, renew
from sims.models import Alert, AlertKind, Sim

WEIGHTS: Final = {"critical": "critical", "high": "warning", "medium": "warning", "low": "info"}
RECENT_DAYS: Final = 2  # what was over before these is history, and no news
QUIET_COHORTS: Final = frozenset({"spike"})  # a cohort that uses more together has new firmware


@dataclass(frozen=True)
class Told:
    raised: int
    held_back: int


def tell(
    organization_id: int, rows: Sequence[Anomaly], wanted: AnomalySettings, *, sims: int, last_day: date, zone: ZoneInfo
) -> Told:
    """Raise, renew and end the alerts of these anomalies, `last_day` being the last that was looked at.

    Sets `alert_id` and `quiet` of the rows and saves them. Inside the tenant's transaction.
    """
    names = Sim.objects.select_related("customer").in_bulk([one.sim_id for one in rows if one.sim_id])
    _keep_up(organization_id, [one for one in rows if one.alert_id], names, zone)
    new = [one for one in rows if one.alert_id is None]
    for one in new:
        one.quiet = why_quiet(one, wanted, last_day)
    due = sorted((one for one in new if not one.quiet), key=lambda one: (one.rank, one.score, one.pk))
    room = max(alerts_a_week(wanted, sims) - raised_lately(organization_id), 0)
    ids = raise_found(organization_id, [_found(one, names.get(one.sim_id or 0), zone) for one in due[:room]])
    for one in due[:room]:
        one.alert_id = ids[condition_of(one)]
    for one in due[room:]:
        one.quiet = "budget"
    Anomaly.objects.bulk_update(new, ["alert_id", "quiet"], batch_size=500)
    return Told(len(due[:room]), len(due[room:]))


def why_quiet(one: Anomaly, wanted: AnomalySettings, last_day: date) -> str:
    """Why an anomaly raises no alert, whatever the budget; empty when it may."""
    if one.status in ("expected", "false"):
        return one.status
    if one.kind in wanted.kinds_off:
        return "kind"
    if one.rank > SEVERITIES.index(wanted.min_severity):
        return "severity"
    if one.cohort and one.kind in QUIET_COHORTS:
        return "cohort"
    over = one.ended_on is not None or one.cohort
    return "past" if over and one.last_day < last_day - timedelta(days=RECENT_DAYS) else ""


def raised_lately(organization_id: int, customer_ids: Collection[int] | None = None) -> int:
    """Alerts of anomalies within the last seven days, of all customers or of these."""
    since = timezone.now() - timedelta(days=WEEK)
    rows = Alert.objects.filter(organization_id=organization_id, kind=AlertKind.ANOMALY.value, created_at__gte=since)
    return (rows if customer_ids is None else rows.filter(customer_id__in=customer_ids)).count()


def condition_of(one: Anomaly) -> str:
    return f"anomaly:{one.pk}"


def _found(one: Anomaly, sim: Sim | None, zone: ZoneInfo) -> Found:
    facts = {"anomaly": one.pk, "anomaly_kind": one.kind, "score": round(one.score, 2), "days": one.days}
    return Found(
        condition=condition_of(one),
        kind=AlertKind.ANOMALY.value,
        severity=WEIGHTS[one.severity],
        text=sentence_of(one, sim),
        sim_id=sim.pk if sim else None,
        customer_id=sim.customer_id if sim else None,
        first_at=local_midnight(one.first_day, zone),
        last_at=min(local_midnight(one.last_day + timedelta(days=1), zone), timezone.now()),
        count=one.days,
        facts=facts,
    )


def _keep_up(organization_id: int, rows: Sequence[Anomaly], names: dict[int, Sim], zone: ZoneInfo) -> None:
    """Alerts that stand: their words and weight as of now, and the end of those whose anomaly is over."""
    renew({one.alert_id: _found(one, names.get(one.sim_id or 0), zone) for one in rows if one.alert_id})
    end_found(organization_id, [one.alert_id for one in rows if one.alert_id and one.ended_on is not None])


def take_back(organization_id: int, rows: Sequence[Anomaly]) -> None:
    """The alerts of anomalies that turned out to be none."""
    end_found(organization_id, [one.alert_id for one in rows if one.alert_id])
