"""Following a conversation loses nothing: holes in the live stream, a Valkey that goes away, a reader who was away."""

import asyncio
import contextlib
import math
import signal
import subprocess
import sys
import time

import pytest
from ag_ui.core import TextMessageContentEvent
from django.db.backends.utils import CursorWrapper

from copilot import stream, threads
from copilot.models import Run, RunEvent
from copilot.recorder import FLUSH_SECONDS, as_json, write
from copilot.runner import BEAT_SECONDS
from copilot.stream import Entry, Hub
from copilot.tail import Tail
from iotsim import processes
from iotsim.core.guard import in_thread
from iotsim.core.keys import create_key
from iotsim.core.tenancy import tenant
from iotsim.embedded import Valkey
from tests.copilot.page import Page
from tests.copilot.provider import say
from tests.copilot.running import ask, rows
from tests.copilot.sse import Program, wanted
from tests.web import APPLICATION, REPOSITORY, answers, free_port

LONG = " ".join(f"w{number}" for number in range(120))
QUIET = 60.0  # so long that only what is heard can be the reason


@pytest.fixture
async def run(actor, organisation):
    """A run that this test tells, event by event."""
    asked = await in_thread(threads.ask, actor, text="Tell me", worker="test")
    return rows(actor, Run, pk=asked.run_id)[0]


def said(run, number, text):
    event = as_json(TextMessageContentEvent(message_id="m", delta=text, metadata={"offset": 0}))
    return Entry(run.first_seq + number, run.first_seq + number, event)


def tell(run, *entries):
    """Into the stream alone."""
    stream.append(run.organization_id, run.thread_id, entries)


def keep(run, *entries):
    """Into the rows alone."""
    with tenant(run.organization_id):
        write(run, entries)


async def heard(tail, count):
    """The numbers of the next so many events."""
    found = []
    while len(found) < count:
        found += [one.seq - 1 for one in await tail.take(timeout=QUIET, look=False) if one.seq]
    return found


def following(run):
    return Tail(run.organization_id, run.thread_id, after=run.first_seq)


async def test_a_hole_in_the_stream_is_filled_from_the_rows_and_keeps_the_order(run):
    one, two, three, four = (said(run, number, f"{number}") for number in range(1, 5))
    async with following(run) as tail:
        await in_thread(tell, run, one)
        assert await heard(tail, 1) == [1]
        await in_thread(tell, run, three, four)  # two did not arrive
        assert await tail.take(timeout=QUIET, look=False) == []
        await in_thread(keep, run, one, two)
        assert await heard(tail, 3) == [2, 3, 4]


async def test_what_the_rows_do_not_have_either_is_not_waited_for(run):
    async with following(run) as tail:
        await in_thread(tell, run, said(run, 1, "1"), said(run, 4, "4"))
        assert await heard(tail, 1) == [1]
        await in_thread(keep, run, said(run, 1, "1"), said(run, 4, "4"))
        assert await heard(tail, 1) == [4]


async def test_a_last_event_that_never_came_is_found_by_looking(run):
    async with following(run) as tail:
        await in_thread(keep, run, said(run, 1, "1"))
        assert await tail.take(timeout=0.01, look=False) == []
        assert [one.seq for one in await tail.take(timeout=0.01)] == [run.first_seq + 1]


async def test_whoever_comes_while_the_last_one_leaves_still_hears(run):
    hub = Hub.of_this_loop()
    for number in range(1, 6):
        leaving = await hub.follow(run.organization_id, run.thread_id)
        _, coming = await asyncio.gather(hub.unfollow(leaving), hub.follow(run.organization_id, run.thread_id))
        await in_thread(tell, run, said(run, number, "x"))
        assert [one.seq for one in await coming.take(timeout=QUIET)] == [run.first_seq + number]
        await hub.unfollow(coming)


@pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning")
@pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning")
async def test_streaming_costs_a_few_writes_a_second_however_many_words_come(actor, model, monkeypatch):
    """Statements that write, counted where Django sends them."""
    written: list[str] = []

    def counting(method):
        def execute(cursor, sql, *arguments):
            if str(sql).lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
                written.append(str(sql))
            return method(cursor, sql, *arguments)

        return execute

    for name in ("execute", "executemany"):
        monkeypatch.setattr(CursorWrapper, name, counting(getattr(CursorWrapper, name)))
    words = 400
    model.script("Many words", say(" ".join(f"w{number}" for number in range(words)), pause=0.005))
    begun = time.monotonic()
    told = await ask(actor, "Many words")
    seconds = time.monotonic() - begun
    flushes, beats = math.ceil(seconds / FLUSH_SECONDS), math.ceil(seconds / BEAT_SECONDS)
    assert len(told.of("TEXT_MESSAGE_CONTENT")) == words
    events = [one for one in written if "copilot_runevent" in one]
    assert len(events) <= flushes + 2
    assert len(written) - len(events) <= 40 + beats, written  # question, run, model call, leases: whatever is said


async def test_a_page_that_slept_until_the_stream_was_forgotten_has_all_of_it(
    web, model_runner, provider, make_membership, session_of
):
    membership = await in_thread(make_membership, "owner")
    page = Page(web, await in_thread(session_of, membership))
    provider.script("While you sleep", say(LONG, pause=0.02))
    async with page:
        await page.ask("While you sleep")
        await page.until(lambda one: "w5 " in one.text)
        page.ws._response.connection.transport.abort()  # no farewell: the network is gone
    async with Page(web, page.session) as other:
        await other.until(lambda one: "w119" in one.text and not one.running)
    await in_thread(stream.forget, membership.organization_id, page.thread)
    async with page:
        await page.until(lambda one: "w119" in one.text and not one.running)
        assert LONG in page.text and page.text.count("w30 ") == 1


# --- Valkey goes and comes back ---


@pytest.fixture
def own_servers(environment, provider, tmp_path):
    """(address of a web server, Valkey): with a runner, all three for this test alone."""
    valkey = Valkey(data=tmp_path, log=tmp_path / "valkey.log")
    valkey.start()
    port, started = free_port(), []
    told = {"COPILOT_MODEL": "openai/gpt-4o-mini", "COPILOT_API_BASE": provider.base, "OPENAI_API_KEY": "sk-test"}
    env = {**environment, **told, "REDIS_URL": f"unix://{valkey.socket}", "LOG_LEVEL": "info"}

    def start(name: str, *command: str) -> subprocess.Popen[bytes]:
        child = processes.spawn([sys.executable, *command], log=tmp_path / name, environment=env, folder=REPOSITORY)
        started.append(child)
        return child

    runner, web = tmp_path / "runner.log", tmp_path / "web.log"
    child = start("runner.log", "manage.py", "run_copilot")
    processes.wait_until(
        lambda: "copilot_runner_started" in processes.tail(runner, 500), child=child, log=runner, what="The runner"
    )
    server = start("web.log", "-m", "iotsim.server", "--verbosity=0", f"--port={port}", APPLICATION)
    address = f"http://127.0.0.1:{port}"
    processes.wait_until(lambda: answers(f"{address}/healthz"), child=server, log=web, what="The web server")
    yield address, valkey
    processes.stop(started, first=signal.SIGTERM, seconds=8)
    with contextlib.suppress(ProcessLookupError):
        valkey.stop(seconds=3)
    for log in (runner, web):
        assert "Traceback" not in log.read_text(), processes.tail(log, 60)


async def test_an_answer_goes_on_while_valkey_is_away_and_after_it_has_come_back(
    own_servers, provider, make_membership, session_of
):
    web, valkey = own_servers
    membership = await in_thread(make_membership, "owner")
    program = Program(web, (await in_thread(create_key, membership))[1])
    provider.script("Through the night", say(LONG, pause=0.05))
    asked = wanted("Through the night")
    reading = asyncio.create_task(program.run(asked))
    follower = Program(web, program.headers["Authorization"].removeprefix("Bearer "))
    await follower.run(asked, until="w10 ")
    await in_thread(valkey.stop, seconds=3)
    await asyncio.sleep(1.5)
    await in_thread(valkey.start)
    heard = await reading
    assert heard.events[-1]["type"] == "RUN_FINISHED", heard.events[-1]
    assert heard.answer == LONG
    [run] = await in_thread(_runs, membership.organization_id)
    assert run.state == "done"
    numbers = await in_thread(_numbers, membership.organization_id)
    assert numbers == sorted(set(numbers))
    page = Page(web, await in_thread(session_of, membership))
    async with page:
        await page.say(type="open", thread=str(run.thread_id))
        await page.until(lambda one: LONG in one.text)


def _runs(organization_id):
    with tenant(organization_id):
        return list(Run.objects.all())


def _numbers(organization_id):
    with tenant(organization_id):
        return list(RunEvent.objects.order_by("pk").values_list("seq", flat=True))
