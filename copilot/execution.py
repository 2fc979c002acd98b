"""One run from its row to its end: the loop with its model, its tools and its recorder."""

import asyncio
import json
import uuid
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from ag_ui.core import RunErrorEvent, RunFinishedEvent
from ag_ui.core.events import BaseEvent
from django.utils import timezone

from copilot import (
    agui,
    ledger,
    llm,
    loop,
    photo_steps,
    queue,
    resuming,
    spending,
    steps,
    stream,
    summary,
    taint,
    threads,
    tracing,
)
from copilot.acting import actor_of
from copilot.choice import Choice, choice_of
from copilot.context import PageContext, with_context
from copilot.deltas import Called
from copilot.history import Message, Turn, turns_of
from copilot.masking import Mask
from copilot.memory import keep, mask_of, memory_of
from copilot.meter import Meter
from copilot.models import ACTIVE, CallState, Run, RunState, ToolCall
from copilot.outcomes import outcomes_of
from copilot.planner.names import context_for
from copilot.prompt import system_message
from copilot.recorder import LeaseLost, OnEvent, Recorder, as_json
from copilot.stream import Entry, Writer
from copilot.tools import ToolResult, call, tools_for
from iotsim.core import metrics
from iotsim.core.actor import Actor, Face
from iotsim.core.actor import Run as GuardRun
from iotsim.core.errors import Denied
from iotsim.core.guard import in_thread
from iotsim.core.models import AuditEvent
from iotsim.core.slots import SlotContext
from iotsim.core.tenancy import tenant

log = structlog.get_logger(__name__)


GONE: Final = "gone"  # ended by somebody else, or taken by another runner
INTERRUPTED = "The copilot was interrupted; nothing was lost; ask again."
BROKEN = "The copilot broke down on an error of ours. What it had done is kept; ask again, or tell your administrator."


class Execution:
    """A run in this process. `stop` ends it; `run()` returns the state it ended in."""

    def __init__(
        self, organization_id: int, run_id: int, *, worker: str, writer: Writer, on_event: OnEvent | None = None
    ) -> None:
        self.organization_id, self.run_id, self.worker = organization_id, run_id, worker
        self.stop = asyncio.Event()
        self.begun = False  # from then on the lease is its own
        self.ending = False  # it gives its lease back by itself, or hears there that it has lost it
        self._writer, self._on_event = writer, on_event
        self._recorder: Recorder | None = None
        self.choice = Choice()  # which model answers, from the beginning of the run to its end
        self._mask: Mask | None = None
        self._meter: Meter | None = None
        self._trace: tracing.Trace

    async def run(self) -> str:
        """Answer the question. Raises LeaseLost when another runner has taken over."""
        begun = await in_thread(self._begin)
        if begun is None:
            return GONE
        self.begun = True
        with tracing.invoked(begun.run) as self._trace:
            return await self._answer(begun)

    async def _answer(self, begun: "Begun") -> str:
        run, actor = begun.run, begun.actor
        recorder = self._recorder = Recorder(
            run, worker=self.worker, writer=self._writer, next_seq=run.first_seq + 1, on_event=self._on_event
        )
        if isinstance(actor, Denied):
            return await self._finish(run, agui.failed(actor.sentence, "denied"))
        job: loop.Job | None = None
        try:
            await llm.ready(self.choice.model)
            if self.choice.masking:
                self._mask = await in_thread(mask_of, actor, self.choice, self._memory)
            slots = await in_thread(_names, actor) if self.choice.is_planner else SlotContext(today=_today(actor))
            job = self._job(run, actor, begun.messages, slots)
            if self._meter is not None:
                self._meter.step = int(begun.start.beginning.is_first_step)
                photo_steps.prepare(job, run, actor, self._meter, self._trace.streamed)
            steps.prepare(job, run, actor, begun.start)
            last = await self._follow(job, recorder)
        except LeaseLost:
            raise
        except Exception:
            await self._finish(run, agui.failed(BROKEN, "internal"), job)
            raise
        else:
            return await self._finish(run, last, job)
        finally:
            recorder.quiet()

    async def _follow(self, job: loop.Job, recorder: Recorder) -> BaseEvent:
        """Keep each event before the loop goes on. The last one is handed back, to be written with the run's end."""
        async with aclosing(loop.answer(job)) as events:
            async for event in events:
                if isinstance(event, RunFinishedEvent | RunErrorEvent):
                    return event
                await recorder.add(event)
        raise AssertionError("the loop ended without an end")

    def _begin(self) -> "Begun | None":
        """Take the row: from now on it runs, unless it is gone or was stopped before it began."""
        with tenant(self.organization_id):
            run = (
                Run.objects.select_for_update(of=("self",))
                .select_related("thread")
                .filter(pk=self.run_id, state__in=ACTIVE)
                .first()
            )
            if run is None or not queue.take(self.worker, self.run_id):
                queue.release(self.worker, self.run_id)
                return None
            run.state, run.worker, run.started_at = RunState.RUNNING.value, self.worker, timezone.now()
            self.choice = choice_of(run.organization_id)
            run.model = self.choice.model
            run.save(update_fields=["state", "worker", "started_at", "model"])
            if run.stop_asked:
                self.stop.set()
            turns, self._memory = _turns_until(run), memory_of(run)
            messages, summed_up = summary.history_of(turns, self._memory, planner=self.choice.is_planner)
            self._tainted = not self.choice.is_planner and (summed_up or taint.has_read_outside(run, turns))
            return Begun(run, _acting(run), messages, steps.start_of(run))

    def _job(self, run: Run, actor: Actor, messages: list[Message], slots: SlotContext) -> loop.Job:
        planner = self.choice.is_planner
        guard = GuardRun(id=f"copilot-{run.pk}", asked=True)
        known = PageContext.read(run.context)
        guard.tainted = self._tainted or known.is_guessed
        acting = actor.at(Face.COPILOT, run=guard, request_id=run.request_id or uuid.uuid4().hex)
        tools = [*tools_for(actor, planner=planner), *photo_steps.tools_of(known, planner=planner)]
        today = slots.today
        context = llm.ModelContext(today=today, slots=replace(slots, context=known))
        if not planner:
            messages = [system_message(actor, today=today), *with_context(messages, known)]
        meter = self._meter = Meter(
            run,
            actor.user_id or 0,
            self.choice,
            context,
            mask=self._mask,
            keep_mask=lambda: _keep_mask(run, self._mask),
        )

        async def propose(calls: Sequence[Called]) -> None:
            await in_thread(_propose, run, calls)

        async def carry_out(called: Called) -> ToolResult:
            assert self._recorder is not None
            await self._recorder.flush()  # what is going to be done stands in the rows before it is done
            await in_thread(ledger.begin, run.organization_id, run.pk, called.id)
            made = await call(acting, called, tools=tools, planner=planner, key=ledger.key_of(run.pk, called.id))
            await in_thread(ledger.settle, run.organization_id, run.pk, called.id, made)
            return made

        return loop.Job(
            run_id=run.pk,
            thread_id=run.thread_id,
            messages=messages,
            tools=tools,
            stream=self._trace.streamed(meter.stream),
            propose=propose,
            call=self._trace.called(carry_out),
            guard=guard,
            planner=planner,
            caps=self.choice.caps,
            stop=self.stop,
        )

    async def afterwards(self) -> None:
        """When the run is over: sum up what has become too long to be sent whole."""
        if self._meter is not None and not self.choice.is_planner:
            await summary.renew(self._meter, _read_turns)

    async def _finish(self, run: Run, last: BaseEvent, job: loop.Job | None = None) -> str:
        """The last event, the run's end and the release of its lease in one transaction."""
        recorder = self._recorder
        assert recorder is not None
        recorder.seq += 1
        entry = Entry(recorder.seq, recorder.seq, as_json(last))
        left = await recorder.close()
        self.ending = True
        state = await in_thread(self._end, run, [*left, entry], job)
        self._writer.append(stream.key_of(run.organization_id, run.thread_id), entry)
        if self._on_event is not None:
            self._on_event(entry.payload)
        if state == RunState.WAITING:  # what was decided while it still ran was heard by nobody
            await in_thread(resuming.look, run.organization_id, run.pk)
        return state

    def _end(self, run: Run, events: list[Entry], job: loop.Job | None) -> str:
        with tenant(run.organization_id):
            if self._recorder is not None:
                self._recorder.must_hold()
            ledger.cancel_proposed(run)
            usage = job.usage if job else []
            run.input_tokens = sum(one.input_tokens for one in usage)
            run.output_tokens = sum(one.output_tokens for one in usage)
            run.cost = job.cost if job else None
            run.model = usage[-1].model if usage else run.model
            state = threads.end_run(run, events, worker=self.worker)
        metrics.count(metrics.TOKENS, run.input_tokens, direction="in")
        metrics.count(metrics.TOKENS, run.output_tokens, direction="out")
        metrics.count(metrics.RUNS, state=state)
        return state


def _propose(run: Run, calls: Sequence[Called]) -> None:
    with tenant(run.organization_id):
        ledger.propose(run, calls)


@dataclass(frozen=True)
class Begun:
    """A run that was taken: as whom it acts, what was said before it, and what it begins with."""

    run: Run
    actor: Actor | Denied
    messages: list[Message]
    start: steps.Start


def _acting(run: Run) -> Actor | Denied:
    try:
        return actor_of(run)
    except Denied as error:
        return error


def _today(actor: Actor) -> date:
    return datetime.now(ZoneInfo(actor.time_zone)).date()


def _names(actor: Actor) -> SlotContext:
    """For the planner: their organisation's own names. A look-up of ours, not a call of its."""
    return context_for(actor.at(Face.WEB), today=_today(actor))


def _turns_until(run: Run) -> list[Turn]:
    """The conversation up to the question of a run that begins."""
    if run.first_seq > 1:
        return _turns(run)
    return [Turn(f"u{run.pk}", [{"role": "user", "content": run.question}])]


def _turns(run: Run) -> list[Turn]:
    """The conversation as turns, with what became of calls that waited for approval."""
    events = [one.payload for one in threads.events_until(run)]
    has_calls = any(one["type"] == "TOOL_CALL_START" for one in events)
    return turns_of(events, outcomes=outcomes_of(run.thread_id) if has_calls else None)


def _read_turns(run: Run) -> list[Turn]:
    with tenant(run.organization_id, read_only=True):
        return _turns(run)


def _keep_mask(run: Run, mask: Mask | None) -> None:
    if mask is not None:
        keep(run.organization_id, run.thread_id, placeholders=mask.values)


def end_interrupted(organization_id: int, run_id: int, *, worker: str) -> str:
    """End a run whose runner died: what the stream still holds is kept, and the reader is told what became of it."""
    with tenant(organization_id):
        run = Run.objects.select_for_update().filter(pk=run_id, state__in=ACTIVE).first()
        if run is None or not queue.holds(worker, run_id):
            queue.release(worker, run_id)
            return GONE
        known = max((one.seq for one in threads.events_of(run.thread_id, after=run.first_seq)), default=run.first_seq)
        saved = [one for one in stream.newest(organization_id, run.thread_id) if one.seq > known]
        ledger.cancel_proposed(run)
        spending.release(run.pk)
        closing = [_result_of(one) for one in ledger.close_interrupted(run)]
        closing.append(agui.failed(_what_was_done(run), "interrupted"))
        start = max([known, *(one.seq for one in saved)]) + 1
        last = [Entry(seq, seq, as_json(event)) for seq, event in enumerate(closing, start)]
        state = threads.end_run(run, [*saved, *last], worker=worker)
    stream.append(organization_id, run.thread_id, last)
    log.warning("copilot_run_interrupted", run=run_id)
    return state


def _result_of(row: ToolCall) -> BaseEvent:
    """What became of a call that was under way, as the ledger knows it by now."""
    content = json.dumps({"status": row.state, "sentence": row.sentence})
    undoable = AuditEvent.objects.filter(pk=row.event_id or 0, undo__isnull=False).exists()
    undo = row.event_id if undoable else None
    return agui.settled(row.tool_call_id, content, state=row.state, sentence=row.sentence, undo=undo)


def _what_was_done(run: Run) -> str:
    """The last word of an interrupted run; changes that were made before are named."""
    made = ToolCall.objects.filter(run=run, state=CallState.DONE, event_id__isnull=False).order_by("pk")
    done = [one.sentence for one in made if one.sentence]
    return f"The copilot was interrupted. Before that this was done: {' '.join(done)}" if done else INTERRUPTED
