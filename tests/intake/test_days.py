"""Days are the organisation's: sessions across midnight, nights in which the clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.intake.days import EPOCH, Midnights, Used, sum_by_day

BERLIN = ZoneInfo("Europe/Berlin")


def micros(when):
    return int(when.timestamp()) * 1_000_000


def used(*rows):
    """(sim, start, end, traffic, up, down, count, seconds) each."""
    columns = [np.array(column, np.int64) for column in zip(*rows, strict=True)]
    return Used(*columns)


def session(start, end, up=0, down=0, sim=1):
    return (sim, micros(start), micros(end), 1, up, down, 1, 0)


def found(sums):
    """{(sim, day): (up, down, sessions)}"""
    columns = (sums.sim_id, sums.bucket, sums.bytes_up, sums.bytes_down, sums.sessions)
    return {
        (int(sim), EPOCH + timedelta(days=int(day))): (int(up), int(down), int(sessions))
        for sim, day, up, down, sessions in zip(*columns, strict=True)
    }


def test_a_session_belongs_to_the_local_day():
    late = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)  # half past midnight in Berlin
    assert found(sum_by_day(used(session(late, late, 5)), BERLIN)) == {(1, date(2026, 7, 2)): (5, 0, 1)}
    assert found(sum_by_day(used(session(late, late, 5)), ZoneInfo("UTC"))) == {(1, date(2026, 7, 1)): (5, 0, 1)}


def test_a_session_across_midnight_is_split_by_time_and_counts_once():
    start = datetime(2026, 7, 1, 23, 0, tzinfo=BERLIN)
    sums = sum_by_day(used(session(start, start + timedelta(hours=4), 1000, 401)), BERLIN)
    assert found(sums) == {(1, date(2026, 7, 1)): (250, 100, 1), (1, date(2026, 7, 2)): (750, 301, 0)}


def test_a_session_that_ends_at_midnight_does_not_touch_the_next_day():
    start, end = datetime(2026, 7, 1, 23, 0, tzinfo=BERLIN), datetime(2026, 7, 2, tzinfo=BERLIN)
    assert found(sum_by_day(used(session(start, end, 8)), BERLIN)) == {(1, date(2026, 7, 1)): (8, 0, 1)}


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # the clock was put on at midnight itself
        ("America/Havana", date(2026, 11, 1), 25),
        ("Asia/Kathmandu", date(2026, 5, 5), 24),
        ("Pacific/Apia", date(2011, 12, 31), 24),
    ],
)
def test_days_on_which_the_clock_changes_have_their_own_length(zone, day, hours):
    tz = ZoneInfo(zone)
    noon = micros(datetime(day.year, day.month, day.day, 12, tzinfo=tz))
    midnights = Midnights(tz, noon, noon)
    index = int(midnights.index(np.array([noon]))[0])
    assert midnights.first_day + index == (day - EPOCH).days
    assert midnights.at[index + 1] - midnights.at[index] == hours * 3600 * 1_000_000


def test_a_session_over_the_long_night_is_split_by_elapsed_time():
    start = datetime(2026, 10, 25, 0, 0, tzinfo=BERLIN)
    end = datetime(2026, 10, 26, 5, 0, tzinfo=BERLIN)  # 25 hours and 5 more
    sums = sum_by_day(used(session(start, end, 3000)), BERLIN)
    assert found(sums) == {(1, date(2026, 10, 25)): (2500, 0, 1), (1, date(2026, 10, 26)): (500, 0, 0)}


def test_messages_and_calls_are_kept_apart_from_bytes():
    at = micros(datetime(2026, 7, 1, 12, tzinfo=UTC))
    sums = sum_by_day(used((1, at, at, 2, 0, 0, 3, 0), (1, at, at, 3, 0, 0, 1, 61), (1, at, at, 1, 7, 0, 2, 0)), BERLIN)
    assert (sums.sms[0], sums.voice_seconds[0], sums.sessions[0], sums.bytes_up[0]) == (3, 61, 2, 7)


def test_rows_of_nothing_make_no_day():
    at = micros(datetime(2026, 7, 1, 12, tzinfo=UTC))
    assert len(sum_by_day(used((1, at, at, 1, 0, 0, 0, 0)), BERLIN)) == 0


times = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC))
sessions = st.tuples(
    st.integers(1, 3), times, st.integers(0, 31 * 86_400), st.integers(0, 10**13), st.integers(0, 10**13)
)


@settings(deadline=None)
@given(st.lists(sessions, min_size=1, max_size=20), st.sampled_from(["Europe/Berlin", "America/Havana", "Asia/Tokyo"]))
def test_no_byte_is_lost_or_made_by_splitting(rows, zone):
    all_used = used(
        *[session(start, start + timedelta(seconds=length), up, down, sim) for sim, start, length, up, down in rows]
    )
    sums = sum_by_day(all_used, ZoneInfo(zone))
    for amount in ("bytes_up", "bytes_down"):
        assert getattr(sums, amount).sum() == getattr(all_used, amount).sum()
        assert (getattr(sums, amount) >= 0).all()
    assert sums.sessions.sum() == len(rows)
