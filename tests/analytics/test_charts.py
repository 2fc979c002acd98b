"""Charts: the figure, its table and its sentence say the same numbers, and those of the database."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.services.charts import generate_chart
from iotsim.core.errors import Denied, Invalid, NotFound
from iotsim.core.tenancy import tenant
from sims.axes import UNITS
from tests.dates import today
from tests.fleet import make_customer, make_plan, make_sim, use

MB, GB = 10**6, 10**9
KINDS = ["usage_timeline", "top_sims", "quota_utilization", "status_breakdown", "cost_breakdown", "forecast"]
DAY = date(2026, 10, 5)
OCTOBER = {"start_date": date(2026, 10, 1), "end_date": date(2026, 10, 31)}


def column(chart, label):
    """The values of a column of the table, by its name."""
    place = [one.label for one in chart.columns].index(label)
    return [row[place].value for row in chart.rows]


def in_bytes(values, unit):
    factor = {name: factor for factor, name in UNITS}[unit.split()[0]]
    return [round(value * factor) for value in values]


def asked(organisation, sql):
    with tenant(organisation.pk, read_only=True), connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@pytest.fixture
def fleet(organisation):
    """Nine SIMs of two customers; SIM n has used (n + 1) * 100 MB this cycle, and on each of two days of October."""
    plan = make_plan(organisation, "Basic", quota_bytes=500 * MB, price_cents=310, overage_cents_per_mb=Decimal("0.5"))
    customers = [make_customer(organisation, "Acme"), make_customer(organisation, "Globex")]
    sims = []
    for n in range(9):
        status = ("active", "active", "suspended")[n % 3]
        sim = make_sim(
            organisation, label=f"pump-{n}", plan=plan, customer=customers[n % 2], cycle_bytes=(n + 1) * 100 * MB,
            status=status, country=("DE", "FR", "PL")[n % 3], cycle_as_of=datetime(2026, 11, 22, 12, tzinfo=UTC),
        )  # fmt: skip
        use(sim, DAY, (n + 1) * 100 * MB, up=n * MB)
        use(sim, DAY + timedelta(days=9), (n + 1) * 100 * MB)
        sims.append(sim)
    return sims


def test_usage_of_the_fleet_is_that_of_the_database_day_by_day(actor, organisation, fleet):
    chart = generate_chart(actor, chart_type="usage_timeline", **OCTOBER)
    wanted = dict(asked(organisation, "SELECT day, sum(bytes_up + bytes_down)::bigint FROM sims_usagedaily GROUP BY 1"))
    table = dict(zip(column(chart, "Day"), column(chart, "Total"), strict=True))
    assert len(table) == 31 and {day: used for day, used in table.items() if used} == {
        day.isoformat(): used for day, used in wanted.items()
    }
    [line] = chart.figure["data"]
    assert chart.unit == "GB a day"
    assert dict(zip(line["x"], in_bytes(line["y"], chart.unit), strict=True)) == table
    assert column(chart, "Up")[31 - 5] == 36 * MB
    assert "used 9.00\u00a0GB from 1 to 31 Oct 2026" in chart.sentence and "4.50\u00a0GB" in chart.sentence
    assert chart.as_of == fleet[0].cycle_as_of


def test_a_period_that_is_over_has_no_day_that_still_grows(actor, fleet):
    assert len(generate_chart(actor, chart_type="usage_timeline", **OCTOBER).figure["data"]) == 1
    assert (
        len(generate_chart(actor, chart_type="usage_timeline", start_date=today() - timedelta(days=9)).figure["data"])
        == 2
    )


def test_a_long_period_is_drawn_by_months(actor, fleet):
    half_a_year = {"start_date": date(2026, 5, 20), "end_date": date(2026, 10, 31)}
    chart = generate_chart(actor, chart_type="usage_timeline", **half_a_year)
    assert chart.title == "Usage a month"
    assert [one.text for one in (row[0] for row in chart.rows)][:2] == ["Oct 2026", "Sep 2026"]
    assert column(chart, "Total") == [9 * GB, 0, 0, 0, 0, 0]
    assert in_bytes(chart.figure["data"][0]["y"], chart.unit) == [0, 0, 0, 0, 0, 9 * GB]


def test_usage_of_one_sim_has_the_quota_s_even_share_as_a_rule(actor, fleet):
    chart = generate_chart(actor, chart_type="usage_timeline", sim="pump-4", **OCTOBER)
    assert sum(column(chart, "Total")) == GB and chart.figure["layout"]["shapes"]
    assert chart.link == f"/sims/{fleet[4].iccid}/" and f"sim={fleet[4].iccid}" in chart.page


def test_filters_hold_for_every_kind(actor, fleet):
    acme = {"customer": "Acme", "status": ["active"]}
    mine = [n for n in range(9) if n % 2 == 0 and n % 3 < 2]
    used = sum((n + 1) * 100 * MB for n in mine)
    assert sum(column(generate_chart(actor, chart_type="usage_timeline", **OCTOBER, **acme), "Total")) == 2 * used
    assert sum(column(generate_chart(actor, chart_type="top_sims", **acme), "Usage")) == used
    assert sum(column(generate_chart(actor, chart_type="quota_utilization", **acme), "SIMs")) == len(mine)
    assert column(generate_chart(actor, chart_type="status_breakdown", **acme), "SIMs") == [len(mine)]
    assert column(generate_chart(actor, chart_type="cost_breakdown", **OCTOBER, **acme), "Plans") == [3.1 * len(mine)]


def test_the_heaviest_of_the_cycle_and_their_share_of_the_whole(actor, fleet):
    chart = generate_chart(actor, chart_type="top_sims", top=3)
    assert column(chart, "Label") == ["pump-8", "pump-7", "pump-6"]
    assert column(chart, "Usage") == [900 * MB, 800 * MB, 700 * MB] and column(chart, "Share") == [20.0, 17.8, 15.6]
    assert in_bytes(chart.figure["data"][0]["x"], chart.unit) == column(chart, "Usage")
    assert "53.3\u00a0%" in chart.sentence and "pump-8 leads with 900\u00a0MB" in chart.sentence


def test_the_heaviest_of_a_period_are_those_of_its_days(actor, fleet):
    chart = generate_chart(actor, chart_type="top_sims", start_date=DAY, end_date=DAY, top=2)
    assert column(chart, "Usage") == [900 * MB, 800 * MB] and "on 5 Oct 2026" in chart.sentence
    assert chart.start_date == chart.end_date == DAY


def test_every_sim_with_a_quota_is_in_one_band(actor, organisation, fleet):
    make_sim(organisation, label="free", quota_bytes=0)
    make_sim(organisation, label="idle", quota_bytes=10 * MB)
    chart = generate_chart(actor, chart_type="quota_utilization")
    bands = dict(zip(column(chart, "Quota used"), column(chart, "SIMs"), strict=True))
    assert bands == {
        "Over the quota": 4, "80 to 100 %": 2, "60 to 80 %": 1, "40 to 60 %": 1, "20 to 40 %": 1, "Under 20 %": 0,
        "Unused": 1,
    }  # fmt: skip
    assert chart.figure["data"][0]["x"] == list(bands.values())
    assert chart.sentence.startswith("4 of 10 SIMs with a quota are over it, and 2 more have used 80\u00a0% of it")
    assert chart.notes == ["1 SIM without a quota is left out."]


def test_the_quota_of_one_sim_fills_from_day_to_day(actor, organisation):
    today = datetime.now(UTC).date()
    sim = make_sim(organisation, label="lift", quota_bytes=GB)
    use(sim, today, 250 * MB)
    chart = generate_chart(actor, chart_type="quota_utilization", sim="lift")
    assert column(chart, "In the cycle")[0] == 250 * MB and column(chart, "Of the quota")[0] == 25.0
    assert chart.figure["layout"]["shapes"][0]["y0"] == 1.0
    assert "has used 250\u00a0MB of 1.00\u00a0GB (25\u00a0%)" in chart.sentence


def test_states_are_counted_and_each_leads_to_its_sims(actor, fleet):
    chart = generate_chart(actor, chart_type="status_breakdown", country="DE")
    assert chart.rows[0][0].link == "/sims/?country=DE&status=active"
    chart = generate_chart(actor, chart_type="status_breakdown")
    assert column(chart, "SIMs") == chart.figure["data"][0]["x"] == [6, 3]
    assert chart.sentence == "The fleet: 9 SIMs, 6 active, 3 suspended."


def test_what_stands_now_says_that_it_left_the_period_aside(actor, fleet):
    for kind in ("quota_utilization", "status_breakdown"):
        assert "period asked for was left aside" in generate_chart(actor, chart_type=kind, **OCTOBER).sentence


def test_costs_are_the_sum_of_their_parts_in_figure_and_table(actor, fleet):
    chart = generate_chart(actor, chart_type="cost_breakdown", **OCTOBER)
    # Used in October: twice (n + 1) * 100 MB, of which 500 MB are free; half a cent a MB beyond.
    overage = {
        name: sum(max(0, (n + 1) * 200 - 500) for n in range(9) if n % 2 == odd) * 0.005
        for odd, name in enumerate(("Acme", "Globex"))
    }
    names = column(chart, "Customer")
    assert dict(zip(names, column(chart, "Overage"), strict=True)) == overage
    assert dict(zip(names, column(chart, "Plans"), strict=True)) == {"Acme": 15.5, "Globex": 12.4}
    plans, beyond = chart.figure["data"]
    assert plans["x"] == column(chart, "Plans") and beyond["x"] == column(chart, "Overage")
    assert column(chart, "Cost") == [round(a + b, 2) for a, b in zip(plans["x"], beyond["x"], strict=True)]
    assert chart.currency == "EUR" and f"€{sum(column(chart, 'Cost')):.2f}" in chart.sentence


def test_groups_beyond_the_top_are_one_bar(actor, organisation):
    for n in range(5):
        customer = make_customer(organisation, f"Customer {n}")
        make_sim(organisation, customer=customer, plan=make_plan(organisation, f"P{n}", price_cents=(n + 1) * 100))
    chart = generate_chart(actor, chart_type="cost_breakdown", top=2, **OCTOBER)
    assert column(chart, "Customer") == ["Customer 4", "Customer 3", "All others (3)"]
    assert column(chart, "Cost") == [5.0, 4.0, 6.0] and chart.rows[2][0].link == ""


def test_currencies_are_never_added_up(actor, organisation):
    for currency, price in (("EUR", 900), ("USD", 500)):
        make_sim(organisation, plan=make_plan(organisation, currency, currency=currency, price_cents=price))
    chart = generate_chart(actor, chart_type="cost_breakdown", group_by="plan", **OCTOBER)
    assert (chart.currency, column(chart, "Cost")) == ("EUR", [9.0])
    assert chart.notes == ["Costs in 1 currency more are not in this chart: $5.00."]
    other = generate_chart(actor, chart_type="cost_breakdown", group_by="plan", currency="usd", **OCTOBER)
    assert (other.currency, column(other, "Cost")) == ("USD", [5.0])


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_fleet_has_nothing_to_draw(actor, kind):
    chart = generate_chart(actor, chart_type=kind)
    assert chart.is_empty and chart.sentence


@pytest.mark.parametrize("kind", KINDS)
def test_who_is_limited_to_a_customer_sees_only_theirs(make_actor, fleet, kind):
    limited = make_actor("analyst", customer_ids=[fleet[0].customer_id])
    days = OCTOBER if kind == "cost_breakdown" else {}
    everything, own = (generate_chart(one, chart_type=kind, **days) for one in (make_actor("owner"), limited))
    by_filter = generate_chart(make_actor("owner"), chart_type=kind, customer="Acme", **days)
    values, wanted = ([[cell.value for cell in row] for row in chart.rows] for chart in (own, by_filter))
    assert values == wanted
    assert "Globex" not in own.model_dump_json() and "pump-7" not in own.model_dump_json()
    assert own.rows != everything.rows or own.is_empty
    with pytest.raises(NotFound):
        generate_chart(limited, chart_type=kind, customer="Globex")


@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_queries_does_not_grow_with_the_fleet(actor, organisation, fleet, kind):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            generate_chart(actor, chart_type=kind, **OCTOBER)
        return len(captured)

    before = queries()
    for n in range(30):
        use(make_sim(organisation, label=f"more-{n}", plan=fleet[0].plan, cycle_bytes=n), DAY, n * MB)
    assert queries() == before < 12


def test_the_address_of_a_chart_draws_it_again(client_for, actor, fleet):
    chart = generate_chart(actor, chart_type="cost_breakdown", group_by="country", country="DE", top=5, **OCTOBER)
    assert chart.page == (
        "/charts/?chart_type=cost_breakdown&start_date=2026-10-01&end_date=2026-10-31&country=DE&group_by=country&top=5"
    )
    assert chart.sentence in client_for("analyst").get(chart.page).content.decode()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"chart_type": "pie"}, "usage_timeline"),
        ({"chart_type": "top_sims", "top": 26}, "25"),
        ({"chart_type": "top_sims", "group_by": "plan"}, "Only costs can be drawn by plan"),
        ({"chart_type": "usage_timeline", "start_date": "2026-10-09", "end_date": "2026-10-01"}, "ends before that"),
        ({"chart_type": "cost_breakdown", "currency": "euro"}, "(?i)currency"),
    ],
)
def test_what_cannot_be_drawn_is_said(actor, given, told):
    with pytest.raises(Invalid, match=told):
        generate_chart.call(actor, given)


def test_a_viewer_makes_no_charts(make_actor):
    with pytest.raises(Denied):
        generate_chart(make_actor("viewer"), chart_type="usage_timeline")


def test_a_pie_is_drawn_as_bars_and_the_answer_says_so(actor, fleet):
    chart = generate_chart(actor, chart_type="status_breakdown", shape="pie")
    assert chart.sentence.endswith("Pies are not drawn: lengths are easier to compare than slices.")
    assert chart.figure["data"][0]["type"] == "bar"
