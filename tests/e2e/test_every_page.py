"""Each page at both widths and in both themes: nothing for axe to complain about, nothing wider than the screen."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from copilot.models import EvaluationCase, EvaluationRun, ModelCall, Run
from iotsim.core.actor import Actor
from iotsim.core.models import Membership
from iotsim.core.tenancy import tenant
from sims.services.status import toggle_sim_status
from tests.conftest import MakeMembership
from tests.e2e.conftest import AXE, PASSWORD, PHONE, WIDE, Fleet, Visit

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


AT_REST = """() => !document.querySelector(".htmx-request")
    && !document.getAnimations().some((one) => one instanceof CSSTransition)"""


def violations(page: Page) -> list[str]:
    if not AXE.exists():
        pytest.skip("axe-core is not there; `make test` fetches it with the front end's packages")
    page.wait_for_function(AT_REST)  # what is fetched anew is dimmed on purpose, and not for long
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


# --- the copilot's pages, for whoever administers the organisation ---

COPILOTS = ["/settings/copilot/", "/copilot/spending/", "/copilot/runs/", "/copilot/runs/{run}/"]
COPILOTS += ["/copilot/evaluations/", "/copilot/evaluations/{newer}/", "/copilot/evaluations/cases/{case}/"]
COPILOTS += ["/copilot/evaluations/{newer}/compare/?with={older}"]


def test_the_copilots_pages_are_readable_for_whoever_administers_it(
    new_page: Visit, fleet: Fleet, make_membership: MakeMembership
):
    owner = make_membership("owner")
    owner.user.set_password(PASSWORD)
    owner.user.save()
    page = new_page()
    page.goto("/accounts/login/?next=/audit/")
    page.get_by_label("E-mail").fill(owner.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
    page.keyboard.press("Control+k")
    page.get_by_label("Question or task for the copilot").fill("Suspend all active SIMs")
    page.keyboard.press("Enter")
    expect(page.locator("#copilot-status")).to_have_text("Approval needed")
    page.get_by_role("button", name="Close the copilot").click()
    numbers = what_was_kept(owner)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for address in (one.format(**numbers) for one in COPILOTS):
            page.set_viewport_size(WIDE)
            settled(page, address)
            for viewport in (WIDE, PHONE):
                page.set_viewport_size(viewport)
                assert violations(page) == [], (address, scheme, viewport)
                assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], address
                assert cut_off(page) == [], (address, viewport)


def cut_off(page: Page) -> list[str]:
    """What stands beyond the edge of its panel."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("#page .panel")].flatMap((panel) => {
          const edge = panel.getBoundingClientRect().right + 1;
          return [...panel.querySelectorAll("td, th, span, button, input, h2")]
            .filter((one) => one.getClientRects().length && one.getBoundingClientRect().right > edge)
            .filter((one) => !one.closest("pre, svg, .visually-hidden, .plot, [style*=overflow]"))
            .map((one) => one.outerHTML.slice(0, 120));
        })"""
    )
    return found


def what_was_kept(owner: Membership) -> dict[str, int]:
    """Two evaluations whose cases came out differently, what models cost, and the numbers in the pages' addresses."""
    whose = {"organization_id": owner.organization_id}
    call = {"name": "find_sims", "arguments": '{"status": "active"}', "state": "done", "result": '{"total": 12}'}
    turn = {
        "question": "How many SIMs do I have?", "answer": "You have 12 SIMs.", "calls": [call], "state": "done",
        "duration_ms": 120, "assertions": [{"words": "gives the figure 13", "held": False}],
    }  # fmt: skip
    with tenant(owner.organization_id):
        for cost in ("0.00004", "1.25"):
            ModelCall.objects.create(
                **whose, run_id=1, thread_id=1, user_id=owner.user_id, step=1, model="anthropic/claude-of-some-day",
                provider="anthropic", state="done", cost=cost, input_tokens=1_234_567, output_tokens=98_765,
            )  # fmt: skip
        runs, cases = [], []
        for passed in (True, False):
            made = EvaluationRun.objects.create(
                **whose, pk=123_456 + passed, model="builtin/planner", version="1.0", suite_hash="abc", state="done",
                total=2, done=2, passed=1 + passed, who=owner.user.email, finished_at=timezone.now(),
            )  # fmt: skip
            EvaluationRun.objects.filter(pk=made.pk).update(started_at=timezone.now() - timedelta(minutes=47))
            runs.append(made.pk)
            for name, held in (("how-many", passed), ("another-one", True)):
                row = EvaluationCase(**whose, run=made, name=name, category="figures", passed=held, turns=[turn])
                row.save()
                cases.append(row.pk)
        run = Run.objects.latest("pk").pk
    return {"run": run, "older": runs[0], "newer": runs[1], "case": cases[2]}
