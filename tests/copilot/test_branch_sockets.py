"""Branches, earlier parts and ratings over the sidebar's socket, in every tab."""

import re

import pytest

from copilot.models import Run, RunEvent, Thread
from copilot.reading import RUNS_AT_ONCE
from copilot.services.conversations import delete_conversation, rename_conversation
from copilot.services.versions import rate_answer, show_version
from iotsim.core.guard import in_thread
from iotsim.core.tenancy import tenant
from tests.copilot.page import Page
from tests.copilot.running import rows

pytestmark = [pytest.mark.usefixtures("runner")]


def said(page: Page) -> list[str]:
    return re.findall(r'data-question="([^"]*)"', "".join(page.log.values()))


def run_of(page: Page, place: int = -1) -> int:
    return int(re.findall(r'data-run="(\d+)"', "".join(page.log.values()))[place])


async def told(page: Page, text: str, **more: int) -> None:
    page.parts["copilot-status"] = ""
    await page.say(type="ask", text=text, **more)
    await page.until(lambda one: text in said(one) and one.status == "Done" and not one.running, seconds=60)


async def test_a_second_tab_follows_an_edit_and_the_way_back(page, web, owner, fleet):
    async with page, Page(web, page.session) as other:
        await told(page, "How many SIMs do I have?")
        first = run_of(page)
        await other.say(type="open", thread=page.thread, page="/")
        await other.until(lambda one: "How many SIMs do I have?" in said(one))
        await told(page, "Which SIMs are using more than 5GB?", instead_of=first)
        await other.until(lambda one: said(one) == ["Which SIMs are using more than 5GB?"] and "2 of 2" in one.text)
        await other.until(lambda one: "crane-1" in one.text)
        await show_version.acall(owner, {"run": first})
        for one in (page, other):
            await one.until(lambda tab: said(tab) == ["How many SIMs do I have?"] and "1 of 2" in tab.text)
        await told(page, "And how many are suspended?")
        await other.until(lambda one: len(said(one)) == 2)


async def test_a_tab_that_was_away_gets_the_branch_that_is_shown_now(page, owner, fleet):
    async with page:
        await told(page, "How many SIMs do I have?")
        first = run_of(page)
        await told(page, "Which SIMs are using more than 5GB?", instead_of=first)
        await page.disconnect()
        await show_version.acall(owner, {"run": first})
        await page.connect()
        await page.until(lambda one: said(one) == ["How many SIMs do I have?"])


async def test_answering_again_warns_of_what_stays_changed(page, owner, fleet):
    async with page:
        await told(page, "Suspend SIM ending in 3456")
        await page.say(type="again", run=run_of(page))
        await page.until(lambda one: "stays changed" in one.parts["copilot-aside"])
        assert "suspended" in page.parts["copilot-aside"] and len(rows(owner, Run)) == 1
        await page.say(type="again", run=run_of(page), knowing=True)
        await page.until(lambda one: "2 of 2" in one.text and not one.running)
        assert page.parts["copilot-aside"] == ""


async def test_a_rating_a_new_name_and_a_deletion_are_seen_in_every_tab(page, owner, fleet):
    async with page:
        await told(page, "How many SIMs do I have?")
        await rate_answer.acall(owner, {"run": run_of(page), "verdict": "up"})
        await page.until(lambda one: 'aria-pressed="true"' in "".join(one.log.values()))
        thread = page.thread
        await rename_conversation.acall(owner, {"thread": thread, "title": "Counting"})
        await page.until(lambda one: one.parts["copilot-title"] == "Counting")
        digest = delete_conversation.propose
        proposal = await in_thread(digest, owner, {"thread": thread})
        await delete_conversation.acall(owner, {"thread": thread}, confirmed=proposal.digest)
        await page.until(lambda one: one.log == {} and one.place["data-thread"] == "")


def make_long(owner, count: int) -> Thread:
    """A conversation of so many runs, each a question with an answer."""
    with tenant(owner.organization_id):
        common = {"organization_id": owner.organization_id}
        thread = Thread.objects.create(**common, user_id=owner.user_id, title="Long")
        parent = None
        for number in range(count):
            seq = 4 * number + 1
            run = Run.objects.create(
                **common, thread=thread, question=f"Question {number}", first_seq=seq, state="done", parent_id=parent
            )
            parent = run.pk
            events = [
                {
                    "type": "TEXT_MESSAGE_CHUNK",
                    "messageId": f"u{run.pk}",
                    "role": "user",
                    "delta": f"Question {number}",
                },
                {"type": "RUN_STARTED", "threadId": str(thread.pk), "runId": str(run.pk)},
                {"type": "TEXT_MESSAGE_CONTENT", "messageId": f"m{run.pk}-1", "delta": f"Answer {number}"},
                {"type": "RUN_FINISHED", "threadId": str(thread.pk), "runId": str(run.pk)},
            ]
            RunEvent.objects.bulk_create(
                RunEvent(**common, thread=thread, run=run, first_seq=seq + at, seq=seq + at, payload=event)
                for at, event in enumerate(events)
            )
        thread.last_seq, thread.head_id = 4 * count, parent
        thread.save()
    return thread


async def test_a_long_conversation_opens_with_its_newest_part(page, owner, membership):
    thread = await in_thread(make_long, owner, 500)
    async with page:
        await page.say(type="open", thread=thread.pk, page="/")
        await page.until(lambda one: "Question 499" in said(one))
        assert len(said(page)) == RUNS_AT_ONCE and "480 more" in page.parts["copilot-earlier"]
        assert max(len(one) for one in page.messages) < 100_000
        await page.say(type="earlier")
        await page.until(lambda one: len(said(one)) == 2 * RUNS_AT_ONCE)
        assert said(page)[0] == "Question 460" and said(page)[-1] == "Question 499"
        await page.disconnect()
        page.parts.clear()
        await page.connect()
        await page.say(type="earlier")
        await page.until(lambda one: said(one)[0] == "Question 440")
        assert len(said(page)) == len(set(said(page))) == 3 * RUNS_AT_ONCE


async def test_a_place_that_was_found_is_opened_in_its_branch(page, owner, fleet):
    thread = await in_thread(make_long, owner, 60)
    old = [one.pk for one in rows(owner, Run, thread_id=thread.pk)]
    async with page:
        await page.say(type="open", thread=thread.pk, page="/")
        await page.until(lambda one: "Question 59" in said(one))
        await told(page, "How many SIMs do I have?", instead_of=old[6])
        assert said(page)[-2:] == ["Question 5", "How many SIMs do I have?"]
        await page.say(type="open", thread=thread.pk, run=old[7], page="/")
        await page.until(lambda one: "Question 59" in said(one))
        assert {"Question 6", "Question 7"} <= set(said(page)) and "How many SIMs do I have?" not in said(page)
