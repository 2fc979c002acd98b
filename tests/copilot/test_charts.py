"""Charts in a conversation: recorded as they were answered, drawn by their service's template, opened as a page."""

import json
import re
from datetime import UTC, datetime

from copilot.agui import CHART
from copilot.conversation import Item, fold
from copilot.render import Facts, item_html
from copilot.tools import compact
from iotsim.core.charts import Chart
from tests.copilot.running import ask, kept_events


def charts_of(told):
    return [one["value"] for one in told.of("CUSTOM") if one["name"] == CHART]


async def test_a_question_for_a_chart_is_answered_with_one(actor, fleet):
    told = await ask(actor, "draw the top 3 SIMs by usage as a chart")
    assert told.calls == [("generate_chart", "done")]
    [chart] = charts_of(told)
    drawn = Chart.model_validate(chart["result"])
    assert drawn.chart_type == "top_sims" and len(drawn.rows) == 3
    assert told.answer == drawn.sentence
    assert [one for one in told.of("CUSTOM") if one["name"] == "table"] == []


async def test_it_stands_in_the_conversation_when_that_is_read_again(actor, fleet):
    told = await ask(actor, "show status breakdown")
    kept = fold((one.seq, one.payload) for one in kept_events(actor, told))
    [item] = [one for one in kept.items.values() if one.kind == "chart"]
    html = item_html(item, Facts())
    figure = json.loads(re.search(r'type="application/json">(.*?)</script>', html)[1])
    assert figure == charts_of(told)[0]["result"]["figure"]
    assert f'id="{item.id}"' in html and "Open as page" in html and "/charts/?chart_type=status_breakdown" in html
    assert "As a table" in html and "<style" not in html


async def test_nothing_to_draw_is_said_without_a_figure(actor, organisation):
    told = await ask(actor, "chart the usage of last month")
    assert charts_of(told) == [] and "no usage" in told.answer


async def test_a_chart_named_anew_is_of_its_own_period(actor, fleet):
    first = await ask(actor, "draw a chart of usage last month")
    second = await ask(actor, "show status breakdown", thread_id=first.thread_id)
    third = await ask(actor, "and in Germany", thread_id=first.thread_id)
    asked = [json.loads(one.of("TOOL_CALL_ARGS")[0]["delta"]) for one in (first, second, third)]
    assert "start_date" in asked[0] and asked[1] == {"chart_type": "status_breakdown"}
    assert asked[2] == {"chart_type": "status_breakdown", "country": "DE"}


def chart(**fields):
    values = {
        "sentence": "S.", "chart_type": "status_breakdown", "title": "T", "about": "A", "unit": "SIMs",
        "link": "/sims/",
        "figure": {"data": [], "layout": {"height": 300}}, "columns": [], "rows": [], "page": "/charts/?x=1",
        "csv": "/charts/chart.csv?x=1", "as_of": datetime(2026, 11, 22, tzinfo=UTC),
    }  # fmt: skip
    return Chart(**values | fields)


def test_names_from_outside_stay_text():
    hostile = chart(title="<b>T</b>", about='"><script>x</script>', figure={"data": ["</script><b>"], "layout": {}})
    data = {"id": "c1-1-0", "service": "generate_chart", "result": hostile.model_dump(mode="json")}
    html = item_html(Item("chart-c1-1-0", "chart", "1", data), Facts())
    assert "<b>" not in html and "<script>x" not in html and html.count("<script") == 1


def test_a_model_reads_the_table_and_not_the_figure():
    told = json.loads(compact(chart()))
    assert "figure" not in told and told["sentence"] == "S."


def test_a_model_reads_moments_as_the_person_s_clock_shows_them():
    assert json.loads(compact(chart(), time_zone="America/New_York"))["as_of"] == "2026-11-21T19:00:00-05:00"
    assert json.loads(compact(chart()))["as_of"] == "2026-11-22T00:00:00Z"
