"""Which days a report is about, and what is said of days that cannot be."""

from datetime import date, timedelta

import pytest

from iotsim.core.errors import Invalid, NotFound
from iotsim.core.services import list_jobs
from sims.reporting import presets
from sims.reports.asked import MAX_DAYS, period
from sims.reports.words import file_name, find_hours, period_in_words
from sims.services.reports import generate_report, list_reports
from tests.fleet import make_sim
from tests.reports.making import rows_of_csv, use

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        (None, None, (date(2026, 10, 24), TODAY)),
        (date(2026, 11, 1), None, (date(2026, 11, 1), TODAY)),
        (None, date(2026, 10, 31), (date(2026, 10, 2), date(2026, 10, 31))),
        (date(2026, 11, 1), date(2026, 11, 30), (date(2026, 11, 1), TODAY)),
        (TODAY, TODAY, (TODAY, TODAY)),
    ],
)
def test_what_is_left_open_is_filled_in_and_nothing_is_in_the_future(start, end, wanted):
    assert period(TODAY, start, end) == wanted


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        (date(2026, 10, 31), date(2026, 10, 1), "begins on 2026-10-31 and ends before that, on 2026-10-01"),
        (date(2026, 12, 1), None, "begins on 2026-12-01, which is still to come"),
        (date(2026, 12, 24), date(2026, 12, 1), "begins on 2026-12-24 and ends before that"),
        (date(2020, 1, 1), date(2025, 1, 1), r"has 1,828 days; at most 1,100 fit"),
    ],
)
def test_a_period_that_cannot_be_is_refused_in_a_sentence(start, end, sentence):
    with pytest.raises(Invalid, match=sentence):
        period(TODAY, start, end)


def test_the_longest_period_is_allowed():
    first = TODAY - timedelta(days=MAX_DAYS - 1)
    assert period(TODAY, first, TODAY) == (first, TODAY)


def test_what_cannot_be_is_refused_at_once_and_leaves_no_job(actor):
    with pytest.raises(Invalid, match="still to come"):
        generate_report(actor, start_date="2990-01-01")
    with pytest.raises(NotFound, match="no customer called Nobody"):
        generate_report(actor, customer="Nobody")
    with pytest.raises(Invalid, match=r"Format .*docx"):
        generate_report.call(actor, {"format": "docx"})
    assert list_jobs(actor).items == [] and list_reports(actor).items == []


def test_a_period_without_usage_makes_a_report_that_says_so(make_report, organisation):
    make_sim(organisation, label="idle")
    report, content = make_report(start_date="2025-01-01", end_date="2025-01-31")
    [line] = rows_of_csv(content)
    assert line["Label"] == "idle" and line["Total, bytes"] == "0"
    assert report.rows == 1 and report.bytes_total == 0


def test_days_are_the_organisations_and_both_ends_are_inside(make_report, organisation):
    sim = make_sim(organisation)
    for day in (1, 2, 3, 4):
        use(organisation, sim, date(2026, 10, day), down=10**day)
    [line] = rows_of_csv(make_report(start_date="2026-10-02", end_date="2026-10-03")[1])
    assert line["Total, bytes"] == "1100"


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (date(2026, 10, 1), date(2026, 10, 31), "October 2026"),
        (date(2026, 2, 1), date(2026, 2, 28), "February 2026"),
        (date(2026, 10, 3), date(2026, 10, 3), "3 October 2026"),
        (date(2026, 10, 3), date(2026, 10, 5), "3 to 5 October 2026"),
        (date(2026, 9, 28), date(2026, 10, 3), "28 September to 3 October 2026"),
        (date(2025, 12, 1), date(2026, 1, 31), "1 December 2025 to 31 January 2026"),
    ],
)
def test_a_period_in_words(start, end, words):
    assert period_in_words(start, end) == words


def test_presets_are_days_and_a_cycle_is_offered_where_it_is_not_the_month():
    assert [one.value for one in presets(date(2026, 3, 31), 1)] == [
        "2026-02-01/2026-02-28",
        "2026-03-01/2026-03-31",
        "2026-03-25/2026-03-31",
        "2026-03-02/2026-03-31",
        "2025-10-01/2025-12-31",
    ]
    labels = [one.label for one in presets(date(2026, 3, 10), 15)]
    assert "This billing cycle so far (15 February to 10 March 2026)" in labels
    assert "Last billing cycle (15 January to 14 February 2026)" in labels


def test_a_file_is_named_in_plain_letters():
    assert file_name('Usage of "Çafé" / ../x', date(2026, 10, 1), date(2026, 10, 31), "csv") == (
        "usage-of-af-x-2026-10-01-2026-10-31.csv"
    )
    assert file_name("用量", TODAY, TODAY, "pdf") == "usage-2026-11-22.pdf"


@pytest.mark.parametrize(("text", "hours"), [("for two days", 48), ("for 12 hours", 12), ("valid for a week", 168)])
def test_how_long_a_link_lasts_is_read_from_a_sentence(text, hours):
    assert [found.value for found in find_hours(text, None)] == [hours]
