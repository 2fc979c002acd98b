"""The copilot's sidebar, open and filled, for everybody: at each width, in both themes, by keyboard alone, by ear."""

from playwright.sync_api import Locator, Page, expect

from copilot.conversation import CHOICES
from copilot.models import RunEvent, Thread
from iotsim.core.tenancy import tenant
from sims.models import Sim
from tests.e2e.conftest import PHONE, WIDE, Fleet, Visit
from tests.e2e.test_conversations import ZOOMED, ask, begin, fill
from tests.e2e.test_every_page import violations

HEARD = """() => {
  window.heard = [];
  const status = document.getElementById("copilot-status");
  new MutationObserver(() => status.textContent && window.heard.push(status.textContent.trim()))
    .observe(status, { childList: true, characterData: true, subtree: true });
}"""
# What somebody who moves by Tab meets: its place in the document, its name, whether it can be seen.
FOCUSED = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  const all = [...document.querySelectorAll("#copilot *")];
  const label = one.labels?.[0]?.textContent ?? "";
  const name = (one.getAttribute("aria-label") ?? "") || label || one.textContent.trim();
  return { place: all.indexOf(one), name, seen: box.width > 0 && box.height > 0, html: one.outerHTML.slice(0, 160) };
}"""
MOVING = """() => {
  document.querySelector("#copilot-log .answer").classList.add("writing");
  const found = [];
  for (const one of document.querySelectorAll("#copilot, #copilot *")) {
    for (const part of [null, "::before", "::after"]) {
      const style = getComputedStyle(one, part);
      const moves = style.animationName !== "none" && parseFloat(style.animationDuration) > 0.001;
      const slides = style.transitionDuration.split(", ").some((time) => parseFloat(time) > 0);
      if (moves || slides) found.push(one.outerHTML.slice(0, 120));
    }
  }
  return found;
}"""


def offer_something(fleet: Fleet) -> None:
    """SIM truck-04 is over its quota, so whoever looks at it is offered to suspend it."""
    with tenant(fleet.organisation.pk):
        Sim.objects.filter(label="truck-04").update(quota_bytes=10**9, cycle_bytes=2 * 10**9)


def ask_back(fleet: Fleet) -> None:
    """The newest answer ends with a question of the copilot and answers to choose from."""
    value = {
        "id": "m1",
        "question": "Which SIM is it?",
        "options": [{"words": f"truck-0{n}", "say": f"truck-0{n}"} for n in range(3)],
    }
    with tenant(fleet.organisation.pk):
        thread = Thread.objects.latest("pk")
        thread.last_seq += 1
        RunEvent.objects.create(
            organization_id=thread.organization_id, thread=thread, run_id=thread.head_id, first_seq=thread.last_seq,
            seq=thread.last_seq, payload={"type": "CUSTOM", "name": CHOICES, "value": value},
        )  # fmt: skip
        thread.save()


def test_with_all_that_an_answer_can_hold_axe_finds_nothing_at_any_width_or_theme(visit: Visit, fleet: Fleet):
    offer_something(fleet)
    page = visit()
    page.goto("/audit/")
    begin(page, "Which SIMs are active?", "Draw a chart of my SIMs by state", "Suspend all active SIMs")
    fill(fleet)
    page.reload()
    ask(page, "Show me SIM truck-04")
    ask_back(fleet)
    for viewport in (WIDE, PHONE, ZOOMED):
        for scheme in ("light", "dark"):
            page.set_viewport_size(viewport)
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.reload()
            if page.locator("#copilot").is_hidden():
                page.keyboard.press("Control+k")
            log = page.locator("#copilot-log")
            for part in ("table", "[data-chart]", ".card-proposal", ".offers button", ".choices button"):
                expect(log.locator(part).first).to_be_attached()
            expect(page.get_by_role("button", name="Try again")).to_be_attached()
            assert violations(page) == [], (viewport, scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert page.evaluate(MOVING) == []  # who wants no motion gets none


def test_what_happens_is_heard_once_and_from_one_place(visit: Visit, fleet: Fleet):
    page = visit()
    begin(page)
    page.evaluate(HEARD)
    ask(page, "How many SIMs do I have?")
    expect(page.locator("#copilot-status")).to_have_text("Done")
    heard = page.evaluate("window.heard")
    assert heard[-1] == "Done" and heard.count("Done") == 1  # "Working" before it, unless the answer was quicker
    page.locator("#copilot-text").fill("Suspend all active SIMs")
    page.keyboard.press("Enter")
    expect(page.locator("#copilot-status")).to_have_text("Approval needed")
    page.get_by_role("button", name="Reject").click()
    page.get_by_role("dialog").get_by_role("button", name="Reject").click()
    expect(page.locator("#copilot-status")).to_have_text("Done")
    assert page.evaluate("window.heard").count("Approval needed") == 1
    live = "[aria-live]:not([aria-live=off]), [role=status], [role=alert], [role=log]"
    inside = page.locator(f"#copilot-log :is({live}), .copilot-scroll:is({live}), #copilot-log:is({live})")
    expect(inside).to_have_count(0)  # an answer that grows is not read out piece by piece


def test_tab_goes_through_the_sidebar_in_order_and_closing_it_leads_back(visit: Visit, fleet: Fleet):
    offer_something(fleet)
    page = visit()
    page.goto("/audit/")
    link = page.get_by_role("link", name="SIMs", exact=True).first
    link.focus()
    begin(page, "Which SIMs are active?", "Show me SIM truck-04")
    ask_back(fleet)
    page.reload()
    expect(page.locator(".choices button").first).to_be_visible()
    link.focus()
    page.keyboard.press("Control+k")
    expect(page.locator("#copilot-text")).to_be_focused()
    met = backwards(page, page.get_by_role("button", name="Close the copilot"))
    places = [one["place"] for one in met]
    assert places == sorted(places, reverse=True) and len(set(places)) == len(places)
    assert [one for one in met if not one["seen"] or not one["name"]] == []
    names = " ".join(one["name"] for one in met)
    for wanted in ("Leave out", "truck-01", "Suspend SIM truck-04", "Conversation", "Copy the answer"):
        assert wanted in names, wanted
    page.keyboard.press("Enter")
    expect(page.locator("#copilot")).to_be_hidden()
    expect(link).to_be_focused()


def backwards(page: Page, wanted: Locator) -> list[dict]:
    """All that Shift and Tab meet from the field of the question up to this button."""
    met = [page.evaluate(FOCUSED)]
    while not wanted.evaluate("(one) => one === document.activeElement"):
        page.keyboard.press("Shift+Tab")
        met.append(page.evaluate(FOCUSED))
        assert len(met) < 150 and met[-1]["place"] >= 0, f"the sidebar was left before its end: {met[-1]}"
    return met


def test_offers_choices_and_approvals_are_taken_by_keyboard_alone(visit: Visit, fleet: Fleet):
    offer_something(fleet)
    page = visit()
    page.goto("/audit/")
    begin(page, "Show me SIM truck-04")
    backwards(page, page.get_by_role("button", name="Suspend SIM truck-04"))
    page.keyboard.press("Enter")
    expect(page.locator("#copilot-log .answer").last).to_contain_text("suspended")
    expect(page.get_by_role("button", name="Suspend SIM truck-04")).to_have_count(0)
    begin_typing(page, "Suspend all active SIMs")
    expect(page.locator("#copilot-status")).to_have_text("Approval needed")
    page.locator("#copilot-text").focus()
    backwards(page, page.get_by_role("button", name="Suspend 11 SIMs", exact=True))
    page.keyboard.press("Enter")
    expect(page.locator("#copilot-log .answer").last).to_contain_text("11 SIMs suspended")
    page.locator("#copilot-text").focus()
    ask_back(fleet)
    page.reload()
    expect(page.locator(".choices button").first).to_be_visible()
    page.locator("#copilot-text").focus()
    backwards(page, page.locator(".choices").get_by_role("button", name="truck-02"))
    page.keyboard.press("Enter")
    expect(page.locator("#copilot-log .said").last).to_have_text("truck-02")


def begin_typing(page: Page, question: str) -> None:
    """With the sidebar open or closed, to the field and into it."""
    page.locator("#copilot-text").focus()
    page.keyboard.type(question)
    page.keyboard.press("Enter")
    expect(page.locator("#copilot-log .said").last).to_have_text(question)
