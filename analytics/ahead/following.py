"""Kept forecasts follow the usage that comes in: no model runs, what is known now takes the place of what was expected.

Only SIMs with a quota are written, since their rows are searched and sorted by day and chance; whoever reads a forecast
brings it up to date anyway (see reading.py).
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection
from psycopg import sql

from analytics.ahead.standing import standing_of
from analytics.ahead.stored import Outlook, outlooks
from analytics.models import SimForecast
from iotsim.core.models import Organization
from sims import bulk
from sims.models import Sim

EPOCH: Final = date(1970, 1, 1)
BLOCK: Final = 5_000
_KINDS: Final = {
    "sim_id": "bigint", "as_of": "timestamptz", "cycle_start_date": "date", "cycle_end_date": "date",
    "used_bytes": "bigint", "cycle_p10_bytes": "bigint", "cycle_p50_bytes": "bigint", "cycle_p90_bytes": "bigint",
    "quota_bytes": "bigint", "exhausts_on": "date", "exhausts_probability": "float8",
}  # fmt: skip
_WRITTEN: Final = [name for name in _KINDS if name != "sim_id"]


def follow_usage(organization_id: int, sim_ids: Sequence[int]) -> None:
    """Bring the kept forecasts of these SIMs up to date, in the transaction that changed them."""
    zone = ZoneInfo(Organization.objects.values_list("time_zone", flat=True).get(pk=organization_id))
    for start in range(0, len(sim_ids), BLOCK):
        _follow(organization_id, zone, sim_ids[start : start + BLOCK])


def _follow(organization_id: int, zone: ZoneInfo, sim_ids: Sequence[int]) -> None:
    rows = list(
        SimForecast.objects.filter(organization_id=organization_id, sim_id__in=sim_ids).defer("days_p10", "days_p90")
    )
    sims = Sim.objects.filter(organization_id=organization_id).select_related("plan")
    found = sims.in_bulk([row.sim_id for row in rows])
    rows = [row for row in rows if row.sim_id in found]
    today = datetime.now(UTC).astimezone(zone).date()
    now = [standing_of(found[row.sim_id], today) for row in rows]
    kept = [n for n, (row, one) in enumerate(zip(rows, now, strict=True)) if one.quota or row.quota_bytes]
    rows, now = [rows[n] for n in kept], [now[n] for n in kept]
    _write(organization_id, [row.sim_id for row in rows], outlooks(rows, now, zone))


def _write(organization_id: int, ids: list[int], found: list[Outlook]) -> None:
    if not ids:
        return
    layout = ", ".join(f"{name} {kind}" for name, kind in _KINDS.items())
    put = sql.SQL(", ").join(sql.SQL("{0} = n.{0}").format(sql.Identifier(name)) for name in _WRITTEN)
    with bulk.staging("moved_forecasts", layout) as staged, connection.cursor() as cursor:
        bulk.copy_in(staged, _columns(ids, found))
        cursor.execute(
            sql.SQL(
                "UPDATE analytics_simforecast f SET {put} FROM {staged} n "
                "WHERE f.organization_id = {org} AND f.sim_id = n.sim_id"
            ).format(put=put, staged=staged, org=sql.Literal(organization_id))
        )


def _columns(ids: list[int], found: list[Outlook]) -> dict[str, bulk.Column]:
    days = np.array([(one.start.toordinal(), one.end.toordinal()) for one in found]) - EPOCH.toordinal()
    cycle = np.array([one.cycle for one in found], np.int64)
    has_quota = np.array([one.quota is not None for one in found])
    passes = np.array([one.exhausts_on is not None for one in found])
    on = np.array([(one.exhausts_on or EPOCH).toordinal() for one in found]) - EPOCH.toordinal()
    return {
        "sim_id": bulk.bigint(np.array(ids)),
        "as_of": bulk.timestamptz(np.array([int(one.as_of.timestamp() * 1_000_000) for one in found])),
        "cycle_start_date": bulk.date(days[:, 0]),
        "cycle_end_date": bulk.date(days[:, 1]),
        "used_bytes": bulk.bigint(np.array([one.used for one in found])),
        **{f"cycle_p{level}_bytes": bulk.bigint(cycle[:, n]) for n, level in enumerate((10, 50, 90))},
        "quota_bytes": bulk.bigint(np.array([one.quota or 0 for one in found]), has_quota),
        "exhausts_on": bulk.date(on, passes),
        "exhausts_probability": bulk.double(np.array([one.probability or 0.0 for one in found]), has_quota),
    }
