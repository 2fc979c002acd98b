"""Photos in a run: those without a readable bar code are looked at first, as a call of `read_photo` like any other.

The call stands in the ledger, the log and the conversation, so what is read there counts as text from outside from
then on. The model is asked here, before the service, which only tells what is kept and waits for no network.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from typing import Any, Final

import structlog
from django.conf import settings

from copilot import photo_text, photos
from copilot.attachments import readers
from copilot.deltas import Called, CallPart, Delta
from copilot.loop import Job, Stream
from copilot.meter import Meter
from copilot.models import Run
from copilot.tools import AnyService, ToolResult
from iotsim.core import registry
from iotsim.core.actor import Actor
from iotsim.core.errors import IotsimError, NotFound
from iotsim.core.guard import in_thread
from iotsim.core.page_context import PageContext

log = structlog.get_logger(__name__)

TOOL: Final = "read_photo"


def tools_of(context: PageContext, *, planner: bool) -> list[AnyService]:
    """The tool that reads photos, for a real model in a conversation that has some."""
    has_photos = any(one.kind == "photo" for one in context.attached)
    return [registry.get(TOOL)] if has_photos and not planner else []


def prepare(job: Job, run: Run, actor: Actor, meter: Meter, through: Callable[[Stream], Stream]) -> None:
    """Put around the loop what photos need; called once. `through` puts model calls into the trace."""
    context = PageContext.read(run.context)
    if not tools_of(context, planner=job.planner):
        return
    numbers = photos.to_read(context) if run.resumes is None else []
    if numbers:
        job.stream = _begun(job.stream, actor, meter, numbers)
    _around_calls(job, run, actor, meter, through)


def _begun(usual: Stream, actor: Actor, meter: Meter, numbers: Sequence[int]) -> Stream:
    """The model's place in its first step is taken: it is asked when the photos are read.

    Where they may not be read, the answer says so itself and leaves it to no model.
    """
    begun = False

    async def stream(messages: Sequence[dict[str, Any]], tools: Sequence[AnyService]) -> AsyncGenerator[Delta, None]:
        nonlocal begun
        if not begun:
            begun = True
            meter.step += 1  # steps count answers, and this is one
            parts = [
                CallPart(index=place, name=TOOL, arguments=f'{{"attachment": {one}}}')
                for place, one in enumerate(numbers)
            ]
            yield Delta(text=await _why_not(actor, meter, numbers), calls=parts, finish="tool_calls")
            return
        async with aclosing(usual(messages, tools)) as deltas:
            async for delta in deltas:
                yield delta

    return stream


async def _why_not(actor: Actor, meter: Meter, numbers: Sequence[int]) -> str:
    """Why no photo of the question may be read by the model, as the answer says it; empty when they may or were."""
    why = await asyncio.to_thread(photo_text.why_not, meter.choice)
    if not why:
        return ""
    unread = await in_thread(photos.are_unread, actor, numbers)
    return f"The text on the photo was not read. {why}" if unread else ""


def _around_calls(job: Job, run: Run, actor: Actor, meter: Meter, through: Callable[[Stream], Stream]) -> None:
    usual = job.call

    async def call(called: Called) -> ToolResult:
        if called.name != TOOL:
            return await usual(called)
        await _look(job, run, actor, meter, through, (called.read() or {}).get("attachment"))
        made = await usual(called)
        made.summary = _short(made)
        return made

    job.call = call


async def _look(
    job: Job, run: Run, actor: Actor, meter: Meter, through: Callable[[Stream], Stream], number: Any
) -> None:
    """Have a photo read that was not read yet, and keep what came of it. What is no photo the service refuses."""
    if not isinstance(number, int):
        return
    try:
        photo = await in_thread(photos.photo_of, actor, run, number)
    except IotsimError:
        return
    if photo.is_read:
        return
    try:
        if why := await asyncio.to_thread(photo_text.why_not, meter.choice):
            raise photo_text.NotRead(why)
        jpeg = await asyncio.get_running_loop().run_in_executor(readers(), photos.jpeg_of, photo)
        seconds = min(float(settings.COPILOT_SILENCE_SECONDS), job.seconds_left)
        read, own, usage = await photo_text.read_text(meter, jpeg, through=through, stop=job.stop, seconds=seconds)
    except IotsimError as error:
        log.info("copilot_photo_not_read", run=run.pk, reason=error.sentence)
        with suppress(NotFound):  # taken away meanwhile: the service says so
            await in_thread(photos.keep_failure, actor, number, error.sentence)
        return
    meter.tokens += own.tokens
    if usage is not None:
        job.usage.append(usage)
    with suppress(NotFound):
        await in_thread(photos.keep_read, actor, number, read)


def _short(made: ToolResult) -> str:
    """What the quiet line says: the SIMs, which are what was looked for; else the whole sentence."""
    sims = json.loads(made.content).get("sims", [])
    return ", ".join(one["label"] or f"...{one['iccid'][-4:]}" for one in sims) or made.sentence
