"""Runs that are cut short: a runner that is killed or ended. Real processes, a real provider."""

import asyncio
import os
import signal
import time

import pytest
from django.utils import timezone

from copilot import threads
from copilot.models import QueuedRun, Run, RunEvent, ToolCall
from iotsim.core.guard import in_thread
from iotsim.core.models import AuditEvent
from sims.models import Sim
from tests.copilot.page import Page
from tests.copilot.provider import Reply, call_tools, delta, finish, say, usage
from tests.copilot.running import rows

LONG = " ".join(f"w{number}" for number in range(60))


@pytest.fixture
def started(start_runner, provider):
    """started(): a runner whose model is at the provider."""

    def start():
        return start_runner(
            COPILOT_MODEL="openai/gpt-4o-mini", COPILOT_API_BASE=provider.base, OPENAI_API_KEY="sk-test"
        )

    return start


def kill(child):
    """As the kernel would: no last words."""
    os.kill(child.pid, signal.SIGKILL)
    child.wait()


def lease_has_run_out():
    QueuedRun.objects.update(lease_until=timezone.now())


async def test_a_killed_runner_s_run_is_ended_clearly_and_what_it_said_is_kept(
    web, page, provider, started, start_runner, owner
):
    first = started()
    provider.script("Die in the middle", say(LONG, pause=0.05))
    async with page:
        await page.ask("Die in the middle")
        await page.until(lambda one: "w10 " in one.text)
        kill(first)
        await asyncio.sleep(0.3)
        seen = page.text
        await in_thread(lease_has_run_out)
        start_runner()
        await page.until(lambda one: "The copilot was interrupted; nothing was lost; ask again." in one.text)
        assert not page.running and page.status == "Not answered"
    async with Page(web, page.session) as reloaded:
        await reloaded.until(lambda one: "interrupted" in one.text)
        words = [word for word in seen.split() if word.startswith("w") and word[1:].isdigit()]
        assert words and words[-1] in reloaded.text
    [run] = rows(owner, Run)
    assert run.state == "failed"
    assert await in_thread(QueuedRun.objects.filter(run_id=run.pk).count) == 0
    numbers = [one.seq for one in rows(owner, RunEvent)]
    assert numbers == sorted(set(numbers))


async def test_no_tool_runs_twice_when_the_runner_is_killed_after_it(
    page, provider, started, start_runner, owner, fleet
):
    first = started()
    act = call_tools(("toggle_sim_status", {"sim": "3456", "action": "suspend"}))
    provider.script("Act and die", act, Reply([delta(content="Now I"), 30.0, finish(), usage()]))
    async with page:
        await page.ask("Act and die")
        await page.until(lambda one: "Now I" in one.text)
        kill(first)
        await in_thread(lease_has_run_out)
        start_runner()
        await page.until(lambda one: "The copilot was interrupted. Before that this was done: SIM" in one.text)
        assert "/act/undo_call/" in "".join(page.log.values())
    assert len(rows(owner, AuditEvent, service="toggle_sim_status")) == 1
    assert rows(owner, Sim, pk=fleet["named"].pk)[0].status == "suspended"
    assert [one.state for one in rows(owner, ToolCall)] == ["done"]


@pytest.mark.parametrize("committed", [True, False])
async def test_a_call_under_way_when_the_runner_died_is_told_as_it_really_ended(owner, fleet, committed):
    """The guard's idempotency key commits with the change itself, so it tells whether the change was made."""
    from copilot import ledger, queue
    from copilot.deltas import Called
    from copilot.execution import end_interrupted
    from iotsim.core import registry
    from iotsim.core.actor import Face
    from iotsim.core.actor import Run as GuardRun
    from iotsim.core.tenancy import tenant

    def die_in_the_middle():
        asked = threads.ask(owner, text="Suspend 3456", worker="dead")
        run = Run(pk=asked.run_id, organization_id=owner.organization_id, thread_id=asked.thread_id)
        with tenant(owner.organization_id):
            ledger.propose(run, [Called("c1", "toggle_sim_status")])
        ledger.begin(owner.organization_id, run.pk, "c1")
        if committed:
            machine = owner.at(Face.COPILOT, run=GuardRun(id=f"copilot-{run.pk}", asked=True))
            raw = {"sim": "3456", "action": "suspend"}
            registry.get("toggle_sim_status").call(machine, raw, idempotency_key=ledger.key_of(run.pk, "c1"))
        QueuedRun.objects.filter(run_id=run.pk).update(lease_until=timezone.now())
        claims = [one for one in queue.claim("next", most=10) if one.run_id == run.pk]
        assert [one.interrupted for one in claims] == [True]
        return end_interrupted(owner.organization_id, run.pk, worker="next")

    assert await in_thread(die_in_the_middle) == "failed"
    [call] = rows(owner, ToolCall)
    last = rows(owner, RunEvent)[-1].payload
    if committed:
        assert call.state == "done" and call.event_id == rows(owner, AuditEvent, service="toggle_sim_status")[0].pk
        assert "Before that this was done" in last["message"]
    else:
        assert call.state == "failed"
        assert last["message"] == "The copilot was interrupted; nothing was lost; ask again."


async def test_a_call_cannot_be_begun_twice(owner, fleet):
    from copilot import ledger
    from copilot.deltas import Called
    from iotsim.core.tenancy import tenant

    def twice():
        asked = threads.ask(owner, text="x", worker="me")
        run = Run(pk=asked.run_id, organization_id=owner.organization_id, thread_id=asked.thread_id)
        with tenant(owner.organization_id):
            ledger.propose(run, [Called("c1", "find_sims")])
        ledger.begin(owner.organization_id, run.pk, "c1")
        with pytest.raises(ledger.IllegalMove):
            ledger.begin(owner.organization_id, run.pk, "c1")

    await in_thread(twice)


async def test_a_runner_ends_soon_after_sigterm_and_tells_whom_it_leaves(page, provider, started):
    child = started()
    provider.script("Too long", say(LONG * 40, pause=0.05))
    async with page:
        await page.ask("Too long")
        await page.until(lambda one: "w5 " in one.text)
        child.terminate()
        await asyncio.to_thread(child.wait, 30)  # the whole answer would take longer
        await page.until(lambda one: one.status == "Stopped")


async def test_two_runners_share_the_work_and_never_a_run(page, provider, started, owner):
    for _ in range(2):
        started()
    actors = [owner]
    asked = []
    for number in range(6):
        provider.script(f"Share {number}", say(f"answer {number}", pause=0.05))
        asked.append(await in_thread(threads.ask, actors[0], text=f"Share {number}"))
    end = time.monotonic() + 60
    while any(one.state in ("queued", "running") for one in rows(owner, Run)) and time.monotonic() < end:
        await asyncio.sleep(0.1)
    assert {one.state for one in rows(owner, Run)} == {"done"}
    assert all(len(provider.asked(f"Share {number}")) == 1 for number in range(6))


async def test_without_a_runner_the_person_is_told_and_can_stop(page, owner):
    async with page:
        await page.ask("Is anybody there?")
        await page.until(lambda one: "Is anybody there?" in one.text and one.running)
        await page.until(lambda one: "has not begun yet" in one.status, seconds=16)
        await page.say(type="stop")
        await page.until(lambda one: one.status == "Stopped" and not one.running)
    assert rows(owner, Run)[0].state == "stopped"
    assert await in_thread(QueuedRun.objects.filter(run_id=rows(owner, Run)[0].pk).count) == 0
