"""Conversations as services and pages: one's own only, renamed, deleted; and asking in the terminal."""

import io
import json
import subprocess
import sys

import pytest

from copilot.models import Run, RunEvent, Thread, ToolCall
from copilot.services.conversations import (
    delete_conversation,
    get_conversation,
    list_conversations,
    rename_conversation,
)
from iotsim.core.errors import ConfirmationRequired, Denied, LimitReached, NotFound, TooLarge
from iotsim.core.guard import in_thread
from iotsim.core.models import AuditEvent
from iotsim.core.services import undo_call
from sims.models import Sim
from tests.conftest import REPOSITORY
from tests.copilot.running import ask, rows


async def test_a_conversation_is_listed_and_read_by_its_owner_only(actor, make_actor, other_organisation, fleet):
    told = await ask(actor, "Which SIMs are using more than 5GB?")
    page = (await list_conversations.acall(actor, {})).result
    assert [(one.id, one.title, one.state) for one in page.items] == [
        (told.thread_id, "Which SIMs are using more than 5GB?", "done")
    ]
    found = (await get_conversation.acall(actor, {"thread": told.thread_id})).result
    assert [one.kind for one in found.entries] == ["said", "call", "table", "answer"]
    assert found.cost == 0
    colleague = await in_thread(make_actor, "owner")
    stranger = await in_thread(make_actor, "owner", organisation=other_organisation)
    for somebody in (colleague, stranger):
        assert (await list_conversations.acall(somebody, {})).result.items == []
        for service in (get_conversation, delete_conversation):
            with pytest.raises(NotFound, match="of yours"):
                await service.acall(somebody, {"thread": told.thread_id}, confirmed="x")
        with pytest.raises(NotFound, match="of yours"):
            await ask(somebody, "And these?", thread_id=told.thread_id)


async def test_renaming_can_be_undone(actor, fleet):
    told = await ask(actor, "How many SIMs do I have?")
    outcome = await rename_conversation.acall(actor, {"thread": told.thread_id, "title": "Count"})
    assert outcome.can_undo and rows(actor, Thread)[0].title == "Count"
    await in_thread(undo_call.call, actor, {"event": outcome.event_id})
    assert rows(actor, Thread)[0].title == "How many SIMs do I have?"


async def test_deleting_asks_first_and_leaves_only_the_audit_log(actor, fleet):
    told = await ask(actor, "Suspend SIM ending in 3456")
    with pytest.raises(ConfirmationRequired) as asked:
        await delete_conversation.acall(actor, {"thread": told.thread_id})
    await delete_conversation.acall(actor, {"thread": told.thread_id}, confirmed=asked.value.proposal.digest)
    for model in (Thread, Run, RunEvent, ToolCall):
        assert rows(actor, model) == []
    assert rows(actor, AuditEvent, service="toggle_sim_status")
    assert rows(actor, Sim, pk=fleet["named"].pk)[0].status == "suspended"


async def test_a_machine_may_not_delete_or_rename(actor, fleet):
    told = await ask(actor, "How many SIMs do I have?")
    from iotsim.core.actor import Face

    for service, more in ((delete_conversation, {}), (rename_conversation, {"title": "x"})):
        with pytest.raises(Denied):
            await service.acall(actor.at(Face.COPILOT), {"thread": told.thread_id, **more})


async def test_the_pages_show_them(client_for, make_membership, organisation, fleet):
    from django.test import Client

    from iotsim.core.actor import Actor, Face

    membership = await in_thread(make_membership, "owner")
    owner = Actor.for_membership(membership, face=Face.WEB)
    told = await ask(owner, "Suspend all SIMs using more than 5GB")

    def look() -> tuple[str, str, int]:
        client = Client()
        client.force_login(membership.user)
        stranger = client_for("owner")
        return (
            client.get("/copilot/").content.decode(),
            client.get(f"/copilot/{told.thread_id}/").content.decode(),
            stranger.get(f"/copilot/{told.thread_id}/").status_code,
        )

    listed, shown, refused = await in_thread(look)
    assert "Suspend all SIMs using more than 5GB" in listed
    assert "Suspend 3 SIMs" in shown and "<img src=x" not in shown
    assert refused == 404


async def test_the_limits_speak_in_numbers(actor, settings, fleet):
    settings.COPILOT_MAX_MESSAGE_CHARS = 20
    with pytest.raises(TooLarge, match="The message has 21 characters; at most 20"):
        await ask(actor, "x" * 21)
    settings.COPILOT_QUESTIONS_PER_MINUTE = 2
    await ask(actor, "How many SIMs?")
    await ask(actor, "How many SIMs?")
    with pytest.raises(LimitReached, match="You have asked 2 questions within a minute") as refused:
        await ask(actor, "How many SIMs?")
    assert 1 <= refused.value.retry_after <= 60
    assert len(rows(actor, Run)) == 2


async def test_one_person_s_limit_is_not_another_s(actor, make_actor, settings, fleet):
    settings.COPILOT_QUESTIONS_PER_MINUTE = 1
    await ask(actor, "How many SIMs?")
    await ask(await in_thread(make_actor, "viewer"), "How many SIMs?")


# --- the terminal ---


@pytest.fixture
def terminal(actor, organisation):
    """terminal("question", "--json"): what manage.py ask prints to the owner."""
    from django.core.management import call_command

    def run(*words: str) -> str:
        out = io.StringIO()
        call_command("ask", *words, "--as", actor.name, "--org", organisation.slug, stdout=out)
        return out.getvalue()

    return run


def test_the_terminal_answers_as_json(terminal, fleet):
    told = json.loads(terminal("Which SIMs are using more than 5GB?", "--json"))
    assert told["tools"] == [{"name": "find_sims", "arguments": {"min_usage": 5_000_000_000}, "status": "done"}]
    assert "3 SIMs" in told["answer"]


def test_the_terminal_acts_and_goes_on_with_a_conversation(terminal, fleet, actor):
    first = terminal("Show me the SIM ending in 3456")
    assert "builtin/planner" in first and "8949000000000073456" in first
    [thread] = rows(actor, Thread)
    second = json.loads(terminal("and suspend it", "--thread", str(thread.pk), "--json"))
    assert second["tools"][0]["name"] == "toggle_sim_status"
    assert rows(actor, Sim, pk=fleet["named"].pk)[0].status == "suspended"
    [event] = rows(actor, AuditEvent, service="toggle_sim_status")
    assert (event.face, event.who) == ("copilot", actor.name)


def test_the_terminal_says_where_a_request_waits(terminal, fleet):
    told = terminal("Suspend all SIMs using more than 5GB")
    assert "Suspend 3 SIMs" in told and "/approvals/" in told


def test_the_terminal_refuses_whom_it_does_not_know(database):
    from django.core.management import CommandError, call_command

    with pytest.raises(CommandError, match="nobody@example\\.com is not a member"):
        call_command("ask", "Hello", "--as", "nobody@example.com")


def test_a_process_of_its_own_answers_without_litellm(environment, actor, organisation, fleet):
    told = {**environment, "LOG_LEVEL": "error", "DJANGO_SETTINGS_MODULE": "iotsim.settings"}
    words = ["ask", "How many SIMs do I have?", "--as", actor.name, "--org", organisation.slug, "--json"]
    script = (
        "import sys, django; django.setup()\n"
        "from django.core.management import call_command\n"
        f"call_command(*{words!r})\n"
        "import iotsim.asgi\n"
        "assert 'litellm' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], env=told, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tools"][0]["name"] == "get_fleet_summary"
