"""Hours of UTC beside the days: the same bytes, split by time, added to and rebuilt by the same rules."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.intake import days as pure
from sims.intake.days import sum_by_day, sum_by_hour
from tests.fleet import make_sim
from tests.intake.samples import ago, bring_in, cellhire, cellhire_row, iccid, noon, own, own_row
from tests.intake.state import rows
from tests.intake.test_days import BERLIN, micros, session, sessions, used


def hours(organisation):
    """(hour, bytes up, bytes down, sessions, SMS, voice seconds) of the organisation's SIMs."""
    query = (
        "SELECT hour, bytes_up, bytes_down, sessions, sms, voice_seconds FROM sims_usagehourly ORDER BY sim_id, hour"
    )
    return rows(organisation, query)


def in_step(organisation):
    """Whether records, days, hours and the fleet's sums come to the same bytes."""
    tables = ["sims_usagedaily", "sims_usagehourly", "sims_fleetdaily", "sims_fleethourly"]
    known = "SELECT sum(bytes_up)::bigint, sum(bytes_down)::bigint FROM "
    totals = {rows(organisation, known + table)[0] for table in tables}
    return totals == {rows(organisation, known + "sims_usagerecord WHERE sim_id IS NOT NULL")[0]}


def fleet_is_the_sum(organisation):
    for fleet, table, bucket in (
        ("sims_fleetdaily", "sims_usagedaily", "day"),
        ("sims_fleethourly", "sims_usagehourly", "hour"),
    ):
        amounts = "sum(bytes_up), sum(bytes_down), sum(sessions), sum(sms), sum(voice_seconds)"
        whole = f"SELECT {bucket}, {amounts} FROM {{}} GROUP BY 1 HAVING sum(bytes_up + bytes_down) > 0 ORDER BY 1"
        assert rows(organisation, whole.format(fleet)) == rows(organisation, whole.format(table))


def test_a_session_across_hours_is_split_by_time_and_counts_in_the_first():
    start = datetime(2026, 7, 1, 10, 45, tzinfo=UTC)
    sums = sum_by_hour(used(session(start, start + timedelta(hours=2), 800, 80)))
    begin = micros(datetime(2026, 7, 1, 10, tzinfo=UTC)) // pure.HOUR_MICROS
    assert sums.bucket.tolist() == [begin, begin + 1, begin + 2]
    assert sums.bytes_up.tolist() == [100, 400, 300]
    assert sums.bytes_down.tolist() == [10, 40, 30]
    assert sums.sessions.tolist() == [1, 0, 0]


def test_messages_and_calls_are_apart_in_hours_too():
    at = micros(datetime(2026, 7, 1, 12, tzinfo=UTC))
    sums = sum_by_hour(used((1, at, at, 2, 0, 0, 3, 0), (1, at, at, 3, 0, 0, 1, 61), (1, at, at, 1, 7, 0, 2, 0)))
    assert (sums.sms[0], sums.voice_seconds[0], sums.sessions[0], sums.bytes_up[0]) == (3, 61, 2, 7)


@settings(deadline=None)
@given(st.lists(sessions, min_size=1, max_size=10))
def test_hours_and_days_add_up_to_the_same(some):
    all_used = used(*[session(start, start + timedelta(seconds=n), up, down, sim) for sim, start, n, up, down in some])
    by_hour, by_day = sum_by_hour(all_used), sum_by_day(all_used, BERLIN)
    for name in pure.AMOUNTS:
        assert getattr(by_hour, name).sum() == getattr(by_day, name).sum()


@settings(deadline=None, max_examples=30)
@given(st.lists(sessions, min_size=1, max_size=6))
def test_in_a_zone_of_whole_hours_each_day_is_the_sum_of_its_hours(some):
    """All but rounding: a session of several hours is cut at other places."""
    all_used = used(*[session(start, start + timedelta(seconds=n), up, down, sim) for sim, start, n, up, down in some])
    by_hour, by_day = sum_by_hour(all_used), sum_by_day(all_used, BERLIN)
    begins = pure.Midnights(BERLIN, int(all_used.started_at.min()), int(all_used.ended_at.max()))
    day = begins.day(by_hour.bucket * pure.HOUR_MICROS)
    for sim, bucket, up in zip(by_day.sim_id, by_day.bucket, by_day.bytes_up, strict=True):
        mine = (by_hour.sim_id == sim) & (day == bucket)
        assert abs(int(by_hour.bytes_up[mine].sum()) - int(up)) <= 2 * len(some)


def test_long_records_are_cut_a_few_at_a_time(monkeypatch):
    start = datetime(2026, 7, 1, tzinfo=UTC)
    some = used(*[session(start, start + timedelta(days=30), 10**9, 7, sim) for sim in range(1, 8)])
    whole = sum_by_hour(some)
    monkeypatch.setattr(pure, "MOST_PIECES", 1000)
    parts = sum_by_hour(some)
    assert len(parts) == 7 * 720
    for name in ("sim_id", "bucket", *pure.AMOUNTS):
        assert np.array_equal(getattr(parts, name), getattr(whole, name))


@settings(deadline=None)
@given(sessions, st.integers(-(40 * 86_400), 40 * 86_400))
def test_what_was_used_before_and_since_a_moment_is_everything(one, shift):
    sim, start, length, up, down = one
    all_used = used(session(start, start + timedelta(seconds=length), up, down, sim))
    moment = micros(start) + shift * 1_000_000
    since = all_used.since(moment)
    assert 0 <= since.bytes_up.sum() <= up
    if moment <= micros(start):
        assert since.bytes_up.sum() == up and since.count.sum() == 1
    elif moment >= micros(start) + length * 1_000_000:
        assert since.bytes_up.sum() == 0
    else:
        assert since.count.sum() == 0 and since.started_at[0] == moment


@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("UTC", date(2026, 3, 29), 24),
    ],
)
def test_a_day_on_which_the_clock_changes_has_its_own_number_of_hours(zone, day, length):
    tz = ZoneInfo(zone)
    start, end = (datetime(day.year, day.month, day.day + step, tzinfo=tz) for step in (0, 1))
    sums = sum_by_hour(used(session(start, end, length * 100)))
    assert sums.bytes_up.tolist() == [100] * length
    assert sum_by_day(used(session(start, end, length * 100)), tz).bytes_up.tolist() == [length * 100]


# --- brought in ---


def test_a_file_is_added_to_hours_and_days_in_one_go(organisation, actor):
    make_sim(organisation, iccid=iccid(1))
    start = noon(3) + timedelta(minutes=30)
    bring_in(actor, own(own_row(started_at=start, ended_at=start + timedelta(hours=1), bytes_up=100, bytes_down=300)))
    noon_hour = noon(3)
    assert hours(organisation) == [(noon_hour, 50, 150, 1, 0, 0), (noon_hour + timedelta(hours=1), 50, 150, 0, 0, 0)]
    assert in_step(organisation)


def test_more_of_an_hour_that_is_known_is_added_and_the_same_again_is_not(organisation, actor):
    make_sim(organisation, iccid=iccid(1))
    first, second = (own_row(started_at=noon(3) + timedelta(minutes=n), bytes_up=10, bytes_down=0) for n in (1, 2))
    bring_in(actor, own(first))
    bring_in(actor, own(first, second))
    assert hours(organisation) == [(noon(3), 20, 0, 2, 0, 0)]
    assert in_step(organisation)


def test_a_correction_rebuilds_its_hours(organisation, actor):
    make_sim(organisation, iccid=iccid(1))
    make_sim(organisation, iccid=iccid(2))
    rest = [own_row(iccid=iccid(2), bytes_up=5), own_row(started_at=noon(3) + timedelta(minutes=5), bytes_up=7)]
    bring_in(actor, own(own_row(bytes_up=100), *rest))
    job = bring_in(actor, own(own_row(bytes_up=40)))
    assert job.result["corrections"] == 1
    assert [row[1] for row in hours(organisation)] == [47, 5]
    assert in_step(organisation)
    fleet_is_the_sum(organisation)


def test_of_interims_only_the_growth_counts_in_whatever_order(organisation, actor):
    make_sim(organisation, iccid=iccid(1))
    at = [noon(3) + timedelta(minutes=m) for m in (20, 80, 140)]
    late = [cellhire_row(3, at[2], 600, 60), cellhire_row(1, at[0], 100, 10)]
    bring_in(actor, cellhire(*late))
    bring_in(actor, cellhire(cellhire_row(2, at[1], 400, 40)))
    found = hours(organisation)
    assert sum(row[1] for row in found) == 600 and sum(row[3] for row in found) == 1
    # 100 in the first 20 minutes, 300 in the hour after that, 200 in the next
    assert [row[1] for row in found] == [300, 233, 67]
    assert in_step(organisation)


def test_usage_before_its_sim_comes_into_hours_when_the_sim_appears(organisation, actor):
    bring_in(actor, own(own_row(bytes_up=11, bytes_down=22)))
    assert hours(organisation) == []
    bring_in(actor, f"iccid\n{iccid(1)}\n", name="sims.csv", service="import_sims")
    assert [row[1:3] for row in hours(organisation)] == [(11, 22)]
    assert in_step(organisation)


def test_hours_are_not_made_for_what_is_older_than_they_are_kept(organisation, actor, settings):
    settings.HOURS_KEPT_DAYS = 31
    make_sim(organisation, iccid=iccid(1))
    bring_in(actor, own(own_row(started_at=noon(40), bytes_up=1), own_row(started_at=noon(20), bytes_up=2)))
    assert [row[:2] for row in hours(organisation)] == [(noon(20), 2)]
    days = rows(organisation, "SELECT sum(bytes_up)::bigint FROM sims_usagedaily")
    assert days == [(3,)]
    bring_in(actor, own(own_row(started_at=noon(40), bytes_up=9)))
    assert [row[:2] for row in hours(organisation)] == [(noon(20), 2)]


def test_a_row_older_than_records_are_kept_is_refused_with_the_reason(organisation, actor, settings):
    settings.RECORDS_KEPT_DAYS = 100
    job = bring_in(actor, own(own_row(started_at=noon(102)), own_row(started_at=noon(98))))
    assert (job.result["new"], job.result["refused"]) == (1, 1)
    [(reason,)] = rows(organisation, "SELECT reason FROM sims_refusedrow")
    assert reason == f"started_at is too long ago (before {ago(100).date()}, and records are kept for 100 days)"
