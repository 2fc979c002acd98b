"""The runner: one asyncio process that takes runs out of the queue and carries each out as a task.

It is woken by an order and looks by itself every two seconds. Its leases are kept while it lives; what a dead runner
held is ended with a clear message by the next one.
"""

import asyncio
import contextlib
import uuid
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import DatabaseError

from copilot import llm, queue, stream
from copilot.execution import GONE, Execution, end_interrupted
from copilot.models import Run
from copilot.queue import Claim
from copilot.recorder import LeaseLost, OnEvent
from iotsim.core.guard import in_thread
from iotsim.core.tenancy import tenant

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 2.0
BEAT_SECONDS: Final = 2.0
SECONDS_TO_FINISH: Final = 3.0
AT_ONCE: Final = 10  # runs claimed in one go


class Runner:
    """Takes and carries out runs until `stop()`."""

    def __init__(self) -> None:
        self.worker = str(uuid.uuid4())
        self._woken = asyncio.Event()
        self._behind = True  # there may be runs that wait longer than the next one
        self._stopping = False
        self._writer = stream.Writer()
        self._running: dict[int, tuple[Execution, asyncio.Task[Any]]] = {}
        self._afterwards: set[asyncio.Task[None]] = set()  # what runs that are over leave to be done

    def stop(self) -> None:
        """Take nothing new; what runs gets a moment to finish."""
        self._stopping = True
        self._woken.set()

    def stop_runs(self) -> None:
        """End what runs, like its reader pressing Stop."""
        for execution, _ in self._running.values():
            execution.stop.set()

    async def serve(self) -> None:
        """Work until stopped."""
        helpers = [
            asyncio.create_task(self._hear(), name="copilot-orders"),
            asyncio.create_task(self._beat(), name="copilot-leases"),
        ]
        log.info("copilot_runner_started", worker=self.worker, model=llm.model_name())
        try:
            while not self._stopping:
                self._woken.clear()
                if not await self._take():
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._woken.wait(), LOOK_SECONDS)
        finally:
            await self._finish()
            for helper in helpers:
                helper.cancel()
            await asyncio.wait(helpers)
            await self._writer.close()

    async def carry_out_one(self, organization_id: int, run_id: int, on_event: OnEvent) -> str:
        """Carry out a run that was queued in our name (the terminal's). Returns the state it ended in."""
        execution = Execution(organization_id, run_id, worker=self.worker, writer=self._writer, on_event=on_event)
        beat = asyncio.create_task(self._beat(), name="copilot-leases")
        task = asyncio.create_task(execution.run(), name=f"copilot-run-{run_id}")
        self._running[run_id] = (execution, task)
        try:
            state = await task
            await execution.afterwards()
            return state
        finally:
            del self._running[run_id]
            beat.cancel()
            await asyncio.wait({beat})
            await self._writer.close()

    async def _take(self) -> bool:
        """Claim what is free; True when there may be more."""
        room = settings.COPILOT_RUNS_AT_ONCE - len(self._running)
        self._behind = True
        if room <= 0:
            return False
        most = min(room, AT_ONCE)
        try:
            claims = await in_thread(queue.claim, self.worker, most=most)
        except DatabaseError as error:
            log.warning("copilot_queue_away", error=str(error))
            return False
        for one in claims:
            self._start(one)
        self._behind = len(claims) == most
        return self._behind

    def _start(self, one: Claim) -> None:
        if one.run_id in self._running:
            return
        execution = Execution(one.organization_id, one.run_id, worker=self.worker, writer=self._writer)
        task = asyncio.create_task(self._carry_out(one, execution), name=f"copilot-run-{one.run_id}")
        self._running[one.run_id] = (execution, task)
        task.add_done_callback(lambda done: self._over(one.run_id, done))

    async def _carry_out(self, one: Claim, execution: Execution) -> None:
        with structlog.contextvars.bound_contextvars(run=one.run_id, organization=one.organization_id):
            if one.interrupted:
                await in_thread(end_interrupted, one.organization_id, one.run_id, worker=self.worker)
                return
            try:
                state = await execution.run()
            except LeaseLost:
                log.warning("copilot_lease_lost")
                return
            if state == GONE:
                return
            log.info("copilot_run_over", state=state)
            task = asyncio.create_task(execution.afterwards(), name=f"copilot-after-{one.run_id}")
            self._afterwards.add(task)
            task.add_done_callback(self._afterwards_over)

    def _afterwards_over(self, task: asyncio.Task[None]) -> None:
        self._afterwards.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("copilot_afterwards_broke_down", exc_info=error)

    def _over(self, run_id: int, task: asyncio.Task[None]) -> None:
        self._running.pop(run_id, None)
        self._woken.set()
        if not task.cancelled() and (error := task.exception()):
            log.error("copilot_run_broke_down", run=run_id, exc_info=error)

    async def _hear(self) -> None:
        async for order in stream.orders():
            if order["word"] == "wake":
                self._hear_of(order)
            elif order["word"] == "stop" and order["run"] in self._running:
                self._running[order["run"]][0].stop.set()

    def _hear_of(self, order: dict[str, Any]) -> None:
        """A run to take. When no other waits it is begun at once, and taken as it begins."""
        if "run" in order and not self._behind and len(self._running) < settings.COPILOT_RUNS_AT_ONCE:
            self._start(Claim(order["organization"], order["run"], interrupted=False))
        else:
            self._woken.set()

    async def _beat(self) -> None:
        """Keep the leases, drop what was lost, and look for stops whose order did not arrive."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            if not self._running:
                continue
            mine = dict(self._running)
            begun = {run_id for run_id, (execution, _) in mine.items() if execution.begun}
            try:
                held = await in_thread(queue.keep, self.worker, list(mine))
                stopped = await in_thread(_stopped, [(e.organization_id, run) for run, (e, _) in mine.items()])
            except DatabaseError as error:
                log.warning("copilot_queue_away", error=str(error))
                continue
            for run_id, (execution, task) in mine.items():
                if run_id in stopped:
                    execution.stop.set()
                if run_id in begun - held and run_id in self._running and not execution.ending:
                    task.cancel()

    async def _finish(self) -> None:
        """Let what runs come to its end; what does not is stopped like by its reader."""
        for seconds, stop in ((SECONDS_TO_FINISH, False), (SECONDS_TO_FINISH / 2, True)):
            tasks = [task for _, task in self._running.values()]
            if stop:
                self.stop_runs()
            if tasks:
                await asyncio.wait(tasks, timeout=seconds)
        for task in self._afterwards:
            task.cancel()
        if self._afterwards:
            await asyncio.wait(set(self._afterwards))


def _stopped(runs: list[tuple[int, int]]) -> set[int]:
    """Which of these (organisation, run) were asked to stop."""
    found: set[int] = set()
    by_organization: dict[int, list[int]] = {}
    for organization_id, run_id in runs:
        by_organization.setdefault(organization_id, []).append(run_id)
    for organization_id, ids in by_organization.items():
        with tenant(organization_id, read_only=True):
            found.update(Run.objects.filter(pk__in=ids, stop_asked=True).values_list("pk", flat=True))
    return found
