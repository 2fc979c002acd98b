"""Rows in by binary COPY, out by COPY and ADBC: every value as it was, behind the wall."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql
from psycopg.errors import FeatureNotSupported

from iotsim.core.tenancy import tenant
from sims import bulk
from tests.fleet import make_sim

TABLE = (
    "a bigint, b bigint, c timestamptz, d date, e uuid, f numeric(18, 6), g text, h smallint, i integer, j timestamptz"
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
rows = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
        st.dates(),
        st.uuids(),
        st.none() | st.integers(-(10**17), 10**17),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
        st.none() | st.integers(-(2**15), 2**15 - 1),
        st.integers(-(2**31), 2**31 - 1),
    ),
    max_size=12,
)


def numbers(values):
    return np.array([value or 0 for value in values], np.int64)


def given_mask(values):
    return np.array([value is not None for value in values], bool)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows)
def test_every_value_arrives_as_it_was(organisation, drawn):
    a, b, c, d, e, f, g, h, i = ([row[n] for row in drawn] for n in range(9))
    micros = numbers([(when - EPOCH) // timedelta(microseconds=1) for when in c])
    days = numbers([(day - EPOCH.date()).days for day in d])
    keys = np.array([list(key.bytes) for key in e], np.uint8).reshape(-1, 16)
    columns = {
        "a": bulk.bigint(numbers(a)),
        "b": bulk.bigint(numbers(b), given_mask(b)),
        "c": bulk.timestamptz(micros),
        "d": bulk.date(days),
        "e": bulk.uuid(keys),
        "f": bulk.numeric(numbers(f), given_mask(f)),
        "g": bulk.texts(g),
        "h": bulk.smallint(numbers(h), given_mask(h)),
        "i": bulk.integer(numbers(i)),
        "j": bulk.timestamptz(micros, np.zeros(len(drawn), bool)),
    }
    with tenant(organisation.pk), bulk.staging("arrivals", TABLE) as table, connection.cursor() as cursor:
        bulk.copy_in(table, columns)
        cursor.execute("SELECT * FROM arrivals")
        found = cursor.fetchall()
        out = bulk.copy_out(sql.SQL("SELECT a, c, i FROM {}").format(table), [">i8", ">i8", ">i4"])
    expected = [
        (*row[:4], UUID(str(row[4])), None if row[5] is None else Decimal(row[5]).scaleb(-6), *row[6:], None)
        for row in drawn
    ]
    assert found == expected
    assert out[0].tolist() == a and out[2].tolist() == i
    assert bulk.unix(out[1]).tolist() == micros.tolist()


def test_few_texts_for_many_rows(organisation):
    codes = np.array([1, 0, 1, 2])
    with tenant(organisation.pk), bulk.staging("words", "g text") as table, connection.cursor() as cursor:
        bulk.copy_in(table, {"g": bulk.Texts(codes, ["", "é", "z"])})
        cursor.execute("SELECT g FROM words")
        assert cursor.fetchall() == [("é",), ("",), ("é",), ("z",)]


def test_copy_into_a_table_behind_the_wall_is_refused_so_staging_is_needed(organisation):
    columns = {"organization_id": bulk.bigint(np.array([organisation.pk])), "name": bulk.texts(["x"])}
    with pytest.raises(FeatureNotSupported, match="row-level security"), tenant(organisation.pk):
        bulk.copy_in(sql.Identifier("sims_tag"), columns)


def test_arrow_tables_are_read_behind_the_wall(organisation, other_organisation):
    sims = {make_sim(organisation).iccid for _ in range(3)}
    make_sim(other_organisation)
    query = sql.SQL("SELECT iccid, current_user::text AS who FROM sims_sim WHERE status = {}").format(
        sql.Literal("active")
    )
    table = bulk.read_arrow(organisation.pk, query)
    assert set(table.column("iccid").to_pylist()) == sims
    assert set(table.column("who").to_pylist()) == {"iotsim_app"}


def test_nothing_can_be_written_where_arrow_tables_are_read(organisation):
    with pytest.raises(Exception, match="read-only transaction"):
        bulk.read_arrow(organisation.pk, sql.SQL("DELETE FROM sims_tag RETURNING id"))
