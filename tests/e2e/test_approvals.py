"""What waits for a person, in a browser: changed and approved, rejected with a reason, two at once, and a yes."""

import re

import pytest
from playwright.sync_api import Page, expect

from iotsim.core.actor import Actor, Face, Run
from iotsim.core.errors import ApprovalRequired
from iotsim.core.models import Membership
from iotsim.core.tenancy import tenant
from sims.models import Sim
from sims.services.status import retire_sim
from tests.e2e.conftest import PASSWORD, PHONE, Fleet, Visit
from tests.e2e.test_journey import ask

LOADS = 180_000  # milliseconds: the first question also loads the planner
GERMAN = "Suspend all SIMs in Germany"


def manager(fleet: Fleet) -> Actor:
    rows = Membership.objects.select_related("user", "organization")
    return Actor.for_membership(rows.get(user__email=fleet.email), face=Face.WEB)


def wish(fleet: Fleet, label: str) -> int:
    """The copilot asks to retire a SIM; the number of the request."""
    actor = manager(fleet).at(Face.COPILOT, run=Run(id="elsewhere"))
    with pytest.raises(ApprovalRequired) as waiting:
        retire_sim(actor, sim=label)
    return waiting.value.approval.id


def states(fleet: Fleet) -> dict[str, str]:
    with tenant(fleet.organisation.pk):
        return dict(Sim.objects.values_list("label", "status"))


def open_sidebar(page: Page, question: str) -> None:
    page.keyboard.press("Control+k")
    ask(page, question)


def test_a_request_is_changed_and_then_approved_and_the_answer_goes_on(visit: Visit, fleet: Fleet):
    page = visit()
    open_sidebar(page, GERMAN)
    card = page.locator("#copilot-log .card-proposal")
    expect(card).to_contain_text("Suspend 12 SIMs", timeout=LOADS)
    expect(card).to_contain_text("You may decide it.")
    expect(card).to_contain_text("truck-00")
    card.get_by_role("button", name="Change").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Action")).to_have_value("suspend")
    expect(dialog.get_by_label("Country")).to_have_value("DE")
    dialog.get_by_label("Action").select_option("deactivate")
    dialog.get_by_role("button", name="Show what this changes").click()
    expect(dialog).to_be_hidden()
    expect(card).to_contain_text("changed what was asked for")
    expect(card).to_have_count(1)  # the new request stands in the place of the old one
    assert set(states(fleet).values()) == {"active"}  # nothing ran yet
    card.get_by_role("button", name="Deactivate 12 SIMs").click()
    expect(card).to_contain_text("12 SIMs deactivated")
    expect(page.locator("#copilot-log .answer").last).to_contain_text("12 SIMs deactivated")
    assert set(states(fleet).values()) == {"inactive"}


def test_a_reason_for_no_reaches_the_answer_and_every_tab(visit: Visit, fleet: Fleet):
    page = visit()
    open_sidebar(page, GERMAN)
    card = page.locator("#copilot-log .card-proposal")
    expect(card).to_contain_text("Suspend 12 SIMs", timeout=LOADS)
    second = page.context.new_page()
    second.goto("/approvals/")
    expect(second.locator("#approvals")).to_contain_text("Suspend 12 SIMs")
    expect(second.locator("#waiting-count")).to_have_text(re.compile("1"))
    card.get_by_role("button", name="Reject").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("They carry live traffic")
    page.get_by_role("dialog").get_by_role("button", name="Reject").click()
    expect(card).to_contain_text("They carry live traffic")
    expect(page.locator("#copilot-log .answer").last).to_contain_text("They carry live traffic")
    expect(second.locator("#approvals")).to_contain_text("Nothing waits for you")
    expect(second.locator("#waiting-count")).to_be_empty()
    page.reload()
    expect(card).to_contain_text("They carry live traffic")
    expect(card.get_by_role("button")).to_have_count(0)
    assert set(states(fleet).values()) == {"active"}


def test_two_are_approved_at_once_and_one_is_left(visit: Visit, fleet: Fleet):
    numbers = [wish(fleet, f"truck-0{n}") for n in range(3)]
    page = visit()
    page.goto("/approvals/")
    expect(page.locator("#waiting-count")).to_have_text(re.compile("3"))
    for number in numbers[:2]:
        page.get_by_label(f"Choose request {number}").check()
    page.locator("[data-bulk]").get_by_role("button", name="Approve").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Retire SIM truck-00")
    dialog.get_by_role("button", name="Approve 2 requests").click()
    expect(page.locator("#toasts")).to_contain_text("2 requests approved and done.")
    expect(page.locator("#approvals article")).to_have_count(1)
    expect(page.locator("#waiting-count")).to_have_text(re.compile("1"))
    page.get_by_role("link", name="Decided").click()
    expect(page.locator("#approvals article")).to_have_count(2)
    after = states(fleet)
    assert [after[f"truck-0{n}"] for n in range(3)] == ["retired", "retired", "active"]


def test_all_are_rejected_by_keyboard_alone(visit: Visit, fleet: Fleet):
    for n in range(2):
        wish(fleet, f"truck-0{n}")
    page = visit()
    page.goto("/approvals/")
    page.get_by_role("button", name="Reject all 2").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").focus()
    page.keyboard.type("Not this week")
    dialog.get_by_role("button", name="Reject 2 requests").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("2 requests rejected")
    expect(page.locator("#approvals")).to_contain_text("Nothing waits for you")


def test_who_may_not_decide_sees_the_facts_and_who_may(new_page, fleet: Fleet, make_membership):
    number = wish(fleet, "truck-03")
    viewer = make_membership("viewer").user
    viewer.set_password(PASSWORD)
    viewer.save()
    page = new_page(PHONE)
    page.goto("/")
    page.get_by_label("E-mail").fill(viewer.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Dashboard").wait_for()
    page.goto(f"/approvals/{number}/")
    request = page.locator("#approvals article")
    expect(request).to_contain_text("Retire SIM truck-03")
    expect(request).to_contain_text(f"It is for {fleet.email} to decide.")
    expect(request.get_by_role("button")).to_have_count(0)


def test_an_offer_is_taken_with_a_click_and_with_a_yes(visit: Visit, fleet: Fleet):
    with tenant(fleet.organisation.pk):
        Sim.objects.filter(label__in=["truck-04", "truck-05"]).update(quota_bytes=10**9, cycle_bytes=2 * 10**9)
    page = visit()
    open_sidebar(page, "Show me SIM truck-04")
    offers = page.locator("#copilot-log .offers").last
    suspend = offers.get_by_role("button", name="Suspend SIM truck-04")
    expect(suspend).to_be_visible(timeout=LOADS)
    second = page.context.new_page()
    second.goto("/sims/")
    second.keyboard.press("Control+k")
    expect(second.get_by_role("button", name="Suspend SIM truck-04")).to_be_visible()
    suspend.click()
    expect(page.locator("#copilot-log .answer").last).to_contain_text("suspended")
    expect(page.get_by_role("button", name="Suspend SIM truck-04")).to_have_count(0)
    expect(second.get_by_role("button", name="Suspend SIM truck-04")).to_have_count(0)
    expect(second.locator("#copilot-log")).to_contain_text("Taken: Suspend SIM truck-04")
    second.close()
    ask(page, "Show me SIM truck-05")
    expect(page.get_by_role("button", name="Suspend SIM truck-05")).to_be_visible()
    ask(page, "Yes, the second one")
    expect(page.locator("#copilot-log .answer").last).to_contain_text("suspended")
    after = states(fleet)
    assert (after["truck-04"], after["truck-05"], after["truck-06"]) == ("suspended", "suspended", "active")
