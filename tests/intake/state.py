"""What stands in the usage tables of an organisation, in words that can be compared."""

from typing import Any

from django.db import connection

from iotsim.core.models import Organization
from iotsim.core.tenancy import tenant


def rows(organization: Organization, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with tenant(organization.pk, read_only=True), connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def every_byte(organization: Organization) -> dict[str, list[tuple[Any, ...]]]:
    """Each usage table and the SIMs, whole and in order."""
    orders = {
        "sims_usagerecord": "id",
        "sims_usagekey": "carrier, record_key",
        "sims_usagedaily": "sim_id, day",
        "sims_sim": "id",
        "sims_statuschange": "id",
    }
    return {table: rows(organization, f"SELECT * FROM {table} ORDER BY {order}") for table, order in orders.items()}


def meaning(organization: Organization) -> dict[str, list[tuple[Any, ...]]]:
    """The same without the numbers that differ from one organisation and import to another."""
    return {
        "records": rows(
            organization,
            "SELECT s.iccid, r.iccid, r.imsi, started_at, ended_at, traffic, bytes_up, bytes_down, counter_up, "
            "counter_down, session_key, count, voice_seconds, rat, cost, currency, apn, r.imei, network, "
            "r.operator_id, r.id & 268435455 FROM sims_usagerecord r LEFT JOIN sims_sim s ON s.id = r.sim_id "
            "ORDER BY s.iccid, r.iccid, started_at, ended_at, bytes_up, bytes_down, r.id & 268435455",
        ),
        "keys": rows(
            organization, "SELECT carrier, record_key, digest FROM sims_usagekey ORDER BY carrier, record_key"
        ),
        "days": days(organization),
        "sims": rows(
            organization,
            "SELECT iccid, status, cycle_bytes, cycle_start_date, last_seen_at, imei, operator_id, country "
            "FROM sims_sim ORDER BY iccid",
        ),
    }


def days(organization: Organization) -> list[tuple[Any, ...]]:
    """iccid, day, bytes up, bytes down, sessions, SMS, voice seconds."""
    return rows(
        organization,
        "SELECT s.iccid, d.day, d.bytes_up, d.bytes_down, d.sessions, d.sms, d.voice_seconds "
        "FROM sims_usagedaily d JOIN sims_sim s ON s.id = d.sim_id ORDER BY s.iccid, d.day",
    )


def refusals(organization: Organization) -> list[tuple[Any, ...]]:
    """row number, column, reason, raw line."""
    return rows(
        organization,
        'SELECT row_number, "column", reason, raw_line FROM sims_refusedrow ORDER BY intake_id, row_number',
    )


def days_by_record(organization: Organization) -> dict[tuple[str, Any], tuple[int, int]]:
    """Bytes per SIM and UTC day straight from the records (none of which may cross midnight)."""
    found = rows(
        organization,
        "SELECT s.iccid, (started_at AT TIME ZONE 'UTC')::date, sum(bytes_up)::bigint, sum(bytes_down)::bigint "
        "FROM sims_usagerecord r JOIN sims_sim s ON s.id = r.sim_id GROUP BY 1, 2",
    )
    return {(iccid, day): (up, down) for iccid, day, up, down in found}
