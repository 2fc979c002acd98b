"""Writing a demo fleet into an organisation: one transaction a block of SIMs, all as the application."""

import zoneinfo
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from django.apps import apps
from django.db import connection

from iotsim.core.models import Organization
from iotsim.core.tenancy import tenant
from sims.demo.archetypes import PLANS
from sims.demo.clock import Clock
from sims.demo.contents import (
    CHANGE_COLUMNS,
    DEVICE_COLUMNS,
    IN_STOCK,
    SIM_COLUMNS,
    TAG_COLUMNS,
    Contents,
    Links,
    Person,
    cycle_sums,
)
from sims.demo.copying import copy_columns, copy_rows, next_ids
from sims.demo.fleet import Fleet
from sims.demo.history import steps
from sims.demo.naming import TAGS
from sims.demo.places import OPERATORS
from sims.demo.records import Records, day_sums, make_records
from sims.demo.records import Sums as DemoSums
from sims.demo.usage import Usage, blocks
from sims.intake.days import EPOCH, Sums, Used
from sims.intake.hourly import add_to_hours
from sims.intake.rollup import DAYS
from sims.models import Customer, Operator, Plan, Tag
from sims.models.usage import ROW_BITS, Traffic

RECORD_DAYS: Final = 7
APN: Final = "iot.example"

# Emptied in this order: what refers to SIMs stands before them.
TABLES: Final = (
    "sims_alert", "sims_simcountry", "sims_nightlyrun",
    "sims_usagerecord", "sims_usagekey", "sims_usagedaily", "sims_usagehourly", "sims_fleetdaily", "sims_fleethourly",
    "sims_refusedrow", "sims_intake", "sims_statuschange", "sims_simtag", "sims_sim", "sims_device", "sims_tag",
    "sims_plan", "sims_customer",
)  # fmt: skip
ABOVE: Final = ("analytics",)  # applications whose every table is about the SIMs

Progress = Callable[[int, int], None]


def seed_fleet(
    organization: Organization, fleet: Fleet, *, now: datetime, manager: Person, progress: Progress
) -> Contents:
    """Write the fleet; `progress(done, total)` is told the number of SIMs after each block."""
    clock = Clock(fleet, zoneinfo.ZoneInfo(organization.time_zone), now)
    contents = Contents.of(fleet, clock)
    with tenant(organization.pk):
        _make_partitions(fleet)
        links = _write_links(organization, fleet)
        record_id = next_ids("sims_intake", 1)[0] << ROW_BITS  # an intake that never was: ids of its own
    for block in blocks(fleet):
        with tenant(organization.pk):
            record_id += _write_block(organization.pk, contents, links, block, record_id, manager)
        progress(block.stop, fleet.size)
    return contents


def empty(organization: Organization) -> None:
    """Delete the organisation's SIMs, their usage and all that belongs to them. Audit events stay."""
    with tenant(organization.pk), connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_notification WHERE organization_id = %s", [organization.pk])
        cursor.execute(  # rules about what goes; the general ones stay
            "DELETE FROM sims_alertrule WHERE organization_id = %s "
            "AND num_nonnulls(customer_id, tag_id, plan_id, sim_id) > 0",
            [organization.pk],
        )
        for table in (*_tables_above(), *TABLES):
            cursor.execute(f"DELETE FROM {table} WHERE organization_id = %s", [organization.pk])  # noqa: S608


def _tables_above() -> list[str]:
    """What other applications keep about the SIMs."""
    return [model._meta.db_table for label in ABOVE for model in apps.get_app_config(label).get_models()]


def _make_partitions(fleet: Fleet) -> None:
    """Records begin in UTC, perhaps a day before the first local one and a day after the last."""
    first, last = fleet.start_date - timedelta(1), fleet.end_date + timedelta(1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sims_usage_partitions(%s, %s), sims_hour_partitions(%s, %s)",
            [first, last, max(first, last - timedelta(RECORD_DAYS + 2)), last],
        )


def _write_links(organization: Organization, fleet: Fleet) -> Links:
    customers = Customer.objects.bulk_create(
        Customer(organization=organization, name=each.name, reference=each.reference) for each in fleet.customers
    )
    plans = Plan.objects.bulk_create(
        Plan(
            organization=organization, name=each.name, quota_bytes=each.quota_mb * 1_000_000,
            price_cents=each.price_cents, overage_cents_per_mb=each.overage_cents_per_mb,
            currency=organization.currency, pooled=each.pooled, billing_day=each.billing_day,
        )
        for each in PLANS
    )  # fmt: skip
    tags = Tag.objects.bulk_create(Tag(organization=organization, name=name) for name in TAGS)
    known = {(mcc, mnc): pk for mcc, mnc, pk in Operator.objects.values_list("mcc", "mnc", "pk")}
    return Links(
        customers=[each.pk for each in customers],
        plans=[each.pk for each in plans],
        tags=[each.pk for each in tags],
        operators=[known[each.mcc, each.mnc] for each in OPERATORS],
    )


def _write_block(
    organization_id: int, contents: Contents, links: Links, block: Usage, record_id: int, manager: Person
) -> int:
    """Write the SIMs of a block with all that belongs to them; answers the number of records."""
    fleet, clock, start, stop = contents.fleet, contents.clock, block.start, block.stop
    sums = day_sums(fleet, block, clock.last_day)
    days = range(max(fleet.days - RECORD_DAYS, 0), fleet.days)
    records = make_records(fleet, block, sums, contents.devices, days, [clock.span(day) for day in days])
    ids = next_ids("sims_sim", stop - start)
    stock = (fleet.status[start:stop] == IN_STOCK).tolist()
    free = iter(next_ids("sims_device", len(stock) - sum(stock)))
    device_ids = [None if idle else next(free) for idle in stock]
    history = list(steps(fleet, contents.created, start, stop))
    cycle = cycle_sums(contents, start, sums, records)
    sim_rows = contents.sim_rows(start, ids, device_ids, links, {step.sim: step for step in history}, cycle)
    tables = [
        ("sims_device", DEVICE_COLUMNS, contents.device_rows(start, device_ids, links)),
        ("sims_sim", SIM_COLUMNS, sim_rows),
        ("sims_statuschange", CHANGE_COLUMNS, contents.change_rows(ids, history, start, manager)),
        ("sims_simtag", TAG_COLUMNS, contents.tag_rows(ids, start, links)),
    ]
    for table, columns, rows in tables:
        _insert(table, organization_id, columns, rows)
    _write_days(organization_id, fleet, np.array(ids), sums)
    _write_records(organization_id, np.array(ids), np.array(links.operators), start, records, record_id)
    _write_hours(organization_id, np.array(ids)[records.sim - start], records)
    return records.sim.size


def _insert(table: str, organization_id: int, columns: dict[str, str], rows: Iterable[tuple[Any, ...]]) -> None:
    names = ", ".join(columns)
    copy_rows(f"demo_{table}", list(columns.items()), rows)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (organization_id, {names}) SELECT %s, {names} FROM demo_{table}",  # noqa: S608
            [organization_id],
        )


def _write_days(organization_id: int, fleet: Fleet, ids: Any, sums: DemoSums) -> None:
    """Daily sums in the order of their key: SIM, then day."""
    sim, day = np.nonzero((sums.up + sums.down).T > 0)
    first = (fleet.start_date - EPOCH).days
    amounts = (sums.up[day, sim], sums.down[day, sim], sums.sessions[day, sim])
    none = np.zeros(len(sim), np.int64)
    DAYS.exchange(organization_id, Sums.none(), Sums(ids[sim], first + day, *amounts, none, none))


def _write_hours(organization_id: int, sim_id: Any, records: Records) -> None:
    """The hours of the records, by the rules of the intake."""
    micros = (records.started * 1_000_000, records.ended * 1_000_000)
    data, none = np.full(len(sim_id), Traffic.DATA.value), np.zeros(len(sim_id), np.int64)
    add_to_hours(organization_id, Used(sim_id, *micros, data, records.up, records.down, records.count, none))


def _write_records(organization_id: int, ids: Any, operators: Any, start: int, records: Records, first_id: int) -> None:
    copy_columns(
        "demo_records",
        [
            ("id", "bigint", first_id + np.arange(records.sim.size)),
            ("started_at", "timestamptz", records.started),
            ("ended_at", "timestamptz", records.ended),
            ("sim_id", "bigint", ids[records.sim - start]),
            ("bytes_up", "bigint", records.up),
            ("bytes_down", "bigint", records.down),
            ("operator_id", "bigint", operators[records.operator]),
            ("count", "integer", records.count),
            ("rat", "smallint", records.rat),
            ("imei", "text", records.imei),
        ],
    )
    names = "id, started_at, ended_at, sim_id, bytes_up, bytes_down, operator_id, count, rat, imei"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO sims_usagerecord (organization_id, {names}, "  # noqa: S608
            "voice_seconds, traffic, currency, apn, network, iccid, imsi) "
            f"SELECT %s, {names}, 0, %s, '', %s, '', '', '' FROM demo_records ORDER BY started_at",
            [organization_id, Traffic.DATA.value, APN],
        )
