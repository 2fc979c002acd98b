"""Thresholds, limits and silence of SIMs; thresholds and limits of pools. Of all SIMs, or of those just touched."""

from datetime import datetime
from typing import Any, Final

from sims.alerts.conditions import AT, FACTS, HOLDS, POOL_HOLDS, POOL_SCOPE, POOLS, SCOPE
from sims.alerts.raising import ENDING, end_alerts, raise_alerts
from sims.models import AlertRule

TOUCHED: Final = "JOIN sims_latest l ON l.sim_id = s.id"  # the intake's table of SIMs that have new usage
_TOUCHED_POOLS: Final = """AND (s.plan_id, coalesce(s.customer_id, 0)) IN (
    SELECT t.plan_id, coalesce(t.customer_id, 0) FROM sims_latest l JOIN sims_sim t ON t.id = l.sim_id
    WHERE t.organization_id = %(organization)s)"""

_FOUND: Final = """
SELECT r.kind || ':' || r.id || ':sim:' || s.id AS condition, r.id AS rule_id, s.id AS sim_id, s.customer_id,
    NULL::bigint AS pool_plan_id, NULL::bigint AS intake_id, {facts} AS facts, {at} AS at
FROM sims_alertrule r JOIN sims_sim s ON s.organization_id = r.organization_id {touched}
LEFT JOIN sims_plan p ON p.organization_id = s.organization_id AND p.id = s.plan_id
WHERE r.organization_id = %(organization)s AND r.kind = %(kind)s AND r.enabled AND {scope} AND {holds}
"""
_ENDED: Final = """
UPDATE sims_alert a SET {ending}
FROM sims_alertrule r, sims_sim s {touched}
LEFT JOIN sims_plan p ON p.organization_id = s.organization_id AND p.id = s.plan_id
WHERE a.organization_id = %(organization)s AND a.kind = %(kind)s AND a.ended_at IS NULL AND s.id = a.sim_id
    AND s.organization_id = a.organization_id AND r.organization_id = a.organization_id AND r.id = a.rule_id
    AND (r.enabled AND {scope} AND {holds}) IS NOT TRUE
RETURNING a.id
"""


def enabled_kinds(organization_id: int) -> set[str]:
    """The kinds for which the organisation has a rule that is switched on."""
    return set(AlertRule.objects.filter(organization_id=organization_id, enabled=True).values_list("kind", flat=True))


def values_for(organization_id: int, kind: str, now: datetime) -> dict[str, Any]:
    plain = AlertRule.objects.filter(
        organization_id=organization_id, enabled=True, kind="limit", percent=None, usage_bytes=None,
        customer=None, tag=None, plan=None, sim=None,
    )  # fmt: skip
    return {"organization": organization_id, "now": now, "kind": kind, "limits": plain.exists()}


def raise_of(organization_id: int, kind: str, *, now: datetime, touched: bool = False, quietly: bool = False) -> int:
    """Raise the alerts of a kind where its condition holds. Answers how many are new."""
    found = _FOUND.format(
        facts=FACTS[kind], at=AT[kind], touched=TOUCHED if touched else "", scope=SCOPE, holds=HOLDS[kind]
    )
    values = values_for(organization_id, kind, now)
    repeats = kind != "silence"  # nothing happens while it is silent, so there is nothing to count
    raised = raise_alerts(organization_id, found, values, now=now, lasting=True, repeats=repeats, quietly=quietly)
    return sum(one.fresh for one in raised)


def end_of(organization_id: int, kind: str, *, now: datetime, touched: bool = False) -> int:
    """End the alerts of a kind whose condition holds no more. Answers how many."""
    query = _ENDED.format(ending=ENDING, touched=TOUCHED if touched else "", scope=SCOPE, holds=HOLDS[kind])
    return end_alerts(organization_id, query, values_for(organization_id, kind, now), now=now)


_FOUND_POOLS: Final = """
SELECT r.kind || ':' || r.id || ':pool:' || q.plan_id || ':' || coalesce(q.customer_id, 0) AS condition,
    r.id AS rule_id, NULL::bigint AS sim_id, q.customer_id, q.plan_id AS pool_plan_id, NULL::bigint AS intake_id,
    jsonb_build_object('used_bytes', q.used_bytes, 'quota_bytes', q.quota_bytes, 'sims', q.sims,
        'percent', floor(q.used_bytes::float8 * 100 / q.quota_bytes)::bigint, 'cycle_start', q.cycle_start) AS facts,
    q.as_of AS at
FROM sims_alertrule r, ({pools}) q
WHERE r.organization_id = %(organization)s AND r.kind = %(kind)s AND r.enabled AND {scope} AND {holds}
"""
_ENDED_POOLS: Final = """
UPDATE sims_alert a SET {ending}
FROM sims_alertrule r
WHERE a.organization_id = %(organization)s AND a.kind = %(kind)s AND a.ended_at IS NULL
    AND a.pool_plan_id IS NOT NULL AND r.organization_id = a.organization_id AND r.id = a.rule_id
    AND NOT EXISTS (SELECT FROM ({pools}) q WHERE q.plan_id = a.pool_plan_id
        AND q.customer_id IS NOT DISTINCT FROM a.customer_id AND r.enabled AND {scope} AND {holds})
RETURNING a.id
"""


def raise_of_pools(
    organization_id: int, kind: str, *, now: datetime, touched: bool = False, quietly: bool = False
) -> int:
    """The same for pools."""
    pools = POOLS.format(chosen=_TOUCHED_POOLS if touched else "")
    found = _FOUND_POOLS.format(pools=pools, scope=POOL_SCOPE, holds=POOL_HOLDS)
    values = values_for(organization_id, kind, now)
    raised = raise_alerts(organization_id, found, values, now=now, lasting=True, quietly=quietly)
    return sum(one.fresh for one in raised)


def end_of_pools(organization_id: int, kind: str, *, now: datetime) -> int:
    query = _ENDED_POOLS.format(ending=ENDING, pools=POOLS.format(chosen=""), scope=POOL_SCOPE, holds=POOL_HOLDS)
    return end_alerts(organization_id, query, values_for(organization_id, kind, now), now=now)
