"""Usage that came before its SIM: kept without one, and given to it when it appears."""

from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import connection
from psycopg import sql

from sims import bulk
from sims.identifiers import iccid_forms
from sims.intake.daily import Spans, rebuild_usage
from sims.intake.exclusive import writing_usage, zone_of
from sims.intake.fleet import Touched, refresh_cycles, refresh_sims
from sims.intake.months import attach_months
from sims.models import Sim

# By card where the record names one, else by an IMSI that only one SIM has.
_ATTACH = """
WITH matches AS MATERIALIZED (
    SELECT r.id, r.started_at, n.sim_id FROM sims_usagerecord r JOIN {names} n ON n.iccid = r.iccid
    WHERE r.organization_id = {organization} AND r.sim_id IS NULL AND r.iccid <> ''
    UNION ALL
    SELECT r.id, r.started_at, n.sim_id FROM sims_usagerecord r JOIN {names} n ON n.imsi = r.imsi
    WHERE r.organization_id = {organization} AND r.sim_id IS NULL AND r.iccid = '' AND n.iccid = ''
), attached AS (
    UPDATE sims_usagerecord r SET sim_id = m.sim_id, iccid = '', imsi = '' FROM matches m
    WHERE r.organization_id = {organization} AND r.id = m.id AND r.started_at = m.started_at
    RETURNING m.sim_id, r.started_at, r.ended_at
)
INSERT INTO {spans} SELECT * FROM attached
"""


def attach_unknown(organization_id: int, sim_ids: Sequence[int]) -> int:
    """Give these SIMs the records that were kept for them. Answers how many.

    In a transaction of its own, or joined to the caller's, of the same organisation.
    """
    with writing_usage(organization_id):
        spans = _attach(organization_id, sim_ids)
        if len(spans):
            zone = zone_of(organization_id)
            rebuild_usage(organization_id, zone, spans)
            touched = Touched(0, 0, sorted({int(sim_id) for sim_id in spans.sim_id}))
            as_of = datetime.fromtimestamp(int(spans.ended_at.max()) / 1e6, UTC)
            refresh_sims(organization_id, zone, touched, as_of=as_of)
        months = attach_months(organization_id, list(sim_ids))
        if months:
            refresh_cycles(organization_id, zone_of(organization_id), sorted(set(months)), as_of=None)
    return len(spans) + len(months)


def _attach(organization_id: int, sim_ids: Sequence[int]) -> Spans:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM sims_usagerecord WHERE organization_id = %s AND sim_id IS NULL)",
            [organization_id],
        )
        if not cursor.fetchone()[0]:
            return Spans.none()
        with (
            bulk.staging("sim_names", "sim_id bigint, iccid text, imsi text") as names,
            bulk.staging("spans", "sim_id bigint, low timestamptz, high timestamptz") as spans,
        ):
            _write_names(names, organization_id, sim_ids)
            cursor.execute(sql.SQL(_ATTACH).format(names=names, spans=spans, organization=organization_id))
            columns = bulk.copy_out(sql.SQL("SELECT sim_id, low, high FROM {}").format(spans), [">i8"] * 3)
    return Spans(columns[0], bulk.unix(columns[1]), bulk.unix(columns[2]))


def _write_names(table: sql.Identifier, organization_id: int, sim_ids: Sequence[int]) -> None:
    sims = list(
        Sim.objects.filter(organization_id=organization_id, pk__in=list(sim_ids)).values_list("pk", "iccid", "imsi")
    )
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
        for pk, iccid, imsi in sims:
            for form in iccid_forms(iccid):
                copy.write_row((pk, form, ""))
            if imsi:
                copy.write_row((pk, "", imsi))
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "DELETE FROM {} n WHERE n.imsi <> '' AND EXISTS (SELECT FROM sims_sim s "
                "WHERE s.organization_id = {} AND s.imsi = n.imsi AND s.id <> n.sim_id)"
            ).format(table, organization_id)
        )
