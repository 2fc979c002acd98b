"""Conversations in the browser: versions, ratings, what is typed and not sent, sharing, the list; for everybody."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from iotsim.core.tenancy import tenant
from tests.e2e.conftest import PASSWORD, PHONE, WIDE, Fleet, Visit
from tests.e2e.test_every_page import violations

FIRST, SECOND = "How many SIMs do I have?", "Which SIMs are active?"
ZOOMED = {"width": 720, "height": 450}  # 1440 x 900 at 200 %


def ask(page: Page, question: str) -> None:
    page.locator("#copilot-text").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator("#copilot-log .said").last).to_have_text(question)
    expect(page.locator("#copilot-log .answer-tools").last).to_be_visible(timeout=90_000)
    expect(page.locator("#copilot-stop")).to_be_hidden()


def begin(page: Page, *questions: str) -> None:
    page.keyboard.press("Control+k")
    expect(page.locator("#copilot-text")).to_be_focused()
    for question in questions:
        ask(page, question)


def test_a_question_is_edited_and_both_versions_stay_within_reach_of_the_keyboard(visit: Visit):
    page = visit()
    begin(page, FIRST)
    page.keyboard.press("ArrowUp")
    expect(page.locator("#copilot-editing")).to_be_visible()
    expect(page.locator("#copilot-text")).to_have_value(FIRST)
    page.keyboard.press("Escape")
    expect(page.locator("#copilot-editing")).to_be_hidden()
    expect(page.get_by_role("button", name="Edit this question")).to_be_focused()
    page.keyboard.press("Enter")
    ask(page, SECOND)
    expect(page.locator("#copilot-log .said")).to_have_text([SECOND])
    expect(page.locator(".versions")).to_contain_text("2 of 2")
    page.get_by_role("button", name="Previous version").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#copilot-log .said")).to_have_text([FIRST])
    expect(page.get_by_role("button", name="Previous version")).to_be_focused()
    page.get_by_role("button", name="Answer again").click()
    expect(page.locator(".versions")).to_contain_text("3 of 3")
    expect(page.locator("#copilot-log .said")).to_have_text([FIRST])


def test_an_answer_is_copied_rated_with_a_comment_and_the_rating_taken_back(visit: Visit):
    page = visit()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    begin(page, FIRST)
    page.get_by_role("button", name="Copy the answer").click()
    expect(page.locator("#copilot-status")).to_have_text("The answer is copied")
    assert "12 SIMs" in page.evaluate("navigator.clipboard.readText()")
    bad = page.get_by_role("button", name="Bad answer")
    bad.click()
    expect(bad).to_have_attribute("aria-pressed", "true")
    expect(bad).to_be_focused()
    page.get_by_label("What was bad about it").fill("Too short")
    page.keyboard.press("Enter")
    expect(page.locator(".rating button")).to_have_text("Change")
    page.reload()
    expect(page.get_by_label("What was bad about it")).to_have_value("Too short")
    bad.click()
    expect(page.locator(".rating")).to_have_count(0)


def test_answering_again_says_first_what_stays_changed(visit: Visit, fleet: Fleet):
    page = visit()
    page.goto("/audit/")
    begin(page, f"Suspend SIM ending in {fleet.ending}")
    page.get_by_role("button", name="Answer again").click()
    expect(page.locator("#copilot-aside")).to_contain_text("suspended")
    expect(page.locator("#copilot-aside").get_by_role("button", name="Answer again")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#copilot-aside")).to_be_empty()
    expect(page.get_by_role("button", name="Answer again")).to_be_focused()


def test_what_is_typed_survives_another_page_a_reload_and_another_conversation(visit: Visit):
    page = visit()
    begin(page, FIRST)
    field = page.locator("#copilot-text")
    field.fill("half a thou")
    page.get_by_role("link", name="Audit log").click()
    expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
    expect(field).to_have_value("half a thou")
    page.reload()
    expect(page.locator("#copilot-log .said")).to_have_text([FIRST])
    expect(field).to_have_value("half a thou")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#copilot-title")).to_have_text("Copilot")
    expect(field).to_have_value("")
    page.get_by_role("button", name="Earlier conversations").click()
    page.locator("#copilot-threads .threads button").first.click()
    expect(field).to_have_value("half a thou")


def test_without_a_connection_the_question_stays_and_the_sidebar_says_so(visit: Visit):
    page = visit()
    routes: list[WebSocketRoute] = []
    away = False

    def route(socket: WebSocketRoute) -> None:
        if away:
            socket.close(code=1012)
            return
        socket.connect_to_server()
        routes.append(socket)

    page.route_web_socket(re.compile("/ws/copilot/"), route)
    page.reload()
    begin(page, FIRST)
    away = True
    routes[-1].close(code=1001)
    expect(page.locator("#copilot-status")).to_have_text("The connection is lost. Trying again...")
    page.locator("#copilot-text").fill(SECOND)
    page.keyboard.press("Enter")
    expect(page.locator("#copilot-status")).to_contain_text("Not sent")
    expect(page.locator("#copilot-text")).to_have_value(SECOND)
    away = False
    expect(page.locator("#copilot-status")).to_have_text("Connected again", timeout=60_000)
    ask(page, SECOND)
    expect(page.locator("#copilot-log .said")).to_have_text([FIRST, SECOND])


def test_a_question_asked_while_an_answer_is_under_way_waits_and_then_goes_out_by_itself(visit: Visit):
    page = visit()
    begin(page, FIRST)
    field, notice = page.locator("#copilot-text"), page.locator("#copilot-waiting")
    show_stop = "(wanted) => { document.getElementById('copilot-stop').hidden = !wanted; }"
    page.evaluate(show_stop, True)  # as while an answer is under way, for as long as this test likes
    field.fill(SECOND)
    page.keyboard.press("Enter")
    expect(notice).to_be_visible()
    expect(field).to_have_value(SECOND)
    notice.get_by_role("button", name="Cancel").click()
    expect(notice).to_be_hidden()
    expect(field).to_be_focused()
    page.keyboard.press("Enter")
    expect(notice).to_be_visible()
    page.keyboard.type(" Really?")  # who goes on typing has not finished the question
    expect(notice).to_be_hidden()
    field.fill(SECOND)
    page.keyboard.press("Enter")
    page.evaluate(show_stop, False)
    page.get_by_role("button", name="Earlier conversations").click()  # whatever the server says next
    expect(page.locator("#copilot-log .said")).to_have_text([FIRST, SECOND])
    expect(field).to_have_value("")
    expect(notice).to_be_hidden()


def test_what_is_typed_before_the_conversation_is_shown_stays(visit: Visit):
    page = visit()
    begin(page, FIRST)
    held: list[Callable[[], None]] = []

    def route(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda message: held.append(lambda: socket.send(message)))

    page.route_web_socket(re.compile("/ws/copilot/"), route)
    page.reload()
    page.locator("#copilot-text").fill(SECOND)
    while not held:
        page.wait_for_timeout(50)
    for one in held:
        one()
    expect(page.locator("#copilot-log .said")).to_have_text([FIRST])
    expect(page.locator("#copilot-text")).to_have_value(SECOND)
    page.get_by_role("button", name="New conversation").focus()
    assert page.evaluate("JSON.parse(sessionStorage['iotsim.copilot-drafts']).new") is None


def test_two_questions_in_quick_succession_are_both_answered(visit: Visit):
    page = visit()
    begin(page, FIRST)
    for question in (SECOND, FIRST):
        page.locator("#copilot-text").fill(question)
        page.keyboard.press("Enter")
        expect(page.locator("#copilot-log .said").last).to_have_text(question)
    expect(page.locator("#copilot-log .said")).to_have_text([FIRST, SECOND, FIRST])
    expect(page.locator("#copilot-log .answer-tools")).to_have_count(3)
    expect(page.locator("#copilot-log")).not_to_contain_text("still answering")


def test_found_renamed_pinned_exported_and_deleted_from_the_list(visit: Visit):
    page = visit()
    begin(page, FIRST)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#copilot-title")).to_have_text("Copilot")
    ask(page, SECOND)
    page.get_by_role("button", name="Earlier conversations").click()
    expect(page.locator("#copilot-search")).to_be_focused()
    page.keyboard.type("how many")
    place = page.locator("#copilot-found .place").first
    expect(place.locator("mark")).to_be_visible()
    place.click()
    expect(page.locator("#copilot-log .said")).to_have_text([FIRST])
    expect(page.locator("#copilot-log .asked").first).to_be_focused()
    page.goto("/copilot/")
    row = page.locator("#conversations tbody tr").filter(has_text=SECOND)
    row.get_by_role("button").click()
    row.get_by_role("button", name="Pin to the top").click()
    expect(page.locator("#conversations tbody tr").first).to_contain_text("Pinned")
    page.get_by_role("button", name="More for this conversation").click()
    page.locator("#copilot-menu").get_by_role("button", name="Rename").click()
    page.get_by_role("dialog").get_by_label("Title").fill("Counting")
    page.get_by_role("dialog").get_by_role("button", name="Rename conversation").click()
    expect(page.locator("#copilot-title")).to_have_text("Counting")
    page.get_by_role("button", name="More for this conversation").click()
    with page.expect_download() as download:
        page.locator("#copilot-menu").get_by_role("link", name="Export as JSON").click()
    assert download.value.suggested_filename.startswith("Counting-20")
    assert json.loads(download.value.path().read_text())["runs"][0]["entries"][0]["data"]["text"] == FIRST
    page.get_by_role("checkbox", name="Choose all conversations on this page").check()
    page.locator("[data-bulk]").get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("stays in the audit log")
    dialog.get_by_role("button", name="Delete 2 conversations").click()
    expect(page.locator("#conversations")).to_contain_text("No conversation yet")
    expect(page.locator("#copilot-log .said")).to_have_count(0)


def test_a_colleague_reads_what_is_shared_and_goes_on_from_it(
    visit: Visit, new_page: Visit, make_membership: Callable[..., object]
):
    page = visit()
    begin(page, FIRST)
    page.get_by_role("button", name="More for this conversation").click()
    page.locator("#copilot-menu").get_by_role("button", name="Share in the organisation").click()
    expect(page.locator("#toasts")).to_contain_text("can read")
    user = make_membership("viewer").user  # type: ignore[attr-defined]
    user.set_password(PASSWORD)
    user.save()
    other = new_page()
    other.goto("/copilot/?shared=1")
    other.get_by_label("E-mail").fill(user.email)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    other.locator("#conversations").get_by_role("link", name=FIRST).click()
    expect(other.locator("#page")).to_contain_text("Shared by")
    assert violations(other) == []
    other.get_by_role("button", name="Go on from here").click()
    expect(other.locator("#copilot-log .said")).to_have_text([FIRST])
    ask(other, SECOND)
    expect(page.locator("#copilot-log .said")).to_have_text([FIRST])


def fill(fleet: Fleet) -> None:
    """The newest conversation gets what an answer can hold beside a table: a chart, and an answer that failed."""
    from copilot.models import Run, RunEvent, Thread

    with tenant(fleet.organisation.pk):
        run = Run.objects.latest("pk")
        thread = Thread.objects.get(pk=run.thread_id)
        common = {"organization_id": thread.organization_id, "thread": thread}
        failed = Run.objects.create(
            **common, question="Break", parent_id=run.pk, first_seq=thread.last_seq + 1, state="failed"
        )
        events = [
            {"type": "TEXT_MESSAGE_CHUNK", "messageId": f"u{failed.pk}", "role": "user", "delta": "Break"},
            {"type": "RUN_ERROR", "message": "The provider is away. Ask again in a moment."},
        ]
        for event in events:
            thread.last_seq += 1
            RunEvent.objects.create(**common, run=failed, first_seq=thread.last_seq, seq=thread.last_seq, payload=event)
        thread.head_id = failed.pk
        thread.save()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE, ZOOMED], ids=["wide", "phone", "zoomed"])
def test_the_sidebar_is_readable_for_everybody(visit: Visit, fleet: Fleet, viewport: dict[str, int], scheme: str):
    page = visit(viewport, scheme)
    page.goto("/audit/")
    page.keyboard.press("Control+k")
    expect(page.locator("#copilot-chips button").first).to_be_visible()
    assert violations(page) == [], "empty"
    ask(page, "Which SIMs are active?")
    ask(page, "Show me a chart of the usage of my fleet")
    ask(page, "Suspend all active SIMs")
    expect(page.locator("#copilot-log .card-proposal")).to_be_visible()
    fill(fleet)
    page.reload()
    if viewport != WIDE:
        page.keyboard.press("Control+k")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    assert violations(page) == [], "a table, a chart, a card and an error"
    page.get_by_role("button", name="Earlier conversations").click()
    page.locator("#copilot-search").fill("active")
    expect(page.locator("#copilot-found .place").first).to_be_visible()
    assert violations(page) == [], "the earlier conversations"
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    for part in ("#copilot-text", "#copilot-model", "#copilot-threads"):
        page.locator(part).scroll_into_view_if_needed()
        expect(page.locator(part)).to_be_in_viewport()


def test_the_focus_returns_and_the_page_waits_behind_the_sheet_of_a_phone(visit: Visit):
    page = visit(PHONE)
    page.locator("#page").get_by_role("link").first.focus()
    came_from = page.evaluate("document.activeElement.outerHTML")
    page.keyboard.press("Control+k")
    expect(page.locator("#copilot-text")).to_be_focused()
    expect(page.get_by_role("dialog", name="Copilot")).to_be_visible()
    for _ in range(25):
        page.keyboard.press("Tab")
        inside = "document.activeElement === document.body || !!document.activeElement.closest('#copilot, #toasts')"
        assert page.evaluate(inside)
    page.locator("#copilot-text").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#copilot")).to_be_hidden()
    assert page.evaluate("document.activeElement.outerHTML") == came_from
