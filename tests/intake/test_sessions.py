"""Cumulative interims: only the growth counts, in whatever order and file they come."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fleet import make_sim
from tests.intake.samples import bring_in, cellhire, cellhire_row, iccid, noon
from tests.intake.state import days, every_byte, rows

START = noon(5)


def at(hours: float, number: int, up: int, down: int = 0, **values: object):
    return cellhire_row(number, START + timedelta(hours=hours), up, down, start=START, **values)


def bytes_by_day(organisation):
    return [(day, up, down, sessions) for _, day, up, down, sessions, *_ in days(organisation)]


@pytest.fixture
def sim(organisation):
    return make_sim(organisation, iccid=iccid(1))


def test_only_the_growth_counts(organisation, actor, sim):
    session = [
        at(0, 1, 0, RecordType="Start"),
        at(1, 2, 100, 10),
        at(2, 3, 250, 40),
        at(3, 4, 250, 40, RecordType="Stop"),
    ]
    bring_in(actor, cellhire(*session))
    assert bytes_by_day(organisation) == [(START.date(), 250, 40, 1)]
    assert rows(organisation, "SELECT bytes_up, bytes_down, count FROM sims_usagerecord ORDER BY ended_at") == [
        (0, 0, 1), (100, 10, 0), (150, 30, 0), (0, 0, 0),
    ]  # fmt: skip


def test_growth_counts_across_files(organisation, actor, sim):
    bring_in(actor, cellhire(at(1, 1, 100)))
    bring_in(actor, cellhire(at(2, 2, 300)))
    bring_in(actor, cellhire(at(3, 3, 1000, RecordType="Stop")))
    assert bytes_by_day(organisation) == [(START.date(), 1000, 0, 1)]


def test_a_late_interim_takes_its_part_from_the_one_after_it(organisation, actor, sim):
    midnight = 12
    bring_in(actor, cellhire(at(2, 1, 100), at(midnight + 6, 3, 1000)))
    before = bytes_by_day(organisation)
    bring_in(actor, cellhire(at(midnight, 2, 900)))
    after = bytes_by_day(organisation)
    assert [up for _, up, *_ in after] == [900, 100]
    assert sum(up for _, up, *_ in before) == sum(up for _, up, *_ in after) == 1000


@pytest.mark.parametrize("order", list(permutations(range(4)))[5::3])
def test_any_order_of_files_gives_the_same_days(make_organisation, make_actor, order):
    session = [at(1, 1, 10, 1), at(14, 2, 300, 20), at(40, 3, 301, 900), at(70, 4, 1000, 901)]
    sums = []
    for sequence in (range(4), order):
        organisation = make_organisation("Order")
        make_sim(organisation, iccid=iccid(1))
        actor = make_actor(organisation=organisation)
        for index in sequence:
            bring_in(actor, cellhire(session[index]))
        records = rows(
            organisation,
            "SELECT started_at, ended_at, bytes_up, bytes_down, count FROM sims_usagerecord ORDER BY ended_at",
        )
        sums.append((days(organisation), records))
    assert sums[0] == sums[1]


def test_a_file_of_interims_twice_changes_nothing(organisation, actor, sim):
    content = cellhire(at(1, 1, 100), at(14, 2, 900), at(30, 3, 950))
    bring_in(actor, content)
    before = every_byte(organisation)
    job = bring_in(actor, content)
    assert job.result["duplicates"] == 3
    assert every_byte(organisation) == before


def test_a_corrected_counter_changes_its_part_and_the_next(organisation, actor, sim):
    bring_in(actor, cellhire(at(1, 1, 100), at(2, 2, 900), at(14, 3, 1000)))
    job = bring_in(actor, cellhire(at(2, 2, 500)))
    assert job.result["corrections"] == 1
    assert [up for _, up, *_ in bytes_by_day(organisation)] == [500 + 416, 84]  # ten of twelve hours before midnight


def test_a_row_that_is_corrected_into_another_session_leaves_the_first(organisation, actor, sim):
    bring_in(actor, cellhire(at(1, 1, 100), at(2, 2, 900), at(3, 3, 1000)))
    bring_in(actor, cellhire(at(2, 2, 40, SessionId="78")))
    assert bytes_by_day(organisation) == [(START.date(), 1040, 0, 2)]


def test_counters_that_fall_count_as_nothing(organisation, actor, sim):
    bring_in(actor, cellhire(at(1, 1, 500), at(2, 2, 300), at(3, 3, 600)))
    assert bytes_by_day(organisation) == [(START.date(), 600, 0, 1)]


def test_the_first_interim_known_of_an_old_session_reaches_back_a_month_at_most(organisation, actor, sim):
    row = cellhire_row(1, noon(2), 3100, 0, start=noon(300))
    bring_in(actor, cellhire(row))
    found = bytes_by_day(organisation)
    assert sum(up for _, up, *_ in found) == 3100 and len(found) in (31, 32)
    assert found[0][0] == noon(33).date()


def test_two_sims_with_one_session_number_are_two_sessions(organisation, actor, sim):
    make_sim(organisation, iccid=iccid(2))
    bring_in(actor, cellhire(at(1, 1, 100), at(1, 2, 50, SIMSerial=iccid(2))))
    assert [(card, up) for card, _, up, *_ in days(organisation)] == sorted([(iccid(1), 100), (iccid(2), 50)])


interims = st.lists(
    st.tuples(st.integers(0, 100), st.integers(0, 10**6), st.integers(1, 2), st.integers(0, 2)), min_size=1, max_size=12
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(interims)
def test_the_bytes_of_a_session_are_its_highest_counter_however_it_is_cut(make_organisation, make_actor, drawn):
    organisation = make_organisation("Cut")
    make_sim(organisation, iccid=iccid(1))
    actor = make_actor(organisation=organisation)
    files: dict[int, list[dict[str, str]]] = {}
    highest = {1: 0, 2: 0}
    for number, (hour, up, session, file) in enumerate(drawn, start=1):
        files.setdefault(file, []).append(at(hour, number, up, SessionId=session))
        highest[session] = max(highest[session], up)
    for content in files.values():
        assert bring_in(actor, cellhire(*content)).state == "done"
    assert sum(up for _, up, *_ in bytes_by_day(organisation)) == sum(highest.values())
