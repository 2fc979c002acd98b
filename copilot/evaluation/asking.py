"""Asking one case, turn by turn: the real loop, guard, ledger and recorder, in this process."""

import asyncio
import time
from typing import Any

from django.db import connection

from copilot import queue, threads
from copilot.evaluation.cases import Case, Turn
from copilot.evaluation.checking import Assertion, Heard, Made, check
from copilot.evaluation.sandbox import changes_since
from copilot.models import QueuedRun
from copilot.runner import Runner
from iotsim.core import registry
from iotsim.core.actor import Actor
from iotsim.core.errors import IotsimError
from iotsim.core.guard import in_thread


async def ask_case(actor: Actor, case: Case) -> list[tuple[Heard, list[Assertion]]]:
    """Every turn of the case with what came of it, up to the first that could not even be asked."""
    thread_id: int | None = None
    found: list[tuple[Heard, list[Assertion]]] = []
    for turn in case.turns:
        heard = Heard(turn.ask)
        try:
            thread_id = await _ask(actor, turn, thread_id, heard)
        except IotsimError as error:
            heard.state, heard.error = "refused", error.sentence
        found.append((heard, check(turn, heard)))
        await _decide(actor, turn, heard)
    return found


async def _ask(actor: Actor, turn: Turn, thread_id: int | None, heard: Heard) -> int:
    runner, listener = Runner(), Listener(heard)
    asked = await in_thread(threads.ask, actor, text=turn.ask, thread_id=thread_id, worker=runner.worker)
    heard.run_id, started = asked.run_id, time.monotonic()
    heard.state = await runner.carry_out_one(actor.organization_id, asked.run_id, listener.take_in)
    heard.duration_ms = round((time.monotonic() - started) * 1000)
    heard.changes = await in_thread(changes_since, actor.organization_id, 0, run=f"copilot-{asked.run_id}")
    return asked.thread_id


async def _decide(actor: Actor, turn: Turn, heard: Heard) -> None:
    """The person's click on every card; what goes on after it is carried out here and by no other runner."""
    if not turn.decide:
        return
    runner = Runner()
    for run_id in await asyncio.to_thread(_click, actor, turn.decide, heard.waiting, runner.worker):
        await runner.carry_out_one(actor.organization_id, run_id, lambda event: None)


def _click(actor: Actor, decision: str, approvals: list[int], worker: str) -> list[int]:
    """Decide; the runs that go on after it."""
    try:
        with queue.taken_by(worker):
            for number in approvals:
                registry.get(f"{decision}_call").call(actor, {"approval": number})
        return list(QueuedRun.objects.filter(worker=worker).order_by("pk").values_list("run_id", flat=True))
    finally:
        connection.close()


class Listener:
    """Takes in a run's events."""

    def __init__(self, heard: Heard) -> None:
        self.heard = heard
        self._by_id: dict[str, Made] = {}

    def take_in(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "TEXT_MESSAGE_START":
                self.heard.answer += "\n\n" if self.heard.answer else ""
            case "TEXT_MESSAGE_CONTENT":
                self.heard.answer += event["delta"]
            case "TOOL_CALL_START":
                made = self._by_id[event["toolCallId"]] = Made(event["toolCallName"], "")
                self.heard.calls.append(made)
            case "TOOL_CALL_ARGS":
                self._by_id[event["toolCallId"]].arguments += event["delta"]
            case "TOOL_CALL_RESULT":
                self._settle(self._by_id[event["toolCallId"]], event)
            case "CUSTOM" if event["name"] == "approval" and event["value"]["state"] == "pending":
                self.heard.waiting.append(event["value"]["id"])
            case "RUN_ERROR":
                self.heard.error = event["message"]

    def _settle(self, made: Made, event: dict[str, Any]) -> None:
        facts = event.get("metadata") or {}
        made.state, made.result = facts.get("state", ""), event["content"]
        made.duration_ms = facts.get("duration_ms") or 0
