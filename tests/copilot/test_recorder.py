"""A run's events are in the rows or handed over to be written with its end, whatever the clock was doing."""

import asyncio
import threading

import pytest
from ag_ui.core.events import TextMessageContentEvent

from copilot import threads
from copilot.models import QueuedRun, Run, RunEvent
from copilot.recorder import Recorder
from copilot.stream import Writer
from iotsim.core.guard import in_thread
from iotsim.core.tenancy import tenant
from tests.copilot.running import rows

WORKER = "recorder-of-the-test"


@pytest.fixture
async def recorder(actor, organisation):
    """A recorder of a run that this test's worker holds."""
    asked = await in_thread(threads.ask, actor, text="How many SIMs do I have?", thread_id=None, worker=WORKER)
    [run] = rows(actor, Run, pk=asked.run_id)
    writer = Writer()
    yield Recorder(run, worker=WORKER, writer=writer, next_seq=run.first_seq + 1)
    await writer.close()


@pytest.fixture
async def busy_database(actor, recorder):
    """busy_database() lets go of the run's row, which somebody else has held until then."""
    held, let_go = threading.Event(), threading.Event()

    def hold():
        with tenant(actor.organization_id):
            list(QueuedRun.objects.select_for_update().filter(run_id=recorder.run.pk))
            held.set()
            let_go.wait(20)

    holding = asyncio.create_task(in_thread(hold))
    while not held.is_set():
        await asyncio.sleep(0.01)
    yield let_go.set
    let_go.set()
    await holding


async def say(recorder, *words):
    for word in words:
        await recorder.add(TextMessageContentEvent(message_id="m", delta=word))


def kept(actor, recorder):
    payloads = [one.payload for one in rows(actor, RunEvent, run_id=recorder.run.pk)]
    return [one["delta"] for one in payloads if one.get("messageId") == "m"]


async def test_the_end_waits_for_a_flush_that_is_under_way(actor, recorder, busy_database):
    await say(recorder, "one ", "two")
    while recorder._pending:  # until the clock has taken them
        await asyncio.sleep(0.01)
    ending = asyncio.create_task(recorder.close())
    assert await asyncio.wait({ending}, timeout=0.3) == (set(), {ending})
    busy_database()
    assert await ending == []
    assert kept(actor, recorder) == ["one two"]


async def test_what_came_while_the_rows_were_written_is_handed_over(actor, recorder, busy_database):
    await say(recorder, "one")
    while recorder._pending:
        await asyncio.sleep(0.01)
    await say(recorder, "two")
    ending = asyncio.create_task(recorder.close())
    busy_database()
    assert [one.payload["delta"] for one in await ending] == ["two"]
    assert kept(actor, recorder) == ["one"]


async def test_what_could_not_be_written_is_not_forgotten(actor, recorder):
    await say(recorder, "one")
    await in_thread(QueuedRun.objects.filter(run_id=recorder.run.pk).update, worker="another")
    with pytest.raises(RuntimeError, match=f"run {recorder.run.pk}"):
        await recorder.flush()
    assert [one.payload["delta"] for one in await recorder.close()] == ["one"]
    assert kept(actor, recorder) == []
