"""The sidebar end to end: a real web server, a real runner with the built-in planner, a real socket."""

import asyncio
import json

import aiohttp
import pytest

from copilot.models import Run
from iotsim.core.guard import in_thread
from iotsim.core.models import Approval, AuditEvent
from iotsim.core.services import approve_call, undo_call
from sims.models import Sim
from tests.copilot.page import Page
from tests.copilot.running import rows

pytestmark = pytest.mark.usefixtures("runner")


async def test_which_sims_use_more_than_5_gb(page, fleet):
    async with page:
        await page.until(lambda one: "builtin/planner" in one.parts.get("copilot-model", ""))
        assert "no language model" in page.parts["copilot-model"]
        await page.ask("Which SIMs are using more than 5GB?")
        await page.over()
        assert "Which SIMs are using more than 5GB?" in page.text
        assert "3 SIMs" in page.text and fleet["heavy"].iccid[-4:] in page.text
        assert f'href="/sims/{fleet["heavy"].iccid}/"' in "".join(page.log.values())
        assert not page.running
        assert page.parts["copilot-title"] == "Which SIMs are using more than 5GB?"


async def test_suspend_sim_ending_in_3456_and_undo(page, fleet, owner):
    async with page:
        await page.ask("Suspend SIM ending in 3456")
        await page.over()
        assert rows(owner, Sim, pk=fleet["named"].pk)[0].status == "suspended"
        [event] = rows(owner, AuditEvent, service="toggle_sim_status")
        markup = "".join(page.log.values())
        assert "/act/undo_call/" in markup and f'{{"event": {event.pk}}}' in markup
        await in_thread(undo_call.call, owner, {"event": event.pk})
        assert rows(owner, Sim, pk=fleet["named"].pk)[0].status == "active"
        await page.until(lambda one: "Undone" in one.text and "/act/undo_call/" not in "".join(one.log.values()))


async def test_a_bulk_change_is_a_card_that_one_click_carries_out(page, fleet, owner):
    async with page:
        await page.ask("Suspend all SIMs using more than 5GB")
        await page.over()
        assert page.status == "Approval needed"
        [approval] = rows(owner, Approval)
        card = page.log[f"approval-card-{approval.pk}"]
        assert "Suspend 3 SIMs" in card and "/act/approve_call/" in card
        assert rows(owner, Sim, pk=fleet["heavy"].pk)[0].status == "active"
        await page.say(type="decide", approval=str(approval.pk), decision="approve")
        await page.until(lambda one: "/act/approve_call/" not in one.log[f"approval-card-{approval.pk}"])
        assert "/act/undo_call/" in page.log[f"approval-card-{approval.pk}"]
        await page.until(lambda one: "Decided." in one.text and "waits for your click" not in one.text)
        await page.until(lambda one: "3 SIMs suspended" in answers_of(one) and one.status == "Done")  # it went on
        assert [one.state for one in rows(owner, Run)] == ["done", "done"]
        assert rows(owner, Sim, pk=fleet["heavy"].pk)[0].status == "suspended"
        [event] = rows(owner, AuditEvent, service="change_status_in_bulk", outcome="done")
        assert (event.face, event.approved_by) == ("copilot", owner.name)
        await page.say(type="decide", approval=str(approval.pk), decision="approve")
        await page.until(lambda one: "decided already" in one.text)
        assert len(rows(owner, AuditEvent, service="change_status_in_bulk", outcome="done")) == 1
        await in_thread(undo_call.call, owner, {"event": event.pk})
        await page.until(lambda one: "/act/undo_call/" not in one.log[f"approval-card-{approval.pk}"])


def answers_of(page):
    return " ".join(html for name, html in page.log.items() if name.startswith("message-m"))


async def test_a_card_decided_on_another_page_changes_here(page, fleet, owner):
    async with page:
        await page.ask("Suspend all SIMs using more than 5GB")
        await page.over()
        [approval] = rows(owner, Approval)
        await in_thread(approve_call.call, owner, {"approval": approval.pk})
        await page.until(lambda one: "/act/approve_call/" not in one.log[f"approval-card-{approval.pk}"])


async def test_a_card_is_there_after_a_reload_as_it_is_by_then(web, page, fleet, owner):
    async with page:
        await page.ask("Suspend all SIMs using more than 5GB")
        await page.over()
    [approval] = rows(owner, Approval)
    await in_thread(approve_call.call, owner, {"approval": approval.pk})
    async with Page(web, page.session) as reloaded:
        await reloaded.until(lambda one: f"approval-card-{approval.pk}" in one.log)
        assert "approved and done" in reloaded.text.lower() or "suspended" in reloaded.text
        assert "/act/approve_call/" not in "".join(reloaded.log.values())


async def test_a_reload_shows_the_same_conversation(web, page, fleet):
    async with page:
        await page.ask("How many SIMs do I have?")
        await page.over()
        before = dict(page.log)
    async with Page(web, page.session) as reloaded:
        await reloaded.until(lambda one: one.log)
        assert list(reloaded.log) == list(before)
        assert reloaded.thread == page.thread and reloaded.seq == page.seq


async def test_a_second_tab_sees_the_same(web, page, fleet):
    async with page:
        await page.ask("How many SIMs do I have?")
        await page.over()
        async with Page(web, page.session) as second:
            await second.until(lambda one: one.log)
            await second.ask("Which SIMs are using more than 5GB?")
            await page.until(lambda one: "more than 5GB" in one.text)
            await second.until(lambda one: "more than 5GB" in one.text and not one.running)
            await page.until(lambda one: not one.running)
            assert list(page.log) == list(second.log)


async def test_a_page_that_was_away_gets_the_rest_and_nothing_twice(web, page, fleet):
    async with page:
        await page.ask("How many SIMs do I have?")
        await page.over()
        seq, known = page.seq, list(page.log)
    async with Page(web, page.session) as other:
        await other.until(lambda one: one.log)
        await other.ask("Which SIMs are using more than 5GB?")
        await other.until(lambda one: "more than 5GB" in one.text and not one.running and one.status == "Done")
    page.messages.clear()
    async with page:
        await page.until(lambda one: "more than 5GB" in one.text and one.seq == other.seq)
        assert page.seq > seq and list(page.log)[: len(known)] == known
        assert list(page.log) == list(other.log)
        assert not any('id="copilot-log"' in one for one in page.messages)


async def test_conversations_are_listed_opened_and_begun_anew(page, fleet):
    async with page:
        await page.ask("How many SIMs do I have?")
        await page.over()
        first = page.thread
        await page.say(type="new")
        await page.until(lambda one: not one.log)
        await page.ask("Show me suspended SIMs in Germany")
        await page.over()
        assert page.thread != first
        await page.say(type="threads")
        await page.until(lambda one: "How many SIMs do I have?" in one.parts["copilot-threads"])
        assert "Show me suspended SIMs" in page.parts["copilot-threads"]
        await page.say(type="open", thread=str(first))
        await page.until(lambda one: "How many SIMs do I have?" in one.text and one.thread == first)


async def test_a_stranger_cannot_open_a_conversation(web, page, fleet, make_membership, session_of):
    async with page:
        await page.ask("Which SIMs are using more than 5GB?")
        await page.over()
    colleague = await in_thread(make_membership, "owner")
    session = await in_thread(session_of, colleague)
    async with Page(web, session) as strange:
        await strange.until(lambda one: one.place)
        assert strange.log == {}
        await strange.say(type="open", thread=str(page.thread))
        await strange.until(lambda one: f"no conversation {page.thread} of yours" in one.text)
        assert "5GB" not in strange.text


async def test_chips_fit_the_page(page, fleet):
    async with page:
        await page.until(lambda one: "data-ask" in one.parts.get("copilot-chips", ""))
        assert "Which SIMs are using more than 5GB?" in page.parts["copilot-chips"]
        assert page.parts["copilot-chips"].count("data-ask") == 3
        await page.say(type="look", page="/audit/")
        await page.until(lambda one: "Who suspended" in one.parts["copilot-chips"])


async def test_html_in_a_label_stays_text(page, fleet):
    async with page:
        await page.ask("Which SIMs are using more than 5GB?")
        await page.over()
        markup = "".join(page.log.values())
        assert "<img" not in markup
        assert "&lt;img src=x onerror=alert(1)&gt;" in markup


async def test_html_in_a_question_stays_text(page, fleet):
    async with page:
        await page.ask("<script>alert(1)</script> how many SIMs do I have?")
        await page.over()
        assert "<script" not in "".join(page.log.values()).lower()
        assert "<script" not in page.parts["copilot-title"]


GARBAGE = [
    "",
    "{",
    "[]",
    "null",
    '"x"',
    '{"type": 1}',
    '{"type": "open", "thread": []}',
    "\x00",
    "[" * 60_000,
    '{"type": "ask", "text": "\\ud800"}',
]


@pytest.mark.parametrize("text", GARBAGE)
async def test_garbage_is_answered_with_a_sentence_and_the_socket_lives(page, text):
    async with page:
        await page.until(lambda one: one.place)
        await page.ws.send_str(text)
        await page.until(lambda one: "error-" in " ".join(one.log))
        await page.say(type="threads")
        await page.until(lambda one: "copilot-threads" in one.parts and "No earlier" in one.parts["copilot-threads"])


async def test_bytes_and_what_is_too_large_are_answered_with_a_sentence(page):
    async with page:
        await page.until(lambda one: one.place)
        await page.ws.send_bytes(b"\x00\xff")
        await page.until(lambda one: "this was none" in one.text)
        await page.ws.send_str(json.dumps({"type": "ask", "text": "x" * 200_000}))
        await page.until(lambda one: "at most 64,000 bytes" in one.text)


async def test_a_message_that_is_too_long_is_told_how_long(page):
    async with page:
        await page.until(lambda one: one.place)
        await page.ask("y" * 4001)
        await page.until(lambda one: "4,001 characters; at most 4,000" in one.text)
        assert "data-question" in "".join(page.log.values())


async def test_a_flood_is_told_once(page):
    async with page:
        await page.until(lambda one: one.place)
        for _ in range(60):
            await page.say(type="stop")
        await page.until(lambda one: "Too many messages at once" in one.text)
        await asyncio.sleep(0.2)
        assert page.text.count("Too many messages") == 1


async def test_the_eleventh_question_in_a_minute_is_refused_with_the_time_to_wait(page, fleet):
    async with page:
        await page.until(lambda one: one.place)
        for number in range(10):
            await page.ask(f"How many SIMs do I have? {number}")
            await page.until(
                lambda one, n=number: f"I have? {n}" in one.text and not one.running and one.status == "Done"
            )
            page.parts["copilot-status"] = ""
        await page.ask("How many SIMs do I have? again")
        await page.until(lambda one: "You have asked 10 questions within a minute" in one.text)
        assert "Ask again in" in page.text


async def test_nobody_gets_in_without_a_session(web, database):
    page = Page(web, None)
    await page.connect(hello=False)
    await page.until(lambda one: one.close_code is not None)
    assert page.close_code == 4401 and "sign in" in page.text
    await page.disconnect()


async def test_a_page_of_another_site_gets_no_socket(web, membership, session_of):
    session = await in_thread(session_of, membership)
    page = Page(web, session, origin="https://evil.example")
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await page.connect()
    await page.http.close()
    assert refused.value.status == 403


async def test_whoever_signs_out_is_shut_out_at_the_next_word(page, membership):
    from django.contrib.sessions.models import Session

    async with page:
        await page.until(lambda one: one.place)
        await in_thread(Session.objects.filter(pk=page.session).delete)
        await page.ask("How many SIMs do I have?")
        await page.until(lambda one: one.close_code is not None)
        assert page.close_code == 4401


async def test_after_a_change_of_organisation_the_copilot_acts_there(
    page, fleet, membership, other_organisation, owner
):
    from django.contrib.sessions.backends.db import SessionStore

    from iotsim.core.models import Membership

    def move() -> None:
        Membership.objects.create(user=membership.user, organization=other_organisation, role="owner")
        session = SessionStore(page.session)
        session["organization"] = other_organisation.pk
        session.save()

    async with page:
        await page.ask("How many SIMs do I have?")
        await page.over()
        await in_thread(move)
        await page.ask("Suspend SIM ending in 3456")
        await page.until(lambda one: "3456" in one.text and not one.running and one.status == "Done")
        assert rows(owner, Sim, pk=fleet["named"].pk)[0].status == "active"
        assert rows(owner, AuditEvent, service="toggle_sim_status") == []


async def test_an_idle_socket_stays_open(page, fleet):
    """redis-py's own timeouts would cut a blocking read after five seconds."""
    async with page:
        await page.ask("How many SIMs do I have?")
        await page.over()
        await asyncio.sleep(6)
        assert page.close_code is None
        page.parts["copilot-status"] = ""
        await page.ask("Which SIMs are using more than 5GB?")
        await page.until(lambda one: "crane-2" in one.text)
