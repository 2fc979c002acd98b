"""Open pages stay true by themselves, and nothing that a person is in the middle of gets lost."""

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from iotsim.core.actor import Actor, Face, Run
from iotsim.core.errors import ApprovalRequired
from iotsim.core.models import Membership
from iotsim.core.services import approve_call
from iotsim.core.uploads import store_upload
from sims.services.editing import update_sim
from sims.services.intake import import_usage
from sims.services.status import change_status_in_bulk, toggle_sim_status
from sims.services.tags import tag_sims
from tests.e2e.conftest import PASSWORD, Fleet, Visit
from tests.e2e.test_journey import bics_file

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture
def colleague(make_actor: Any, fleet: Fleet) -> Actor:
    """Somebody else of the same organisation, elsewhere."""
    actor: Actor = make_actor("owner")
    return actor


def bring_in(actor: Actor, path: Any) -> None:
    with path.open("rb") as content:
        upload = store_upload(actor, name=path.name, content=content, size_bytes=path.stat().st_size)
    import_usage(actor, upload_id=upload.id)


def live(page: Page) -> None:
    expect(page.locator("#live")).to_have_attribute("data-state", "live")


def row(page: Page, label: str) -> Any:
    return page.locator("#sims tbody tr").filter(has_text=label)


def test_usage_that_arrives_shows_on_list_detail_and_dashboard(visit: Visit, fleet: Fleet, colleague: Actor, tmp_path):
    listed, single, dashboard, imports = (visit() for _ in range(4))
    listed.goto("/sims/?sort=iccid")
    single.goto(f"/sims/{fleet.heavy[0]}/")
    imports.goto("/imports/")
    for page in (listed, single, dashboard, imports):
        live(page)
    expect(single.locator("#sim-usage .plotly").first).to_be_visible()
    bring_in(colleague, bics_file(tmp_path, fleet))
    expect(row(listed, "truck-00").locator("td.num")).to_have_text("6,000")
    expect(single.locator(".big").first).to_contain_text("6.00")
    expect(single.locator("#sim-usage")).to_contain_text("6.00")
    expect(single.locator("#sim-usage .js-plotly-plot")).to_be_visible()
    expect(dashboard.locator(".stats")).to_contain_text("18.0")
    expect(imports.locator("#intakes tbody tr").first).to_contain_text("Done")


def test_what_one_is_in_the_middle_of_stays(visit: Visit, fleet: Fleet, colleague: Actor):
    page = visit({"width": 1440, "height": 420})
    page.goto("/sims/?sort=iccid&status=active")
    live(page)
    row(page, "truck-03").locator("input[name=sims]").check()
    row(page, "truck-05").get_by_role("button", name="Actions for truck-05").click()
    menu = row(page, "truck-05").locator(".dropdown-menu")
    expect(menu).to_be_visible()
    page.evaluate("scrollTo(0, 120)")
    page.locator("#filter-search").evaluate("one => { one.value = 'half typed'; one.focus({preventScroll: true}); }")
    tag_sims(colleague, sims=["truck-03", "truck-05", "truck-06"], tag="north")
    toggle_sim_status(colleague, sim="truck-01", action="suspend")
    expect(row(page, "truck-01")).to_have_count(0)
    expect(row(page, "truck-05")).to_contain_text("north")
    expect(row(page, "truck-03").locator("input[name=sims]")).to_be_checked()
    expect(page.locator("[data-bulk-count]")).to_have_text("1")
    expect(menu).to_be_visible()
    expect(page.locator("#filter-search")).to_be_focused()
    expect(page.locator("#filter-search")).to_have_value("half typed")
    assert page.evaluate("scrollY") > 0


def test_selected_text_stays_selected(visit: Visit, fleet: Fleet, colleague: Actor):
    page = visit()
    page.goto("/sims/?sort=iccid&status=active")
    live(page)
    cell = row(page, "truck-06").locator("td.wide-0 .labelled .cut")
    cell.evaluate("one => getSelection().selectAllChildren(one)")
    tag_sims(colleague, sims=["truck-05", "truck-06"], tag="north")
    toggle_sim_status(colleague, sim="truck-01", action="suspend")
    expect(row(page, "truck-01")).to_have_count(0)
    assert page.evaluate("String(getSelection())") == "truck-06"


def test_a_row_that_moves_keeps_the_focus_in_it(visit: Visit, fleet: Fleet, colleague: Actor):
    page = visit()
    page.goto("/sims/?sort=label")
    live(page)
    box = row(page, "truck-04").locator("input[name=sims]")
    box.focus()
    update_sim(colleague, sim="truck-04", label="zz-truck-04")
    expect(page.locator("#sims tbody tr").last).to_contain_text("zz-truck-04")
    expect(box).to_be_focused()


def test_a_change_by_somebody_else_shows_on_the_sims_own_page(visit: Visit, fleet: Fleet, colleague: Actor):
    page = visit()
    page.goto(f"/sims/{fleet.heavy[1]}/")
    live(page)
    page.locator("#sim-usage summary").click()
    update_sim(colleague, sim=fleet.heavy[1], label="renamed", expected_label="truck-01")
    expect(page.get_by_role("heading", level=1)).to_have_text("renamed")
    toggle_sim_status(colleague, sim="renamed", action="suspend")
    expect(page.locator(".under .state")).to_have_text("Suspended")
    expect(page.locator("#events tbody tr").first).to_contain_text(colleague.name)
    expect(page.locator("#sim-usage details")).to_have_attribute("open", "")


def test_approvals_and_their_badge_follow_what_others_ask_and_decide(visit: Visit, fleet: Fleet, colleague: Actor):
    page = visit()
    page.goto("/approvals/")
    live(page)
    expect(page.locator("#waiting-count")).to_be_hidden()
    machine = colleague.at(Face.COPILOT, run=Run(id="r", asked=True))
    with pytest.raises(ApprovalRequired) as waiting:
        change_status_in_bulk(machine, action="suspend", sims=["truck-00", "truck-01"])
    expect(page.locator("#waiting-count")).to_contain_text("1")
    expect(page.locator("#approvals article")).to_contain_text("Suspend 2 SIMs")
    toggle_sim_status(colleague, sim="truck-00", action="suspend")
    page.locator("#approvals").get_by_role("button", name="Suspend 2 SIMs").click()
    expect(page.locator("#toasts")).to_contain_text("it would change 1 now, not 2")
    expect(page.locator("#approvals article")).to_contain_text("it would change 1 now, not 2")
    approve_call(colleague, approval=waiting.value.approval.id + 1)
    expect(page.locator("#approvals")).to_contain_text("Nothing waits for you")
    expect(page.locator("#waiting-count")).to_be_hidden()


def test_the_copilots_card_follows_a_stale_approval_of_somebody_else(visit: Visit, fleet: Fleet, colleague: Actor):
    from iotsim.core.services import list_approvals

    page = visit()
    page.keyboard.press("Control+k")
    page.get_by_label("Question or task for the copilot").fill("Suspend truck-02 and truck-03")
    page.keyboard.press("Enter")
    card = page.locator("#copilot-log .card-proposal")
    expect(card).to_contain_text("Suspend 2 SIMs", timeout=60_000)
    toggle_sim_status(colleague, sim="truck-02", action="suspend")
    approve_call(colleague, approval=list_approvals(colleague, state="pending").items[0].id)
    expect(card).to_contain_text("nothing was done")
    expect(card).to_contain_text("it would change 1 now, not 2")
    expect(card.get_by_role("button", name="Suspend SIM truck-03")).to_be_visible()


@pytest.fixture
def wire(visit: Visit) -> "Wire":
    return Wire(visit())


class Wire:
    """A page whose live socket can be cut, and kept from opening."""

    def __init__(self, page: Page) -> None:
        self.page, self.cut_off = page, False
        self.open: list[WebSocketRoute] = []
        page.route_web_socket(re.compile("/ws/live/"), self._route)

    def _route(self, socket: WebSocketRoute) -> None:
        if self.cut_off:
            socket.close(code=1012)
            return
        socket.connect_to_server()
        self.open.append(socket)

    def cut(self) -> None:
        self.cut_off = True
        self.open[-1].close(code=1012)


def test_a_page_that_was_cut_off_says_so_and_catches_up(wire: Wire, fleet: Fleet, colleague: Actor):
    page = wire.page
    page.goto("/sims/?sort=iccid")
    live(page)
    wire.cut()
    expect(page.locator("#live")).to_have_attribute("data-state", "lost")
    expect(page.locator("#live")).to_contain_text("reconnecting")
    toggle_sim_status(colleague, sim="truck-04", action="suspend")
    wire.cut_off = False
    live(page)
    expect(row(page, "truck-04").locator("td .state").last).to_have_text("Suspended")


def test_one_socket_serves_the_tab_across_pages(wire: Wire, fleet: Fleet, colleague: Actor):
    page = wire.page
    page.goto("/")
    live(page)
    for name in ("SIMs", "Audit log", "SIMs"):
        page.get_by_role("link", name=name, exact=True).first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
    live(page)
    assert len(wire.open) == 1
    toggle_sim_status(colleague, sim="truck-04", action="suspend")
    expect(row(page, "truck-04").locator("td .state").last).to_have_text("Suspended")


def test_a_click_at_the_very_moment_a_page_arrives_stays_in_the_tab(visit: Visit):
    page = visit()
    page.goto("/")
    live(page)
    page.evaluate("""() => {
      window.sameTab = true;
      const clicked = new MutationObserver(() => {
        if (document.querySelector("h1")?.textContent !== "SIMs") return;
        clicked.disconnect();
        [...document.querySelectorAll(".rail a")].find((one) => one.textContent.trim() === "Audit log").click();
      });
      clicked.observe(document.body, { childList: true, subtree: true });
    }""")
    page.get_by_role("link", name="SIMs", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit log")
    assert page.evaluate("window.sameTab === true")


def test_a_removed_member_loses_the_page_and_is_told(browser: "Browser", site: str, fleet: Fleet, organisation):
    from iotsim.core import events

    with browser.new_context(base_url=site) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_label("E-mail").fill(fleet.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        live(page)
        page.wait_for_load_state("networkidle")  # what the page fetches by itself would hear of it as well
        membership = Membership.objects.get(user__email=fleet.email)
        membership.delete()
        events.publish(organisation.pk, "member", [membership.user_id])
        expect(page.get_by_text(f"You are no longer a member of {organisation.name}")).to_be_visible()


def test_the_second_of_two_editors_is_told_and_keeps_their_words(
    browser: "Browser", site: str, fleet: Fleet, colleague
):
    with browser.new_context(base_url=site) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_label("E-mail").fill(fleet.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Dashboard").wait_for()
        page.goto(f"/sims/{fleet.heavy[2]}/")
        live(page)
        page.get_by_role("button", name="More actions").click()
        page.get_by_role("button", name="Edit").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Label").fill("my name for it")
        update_sim(colleague, sim=fleet.heavy[2], label="their name", expected_label="truck-02")
        expect(page.locator("#sim h1")).to_have_text("their name")
        dialog.get_by_role("button", name="Edit SIM").click()
        expect(dialog.get_by_role("alert")).to_contain_text(f"{colleague.name} changed the label")
        expect(dialog.get_by_label("Label")).to_have_value("my name for it")
        dialog.get_by_role("button", name="Save mine instead").click()
        expect(page.locator("#sim h1")).to_have_text("my name for it")
        page.locator("#toasts").get_by_role("button", name="Undo").click()
        expect(page.locator("#sim h1")).to_have_text("their name")
