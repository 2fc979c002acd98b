"""Where the rest of the domain says that something happened. Each runs inside the tenant's transaction.

Usage calls `note_moves` and `note_usage` for the SIMs of its table sims_latest; the carrier calls `note_status`, the
register of files `note_intake`; beat and the nightly check look at everything.
"""

import uuid
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from iotsim.core.effects import current, touch
from iotsim.core.models import Organization
from sims.alerts.conditions import LIMIT_ACTION, QUOTA, SCOPE
from sims.alerts.fleet import (
    TOUCHED,
    enabled_kinds,
    end_of,
    end_of_pools,
    raise_of,
    raise_of_pools,
)
from sims.alerts.raising import ENDING, end_alerts, raise_alerts
from sims.models import Alert

USAGE_KINDS: Final = ("threshold", "limit")
STOP_AT_ONCE: Final = 1000  # SIMs named in one call, and so in one audit row

_FOUND_MOVES: Final = """
SELECT {condition} AS condition, r.id AS rule_id, s.id AS sim_id, s.customer_id, NULL::bigint AS pool_plan_id,
    NULL::bigint AS intake_id, {facts} AS facts, l.ended_at AS at
FROM sims_alertrule r JOIN sims_sim s ON s.organization_id = r.organization_id JOIN sims_latest l ON l.sim_id = s.id
WHERE r.organization_id = %(organization)s AND r.kind = %(kind)s AND r.enabled AND {scope}
    AND (s.last_seen_at IS NULL OR l.ended_at >= s.last_seen_at) AND {moved}
"""
# The first eight digits are the type of device (TAC): another number behind them is another device of the same model.
_OTHER_MODEL: Final = _FOUND_MOVES.format(
    condition="'imei_change:' || r.id || ':sim:' || s.id",
    facts="jsonb_build_object('before', s.imei, 'after', l.imei)",
    scope=SCOPE,
    moved="s.imei <> '' AND l.imei <> '' AND left(s.imei, 8) <> left(l.imei, 8)",
)
_MOVED_AWAY: Final = "s.country <> '' AND l.country <> '' AND l.country <> s.country"
_NEW_COUNTRY: Final = _FOUND_MOVES.format(
    condition="'new_country:' || r.id || ':sim:' || s.id || ':' || l.country",
    facts="jsonb_build_object('before', s.country, 'after', l.country)",
    scope=SCOPE,
    moved=f"{_MOVED_AWAY} AND NOT EXISTS (SELECT FROM sims_simcountry c WHERE c.organization_id = s.organization_id "
    "AND c.sim_id = s.id AND c.country = l.country)",
)
_REMEMBER_COUNTRIES: Final = f"""
INSERT INTO sims_simcountry (organization_id, sim_id, country, first_at)
SELECT s.organization_id, s.id, c.country, l.ended_at FROM sims_latest l JOIN sims_sim s ON s.id = l.sim_id,
    LATERAL (VALUES (s.country), (l.country)) c(country)
WHERE s.organization_id = %(organization)s AND {_MOVED_AWAY}
ORDER BY s.id, c.country ON CONFLICT DO NOTHING
"""  # noqa: S608 (our own words)


def note_moves(organization_id: int) -> None:
    """Before the touched SIMs show it: they are in another device model, or in a country they were never in."""
    now = timezone.now()
    kinds = enabled_kinds(organization_id)
    for kind, found in (("imei_change", _OTHER_MODEL), ("new_country", _NEW_COUNTRY)):
        if kind in kinds:
            raise_alerts(organization_id, found, {"kind": kind}, now=now, lasting=False)
    with connection.cursor() as cursor:
        cursor.execute(_REMEMBER_COUNTRIES, {"organization": organization_id})


def note_usage(organization_id: int) -> None:
    """After the touched SIMs show it: thresholds and limits of them and their pools; what was silent is heard."""
    now = timezone.now()
    kinds = enabled_kinds(organization_id)
    for kind in USAGE_KINDS:
        end_of(organization_id, kind, now=now, touched=True)
        if kind in kinds:
            raise_of(organization_id, kind, now=now, touched=True)
            raise_of_pools(organization_id, kind, now=now, touched=True)
    end_of(organization_id, "silence", now=now, touched=True)
    stop_at_limit(organization_id, touched=True)


def check_usage(organization_id: int, *, now: datetime | None = None, quietly: bool = False) -> int:
    """The same over the whole fleet, whatever was missed. Answers how many alerts are new."""
    now, fresh = now or timezone.now(), 0
    settle_usage(organization_id, now=now)
    for kind in USAGE_KINDS:
        fresh += raise_of(organization_id, kind, now=now, quietly=quietly)
        fresh += raise_of_pools(organization_id, kind, now=now, quietly=quietly)
    return fresh


def settle_usage(organization_id: int, *, now: datetime | None = None) -> int:
    """End the alerts of thresholds and limits that are over, as at the beginning of a cycle."""
    now = now or timezone.now()
    return sum(end(organization_id, kind, now=now) for kind in USAGE_KINDS for end in (end_of, end_of_pools))


def check_silence(organization_id: int, *, now: datetime | None = None, quietly: bool = False) -> int:
    """Raise and end the alerts of SIMs that have not connected for so many hours."""
    now = now or timezone.now()
    end_of(organization_id, "silence", now=now)
    return raise_of(organization_id, "silence", now=now, quietly=quietly)


_REACHED: Final = f"""
SELECT s.id FROM sims_sim s {{touched}}
LEFT JOIN sims_plan p ON p.organization_id = s.organization_id AND p.id = s.plan_id
WHERE s.organization_id = %(organization)s AND s.status = 'active' AND NOT s.safety_critical
    AND {LIMIT_ACTION} = 'suspend' AND {QUOTA} > 0 AND s.cycle_bytes >= {QUOTA} AND NOT EXISTS (
        SELECT FROM sims_statuschange c WHERE c.organization_id = s.organization_id AND c.sim_id = s.id
        AND c.reason = 'limit' AND c.to_status = 'suspended' AND c.requested_at >= s.cycle_start_date)
    AND (%(ids)s::bigint[] IS NULL OR s.id = ANY(%(ids)s::bigint[]))
ORDER BY s.id
"""  # noqa: S608 (our own words)


def reached(organization_id: int, *, touched: bool = False, ids: list[int] | None = None) -> list[int]:
    """The active SIMs that must be stopped: their plan (or they) say so, and nobody let them go on in this cycle."""
    query = _REACHED.format(touched=TOUCHED if touched else "")
    with connection.cursor() as cursor:
        cursor.execute(query, {"organization": organization_id, "ids": ids})
        return [row[0] for row in cursor.fetchall()]


def stop_at_limit(organization_id: int, *, touched: bool = False) -> int:
    """Suspend those, by the service that writes the audit row. Answers how many."""
    from iotsim.core import registry
    from iotsim.core.actor import Actor

    ids = reached(organization_id, touched=touched)
    if not ids:
        return 0
    system = Actor.system(Organization.objects.get(pk=organization_id))
    token = current.set(None)  # an act of its own, with an audit row of its own
    try:
        for start in range(0, len(ids), STOP_AT_ONCE):
            registry.get("stop_sims_at_limit").call(system, {"sim_ids": ids[start : start + STOP_AT_ONCE]})
    finally:
        current.reset(token)
    return len(ids)


_FOUND_STATUS: Final = """
SELECT 'status:' || r.id || ':sim:' || s.id || ':' || c.to_status || ':' || (c.state = 'confirmed') AS condition,
    r.id AS rule_id, s.id AS sim_id, s.customer_id, NULL::bigint AS pool_plan_id, NULL::bigint AS intake_id,
    jsonb_build_object('before', c.from_status, 'after', c.to_status, 'reason', c.reason, 'who', c.who, 'note', c.note,
        'state', c.state) AS facts, coalesce(c.settled_at, c.requested_at) AS at
FROM sims_statuschange c JOIN sims_sim s ON s.organization_id = c.organization_id AND s.id = c.sim_id
JOIN sims_alertrule r ON r.organization_id = c.organization_id
WHERE c.organization_id = %(organization)s AND c.batch = %(batch)s AND r.kind = 'status' AND r.enabled AND {scope}
    AND (c.state IN ('failed', 'timed_out') OR (c.state = 'confirmed'
        AND (r.statuses = '[]'::jsonb OR r.statuses ? c.to_status)
        AND (r.reasons = '[]'::jsonb OR r.reasons ? c.reason)))
"""


def note_status(organization_id: int, batch: uuid.UUID) -> None:
    """A carrier has settled the status changes of a batch: done, or failed."""
    found = _FOUND_STATUS.format(scope=SCOPE)
    raise_alerts(organization_id, found, {"batch": batch}, now=timezone.now(), lasting=False)


_FOUND_INTAKE: Final = """
SELECT 'intake_failure:' || r.id || ':intake:' || i.id AS condition, r.id AS rule_id, NULL::bigint AS sim_id,
    NULL::bigint AS customer_id, NULL::bigint AS pool_plan_id, i.id AS intake_id,
    jsonb_build_object('name', i.name, 'reason', i.reason, 'state', CASE WHEN i.state = 'running' THEN 'failed'
        ELSE i.state END, 'rows', i.rows, 'refused', i.refused) AS facts, coalesce(i.finished_at, %(now)s) AS at
FROM sims_intake i JOIN sims_alertrule r ON r.organization_id = i.organization_id
WHERE i.organization_id = %(organization)s AND r.kind = 'intake_failure' AND r.enabled AND {chosen}
    AND (i.state IN ('refused', 'failed', 'running') OR (i.state = 'done' AND i.refused > 0
        AND i.refused::float8 * 100 >= i.rows::float8 * coalesce(r.percent, 10)))
"""
_OF_JOB: Final = "i.job_id = %(job)s AND i.state <> 'running'"
# Beyond those, imports whose job is over though they seem to run: their worker died.
_RECENT: Final = """i.created_at > %(now)s - interval '3 days' AND (i.state <> 'running' OR EXISTS (
    SELECT FROM core_job j WHERE j.organization_id = i.organization_id AND j.id = i.job_id
    AND j.state IN ('failed', 'stopped'))) AND NOT EXISTS (SELECT FROM sims_alert a
    WHERE a.organization_id = i.organization_id AND a.intake_id = i.id)"""


def note_intake(organization_id: int, job_id: int) -> None:
    """A file's import is over: refused, broken off, or with many refused rows."""
    _note_intakes(organization_id, _OF_JOB, {"job": job_id})


def check_intakes(organization_id: int) -> int:
    """Imports that failed without a word, such as by the death of their worker. Answers how many alerts are new."""
    return _note_intakes(organization_id, _RECENT, {})


def _note_intakes(organization_id: int, chosen: str, values: dict[str, Any]) -> int:
    found = _FOUND_INTAKE.format(chosen=chosen)
    raised = raise_alerts(organization_id, found, values, now=timezone.now(), lasting=False, repeats=False)
    return sum(one.fresh for one in raised)


_OF_RULE: Final = """UPDATE sims_alert a SET {ending} WHERE a.organization_id = %(organization)s
    AND a.rule_id = %(rule)s AND (a.ended_at IS NULL OR a.status <> 'resolved') RETURNING a.id"""


def end_of_rules(organization_id: int, kind: str, *, rule_id: int | None = None) -> None:
    """A rule was changed: end what it does not say any more; of a rule that goes, everything."""
    now = timezone.now()
    if rule_id is not None:
        end_alerts(organization_id, _OF_RULE.format(ending=ENDING), {"rule": rule_id}, now=now)
    elif kind in USAGE_KINDS:
        settle_usage(organization_id, now=now)
    elif kind == "silence":
        end_of(organization_id, kind, now=now)


def wake(organization_id: int) -> int:
    """Snoozed alerts whose time is over are open again. Answers how many."""
    now = timezone.now()
    rows = Alert.objects.filter(organization_id=organization_id, status="snoozed", snoozed_until__lte=now)
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    if ids:
        rows.filter(pk__in=ids).update(status="open", snoozed_until=None)
        touch("alert", ids)
    return len(ids)
