"""Each page at both widths and in both themes: nothing for axe to complain about, nothing wider than the screen."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from iotsim.core.actor import Actor
from sims.services.status import toggle_sim_status
from tests.e2e.conftest import AXE, PHONE, WIDE, Fleet, Visit

PAGES = [
    "/",
    "/sims/",
    "/sims/{iccid}/",
    "/customers/",
    "/plans/",
    "/imports/",
    "/reports/",
    "/alerts/",
    "/models/",
    "/models/churn/",
    "/customers/risk/",
    "/alerts/rules/",
    "/pools/",
    "/notifications/",
    "/imports/mappings/",
    "/approvals/",
    "/approvals/?show=all",
    "/audit/",
    "/copilot/",
    "/settings/organization/",
]
PAGES += ["/anomalies/", "/anomalies/settings/", "/charts/?chart_type=anomaly_timeline&sim={iccid}"]
PAGES += ["/copilot/?shared=1", "/copilot/runs/", "/copilot/spending/"]
PAGES += ["/suggestions/", "/copilot/widgets/get_sim_details/?sim={iccid}", "/copilot/widgets/list_suggestions/"]
PAGES += ["/savings/", "/forecasts/", "/charts/?chart_type=forecast", "/charts/?chart_type=heatmap"]
PAGES += ["/charts/?chart_type=status_breakdown", "/charts/?chart_type=cost_breakdown", "/charts/?sim={iccid}"]
VIOLATIONS = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 120)).slice(0, 3).join(" | ")}`)"""


def violations(page: Page) -> list[str]:
    if not AXE.exists():
        pytest.skip("axe-core is not there; `make test` fetches it with the front end's packages")
    page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(VIOLATIONS)
    return found


def settled(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    expect(page.locator("#page h1")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_every_page_is_readable_for_everybody(
    visit: Visit, fleet: Fleet, make_actor: Callable[..., Actor], viewport: dict[str, int], scheme: str
):
    toggle_sim_status(make_actor(), sim=fleet.heavy[0], action="suspend", reason="Water in the housing")
    page = visit(viewport, scheme)
    for address in PAGES:
        settled(page, address.format(iccid=fleet.heavy[0]))
        assert violations(page) == [], address
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], f"{address} is {width} pixels wide"


def test_the_dialog_and_the_copilot_are_readable_for_everybody(visit: Visit, fleet: Fleet):
    page = visit()
    settled(page, f"/sims/{fleet.heavy[0]}/")
    page.get_by_role("button", name="Suspend").first.click()
    page.get_by_role("dialog").wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.get_by_label("Question or task for the copilot").fill("Suspend all SIMs")
    page.keyboard.press("Enter")
    page.locator("#copilot-log .card-proposal, #copilot-log .answer").first.wait_for()
    assert violations(page) == []


def test_sign_in_is_readable_for_everybody(new_page: Visit, fleet: Fleet):
    page = new_page()
    page.goto("/accounts/login/")
    assert violations(page) == []
    page.get_by_label("E-mail").fill(fleet.email)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page) == []
