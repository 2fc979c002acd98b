"""What usage tells of SIMs: this cycle's bytes, when and where they were last seen, in which device."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone
from psycopg import sql

from iotsim.core.effects import announce
from sims import world
from sims.alerts.watch import note_moves, note_usage, settle_usage
from sims.cycles import cycle_start
from sims.following import changed
from sims.lifecycle import Reason, Status
from sims.models import ChangeState

_LATEST = "sim_id, ended_at, imei, operator_id, network"
_DEFAULT_BILLING_DAY = 1  # of SIMs without a plan: the calendar month


class Touched(NamedTuple):
    """SIMs to look at: those with records from `low` to `high` (ids), and those in `sims`."""

    low: int
    high: int
    sims: list[int]


def refresh_sims(organization_id: int, zone: ZoneInfo, touched: Touched, *, as_of: datetime | None) -> list[int]:
    """Bring the touched SIMs up to date. Inside the tenant's transaction. Answers their ids.

    `as_of` is how far the usage brought in reaches.
    """
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE sims_latest ON COMMIT DROP AS " + _latest(organization_id, touched))
        cursor.execute("ANALYZE sims_latest")
        cursor.execute("SELECT sim_id FROM sims_latest ORDER BY sim_id")
        ids = [row[0] for row in cursor.fetchall()]
        if ids:
            _lock(organization_id)
            _settle_places(organization_id)
            note_moves(organization_id)
            _update(organization_id, _cycle_starts(organization_id, zone), as_of)
            _first_traffic(organization_id)
            note_usage(organization_id)
        cursor.execute("DROP TABLE sims_latest")
    changed("usage", organization_id, ids)
    if ids:
        announce(organization_id, {"sim": ids, "usage": ids})
    return ids


def _latest(organization_id: int, touched: Touched) -> str:
    """A query for each touched SIM's latest record among those touched."""
    in_range = sql.SQL(
        "SELECT DISTINCT ON (sim_id) {latest} FROM sims_usagerecord WHERE organization_id = {organization} "
        "AND id BETWEEN {low} AND {high} AND sim_id IS NOT NULL ORDER BY sim_id, ended_at DESC, id DESC"
    )
    by_sim = sql.SQL(
        "SELECT r.* FROM unnest({sims}::bigint[]) s, LATERAL (SELECT {latest} FROM sims_usagerecord r "
        "WHERE r.organization_id = {organization} AND r.sim_id = s ORDER BY started_at DESC LIMIT 1) r"
    )
    both = sql.SQL(
        "SELECT DISTINCT ON (sim_id) {latest}, ''::text AS country, NULL::date AS start "
        "FROM (({in_range}) UNION ALL ({by_sim})) r ORDER BY sim_id, ended_at DESC"
    )
    values = {
        "latest": sql.SQL(_LATEST),
        "organization": sql.Literal(organization_id),
        "low": sql.Literal(touched.low),
        "high": sql.Literal(touched.high),
        "sims": sql.Literal(touched.sims),
    }
    return both.format(in_range=in_range.format(**values), by_sim=by_sim.format(**values), **values).as_string()


def _lock(organization_id: int) -> None:
    """In the order of their ids, as everybody does who changes many SIMs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT s.id FROM sims_sim s JOIN sims_latest l ON l.sim_id = s.id "
            "WHERE s.organization_id = %s ORDER BY s.id FOR NO KEY UPDATE OF s) locked",
            [organization_id],
        )


# A file that says nothing of networks: a SIM without an operator is taken to be at home, where its IMSI is from.
_HOME = """
UPDATE sims_latest l SET operator_id = o.id, country = o.country
FROM sims_sim s, LATERAL (
    SELECT o.id, o.country FROM sims_operator o
    WHERE o.mcc = left(s.imsi, 3) AND o.mnc IN (substr(s.imsi, 4, 3), substr(s.imsi, 4, 2))
    ORDER BY length(o.mnc) DESC LIMIT 1
) o
WHERE s.organization_id = %s AND s.id = l.sim_id AND s.operator_id IS NULL AND l.operator_id IS NULL AND l.network = ''
"""


def _settle_places(organization_id: int) -> None:
    """The country of each network: of its operator, else of the MCC that the file gave."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sims_latest l SET country = o.country FROM sims_operator o WHERE o.id = l.operator_id")
        cursor.execute("SELECT DISTINCT network FROM sims_latest WHERE operator_id IS NULL AND network <> ''")
        for (network,) in cursor.fetchall():
            country = world.country_by_mcc(network[:3])
            if country:
                cursor.execute("UPDATE sims_latest SET country = %s WHERE network = %s", [country, network])
        cursor.execute(_HOME, [organization_id])


def _cycle_starts(organization_id: int, zone: ZoneInfo) -> dict[int, str]:
    """For each billing day in use, when the cycle that is on now began."""
    today = datetime.now(zone).date()
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT billing_day FROM sims_plan WHERE organization_id = %s", [organization_id])
        days = {row[0] for row in cursor.fetchall()} | {_DEFAULT_BILLING_DAY}
    return {day: cycle_start(today, day).isoformat() for day in days}


_STARTS = """
UPDATE sims_latest l SET start = c.start
FROM unnest(%(days)s::int[], %(starts)s::date[]) c(billing_day, start), sims_sim s
LEFT JOIN sims_plan p ON p.organization_id = s.organization_id AND p.id = s.plan_id
WHERE s.organization_id = %(organization)s AND s.id = l.sim_id AND c.billing_day = coalesce(p.billing_day, %(default)s)
"""

# The sums are subqueries so that each is one range of an index per SIM, whatever the planner thinks of the tables.
# A vendor's monthly total counts in the cycle that begins in its month; it holds what the days hold, so not both count.
_CYCLE_BYTES = """greatest(
        (SELECT coalesce(sum(d.bytes_up + d.bytes_down), 0) FROM sims_usagedaily d
        WHERE d.organization_id = %(organization)s AND d.sim_id = s.id AND d.day >= {start} AND d.day >= %(earliest)s),
        (SELECT coalesce(sum(m.bytes_up + m.bytes_down), 0) FROM sims_usagemonthly m
        WHERE m.organization_id = %(organization)s AND m.sim_id = s.id
            AND m.month = date_trunc('month', {start})::date)
    )"""
_UPDATE = f"""
UPDATE sims_sim s SET
    cycle_bytes = {_CYCLE_BYTES.format(start="l.start")},
    cycle_start_date = l.start,
    cycle_as_of = greatest(s.cycle_as_of, %(as_of)s, l.ended_at),
    last_seen_at = greatest(s.last_seen_at, l.ended_at),
    imei = CASE WHEN l.ended_at < s.last_seen_at OR l.imei = '' THEN s.imei ELSE l.imei END,
    operator_id = CASE WHEN l.ended_at < s.last_seen_at OR l.operator_id IS NULL THEN s.operator_id
        ELSE l.operator_id END,
    country = CASE WHEN l.ended_at < s.last_seen_at OR l.country = '' THEN s.country ELSE l.country END
FROM sims_latest l WHERE s.organization_id = %(organization)s AND s.id = l.sim_id
"""  # noqa: S608 (our own words)


def _update(organization_id: int, starts: dict[int, str], as_of: datetime | None) -> None:
    values: dict[str, Any] = {
        "organization": organization_id,
        "days": list(starts),
        "starts": list(starts.values()),
        "earliest": min(starts.values()),
        "default": _DEFAULT_BILLING_DAY,
        "as_of": as_of,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STARTS, values)
        cursor.execute(_UPDATE, values)


def _first_traffic(organization_id: int) -> None:
    """SIMs that were ready for test and have now moved data, messages or calls are active."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH begun AS (
                SELECT s.id FROM sims_latest l
                JOIN sims_sim s ON s.organization_id = %(organization)s AND s.id = l.sim_id
                WHERE s.status = %(ready)s AND EXISTS (
                    SELECT FROM sims_usagerecord r WHERE r.organization_id = %(organization)s AND r.sim_id = s.id
                    AND (r.bytes_up > 0 OR r.bytes_down > 0 OR (r.traffic <> 1 AND r.count > 0)))
            ), noted AS (
                INSERT INTO sims_statuschange (organization_id, sim_id, from_status, to_status, reason, note, state,
                    batch, who, user_id, face, requested_at, settled_at)
                SELECT %(organization)s, id, %(ready)s, %(active)s, %(reason)s, '', %(confirmed)s,
                    gen_random_uuid(), 'iotsim', NULL, 'system', %(now)s, %(now)s FROM begun
            )
            UPDATE sims_sim s SET status = %(active)s, status_reason = %(reason)s, status_changed_at = %(now)s,
                activated_at = coalesce(s.activated_at, %(now)s)
            FROM begun WHERE s.organization_id = %(organization)s AND s.id = begun.id
            """,
            {
                "organization": organization_id,
                "ready": Status.TEST_READY.value,
                "active": Status.ACTIVE.value,
                "reason": Reason.FIRST_TRAFFIC.value,
                "confirmed": ChangeState.CONFIRMED.value,
                "now": timezone.now(),
            },
        )


def roll_cycles(organization_id: int, zone: ZoneInfo, *, anew: Sequence[int] = ()) -> int:
    """Begin the new billing cycle of every SIM whose own is over. Answers how many SIMs.

    The cycles of the SIMs in `anew` are added up again in any case.
    """
    starts = _cycle_starts(organization_id, zone)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH due AS MATERIALIZED (
                SELECT s.id, c.start FROM sims_sim s
                LEFT JOIN sims_plan p ON p.organization_id = s.organization_id AND p.id = s.plan_id
                JOIN unnest(%(days)s::int[], %(starts)s::date[]) c(billing_day, start)
                    ON c.billing_day = coalesce(p.billing_day, %(default)s)
                WHERE s.organization_id = %(organization)s
                    AND (s.cycle_start_date IS DISTINCT FROM c.start OR s.id = ANY(%(anew)s::bigint[]))
                ORDER BY s.id FOR NO KEY UPDATE OF s
            )
            UPDATE sims_sim s SET cycle_start_date = due.start,
                cycle_bytes = {_CYCLE_BYTES.format(start="due.start")}
            FROM due WHERE s.organization_id = %(organization)s AND s.id = due.id
            RETURNING s.id
            """,  # noqa: S608 (our own words)
            {
                "organization": organization_id,
                "days": list(starts),
                "starts": list(starts.values()),
                "earliest": min(starts.values()),
                "default": _DEFAULT_BILLING_DAY,
                "anew": list(anew),
            },
        )
        rolled = [row[0] for row in cursor.fetchall()]
    if rolled:
        settle_usage(organization_id)
        changed("cycle", organization_id, rolled)
    return len(rolled)


def refresh_cycles(organization_id: int, zone: ZoneInfo, sim_ids: list[int], *, as_of: datetime | None) -> None:
    """Work out this cycle's bytes of SIMs of which only a month's total is known. Inside the tenant's transaction."""
    starts = _cycle_starts(organization_id, zone)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH due AS MATERIALIZED (
                SELECT s.id, c.start FROM sims_sim s
                LEFT JOIN sims_plan p ON p.organization_id = s.organization_id AND p.id = s.plan_id
                JOIN unnest(%(days)s::int[], %(starts)s::date[]) c(billing_day, start)
                    ON c.billing_day = coalesce(p.billing_day, %(default)s)
                WHERE s.organization_id = %(organization)s AND s.id = ANY(%(sims)s)
                ORDER BY s.id FOR NO KEY UPDATE OF s
            )
            UPDATE sims_sim s SET cycle_start_date = due.start, cycle_as_of = greatest(s.cycle_as_of, %(as_of)s),
                cycle_bytes = {_CYCLE_BYTES.format(start="due.start")}
            FROM due WHERE s.organization_id = %(organization)s AND s.id = due.id
            """,  # noqa: S608 (our own words)
            {
                "organization": organization_id,
                "sims": sim_ids,
                "as_of": as_of,
                "days": list(starts),
                "starts": list(starts.values()),
                "earliest": min(starts.values()),
                "default": _DEFAULT_BILLING_DAY,
            },
        )
    changed("usage", organization_id, sim_ids)
    announce(organization_id, {"sim": sim_ids})
