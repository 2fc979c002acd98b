"""Partitions are made ahead and dropped when they are too old, and nobody can drop what is to be kept."""

from datetime import date, timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from iotsim.core.tenancy import tenant
from sims import retention
from sims.bulk import address
from sims.intake.partitions import ensure_hour_partitions, ensure_partitions
from sims.retention import keep_partitions, kept_from
from sims.tasks import keep_partitions as task
from tests.dates import today
from tests.fleet import make_sim
from tests.intake.samples import bring_in, iccid, noon, own, own_row

LONG_AGO = today().replace(year=today().year - 9, month=6, day=1)  # where no other test has anything
KEPT = (today() - LONG_AGO).days - 200


def ask(statement, *parameters):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def partitions(parent):
    return {name for (name,) in ask(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass",
        parent,
    )}  # fmt: skip


def named(table, day):
    return f"sims_{table}_{day:%Y}_q{(day.month + 2) // 3}" if table == "usagedaily" else f"sims_{table}_{day:%Y_%m}"


@pytest.fixture(autouse=True)
def what_was_dropped_is_forgotten(environment):
    """Other tests of this database bring in old records, and their days are to be rebuilt."""
    yield
    with psycopg.connect(environment["DATABASE_URL"]) as owner:
        owner.execute("DELETE FROM sims_usagedropped")


@pytest.fixture
def old_partitions(database):
    ensure_partitions(LONG_AGO, LONG_AGO + timedelta(days=27))
    ensure_hour_partitions(LONG_AGO, LONG_AGO + timedelta(days=27))


def test_the_months_and_quarters_to_come_are_there(database):
    keep_partitions()
    ahead = today() + timedelta(days=62)
    for table in ("usagerecord", "usagehourly", "usagedaily"):
        assert named(table, ahead) in partitions(f"sims_{table}")
        assert named(table, today()) in partitions(f"sims_{table}")


def test_the_task_of_the_scheduler_does_it(database):
    assert task() == []


@pytest.mark.parametrize(
    ("setting", "table"),
    [("RECORDS_KEPT_DAYS", "usagerecord"), ("HOURS_KEPT_DAYS", "usagehourly"), ("DAYS_KEPT_DAYS", "usagedaily")],
)
def test_what_is_too_old_is_taken_off_and_dropped_and_nothing_else(old_partitions, settings, setting, table):
    settings.HOURS_KEPT_DAYS = 0
    setattr(settings, setting, KEPT)
    others = {name: partitions(f"sims_{name}") for name in ("usagerecord", "usagehourly", "usagedaily")}
    assert keep_partitions() == [named(table, LONG_AGO)]
    for name, before in others.items():
        gone = {named(table, LONG_AGO)} if name == table else set()
        assert before - partitions(f"sims_{name}") == gone
    assert ask("SELECT to_regclass(%s)", named(table, LONG_AGO)) == [(None,)]
    assert keep_partitions() == []


def test_for_ever_drops_nothing(old_partitions, settings):
    settings.RECORDS_KEPT_DAYS = settings.HOURS_KEPT_DAYS = settings.DAYS_KEPT_DAYS = 0
    assert keep_partitions() == []
    assert named("usagerecord", LONG_AGO) in partitions("sims_usagerecord")


def test_a_partition_with_a_day_to_keep_stays_whole(old_partitions, settings):
    settings.HOURS_KEPT_DAYS = (today() - LONG_AGO).days - 15
    settings.RECORDS_KEPT_DAYS = (today() - LONG_AGO).days - 60
    assert keep_partitions() == []


def test_records_stay_two_months_longer_so_that_days_can_be_rebuilt(old_partitions, settings):
    settings.HOURS_KEPT_DAYS = 0
    month_end = date(LONG_AGO.year, 7, 1)
    settings.RECORDS_KEPT_DAYS = (today() - month_end).days - 62 + 1
    assert keep_partitions() == []
    settings.RECORDS_KEPT_DAYS -= 1
    assert keep_partitions() == [named("usagerecord", LONG_AGO)]
    assert retention.records_whole_from() == month_end + timedelta(days=31)


def test_what_was_left_detached_by_a_crash_is_dropped_the_next_time(old_partitions, settings):
    settings.HOURS_KEPT_DAYS = 0
    [(name,)] = ask("SELECT sims_detach_partitions('hours', %s)", LONG_AGO + timedelta(days=60))
    assert name not in partitions("sims_usagehourly") and ask("SELECT to_regclass(%s) IS NULL", name) == [(False,)]
    with pytest.raises(DatabaseError, match="permission denied"):
        ask(f'SELECT * FROM "{name}"')
    keep_partitions()
    assert ask("SELECT to_regclass(%s)", name) == [(None,)]


def test_a_table_that_is_busy_is_left_for_the_next_time(old_partitions, settings):
    settings.HOURS_KEPT_DAYS = KEPT
    with psycopg.connect(address(as_owner=True)) as other:
        other.execute("LOCK TABLE sims_usagehourly IN ACCESS SHARE MODE")
        assert keep_partitions() == []
    assert keep_partitions() == [named("usagehourly", LONG_AGO)]


# --- abuse ---


@pytest.mark.parametrize("back", [0, 30, -400, date.max, None])
@pytest.mark.parametrize("kind", ["records", "hours", "days"])
def test_nobody_drops_what_is_younger_than_a_month(database, kind, back):
    before = today() - timedelta(days=back) if isinstance(back, int) else back
    with pytest.raises(DatabaseError, match="no partitions of"):
        ask("SELECT sims_detach_partitions(%s, %s)", kind, before)


@pytest.mark.parametrize("kind", ["sims_sim", "core_auditevent", "sims_usagerecord", "", None, 'hours"; DROP TABLE x'])
def test_only_usage_has_partitions_to_drop(database, kind):
    with pytest.raises(DatabaseError, match="no partitions of"):
        ask("SELECT sims_detach_partitions(%s, %s)", kind, LONG_AGO)


def test_a_session_that_bends_its_settings_bends_nothing(old_partitions):
    """Zone and date style decide how the catalogue prints a bound; the function has its own."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'Pacific/Kiritimati'")
        cursor.execute("SET LOCAL datestyle = 'German'")
        cursor.execute("SELECT sims_detach_partitions('records', %s)", [date(LONG_AGO.year, 6, 30)])
        assert cursor.fetchall() == []
        cursor.execute("CREATE TEMPORARY TABLE pg_inherits (inhparent oid, inhrelid oid)")
        cursor.execute("SELECT sims_detach_partitions('records', %s)", [date(LONG_AGO.year, 7, 1)])
        assert cursor.fetchall() == [(named("usagerecord", LONG_AGO),)]
        transaction.set_rollback(True)


def test_the_application_cannot_drop_or_detach_by_itself(old_partitions):
    name = named("usagerecord", LONG_AGO)
    for statement in (
        f"DROP TABLE {name}",
        f"ALTER TABLE sims_usagerecord DETACH PARTITION {name}",
        "DELETE FROM sims_usagedropped",
        "INSERT INTO sims_usagedropped VALUES ('records', '2000-01-01')",
        f"SELECT sims_usage_partition('sims_sim', '{name}x', 'a', 'b', '')",
    ):
        with pytest.raises(DatabaseError, match=r"permission denied|must be owner"):
            ask(statement + " ")


def test_a_table_of_ours_that_is_no_partition_is_never_dropped(database):
    before = ask("SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition")
    ask("SELECT sims_drop_detached()")
    assert ask("SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition") == before


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(1970, 1, 1), today()),
        (today(), today() + timedelta(days=200)),
        (today(), today() - timedelta(days=1)),
        (None, None),
    ],
)
def test_hour_partitions_are_made_for_dates_that_make_sense_only(database, first, last):
    with pytest.raises(DatabaseError, match="no hour partitions"):
        ask("SELECT sims_hour_partitions(%s, %s)", first, last)


def test_a_date_without_a_partition_has_no_place(organisation):
    """There is no default partition: it would be searched by every query and locked by every new month."""
    with pytest.raises(DatabaseError, match="no partition of relation"), tenant(organisation.pk):
        ask("INSERT INTO sims_usagehourly VALUES (%s, 1, '1999-01-01', 1, 1, 1, 0, 0)", organisation.pk)


# --- what is gone is not missed ---


def test_a_day_whose_records_were_dropped_is_not_rebuilt_from_the_rest(organisation, actor, monkeypatch):
    make_sim(organisation, iccid=iccid(1))
    bring_in(actor, own(own_row(started_at=noon(40), bytes_up=100), own_row(started_at=noon(5), bytes_up=10)))
    with tenant(organisation.pk), connection.cursor() as cursor:
        cursor.execute("UPDATE sims_usagedaily SET bytes_up = 900 WHERE bytes_up = 100")  # as if there had been more
    monkeypatch.setattr("sims.intake.daily.records_whole_from", lambda: today() - timedelta(days=20))
    bring_in(actor, own(own_row(started_at=noon(40), bytes_up=50), own_row(started_at=noon(5), bytes_up=20)))
    with tenant(organisation.pk):
        assert ask("SELECT bytes_up FROM sims_usagedaily ORDER BY day") == [(900,), (20,)]


def test_the_first_kept_day_is_so_many_days_ago(settings):
    settings.RECORDS_KEPT_DAYS, settings.DAYS_KEPT_DAYS = 100, 0
    assert kept_from("records", date(2026, 11, 22)) == date(2026, 8, 14)
    assert kept_from("days", date(2026, 11, 22)) is None
