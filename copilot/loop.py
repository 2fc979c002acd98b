"""The loop: question -> model -> tools -> model -> answer, as AG-UI events. Knows no socket and writes no row.

Whoever takes an event out of it has kept that event before the loop goes on: a tool runs only after its call was
written down.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from ag_ui.core import (
    RunFinishedCancelledOutcome,
    RunFinishedSuccessOutcome,
    RunStartedEvent,
    TextMessageContentEvent,
    TextMessageEndEvent,
    TextMessageStartEvent,
)
from ag_ui.core.events import BaseEvent, RunFinishedOutcome

from copilot import agui, llm
from copilot.deltas import Called, Calls, Delta, Usage
from copilot.history import has_read
from copilot.tools import AnyService, ToolResult
from iotsim.core.actor import Run as GuardRun
from iotsim.core.errors import IotsimError
from iotsim.core.wording import counted

PROTOCOL: Final = "1.0"
EMPTY: Final = "Your last answer was empty. Answer the person, or call a tool."

Stream = Callable[[Sequence[dict[str, Any]], Sequence[AnyService]], AsyncGenerator[Delta, None]]
CallTool = Callable[[Called], Awaitable[ToolResult]]
Closing = Callable[[], Awaitable[Sequence[BaseEvent]]]
Propose = Callable[[Sequence[Called]], Awaitable[None]]


class Stopped(Exception):
    """Somebody pressed stop."""


class Refused(IotsimError):
    """The run cannot go on; the sentence says why."""

    def __init__(self, sentence: str, *, code: str) -> None:
        super().__init__(sentence)
        self.kind = code


@dataclass(frozen=True)
class Caps:
    """The most that one run may take."""

    steps: int = 8
    calls: int = 20
    tokens: int = 400_000
    seconds: float = 120.0
    silence: float = 30.0  # without a word from the model
    corrections: int = 1
    chars: int = 100_000  # of one answer, with the arguments of its calls


@dataclass
class Job:
    """What a run works with. `guard` is what the guard knows of this run; `stop` is set to end it."""

    run_id: int
    thread_id: int
    messages: list[dict[str, Any]]
    tools: Sequence[AnyService]
    stream: Stream
    propose: Propose
    call: CallTool
    guard: GuardRun
    planner: bool
    caps: Caps = field(default_factory=Caps)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    opening: Sequence[BaseEvent] = ()  # what was decided since the run that this one goes on from
    closing: Closing | None = None  # what stands beneath a whole answer
    usage: list[Usage] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    made: int = 0  # tool calls so far
    corrected: int = 0
    steps: int = 0

    @property
    def tokens(self) -> int:
        return sum(one.input_tokens + one.output_tokens for one in self.usage)

    @property
    def cost(self) -> Decimal | None:
        """In US dollars; None as soon as one price is not known."""
        known = [one.cost for one in self.usage if one.cost is not None]
        return sum(known, Decimal(0)) if len(known) == len(self.usage) else None

    @property
    def seconds_left(self) -> float:
        return self.caps.seconds - (time.monotonic() - self.started)


@dataclass
class Reply:
    """One answer of the model, growing."""

    id: str
    text: str = ""
    calls: Calls = field(default_factory=Calls)
    finish: str = ""
    open: bool = False
    size: int = 0  # characters so far
    choices: dict[str, Any] | None = None  # what to choose from, when it asks back

    def message(self) -> dict[str, Any]:
        """As an OpenAI-style message."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text}
        if self.calls.found:
            message["tool_calls"] = [
                {"id": one.id, "type": "function", "function": {"name": one.name, "arguments": _safe(one)}}
                for one in self.calls.found
            ]
        return message


def _safe(called: Called) -> str:
    """Providers refuse arguments that are no JSON in what they are told of the past."""
    return called.arguments if called.arguments and called.read() is not None else "{}"


@dataclass
class Progress:
    """Where a run stands: what has to be closed when it ends in the middle, and how it ends."""

    reply: Reply | None = None
    open_calls: dict[str, Called] = field(default_factory=dict)
    outcome: RunFinishedOutcome | None = None  # set when the run is over
    error: tuple[str, str] | None = None  # sentence and code


async def answer(job: Job) -> AsyncGenerator[BaseEvent, None]:
    """Every event of one run, from RUN_STARTED to RUN_FINISHED or RUN_ERROR."""
    yield RunStartedEvent(thread_id=str(job.thread_id), run_id=str(job.run_id), protocol_version=PROTOCOL)
    for event in job.opening:
        yield event
    progress = Progress()
    try:
        while progress.outcome is None:
            async with aclosing(_step(job, progress)) as events:
                async for event in events:
                    yield event
    except Stopped:
        progress.outcome = RunFinishedCancelledOutcome()
    except IotsimError as error:
        progress.error = (error.sentence, getattr(error, "kind", error.code))
    for event in _close(progress):
        yield event
    if job.closing is not None and isinstance(progress.outcome, RunFinishedSuccessOutcome):
        for event in await job.closing():
            yield event
    if progress.error is not None:
        yield agui.failed(*progress.error, usage=job.usage)
    else:
        yield agui.finished(job.thread_id, job.run_id, progress.outcome, usage=job.usage)


async def _step(job: Job, progress: Progress) -> AsyncGenerator[BaseEvent, None]:
    """One answer of the model, and the tools that it asks for."""
    reply = progress.reply = _next_reply(job)
    async with aclosing(_listen(job, reply)) as events:
        async for event in events:
            yield event
    calls = reply.calls.found
    if not calls:
        if _must_answer_again(job, reply):
            return
        progress.outcome = RunFinishedSuccessOutcome()
        return
    _take(job, calls)
    await job.propose(calls)
    progress.open_calls = {one.id: one for one in calls}
    for called in calls:
        for event in agui.call(called, title=_title(job, called), message_id=reply.id):
            yield event
    results: list[ToolResult] = []
    for called in calls:
        _check(job)
        results.append(await job.call(called))
        progress.open_calls.pop(called.id)
        job.messages.append({"role": "tool", "tool_call_id": called.id, "content": results[-1].content})
        for event in agui.result(called, results[-1]):
            yield event
    if any(one.state == "awaiting_approval" for one in results):
        progress.outcome = agui.interrupt(calls, results)
        for event in agui.waiting(results, message_id=f"{reply.id}-s"):
            yield event
    else:
        _judge(job, results)


def _close(progress: Progress) -> list[BaseEvent]:
    """What was open when the run ended: a text is over, a call is cancelled."""
    reply = progress.reply
    texts = [TextMessageEndEvent(message_id=reply.id)] if reply is not None and reply.open else []
    return [*texts, *(agui.cancelled(called) for called in progress.open_calls.values())]


def _next_reply(job: Job) -> Reply:
    _check(job)
    if job.steps >= job.caps.steps:
        raise Refused(
            f"This took more than {counted(job.caps.steps, 'step')}, so it was ended. Ask for a part of it.",
            code="steps",
        )
    if job.tokens > job.caps.tokens:
        raise Refused(
            f"This took more than {job.caps.tokens:,} tokens, so it was ended. Ask for a part of it.",
            code="tokens",
        )
    job.steps += 1
    if not job.planner and has_read(job.messages):
        job.guard.tainted = True
    return Reply(f"m{job.run_id}-{job.steps}")


def _check(job: Job) -> None:
    """Between chunks and before each tool."""
    if job.stop.is_set():
        raise Stopped
    if job.seconds_left <= 0:
        raise Refused(
            f"This took longer than {job.caps.seconds:.0f} seconds, so it was ended. What was done until then is kept.",
            code="time",
        )


async def _listen(job: Job, reply: Reply) -> AsyncGenerator[BaseEvent, None]:
    """Take in the model's answer, handing its text on."""
    deltas = job.stream(job.messages, job.tools)
    try:
        async for delta in _watched(job, deltas):
            _measure(job, reply, delta)
            if delta.text:
                if not reply.open:
                    reply.open = True
                    by = {"model": delta.model} if delta.model else None
                    yield TextMessageStartEvent(message_id=reply.id, role="assistant", metadata=by)
                yield TextMessageContentEvent(
                    message_id=reply.id, delta=delta.text, metadata={"offset": len(reply.text)}
                )
                reply.text += delta.text
            for part in delta.calls:
                reply.calls.add(part)
            if delta.usage:
                job.usage.append(delta.usage)
            reply.finish = delta.finish or reply.finish
            reply.choices = delta.choices or reply.choices
    finally:
        await deltas.aclose()
    if reply.open:
        reply.open = False
        yield TextMessageEndEvent(message_id=reply.id)
    if reply.choices:
        yield agui.asked_back(reply.choices, message_id=reply.id)
    _name(job, reply)
    job.messages.append(reply.message())


def _measure(job: Job, reply: Reply, delta: Delta) -> None:
    """A model that never ends is ended."""
    reply.size += len(delta.text) + sum(16 + len(one.id) + len(one.name) + len(one.arguments) for one in delta.calls)
    if reply.size > job.caps.chars:
        raise Refused(
            f"The answer became longer than {job.caps.chars:,} characters, so it was ended. Ask for a part of it.",
            code="length",
        )


async def _watched(job: Job, deltas: AsyncGenerator[Delta, None]) -> AsyncIterator[Delta]:
    """The deltas, until somebody stops the run, the model falls silent or time is up."""
    stop = asyncio.ensure_future(job.stop.wait())
    try:
        while True:
            _check(job)
            following = asyncio.ensure_future(anext(deltas, None))
            wait = min(job.caps.silence, job.seconds_left)
            await asyncio.wait({following, stop}, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                following.cancel()
                await asyncio.wait({following})
                _check(job)
                raise llm.ModelFailed(
                    f"The model was silent for {job.caps.silence:.0f} seconds, so it was ended. Ask again, or later.",
                    kind="silence",
                )
            delta = following.result()
            if delta is None:
                return
            yield delta
    finally:
        stop.cancel()


def _name(job: Job, reply: Reply) -> None:
    """Ids of our own: providers repeat theirs or leave them out."""
    for number, called in enumerate(reply.calls.found):
        called.id, called.name = f"c{job.run_id}-{job.steps}-{number}", called.name[:80]


def _title(job: Job, called: Called) -> str:
    return next((one.title for one in job.tools if one.name == called.name), called.name)


def _take(job: Job, calls: Sequence[Called]) -> None:
    job.made += len(calls)
    if job.made > job.caps.calls:
        raise Refused(
            f"This needed more than {counted(job.caps.calls, 'call')} of tools, so it was ended. Ask for a part of it.",
            code="calls",
        )


def _judge(job: Job, results: Sequence[ToolResult]) -> None:
    """Arguments that could not be read get one more try."""
    bad = next((one for one in results if one.unreadable), None)
    if bad is None or job.planner:
        return
    job.corrected += 1
    if job.corrected > job.caps.corrections:
        raise Refused(
            f"The model could not say what to do in a form that can be run: {bad.sentence} Put it in other words.",
            code="arguments",
        )


def _must_answer_again(job: Job, reply: Reply) -> bool:
    """An answer without a word gets one more try, one that was cut off none. Raises Refused when it stays so."""
    if job.planner:
        return False
    if reply.finish == "length":
        raise Refused(
            "The answer was cut off: it reached the most that one answer may have. Ask for a part of it.", code="length"
        )
    if reply.text.strip():
        return False
    job.corrected += 1
    if job.corrected > job.caps.corrections:
        raise Refused("The model answered nothing, twice. Put it in other words.", code="empty")
    job.messages[-1] = {"role": "system", "content": EMPTY}
    return True
