"""Asking in this process: the real loop, guard, ledger and recorder, without a second process."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from django.db import connection
from django.utils import timezone

from copilot import queue, threads
from copilot.models import QueuedRun, Run, RunEvent, ToolCall
from copilot.runner import Runner
from iotsim.core.actor import Actor
from iotsim.core.guard import in_thread
from iotsim.core.tenancy import tenant


class Told:
    """What came of a question."""

    def __init__(self, asked: threads.Asked, events: list[dict[str, Any]], state: str) -> None:
        self.thread_id, self.run_id, self.events, self.state = asked.thread_id, asked.run_id, events, state

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.events if one["type"] == kind]

    @property
    def answer(self) -> str:
        return "".join(one["delta"] for one in self.of("TEXT_MESSAGE_CONTENT")).strip()

    @property
    def calls(self) -> list[tuple[str, str]]:
        """(name, state) of each call, in order."""
        states = {one["toolCallId"]: one["metadata"]["state"] for one in self.of("TOOL_CALL_RESULT")}
        return [(one["toolCallName"], states.get(one["toolCallId"], "")) for one in self.of("TOOL_CALL_START")]

    @property
    def error(self) -> str:
        return "".join(one["message"] for one in self.of("RUN_ERROR"))


async def ask(actor: Actor, text: str, *, on_event: Any = None, **options: Any) -> Told:
    """Ask (as threads.ask does, with its options), and carry the run out to its end."""
    return await _carried_out(actor, partial(threads.ask, actor, text=text, **options), on_event)


async def again(actor: Actor, run_id: int) -> Told:
    """Have an answer given anew, and carry the run out to its end."""
    return await _carried_out(actor, partial(threads.again, actor, run_id), None)


async def _carried_out(actor: Actor, begin: Callable[..., threads.Asked], on_event: Any) -> Told:
    runner, events = Runner(), []

    def hear(event: dict[str, Any]) -> None:
        events.append(event)
        if on_event is not None:
            on_event(event, runner)

    asked = await in_thread(begin, worker=runner.worker)
    state = await runner.carry_out_one(actor.organization_id, asked.run_id, hear)
    return Told(asked, events, state)


async def go_on(actor: Actor, before: int) -> Told:
    """Carry out the run that goes on after `before`, which was queued by whoever heard of the last decision."""
    [run] = rows(actor, Run, resumes=before)
    return await carry_out(actor, threads.Asked(run.thread_id, run.pk, run.first_seq))


async def carry_out(actor: Actor, asked: threads.Asked) -> Told:
    """Carry out a run that waits in the queue."""
    runner, events = Runner(), list[dict[str, Any]]()
    await in_thread(_hold, asked.run_id, runner.worker)
    state = await runner.carry_out_one(actor.organization_id, asked.run_id, events.append)
    return Told(asked, events, state)


def _hold(run_id: int, worker: str) -> None:
    QueuedRun.objects.filter(run_id=run_id).update(worker=worker, lease_until=timezone.now() + queue.LEASE)


def rows(actor: Actor, model: Any, **which: Any) -> list[Any]:
    """Committed rows, oldest first; read on another thread, since the test's own runs a loop."""

    def read() -> list[Any]:
        try:
            with tenant(actor.organization_id):
                return list(model.objects.filter(**which).order_by("pk"))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(read).result()


def run_of(actor: Actor, told: Told) -> Run:
    return rows(actor, Run, pk=told.run_id)[0]


def kept_events(actor: Actor, told: Told) -> list[RunEvent]:
    return rows(actor, RunEvent, run_id=told.run_id)


def ledger_of(actor: Actor, told: Told) -> list[ToolCall]:
    return rows(actor, ToolCall, run_id=told.run_id)
