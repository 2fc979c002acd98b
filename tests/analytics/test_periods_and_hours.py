"""The comparison of two periods and the hours of the week: their numbers are those of the database."""

from datetime import UTC, date, datetime, timedelta

import pytest

from analytics.charts.comparison import period_before
from analytics.services.charts import generate_chart
from tests.fleet import make_customer, make_sim, use, use_hour

MB = 10**6
SEPTEMBER = {"start_date": date(2026, 9, 1), "end_date": date(2026, 9, 30)}


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ((2026, 9, 1), (2026, 9, 30), (2026, 8, 1), (2026, 8, 31)),  # a whole month beside the whole month before
        ((2026, 9, 1), (2026, 9, 10), (2026, 8, 1), (2026, 8, 10)),
        ((2026, 3, 1), (2026, 3, 30), (2026, 2, 1), (2026, 2, 28)),  # no more days than there were
        ((2026, 9, 8), (2026, 9, 14), (2026, 9, 1), (2026, 9, 7)),
        ((2026, 9, 1), (2026, 10, 15), (2026, 7, 18), (2026, 8, 31)),
        ((2026, 1, 1), (2026, 1, 1), (2025, 12, 1), (2025, 12, 1)),
    ],
)
def test_which_period_is_the_one_before(start, end, first, last):
    assert period_before(date(*start), date(*end)) == (date(*first), date(*last))


@pytest.fixture
def pump(organisation):
    return make_sim(organisation, label="pump", customer=make_customer(organisation, "Acme"))


def column(chart, place):
    return [row[place].value for row in chart.rows]


def test_a_month_is_drawn_over_the_month_before(actor, pump):
    use(pump, date(2026, 8, 3), 40 * MB)
    use(pump, date(2026, 9, 2), 50 * MB)
    chart = generate_chart(actor, chart_type="comparison", **SEPTEMBER)
    assert (
        "used 50.0\u00a0MB, 25\u00a0% more than the 40.0\u00a0MB of the period before (1 to 31 Aug 2026)"
        in chart.sentence
    )
    assert len(chart.rows) == 31 and sum(column(chart, 1)[:30]) == 50 * MB and sum(column(chart, 3)) == 40 * MB
    assert column(chart, 0)[-1] == "" and column(chart, 2)[-1] == "2026-08-31"
    before, now = chart.figure["data"]
    assert (len(before["y"]), len(now["y"]), max(before["y"]), max(now["y"])) == (31, 30, 40.0, 50.0)
    assert before["x"][:30] == now["x"] and before["customdata"][2] == "Mon 3 Aug 2026"


def test_today_is_in_neither_period(actor, pump):
    today = datetime.now(UTC).date()
    for back in range(14):
        use(pump, today - timedelta(days=back), MB)
    chart = generate_chart(actor, chart_type="comparison", start_date=today - timedelta(days=6))
    assert len(chart.rows) == 6 and sum(column(chart, 1)) == 6 * MB == sum(column(chart, 3))
    assert "as much as" in chart.sentence and chart.notes == ["Today is not over and is left out."]


def test_nothing_before_is_said_and_nothing_at_all_is_empty(actor, pump):
    assert generate_chart(actor, chart_type="comparison", **SEPTEMBER).is_empty
    use(pump, date(2026, 9, 2), MB)
    assert (
        "there was no usage in the period before"
        in generate_chart(actor, chart_type="comparison", **SEPTEMBER).sentence
    )


def hours(sim, moments, amount=MB):
    for hour in moments:
        use_hour(sim, hour, amount)


def test_hours_are_those_of_the_organisation_and_averaged_over_the_days_that_are_known(make_actor, organisation, pump):
    organisation.time_zone = "Europe/Berlin"
    organisation.save()
    mondays = [datetime(2026, 9, 7 + 7 * week, 7, tzinfo=UTC) for week in range(3)]  # 9 o'clock in Berlin
    hours(pump, mondays)
    chart = generate_chart(make_actor("owner"), chart_type="heatmap", **SEPTEMBER)
    [field] = chart.figure["data"]
    assert field["z"][0][9] == 1.0 and field["z"][0][7] == 0.0 and field["z"][1] == [None] * 24
    assert "most on Mondays from 09:00 to 10:00, 1.00\u00a0MB on average; 0\u00a0% of all usage" in chart.sentence
    assert "Hours are known of 3 days only" in chart.sentence
    assert chart.rows[9][1].value == MB and chart.rows[9][2].text == "–"


def test_hours_of_one_customer_leave_others_out(actor, organisation, pump):
    now = datetime.now(UTC).replace(hour=3, minute=0, second=0, microsecond=0) - timedelta(days=2)
    other = make_sim(organisation, label="other")
    hours(pump, [now])
    hours(other, [now], amount=9 * MB)
    chart = generate_chart(actor, chart_type="heatmap", customer="Acme", start_date=now.date())
    assert sum(cell.value or 0 for row in chart.rows for cell in row[1:]) == MB


def test_without_hours_the_field_is_empty(actor, pump):
    chart = generate_chart(actor, chart_type="heatmap", **SEPTEMBER)
    assert chart.is_empty and "no usage by the hour is known" in chart.sentence
