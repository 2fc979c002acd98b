"""The night's advice into its table: what still holds keeps its row and its number, what holds no more expires."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
from django.db import connection
from django.db.models import Count, Sum
from django.utils import timezone
from psycopg import sql

from analytics.models import Recommendation
from analytics.models.savings import AdviceState
from analytics.nightly.savings_advice import Advice
from sims import bulk

KEPT: Final = timedelta(days=90)  # after it expired

_COLUMNS: Final = {
    "kind": "text", "sim_id": "bigint", "customer_id": "bigint", "from_plan_id": "bigint", "to_plan_id": "bigint",
    "sims": "integer", "cost_cents": "integer", "worst_cost_cents": "integer", "saving_cents": "integer",
    "worst_saving_cents": "integer", "currency": "text", "confidence": "text", "reason": "text",
    "history_days": "integer", "usage_p10_bytes": "bigint", "usage_p50_bytes": "bigint", "usage_p90_bytes": "bigint",
    "unused_cycles": "integer",
}  # fmt: skip
_KEY: Final = ("kind", "sim_id", "from_plan_id", "customer_id")
_WRITE: Final = """
INSERT INTO analytics_recommendation AS r (organization_id, state, since, night, moved_sims, moved_plans, decided_by,
    realised_cents, realised_cycles, {names})
SELECT {org}, 'open', {night}, {night}, '{{}}', '{{}}', '', 0, 0, {names} FROM {stage}
ON CONFLICT (organization_id, kind, sim_id, from_plan_id, customer_id) WHERE state = 'open' DO UPDATE SET
    night = excluded.night, since = CASE WHEN r.to_plan_id = excluded.to_plan_id THEN r.since ELSE excluded.since END,
    {changing}
"""
_EXPIRE: Final = """
UPDATE analytics_recommendation r SET state = 'expired', decided_at = {now}
WHERE r.organization_id = {org} AND r.state = 'open'
    AND NOT EXISTS (SELECT FROM {stage} s WHERE (s.kind, s.sim_id, s.from_plan_id, s.customer_id)
        = (r.kind, r.sim_id, r.from_plan_id, r.customer_id))
"""


def keep(organization_id: int, advice: Sequence[Advice], night: date) -> None:
    """Write it. Inside the tenant's transaction."""
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    names = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
    changing = sql.SQL(", ").join(
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in _COLUMNS if name not in _KEY
    )
    words = {"org": organization_id, "night": night, "now": timezone.now(), "names": names, "changing": changing}
    with bulk.staging("night_advice", columns) as stage, connection.cursor() as cursor:
        if advice:
            bulk.copy_in(stage, _rows(advice))
        cursor.execute(sql.SQL(_WRITE).format(stage=stage, **words))
        cursor.execute(sql.SQL(_EXPIRE).format(stage=stage, **words))
    for one in advice:
        if one.moved:
            _of_pool(organization_id, one)
    old = Recommendation.objects.filter(organization_id=organization_id, state=AdviceState.EXPIRED)
    old.filter(decided_at__lt=timezone.now() - KEPT).delete()


def _of_pool(organization_id: int, one: Advice) -> None:
    rows = Recommendation.objects.filter(
        organization_id=organization_id, state=AdviceState.OPEN, kind=one.kind, sim_id=0,
        from_plan_id=one.from_plan_id, customer_id=one.customer_id,
    )  # fmt: skip
    rows.update(moved_sims=[sim for sim, _ in one.moved], moved_plans=[plan for _, plan in one.moved])


def _rows(advice: Sequence[Advice]) -> dict[str, bulk.Column]:
    numbers: dict[str, list[int]] = {
        "sim_id": [one.sim_id for one in advice],
        "customer_id": [one.customer_id for one in advice],
        "from_plan_id": [one.from_plan_id for one in advice],
        "to_plan_id": [one.to_plan_id for one in advice],
        "sims": [one.sims for one in advice],
        "cost_cents": [_cents(one.cost) for one in advice],
        "worst_cost_cents": [_cents(one.worst_cost) for one in advice],
        "saving_cents": [_cents(one.saving) for one in advice],
        "worst_saving_cents": [_cents(one.worst_saving) for one in advice],
        "history_days": [one.history_days for one in advice],
        "usage_p10_bytes": [one.usage[0] for one in advice],
        "usage_p50_bytes": [one.usage[1] for one in advice],
        "usage_p90_bytes": [one.usage[2] for one in advice],
        "unused_cycles": [one.unused_cycles for one in advice],
    }
    texts = {
        name: bulk.texts([str(getattr(one, name)) for one in advice]) for name in ("kind", "currency", "confidence")
    }
    reasons = bulk.texts([one.reason[:400] for one in advice])
    found: dict[str, bulk.Column] = {**texts, "reason": reasons}
    for name, values in numbers.items():
        array = np.array(values, np.int64)
        found[name] = bulk.bigint(array) if _COLUMNS[name] == "bigint" else bulk.integer(array)
    return {name: found[name] for name in _COLUMNS}


def _cents(amount: float) -> int:
    return round(max(-2e9, min(2e9, amount)))


def open_by_currency(organization_id: int) -> dict[str, dict[str, Any]]:
    """For each currency how much is advised: count, and cents expected and at worst a month."""
    rows = Recommendation.objects.filter(organization_id=organization_id, state=AdviceState.OPEN).values("currency")
    sums = rows.annotate(count=Count("pk"), expected=Sum("saving_cents"), worst=Sum("worst_saving_cents"))
    return {row["currency"]: {name: row[name] for name in ("count", "expected", "worst")} for row in sums}
