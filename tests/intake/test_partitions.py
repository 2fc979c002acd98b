"""Partitions of usage: made when needed, for dates that make sense, never open by their own names."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection

from iotsim.core.tenancy import tenant
from sims.intake.partitions import ensure_partitions
from tests.dates import today
from tests.intake.samples import bring_in, noon, own, own_row
from tests.intake.state import rows


def make(first, last):
    with connection.cursor() as cursor:
        cursor.execute("SELECT sims_usage_partitions(%s, %s)", [first, last])
        return cursor.fetchone()[0]


def execute(organisation, statement, *parameters):
    with tenant(organisation.pk), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def test_a_row_finds_a_place_in_any_month_that_is_taken(organisation, actor):
    job = bring_in(actor, own(*[own_row(started_at=noon(age)) for age in (0, 40, 400, 1800)]))
    assert job.result["new"] == 4


def test_making_partitions_again_makes_none(database):
    make(today() - timedelta(days=90), today())
    assert make(today() - timedelta(days=90), today()) == 0


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(1970, 1, 1), today()),
        (today(), today() + timedelta(days=200)),
        (today(), date(9999, 12, 31)),
        (today(), today() - timedelta(days=1)),
        (date.min, date.max),
    ],
)
def test_no_partitions_for_dates_that_make_no_sense(database, first, last):
    with pytest.raises(DatabaseError, match="no usage partitions"):
        make(first, last)


def test_the_application_cannot_make_partitions_itself(organisation):
    for statement in (
        "CREATE TABLE mine PARTITION OF sims_usagerecord FOR VALUES FROM ('2001-01-01') TO ('2001-02-01')",
        "SELECT sims_usage_partition('sims_usagerecord', 'mine', '2001-01-01', '2001-02-01', '')",
    ):
        with pytest.raises(DatabaseError, match=r"must be owner|permission denied"):
            execute(organisation, statement)


def test_a_temporary_table_cannot_pose_as_ours(organisation):
    month = (today().replace(day=1) - timedelta(days=2100)).replace(day=1)
    with tenant(organisation.pk), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE sims_usagerecord_{month:%Y_%m} (id bigint)")
        assert make(month, month) >= 1


def test_a_partition_is_closed_under_its_own_name(organisation, actor):
    bring_in(actor, own(own_row()))
    ensure_partitions(today() - timedelta(days=5), today())
    names = [
        name for (name,) in rows(
            organisation,
            "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND relname LIKE 'sims_usage%%'",
        )
    ]  # fmt: skip
    assert len(names) >= 18
    for name in names:
        for statement in (f"SELECT 1 FROM {name}", f"INSERT INTO {name} DEFAULT VALUES", f"DELETE FROM {name}"):
            with pytest.raises(DatabaseError, match="permission denied"):
                execute(organisation, statement)


def test_every_partition_has_row_security_of_its_own_too(organisation, actor):
    ensure_partitions(today() - timedelta(days=5), today())
    open_ones = rows(
        organisation,
        "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND relname LIKE 'sims_usage%%' "
        "AND NOT relrowsecurity",
    )
    assert open_ones == []


def test_a_stranger_sees_no_usage(organisation, other_organisation, actor):
    bring_in(actor, own(own_row()))
    for table in ("sims_usagerecord", "sims_usagekey", "sims_usagedaily", "sims_intake", "sims_refusedrow"):
        assert rows(other_organisation, f"SELECT 1 FROM {table}") == []


def test_usage_cannot_be_written_for_another_organisation(organisation, other_organisation):
    statement = "INSERT INTO sims_usagedaily VALUES (%s, 1, current_date, 1, 1, 1, 0, 0)"
    with pytest.raises(DatabaseError, match="row-level security"):
        execute(organisation, statement, other_organisation.pk)
