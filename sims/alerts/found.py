"""Alerts that no rule raises: what stands above `sims` has found, such as anomalies, and keeps up to date itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from iotsim.core.effects import touch
from sims.alerts.people import tell_of
from sims.alerts.raising import ENDING, Raised, end_alerts
from sims.models import Alert


@dataclass(frozen=True)
class Found:
    """One condition: `condition` names it, `text` says what is the matter in a sentence."""

    condition: str
    kind: str
    severity: str
    text: str
    sim_id: int | None
    customer_id: int | None
    first_at: datetime
    last_at: datetime
    count: int = 1
    facts: dict[str, Any] = field(default_factory=dict)


def raise_found(organization_id: int, found: Sequence[Found], *, quietly: bool = False) -> dict[str, int]:
    """Write an alert for each, tell who must know, announce them. Answers the alerts' ids by their conditions.

    One that stands unresolved already is left as it is. Inside the tenant's transaction.
    """
    unresolved = Alert.objects.filter(condition__in=[one.condition for one in found]).exclude(status="resolved")
    known = dict(unresolved.values_list("condition", "pk"))
    made = Alert.objects.bulk_create(
        [_alert(organization_id, one) for one in found if one.condition not in known], batch_size=500
    )
    if made:
        touch("alert", [one.pk for one in made])
        if not quietly:
            tell_of(organization_id, [Raised(one.pk, one.kind, one.severity, one.customer_id, True) for one in made])
    return {**known, **{one.condition: one.pk for one in made}}


def _alert(organization_id: int, one: Found) -> Alert:
    same = ("kind", "severity", "condition", "sim_id", "customer_id", "facts", "first_at", "last_at", "count")
    values = {name: getattr(one, name) for name in same}
    return Alert(organization_id=organization_id, text=one.text[:500], **values)


def renew(found: dict[int, Found]) -> None:
    """Bring the unresolved among these alerts (by id) up to date: words, weight, how often and when last."""
    rows = list(Alert.objects.select_for_update().filter(pk__in=list(found)).exclude(status="resolved").order_by("pk"))
    changed = []
    for row in rows:
        one = found[row.pk]
        values = {
            "text": one.text[:500], "severity": one.severity, "count": one.count, "last_at": one.last_at,
            "facts": one.facts,
        }  # fmt: skip
        if any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            changed.append(row)
    Alert.objects.bulk_update(changed, ["text", "severity", "count", "last_at", "facts"], batch_size=500)
    if changed:
        touch("alert", [row.pk for row in changed])


def end_found(organization_id: int, ids: Sequence[int]) -> int:
    """What these alerts are about is over. Answers how many had not ended."""
    if not ids:
        return 0
    query = (
        f"UPDATE sims_alert a SET {ENDING} WHERE a.organization_id = %(organization)s "  # noqa: S608 (our own words)
        "AND a.id = ANY(%(ids)s) AND a.ended_at IS NULL RETURNING a.id"
    )
    return end_alerts(organization_id, query, {"ids": list(ids)}, now=timezone.now())
