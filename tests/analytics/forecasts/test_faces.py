"""The same question has the same numbers everywhere: on pages, over REST, in the copilot, as a chart and as a file."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest

from analytics.services.charts import generate_chart
from analytics.services.forecasts import get_usage_forecast, list_quota_risks
from iotsim.core.registry import get
from tests.analytics.forecasts.world import GB, MB, night, steady
from tests.dates import billing_day, today
from tests.fleet import make_customer, make_plan, make_sim


@pytest.fixture
def plan(organisation):
    return make_plan(organisation, quota_bytes=GB, billing_day=billing_day(10))


@pytest.fixture
def sim(organisation, actor, plan):
    acme = make_customer(organisation)
    pool = make_plan(organisation, "Pool", quota_bytes=GB, pooled=True, billing_day=plan.billing_day)
    steady(organisation, 5 * MB, plan=plan, customer=make_customer(organisation, "Globex"), label="pump-9")
    steady(organisation, 40 * MB, plan=pool, customer=acme, label="bus-1")
    sim = steady(organisation, 60 * MB, plan=plan, customer=acme, label="truck-17")
    night(organisation, actor)
    return sim


def column(chart, label):
    place = [one.label for one in chart.columns].index(label)
    return [row[place].value for row in chart.rows]


def figure_in(text):
    return json.loads(re.search(r'<script id="ahead-figure" type="application/json">(.*?)</script>', text, re.S)[1])


QUESTIONS = [{"sim": "truck-17"}, {"customer": "Acme"}, {"plan": "Pool", "customer": "Acme"}, {}]


@pytest.mark.parametrize("asked", QUESTIONS)
def test_rest_the_copilot_and_the_chart_say_what_the_service_says(client_for, make_actor, actor, sim, asked):
    found = get_usage_forecast(actor, **asked, days=31)
    over_rest = client_for("owner").get("/api/v1/forecasts/usage", {**asked, "days": 31}).json()
    by_tool = get("get_usage_forecast").call(make_actor("owner", "copilot"), {**asked, "days": 31}).result
    assert over_rest == found.model_dump(mode="json") == by_tool.model_dump(mode="json")
    by_day = generate_chart(actor, chart_type="forecast", look="day", **asked)
    assert column(by_day, "Use")[:31] == [one.middle_bytes for one in found.days]
    assert column(by_day, "Low, 10 %")[:31] == [one.low_bytes for one in found.days]
    assert by_day.sentence == found.sentence and by_day.as_of == found.as_of
    cycle = generate_chart(actor, chart_type="forecast", look="cycle", **asked)
    ahead = len(found.path)
    assert column(cycle, "In the cycle")[:ahead] == [one.middle_bytes for one in found.path]
    assert column(cycle, "High, 90 %")[ahead - 1] == found.path[-1].high_bytes
    assert column(cycle, "In the cycle")[ahead] == found.used_bytes


def test_pages_show_the_same_words_and_figure(client_for, actor, sim):
    browser = client_for("owner")
    found = get_usage_forecast(actor, sim="truck-17", days=31)
    text = browser.get(f"/sims/{sim.iccid}/forecast/").content.decode()
    assert found.headline in text and found.sentence in text and f"{found.percent}&nbsp;% chance" in text
    chart = generate_chart(actor, chart_type="forecast", sim="truck-17")
    assert figure_in(text) == json.loads(json.dumps(chart.figure))
    assert "60 days of history (weekday median" in text and 'id="analysis"' in text
    day = browser.get(f"/sims/{sim.iccid}/forecast/?look=day").content.decode()
    assert figure_in(day) == json.loads(
        json.dumps(generate_chart(actor, chart_type="forecast", look="day", sim="truck-17").figure)
    )
    fleet = browser.get("/forecasts/fleet/").content.decode()
    assert get_usage_forecast(actor, days=31).sentence in fleet
    customer = browser.get("/forecasts/fleet/?customer=Acme").content.decode()
    assert get_usage_forecast(actor, customer="Acme", days=31).sentence in customer


def test_the_list_of_risks_is_the_same_on_its_page_and_over_rest(client_for, actor, sim):
    browser, found = client_for("owner"), list_quota_risks(actor)
    assert browser.get("/api/v1/forecasts").json() == found.model_dump(mode="json")
    text = browser.get("/forecasts/").content.decode()
    assert found.sentence in text and f'href="/sims/{sim.iccid}/"' in text and f">{found.items[0].percent}</td>" in text
    few = browser.get("/forecasts/few/").content.decode()
    assert found.sentence in few


def test_the_figure_has_a_line_a_band_the_quota_and_the_day(actor, sim):
    chart = generate_chart(actor, chart_type="forecast", sim="truck-17")
    used, low, high, middle = chart.figure["data"]
    assert used["line"]["color"] == "var(--blue)" and middle["line"]["dash"] == "dash" and high["fill"] == "tonexty"
    assert low["y"][-1] < middle["y"][-1] < high["y"][-1] and used["y"][-1] == middle["y"][0]
    quota, day = chart.figure["layout"]["shapes"]
    found = get_usage_forecast(actor, sim="truck-17")
    assert day["x0"] == found.exhausts_on.isoformat() and quota["y0"] == pytest.approx(GB / 10**9)
    words = [one["text"] for one in chart.figure["layout"]["annotations"]]
    assert words == ["- - - quota: 1.00\u00a0GB", f"runs out {found.exhausts_on:%-d %b}"]
    assert not re.search(r"#[0-9a-f]{6}", json.dumps(chart.figure)), "colours are tokens, for light and dark"


def test_a_forecast_as_page_and_file(client_for, actor, sim):
    browser = client_for("analyst")
    text = browser.get("/charts/?chart_type=forecast&sim=truck-17").content.decode()
    assert "Forecast of the cycle" in text and '<option value="day">' in text and "As a table" in text
    answer = browser.get("/charts/chart.csv?chart_type=forecast&sim=truck-17&look=day")
    head, *rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert head == ["Day", "What", "Use, bytes", "Low, 10 %, bytes", "High, 90 %, bytes"]
    found = get_usage_forecast(actor, sim="truck-17", days=31)
    assert rows[0] == [
        today().isoformat(), "expected", *(str(one) for one in (
            found.days[0].middle_bytes, found.days[0].low_bytes, found.days[0].high_bytes))
    ]  # fmt: skip
    assert len(rows) == 31 + 60


def test_filters_that_are_no_group_are_forecast_too(actor, sim):
    chart = generate_chart(actor, chart_type="forecast", status=["active"])
    assert chart.sentence.startswith("The SIMs active will use about") and not chart.is_empty
    asked = {"chart_type": "forecast", "start_date": today() - timedelta(days=5)}
    assert "looks ahead from now" in generate_chart(actor, **asked).sentence


def test_a_viewer_sees_forecasts_but_makes_no_charts(client_for, sim):
    viewer = client_for("viewer")
    text = viewer.get(f"/sims/{sim.iccid}/forecast/").content.decode()
    assert "Runs out on" in text and "As a page" not in text
    assert viewer.get("/forecasts/").status_code == viewer.get("/").status_code == 200


def test_pages_before_anything_is_known(client_for, organisation):
    browser = client_for("owner")
    assert "No forecasts yet" in browser.get("/forecasts/").content.decode()
    assert "made each night" in browser.get("/forecasts/few/").content.decode()
    assert "there is nothing to forecast from" in browser.get("/forecasts/fleet/").content.decode()
    new = make_sim(organisation)
    assert "there is nothing to forecast from" in browser.get(f"/sims/{new.iccid}/forecast/").content.decode()


def test_a_filter_that_cannot_be_is_told_in_place_of_the_rows(client_for, sim):
    browser = client_for("owner")
    for query, told in (("customer=Nobody", "no customer called Nobody"), ("min_probability=often", "should be")):
        answer = browser.get(f"/forecasts/?{query}")
        assert answer.status_code == 200 and told in answer.content.decode()
    text = browser.get("/forecasts/?customer=Globex").content.decode()
    assert "No SIM fits" in text and "customer: Globex" in text


def test_a_customer_has_a_page(client_for, make_actor, other_organisation, sim):
    browser = client_for("owner")
    text = browser.get(f"/customers/{sim.customer_id}/").content.decode()
    assert "<bdi>Acme</bdi>" in text and 'hx-get="/forecasts/fleet/?customer=Acme"' in text
    assert f'href="/customers/{sim.customer_id}/"' in browser.get(f"/sims/{sim.iccid}/").content.decode()
    assert f'href="/customers/{sim.customer_id}/"' in browser.get("/customers/").content.decode()
    assert browser.get("/customers/999999999/").status_code == 404
    assert client_for("owner", organisation=other_organisation).get(f"/customers/{sim.customer_id}/").status_code == 404


def test_who_is_limited_finds_no_page_of_another_customer(client_for, sim):
    limited = client_for("manager", customer_ids=[sim.customer_id + 1_000_000])
    assert limited.get(f"/customers/{sim.customer_id}/").status_code == 404
    assert limited.get(f"/sims/{sim.iccid}/forecast/").status_code == 404
    assert "truck-17" not in limited.get("/forecasts/").content.decode()


def test_a_hostile_name_stays_text(client_for, actor, organisation, plan):
    hostile = make_customer(organisation, "<img src=x onerror=alert(1)>")
    sim = steady(organisation, 60 * MB, plan=plan, customer=hostile, label="<script>alert(1)</script>")
    night(organisation, actor)
    browser = client_for("owner")
    for address in (f"/sims/{sim.iccid}/forecast/", "/forecasts/", "/forecasts/few/", f"/customers/{hostile.pk}/"):
        text = browser.get(address).content.decode()
        assert "<img src=x" not in text and "<script>alert" not in text
