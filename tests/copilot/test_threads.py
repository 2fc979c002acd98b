"""Conversations as things of their own: found, pinned, shared, copied, exported, deleted together; answers rated."""

import json

import pytest

from copilot.models import Feedback, Run, RunEvent, Thread
from copilot.services.conversations import (
    delete_conversations,
    get_conversation,
    list_conversations,
    pin_conversation,
    search_conversations,
)
from copilot.services.exports import export_conversation
from copilot.services.sharing import copy_conversation, list_shared_conversations, share_conversation
from copilot.services.versions import list_feedback, rate_answer, show_version
from iotsim.core.errors import ConfirmationRequired, Conflict, Denied, NotFound
from iotsim.core.guard import in_thread
from iotsim.core.models import AuditEvent
from iotsim.core.services import undo_call
from iotsim.core.tenancy import tenant
from sims.models import Sim
from tests.copilot.running import again, ask, rows
from tests.fleet import make_customer


async def found(actor, text: str) -> list:
    return (await search_conversations.acall(actor, {"text": text})).result.items


async def test_what_was_said_is_found_with_its_place(actor, fleet):
    first = await ask(actor, "Which SIMs are using more than 5GB?")
    await ask(actor, "How many SIMs do I have?")
    [hit] = await found(actor, "CRANE-1")
    assert hit.id == first.thread_id
    [place] = hit.places
    assert place.run == first.run_id and place.found == "crane-1"
    assert (place.before + place.found + place.after) == place.text
    assert len(await found(actor, "sims")) == 2
    [hit] = await found(actor, 'many "do i have"')
    assert hit.title == "How many SIMs do I have?"
    assert await found(actor, "crane-1 nowhere") == []
    assert await found(actor, "100%_") == []


async def test_nobody_finds_what_others_said(actor, make_actor, other_organisation, fleet):
    await ask(actor, "Which SIMs are using more than 5GB?")
    for somebody in (
        await in_thread(make_actor, "owner"),
        await in_thread(make_actor, "owner", organisation=other_organisation),
    ):
        assert await found(somebody, "crane-1") == [] == await found(somebody, "using more")


def test_the_search_reaches_its_index_behind_the_wall(actor):
    """As the application's role, over many texts: the plan of the owner's function is the index's."""
    from django.db import connection

    with tenant(actor.organization_id), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM copilot_said(%s, %s, %s, %s)", [1, "%needle%", ["%needle%"], 10])
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'copilot_runtext_trigrams'")
        assert "gin (lower(text) gin_trgm_ops)" in cursor.fetchone()[0]


async def test_a_pinned_conversation_stays_at_the_top_and_the_last_word_orders_the_others(actor, fleet):
    told = [await ask(actor, f"How many SIMs do I have? {number}") for number in range(3)]
    await ask(actor, "How many SIMs do I have?", thread_id=told[0].thread_id)
    outcome = await pin_conversation.acall(actor, {"thread": told[1].thread_id})
    page = (await list_conversations.acall(actor, {"limit": 1})).result
    assert [one.id for one in page.pinned] == [told[1].thread_id] and page.pinned[0].pinned
    assert [one.id for one in page.items] == [told[0].thread_id]
    page = (await list_conversations.acall(actor, {"limit": 1, "cursor": page.next_cursor})).result
    assert ([one.id for one in page.items], page.pinned) == ([told[2].thread_id], [])
    await in_thread(undo_call.call, actor, {"event": outcome.event_id})
    assert (await list_conversations.acall(actor, {})).result.pinned == []


async def test_several_are_deleted_at_once_and_the_proposal_says_what_stays(actor, make_actor, fleet):
    told = [await ask(actor, "How many SIMs do I have?") for _ in range(3)]
    kept = await ask(actor, "Which SIMs are using more than 5GB?")
    await rate_answer.acall(actor, {"run": told[0].run_id, "verdict": "up"})
    await share_conversation.acall(actor, {"thread": told[1].thread_id})
    numbers = {"threads": [one.thread_id for one in told]}
    with pytest.raises(ConfirmationRequired) as asked:
        await delete_conversations.acall(actor, numbers)
    proposal = asked.value.proposal
    assert (proposal.summary, proposal.count, proposal.reversible) == ("Delete 3 conversations", 3, False)
    words = " ".join(proposal.warnings)
    assert "audit log" in words and "1 of them is shared" in words and "1 rating of yours is deleted" in words
    with pytest.raises(NotFound, match="of yours"):
        await delete_conversations.acall(await in_thread(make_actor, "owner"), numbers, confirmed=proposal.digest)
    await delete_conversations.acall(actor, numbers, confirmed=proposal.digest)
    assert [one.pk for one in rows(actor, Thread)] == [kept.thread_id]
    assert rows(actor, Feedback) == []


# --- versions ---


async def test_turning_to_a_version_shows_its_branch_and_is_undone(actor, fleet):
    first = await ask(actor, "How many SIMs do I have?")
    second = await ask(actor, "Which SIMs are using more than 5GB?", thread_id=first.thread_id, instead_of=first.run_id)
    after = await ask(actor, "How many SIMs do I have?", thread_id=first.thread_id)
    shown = await show_version.acall(actor, {"run": first.run_id})
    assert shown.sentence == "Version 1 of 2 is shown."
    details = (await get_conversation.acall(actor, {"thread": first.thread_id})).result
    assert [(one.id, one.version, one.versions, one.after) for one in details.runs] == [
        (first.run_id, 1, 2, second.run_id)
    ]
    other = (await get_conversation.acall(actor, {"thread": first.thread_id, "run": second.run_id})).result
    assert [one.id for one in other.runs] == [second.run_id, after.run_id]
    await in_thread(undo_call.call, actor, {"event": shown.event_id})
    assert rows(actor, Thread)[0].head_id == after.run_id


async def test_no_other_version_is_shown_while_the_copilot_answers(actor, fleet):
    from copilot import threads

    first = await ask(actor, "How many SIMs do I have?")
    waiting = await in_thread(threads.ask, actor, text="Wait", thread_id=first.thread_id, instead_of=first.run_id)
    for service, raw in (
        (show_version, {"run": first.run_id}),
        (rate_answer, {"run": waiting.run_id, "verdict": "up"}),
    ):
        with pytest.raises(Conflict, match="still answering"):
            await service.acall(actor, raw)
    with pytest.raises(Conflict, match="still answering"):
        await again(actor, first.run_id)


async def test_a_change_made_by_an_answer_stays_when_it_is_given_again(actor, fleet):
    from copilot.reading import changes_of

    told = await ask(actor, "Suspend SIM ending in 3456")
    [change] = await in_thread(changes_of, actor, told.run_id)
    assert "suspended" in change
    [event] = rows(actor, AuditEvent, service="toggle_sim_status")
    await in_thread(undo_call.call, actor, {"event": event.pk})
    assert await in_thread(changes_of, actor, told.run_id) == []
    assert rows(actor, Sim, pk=fleet["named"].pk)[0].status == "active"


# --- ratings ---


async def test_a_verdict_is_kept_with_question_and_answer_changed_and_taken_back(actor, make_actor, fleet):
    told = await ask(actor, "How many SIMs do I have?")
    await rate_answer.acall(actor, {"run": told.run_id, "verdict": "down", "comment": "Too short"})
    [row] = rows(actor, Feedback)
    assert (row.verdict, row.comment, row.question) == ("down", "Too short", "How many SIMs do I have?")
    assert row.answer == told.answer and row.model == "builtin/planner"
    changed = await rate_answer.acall(actor, {"run": told.run_id, "verdict": "up"})
    assert [(one.verdict, one.comment) for one in rows(actor, Feedback)] == [("up", "")]
    await in_thread(undo_call.call, actor, {"event": changed.event_id})
    assert [(one.verdict, one.comment) for one in rows(actor, Feedback)] == [("down", "Too short")]
    listed = (await list_feedback.acall(actor, {"verdict": "down"})).result.items
    assert [(one.run, one.who, one.comment) for one in listed] == [(told.run_id, actor.name, "Too short")]
    assert (await list_feedback.acall(actor, {"verdict": "up"})).result.items == []
    colleague = await in_thread(make_actor, "owner")
    with pytest.raises(NotFound, match="of yours"):
        await rate_answer.acall(colleague, {"run": told.run_id, "verdict": "up"})
    with pytest.raises(Denied):
        await list_feedback.acall(await in_thread(make_actor, "manager"), {})
    await rate_answer.acall(actor, {"run": told.run_id, "verdict": "none"})
    assert rows(actor, Feedback) == []


# --- sharing ---


async def test_a_shared_conversation_is_read_by_colleagues_and_by_nobody_after(
    actor, make_actor, other_organisation, fleet
):
    told = await ask(actor, "Suspend SIM ending in 3456")
    reader = await in_thread(make_actor, "viewer")
    stranger = await in_thread(make_actor, "owner", organisation=other_organisation)
    with pytest.raises(NotFound):
        await get_conversation.acall(reader, {"thread": told.thread_id})
    outcome = await share_conversation.acall(actor, {"thread": told.thread_id})
    details = (await get_conversation.acall(reader, {"thread": told.thread_id})).result
    assert details.owner == actor.name and "undo_event" not in json.dumps([one.data for one in details.entries])
    listed = (await list_shared_conversations.acall(reader, {})).result.items
    assert [(one.id, one.owner) for one in listed] == [(told.thread_id, actor.name)]
    assert [one.owner for one in await found(reader, "suspend")] == [actor.name]
    for service in (get_conversation, copy_conversation):
        with pytest.raises(NotFound):
            await service.acall(stranger, {"thread": told.thread_id})
    with pytest.raises(NotFound):
        await show_version.acall(reader, {"run": told.run_id})
    await in_thread(undo_call.call, actor, {"event": outcome.event_id})
    with pytest.raises(NotFound):
        await get_conversation.acall(reader, {"thread": told.thread_id})
    assert (await list_shared_conversations.acall(reader, {})).result.items == [] == await found(reader, "suspend")


async def test_who_is_limited_to_some_customers_opens_no_shared_conversation(actor, make_actor, organisation, fleet):
    told = await ask(actor, "Which SIMs are using more than 5GB?")
    await share_conversation.acall(actor, {"thread": told.thread_id})
    customer = await in_thread(make_customer, organisation, "Acme")
    limited = await in_thread(make_actor, "owner", customer_ids=[customer.pk])
    assert (await list_shared_conversations.acall(limited, {})).result.items == [] == await found(limited, "crane")
    for service, more in ((get_conversation, {}), (copy_conversation, {}), (export_conversation, {"format": "json"})):
        with pytest.raises(NotFound):
            await service.acall(limited, {"thread": told.thread_id, **more})


async def test_what_a_role_may_not_look_up_it_does_not_read_in_a_colleague_s_conversation(actor, make_actor, fleet):
    told = await ask(actor, "How many SIMs do I have?")
    called = {"type": "TOOL_CALL_START", "toolCallId": "x", "toolCallName": "list_audit_events"}
    await in_thread(add_event, actor, told, called)
    await share_conversation.acall(actor, {"thread": told.thread_id})
    viewer, analyst = await in_thread(make_actor, "viewer"), await in_thread(make_actor, "analyst")
    with pytest.raises(Denied, match="may not see: Audit"):
        await get_conversation.acall(viewer, {"thread": told.thread_id})
    assert await found(viewer, "how many") == [] and len(await found(analyst, "how many")) == 1


def add_event(actor, told, payload: dict) -> None:
    with tenant(actor.organization_id):
        RunEvent.objects.create(
            organization_id=actor.organization_id, thread_id=told.thread_id, run_id=told.run_id,
            first_seq=999, seq=999, payload={**payload, "parentMessageId": "m", "metadata": {"title": "Audit log"}},
        )  # fmt: skip


async def test_a_reader_goes_on_in_a_conversation_of_their_own(actor, make_actor, fleet):
    told = await ask(actor, "Show me the SIM ending in 3456")
    await ask(actor, "Suspend all SIMs using more than 5GB", thread_id=told.thread_id)
    await share_conversation.acall(actor, {"thread": told.thread_id})
    reader = await in_thread(make_actor, "manager")
    copied = (await copy_conversation.acall(reader, {"thread": told.thread_id})).result
    assert copied.go_to == f"/copilot/{copied.id}/#copilot"
    details = (await get_conversation.acall(reader, {"thread": copied.id})).result
    assert [one.kind for one in details.entries].count("card") == 0
    assert next(one.data["text"] for one in details.entries if one.kind == "said") == "Show me the SIM ending in 3456"
    assert {one.run for one in details.entries} == {one.id for one in details.runs}
    assert {one.state for one in details.runs} == {"done"}
    before = len(rows(actor, RunEvent, thread_id=told.thread_id))
    after = await ask(reader, "How many SIMs do I have?", thread_id=copied.id)
    assert after.state == "done" and len(rows(actor, RunEvent, thread_id=told.thread_id)) == before
    assert rows(actor, Run, pk=after.run_id)[0].parent_id == details.runs[-1].id


# --- exports ---


async def test_the_files_hold_all_that_the_conversation_shows(actor, client_for, fleet):
    told = await ask(actor, "Which SIMs are using more than 5GB?")
    await ask(actor, "Suspend all SIMs using more than 5GB", thread_id=told.thread_id)
    asked = {"thread": told.thread_id}
    readable = (await export_conversation.acall(actor, {**asked, "format": "markdown"})).result
    assert readable.name.startswith("Which-SIMs-are-using-more-than-5GB-20") and readable.name.endswith(".md")
    for words in ("> Which SIMs are using more than 5GB?", "| crane-1 |", '"min_usage": 5000000000', "(waiting)"):
        assert words in readable.text, words
    assert "Suspend 3 SIMs" in readable.text and "All times are in" in readable.text
    assert "<img" not in readable.text and "| &lt;img src=x" in readable.text
    plain = json.loads((await export_conversation.acall(actor, {**asked, "format": "json"})).result.text)
    assert next(one["entries"][0]["data"]["text"] for one in plain["runs"]) == "Which SIMs are using more than 5GB?"
    cards = [entry for run in plain["runs"] for entry in run["entries"] if entry["kind"] == "card"]
    assert cards[0]["outcome"]["state"] == "pending"


def test_a_file_turns_nothing_round_and_runs_nothing():
    from django.utils import timezone

    from copilot.exporting import _cell, _fenced, _inline, _text, file_name
    from copilot.schemas.conversations import ConversationDetails

    assert _cell("=1+1|x\u202e") == "'=1+1\\|x"
    assert _inline("# a\nb `c` ![x](y)") == "\\# a b \\`c\\` \\!\\[x\\](y)"
    assert _text("![x](https://evil.example) <script>") == "!\\[x](https://evil.example) &lt;script>"
    assert _fenced("a ```` b").startswith("`````json\n")
    now = timezone.now()
    details = ConversationDetails(
        id=7, title='../\u202eetc/"x" <y>', state="done", created_at=now, updated_at=now, entries=[], seq=0, cost=0
    )
    assert file_name(details, "json") == f"etcx-y-{now:%Y-%m-%d}.json"
