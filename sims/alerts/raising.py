"""Writing alerts: one for each condition while it lasts, safe however many look at the same time.

The unique index on the unresolved condition decides: whoever comes second raises `count` and `last_at` of the first
one's alert. Rows are written in the order of their conditions, so that two writers wait and never deadlock.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection

from iotsim.core.effects import touch
from sims.alerts.people import tell_of


class Raised(NamedTuple):
    """An alert that was written; `fresh` unless it was there already."""

    id: int
    kind: str
    severity: str
    customer_id: int | None
    fresh: bool


_RAISE: Final = """
INSERT INTO sims_alert AS known (organization_id, kind, severity, condition, rule_id, sim_id, customer_id, pool_plan_id,
    intake_id, facts, first_at, last_at, ended_at, history, created_at)
SELECT %(organization)s, r.kind, r.severity, f.condition, r.id, f.sim_id, f.customer_id, f.pool_plan_id, f.intake_id,
    f.facts, f.at, f.at, CASE WHEN NOT %(lasting)s THEN f.at END, '[]'::jsonb, %(now)s
FROM ({found}) f JOIN sims_alertrule r ON r.organization_id = %(organization)s AND r.id = f.rule_id
WHERE NOT EXISTS (
    SELECT FROM sims_alert a WHERE a.organization_id = %(organization)s AND a.condition = f.condition
    AND a.status = 'resolved'
    AND (a.ended_at IS NULL OR a.resolved_at > %(now)s - make_interval(hours => r.rearm_hours)))
ORDER BY f.condition
ON CONFLICT (organization_id, condition) WHERE NOT (status = 'resolved') AND NOT (condition = '')
DO {again}
RETURNING id, kind, severity, customer_id, xmax = 0
"""
_AGAIN: Final = """UPDATE SET count = known.count + 1, last_at = excluded.last_at, facts = excluded.facts,
    severity = excluded.severity, ended_at = excluded.ended_at WHERE excluded.last_at > known.last_at"""


def raise_alerts(
    organization_id: int,
    found: str,
    values: Mapping[str, Any],
    *,
    now: datetime,
    lasting: bool,
    repeats: bool = True,
    quietly: bool = False,
) -> list[Raised]:
    """Write an alert for each row of the query `found`, tell who must know, and announce them.

    `found` has the columns condition, rule_id, sim_id, customer_id, pool_plan_id, intake_id, facts, at. A condition
    that lasts has an end of its own; without `repeats` one that is known already is left alone; `quietly` tells
    nobody. Inside the tenant's transaction.
    """
    query = _RAISE.format(found=found, again=_AGAIN if repeats else "NOTHING")
    fixed: dict[str, Any] = {"organization": organization_id, "now": now, "lasting": lasting}
    with connection.cursor() as cursor:
        cursor.execute(query, {**values, **fixed})
        raised = [Raised(*row) for row in cursor.fetchall()]
    if raised:
        touch("alert", [one.id for one in raised])
        if not quietly:
            tell_of(organization_id, [one for one in raised if one.fresh])
    return raised


ENDING: Final = """ended_at = %(now)s, resolved_at = coalesce(a.resolved_at, %(now)s), snoozed_until = NULL,
    history = CASE WHEN a.status = 'resolved' THEN a.history ELSE a.history || jsonb_build_array(jsonb_build_object(
        'at', %(now)s, 'who', 'iotsim', 'what', 'Resolved: it is over.')) END, status = 'resolved'"""


def end_alerts(organization_id: int, query: str, values: Mapping[str, Any], *, now: datetime) -> int:
    """Run an UPDATE that ends alerts and answers their ids. Inside the tenant's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(query, {**values, "organization": organization_id, "now": now})
        ids = [row[0] for row in cursor.fetchall()]
    if ids:
        touch("alert", ids)
    return len(ids)
