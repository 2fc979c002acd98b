"""The page of charts, its file, and the same over REST."""

import csv
import io
import json
from datetime import date

import pytest

from tests.fleet import make_customer, make_plan, make_sim, use

DAY = date(2026, 10, 5)
ON_THAT_DAY = "start_date=2026-10-05&end_date=2026-10-05"


@pytest.fixture
def browser(client_for):
    return client_for("analyst")


@pytest.fixture
def sim(organisation):
    customer = make_customer(organisation, "=cmd|' /C calc'!A0")
    plan = make_plan(organisation, price_cents=310)
    sim = make_sim(organisation, label='<img src=x onerror="x">', customer=customer, plan=plan, cycle_bytes=5 * 10**8)
    use(sim, DAY, 5 * 10**8)
    return sim


def test_the_page_shows_figure_table_and_fact(browser, sim):
    text = browser.get(f"/charts/?chart_type=usage_timeline&{ON_THAT_DAY}").content.decode()
    assert "All SIMs used 500\u00a0MB on 5 Oct 2026." in text
    assert 'data-chart="figure-page"' in text and 'id="figure-page" type="application/json"' in text
    assert 'role="img" aria-label="Usage a day. All SIMs used' in text
    assert '<td class="num">500\u00a0MB</td>' in text and "As a table" in text


def test_nothing_on_the_page_is_script_of_the_page(browser, sim):
    answer = browser.get("/charts/?chart_type=top_sims")
    text = answer.content.decode()
    assert "<img src=x" not in text and "<style" not in text and " onclick" not in text
    assert text.count("<script") == text.count("<script src=") + text.count('type="application/json"')
    assert "script-src 'self'" in answer["Content-Security-Policy"].split("; ")


def test_htmx_gets_the_drawing_and_the_links_to_the_other_kinds(browser, sim):
    headers = {"HX-Request": "true", "HX-Target": "chart"}
    text = browser.get("/charts/?chart_type=top_sims&country=DE", headers=headers).content.decode()
    assert text.lstrip().startswith('<div id="chart"') and "<html" not in text
    assert 'id="chart-kinds"' in text and 'hx-swap-oob="true"' in text
    whole = browser.get("/charts/").content.decode().partition("<main")[2].partition("</main")[0]
    assert 'hx-swap-oob="true"' not in whole


def test_the_address_keeps_the_choice(browser, organisation, sim):
    text = browser.get("/charts/?chart_type=cost_breakdown&group_by=plan&top=5&start_date=2026-10-01").content.decode()
    assert '<option value="plan" selected>' in text and '<option value="5" selected>' in text
    assert 'name="start_date" value="2026-10-01"' in text
    assert "chart_type=top_sims&amp;" in text and "group_by=plan" not in text.partition("chart_type=top_sims")[2][:60]


def test_no_usage_is_said_in_place_of_the_figure(browser, organisation):
    text = browser.get("/charts/?start_date=2020-01-01&end_date=2020-01-05").content.decode()
    assert "Nothing to draw" in text and "no usage from 1 to 5 Jan 2020" in text and "data-chart" not in text


def test_what_cannot_be_drawn_is_told_in_its_place(browser, organisation):
    for query, told in (("customer=Nobody", "no customer called Nobody"), ("chart_type=pie", "usage_timeline")):
        answer = browser.get(f"/charts/?{query}")
        assert answer.status_code == 200 and told in answer.content.decode()


def test_who_may_make_no_charts_finds_neither_page_nor_link(client_for, sim):
    viewer = client_for("viewer")
    assert viewer.get("/charts/chart.csv").status_code == 403
    assert "may not" in viewer.get("/charts/").content.decode()
    assert 'href="/charts/"' not in viewer.get("/").content.decode()
    assert 'href="/charts/"' in client_for("analyst").get("/").content.decode()


def test_the_file_holds_the_table_and_defuses_formulas(browser, sim):
    answer = browser.get("/charts/chart.csv?chart_type=cost_breakdown&start_date=2026-10-01&end_date=2026-10-31")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="cost_breakdown.csv"'
    head, row = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert head[:2] == ["Customer", "Cost, EUR"]
    assert row == ["'=cmd|' /C calc'!A0", "3.1", "100.0", "3.1", "0.0", "0.0"]


def test_days_of_the_file_are_whole_bytes(browser, sim):
    text = browser.get(f"/charts/chart.csv?chart_type=usage_timeline&{ON_THAT_DAY}").content.decode("utf-8-sig")
    assert text.splitlines() == ['Day,"Total, bytes","Down, bytes","Up, bytes","Sessions, sessions"',
                                 "2026-10-05,500000000,500000000,0,1"]  # fmt: skip


def test_a_chart_over_rest(browser, sim):
    answer = browser.get("/api/v1/charts/status_breakdown?status=active")
    chart = answer.json()
    assert answer.status_code == 200 and chart["rows"][0][1]["value"] == 1
    assert chart["figure"]["data"][0]["x"] == [1] and chart["page"].startswith("/charts/?chart_type=status_breakdown")
    assert browser.get("/api/v1/charts/pie").status_code == 422


def test_openapi_describes_charts(client):
    schema = client.get("/api/v1/openapi.json").json()
    get = schema["paths"]["/api/v1/charts/{chart_type}"]["get"]
    said = {one["name"]: one for one in get["parameters"]}
    assert "usage_timeline" in said["chart_type"]["description"]
    assert {"customer", "plan"} <= set(
        json.dumps(said["group_by"]["schema"]).replace('"', " ").replace(",", " ").split()
    )
    assert {"rows", "figure", "sentence", "page"} <= schema["components"]["schemas"]["Chart"]["properties"].keys()
