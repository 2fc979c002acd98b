"""Forecasts into their tables: binary COPY into a temporary table, then in the place of what was there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from psycopg import sql

from analytics.models import GroupForecast, SimForecast
from iotsim.core.tenancy import tenant
from sims import bulk

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_COMMON: Final = {
    "as_of": "timestamptz", "first_day": "date", "cycle_start_date": "date", "cycle_end_date": "date",
    "used_bytes": "bigint", "cycle_p10_bytes": "bigint", "cycle_p50_bytes": "bigint", "cycle_p90_bytes": "bigint",
    "month_p10_bytes": "bigint", "month_p50_bytes": "bigint", "month_p90_bytes": "bigint",
    "history_days": "smallint", "is_prior": "boolean", "tier": "smallint",
    "days_p10": "real[]", "days_p50": "real[]", "days_p90": "real[]", "model": "text", "version": "text",
    "quota_bytes": "bigint", "exhausts_on": "date", "exhausts_probability": "float8",
}  # fmt: skip
_SIM: Final = {"sim_id": "bigint", "device_class": "text"}
_GROUP: Final = {"scope": "text", "customer_id": "bigint", "plan_id": "bigint", "sims": "integer"}


@dataclass(frozen=True)
class Columns:
    """N rows. Days since 1970; bytes; `cycle` and `month` (3, N), `curve` (3, days, N): 10, 50, 90 %. NaN is none."""

    as_of: datetime
    first_day: int
    cycle_first: Ints
    cycle_last: Ints
    used: Floats
    quota: Floats
    cycle: Floats
    month: Floats
    exhausts: Floats
    probability: Floats
    history_days: NDArray[np.int16]
    is_prior: NDArray[np.bool_]
    sharp: NDArray[np.bool_]  # by the trained model, tier 1
    models: tuple[str, str]  # names of tier 0 and tier 1
    versions: tuple[str, str]
    curve: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.used)


def write_sims(
    organization_id: int, ids: Ints, rows: Columns, classes: tuple[NDArray[np.uint8], Sequence[str]]
) -> None:
    """Put a block of SIMs in the place of whatever was forecast for ids from its first to its last."""
    own: dict[str, bulk.Column] = {"sim_id": bulk.bigint(ids), "device_class": bulk.Texts(*classes)}
    gone = sql.SQL("sim_id BETWEEN {} AND {}").format(sql.Literal(int(ids[0])), sql.Literal(int(ids[-1])))
    _replace(organization_id, "analytics_simforecast", {**_SIM, **_COMMON}, {**own, **_columns(rows)}, gone)


def forget_others(organization_id: int, ids: Ints) -> None:
    """Delete what was forecast for SIMs before the first and after the last of these."""
    with tenant(organization_id):
        rows = SimForecast.objects.filter(organization_id=organization_id)
        rows.filter(sim_id__lt=int(ids[0])).delete()
        rows.filter(sim_id__gt=int(ids[-1])).delete()


def forget_everything(organization_id: int) -> None:
    """Delete every forecast: there is no SIM in use any more."""
    with tenant(organization_id):
        SimForecast.objects.filter(organization_id=organization_id).delete()
        GroupForecast.objects.filter(organization_id=organization_id).delete()


def write_groups(
    organization_id: int,
    scopes: tuple[NDArray[np.uint8], Sequence[str]],
    keys: tuple[Ints, Ints],
    sims: Ints,
    rows: Columns,
) -> None:
    """Put these groups, by scope and (customer, plan), in the place of all that there were."""
    own: dict[str, bulk.Column] = {
        "scope": bulk.Texts(*scopes),
        "customer_id": bulk.bigint(keys[0]),
        "plan_id": bulk.bigint(keys[1]),
        "sims": bulk.integer(sims),
    }
    columns = {**own, **_columns(rows)}
    _replace(organization_id, "analytics_groupforecast", {**_GROUP, **_COMMON}, columns, sql.SQL("true"))


def _columns(rows: Columns) -> dict[str, bulk.Column]:
    count = len(rows)
    micros = int(rows.as_of.timestamp() * 1_000_000)
    has_quota, passes = ~np.isnan(rows.quota), ~np.isnan(rows.exhausts)
    sums = {f"{name}_p{level}_bytes": values for name, three in (("cycle", rows.cycle), ("month", rows.month))
            for level, values in zip((10, 50, 90), three, strict=True)}  # fmt: skip
    return {
        "as_of": bulk.timestamptz(bulk.same(micros, count)),
        "first_day": bulk.date(bulk.same(rows.first_day, count)),
        "cycle_start_date": bulk.date(rows.cycle_first),
        "cycle_end_date": bulk.date(rows.cycle_last),
        "used_bytes": whole(rows.used),
        **{name: whole(values) for name, values in sums.items()},
        "history_days": bulk.smallint(rows.history_days),
        "is_prior": bulk.boolean(rows.is_prior),
        "tier": bulk.smallint(rows.sharp.astype(np.int64)),
        **{f"days_p{level}": bulk.real_arrays(curve.T) for level, curve in zip((10, 50, 90), rows.curve, strict=True)},
        "model": bulk.Texts(rows.sharp.astype(np.int64), rows.models),
        "version": bulk.Texts(rows.sharp.astype(np.int64), rows.versions),
        "quota_bytes": whole(rows.quota, has_quota),
        "exhausts_on": bulk.date(np.where(passes, rows.exhausts, 0).astype(np.int64), passes),
        "exhausts_probability": bulk.double(np.nan_to_num(rows.probability), has_quota),
    }


def whole(values: Floats, valid: NDArray[np.bool_] | None = None) -> bulk.Fixed:
    """Whole bytes; what no bigint can hold is cut off."""
    return bulk.bigint(np.rint(np.clip(np.nan_to_num(values), 0, 9e18)).astype(np.int64), valid)


def _replace(
    organization_id: int, table: str, kinds: dict[str, str], columns: dict[str, bulk.Column], gone: sql.Composable
) -> None:
    """Delete what `gone` says and insert the rows, in one transaction."""
    layout = ", ".join(f"{name} {kinds[name]}" for name in columns)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    words = {"table": sql.Identifier(table), "org": sql.Literal(organization_id), "names": names, "gone": gone}
    with tenant(organization_id), bulk.staging("new_forecasts", layout) as staged:
        bulk.copy_in(staged, columns)
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("DELETE FROM {table} WHERE organization_id = {org} AND {gone}").format(**words))
            cursor.execute(
                sql.SQL("INSERT INTO {table} (organization_id, {names}) SELECT {org}, {names} FROM {staged}").format(
                    **words, staged=staged
                )
            )
