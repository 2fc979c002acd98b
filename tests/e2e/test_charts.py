"""Charts in a real browser: drawn in the copilot and on their page, saved as PNG and CSV, read as a table."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from iotsim.core.tenancy import tenant
from sims.models import Sim
from tests.e2e.conftest import PHONE, WIDE, Fleet, Visit
from tests.e2e.test_every_page import violations
from tests.fleet import use, use_hour

KINDS = [
    "usage_timeline",
    "comparison",
    "heatmap",
    "top_sims",
    "quota_utilization",
    "status_breakdown",
    "cost_breakdown",
]
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def used(fleet: Fleet) -> Fleet:
    """Yesterday every SIM used something, truck-00 most."""
    with tenant(fleet.organisation.pk, read_only=True):
        sims = list(Sim.objects.order_by("label"))
    for n, sim in enumerate(sims):
        use(sim, datetime.now(UTC).date() - timedelta(days=1), (len(sims) - n) * 10**9)
        use_hour(sim, datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=1), 10**9)
    return fleet


def ask(page: Page, text: str) -> None:
    field = page.get_by_label("Question or task for the copilot")
    field.fill(text)
    field.press("Enter")


def drawn(part: Locator) -> None:
    expect(part.locator(".main-svg").first).to_be_visible()
    expect(part.locator(".barlayer .trace, .scatterlayer .trace, .heatmaplayer image")).not_to_have_count(0)


def saved(page: Page, button: Locator) -> tuple[str, bytes]:
    with page.expect_download() as download:
        button.click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_the_copilot_draws_a_chart_that_lasts(visit: Visit, used: Fleet):
    page = visit()
    page.keyboard.press("Control+k")
    ask(page, "top 5 SIMs last 7 days as a chart")
    chart, answer = page.locator("#copilot-log .chart-mini"), page.locator("#copilot-log .answer").last
    expect(answer).to_contain_text("truck-00 leads with 12.0\u00a0GB", timeout=60_000)
    drawn(chart)
    assert page.evaluate("document.querySelector('#copilot .copilot-scroll').scrollWidth") <= 400
    chart.get_by_text("As a table").click()
    expect(chart.locator("tbody tr").first).to_contain_text("12.0\u00a0GB")
    name, content = saved(page, chart.get_by_role("button", name="PNG"))
    assert name == "top_sims.png" and content.startswith(PNG) and len(content) > 5_000
    name, content = saved(page, chart.get_by_role("link", name="CSV"))
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert name == "top_sims.csv" and [int(row["Usage, bytes"]) for row in rows] == [
        n * 10**9 for n in (12, 11, 10, 9, 8)
    ]
    assert violations(page) == []

    page.get_by_role("link", name="SIMs", exact=True).click()
    expect(page.get_by_role("heading", name="SIMs", exact=True)).to_be_visible()
    drawn(chart)
    chart.get_by_role("link", name="Open as page").click()
    expect(page).to_have_url(re.compile(r"/charts/\?chart_type=top_sims&start_date="))
    drawn(page.locator("#chart"))
    drawn(chart)
    page.reload()
    drawn(chart)


def test_the_page_draws_what_is_chosen_and_keeps_it_in_the_address(visit: Visit, used: Fleet):
    page = visit()
    page.get_by_role("link", name="Charts").click()
    drawn(page.locator("#chart"))
    page.get_by_role("link", name="Costs").click()
    expect(page.get_by_role("heading", name="Costs by customer")).to_be_visible()
    page.get_by_label("Costs by", exact=True).select_option("By plan")
    expect(page.get_by_role("heading", name="Costs by plan")).to_be_visible()
    expect(page).to_have_url(re.compile(r"chart_type=cost_breakdown.*group_by=plan"))
    drawn(page.locator("#chart"))
    expect(page.locator("#chart tbody tr").first).to_contain_text("Fleet 10 GB")
    page.get_by_role("link", name="Last month").click()
    expect(page.get_by_role("link", name="Last month")).to_have_attribute("aria-current", "true")
    page.goto("/charts/?start_date=2020-01-01&end_date=2020-01-05")
    expect(page.get_by_text("Nothing to draw")).to_be_visible()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_within_the_screen(visit: Visit, used: Fleet, viewport: dict[str, int], kind: str):
    page = visit(viewport, "dark")
    yesterday = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    since = f"&start_date={yesterday}" if kind != "cost_breakdown" else ""
    page.goto(f"/charts/?chart_type={kind}{since}")
    drawn(page.locator("#chart"))
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    plot = page.locator("#chart .plot").bounding_box()
    assert plot is not None
    for box in page.locator("#chart .plot .main-svg text").all():
        text = box.bounding_box()
        assert text is None or text["x"] + text["width"] <= plot["x"] + plot["width"] + 1, box.text_content()
