"""Totals of a month into the database: one row for each SIM and month, which count in billing cycles and on no day."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from django.db import connection
from psycopg import sql

from sims import bulk
from sims.formats.batch import Batch
from sims.intake.cards import UNKNOWN, Cards
from sims.intake.chunk import Counts, Place, latest
from sims.intake.fleet import refresh_cycles

_STAGE = (
    "sim_id bigint, iccid text, imsi text, bytes_up bigint, bytes_down bigint, sms integer, cost numeric(18, 6), "
    "currency text, digest bigint"
)
_NAMES = "sim_id, iccid, imsi, bytes_up, bytes_down, sms, cost, currency, digest"
_WRITE = """
WITH written AS (
    INSERT INTO sims_usagemonthly AS m (organization_id, carrier, month, intake_id, {names})
    SELECT {organization}, {carrier}, {month}, {intake}, {names} FROM {stage}
    ON CONFLICT (organization_id, carrier, month, iccid, imsi) DO UPDATE SET
        sim_id = coalesce(excluded.sim_id, m.sim_id), bytes_up = excluded.bytes_up, bytes_down = excluded.bytes_down,
        sms = excluded.sms, cost = excluded.cost, currency = excluded.currency, digest = excluded.digest
    WHERE m.digest <> excluded.digest
    RETURNING m.sim_id, m.xmax = 0 AS is_new
)
SELECT sim_id, is_new FROM written
"""
_ATTACH = """
UPDATE sims_usagemonthly m SET sim_id = s.id FROM sims_sim s
WHERE m.organization_id = %(organization)s AND m.sim_id IS NULL
    AND s.organization_id = %(organization)s AND s.id = ANY(%(sims)s)
    AND ((m.iccid <> '' AND m.iccid = s.iccid) OR (m.iccid = '' AND m.imsi = s.imsi AND NOT EXISTS (
        SELECT FROM sims_sim o WHERE o.organization_id = s.organization_id AND o.imsi = s.imsi AND o.id <> s.id)))
RETURNING s.id
"""


def write_months(place: Place, batch: Batch, cards: Cards, month: date) -> Counts:
    """Write the totals. Inside `writing_usage`. The same total again is a duplicate, another one a correction."""
    batch, repeated, revised = latest(batch)
    sim_id = cards.find(batch.subscriber.values)[batch.subscriber.codes]
    with bulk.staging("months_stage", _STAGE) as stage:
        bulk.copy_in(stage, _columns(batch, sim_id))
        with connection.cursor() as cursor:
            cursor.execute(
                sql.SQL(_WRITE).format(
                    names=sql.SQL(_NAMES),
                    organization=place.organization_id,
                    carrier=place.carrier,
                    month=month,
                    intake=place.intake_id,
                    stage=stage,
                )
            )
            written = cursor.fetchall()
    changed = sorted({sim for sim, _ in written if sim})
    if changed:
        as_of = datetime.fromtimestamp(int(batch.ended_at.max()) / 1e6, UTC)
        refresh_cycles(place.organization_id, place.zone, changed, as_of=as_of)
    new = sum(1 for _, is_new in written if is_new)
    return Counts(
        new=new,
        duplicates=repeated + len(batch) - len(written),
        corrections=revised + len(written) - new,
        unknown_rows=sum(1 for sim, is_new in written if is_new and not sim),
    )


def _columns(batch: Batch, sim_id: "np.ndarray[Any, np.dtype[np.int64]]") -> dict[str, bulk.Column]:
    who = batch.subscriber
    return {
        "sim_id": bulk.bigint(sim_id, sim_id != UNKNOWN),
        "iccid": bulk.Texts(who.codes, [one.iccid for one in who.values]),
        "imsi": bulk.Texts(who.codes, [one.imsi for one in who.values]),
        "bytes_up": bulk.bigint(batch.bytes_up),
        "bytes_down": bulk.bigint(batch.bytes_down),
        "sms": bulk.integer(batch.count),
        "cost": bulk.numeric(batch.cost, batch.has_cost),
        "currency": bulk.Texts(batch.currency.codes, batch.currency.values),
        "digest": bulk.bigint(batch.digest),
    }


def attach_months(organization_id: int, sim_ids: list[int]) -> list[int]:
    """Give these SIMs the totals that were kept for them. Answers the SIMs that had some, once for each total."""
    with connection.cursor() as cursor:
        cursor.execute(_ATTACH, {"organization": organization_id, "sims": sim_ids})
        return [row[0] for row in cursor.fetchall()]
