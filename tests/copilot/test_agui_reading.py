"""Reading AG-UI events slowly, in silence, with a key that is taken away: whoever reads gets all of it or an end."""

import asyncio
import json
import select
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest

from copilot import threads
from copilot.models import Run
from iotsim.core.actor import Actor
from iotsim.core.guard import in_thread
from iotsim.core.keys import create_key, revoke_api_key
from tests.copilot.endless import TOTAL
from tests.copilot.provider import Reply, delta, finish, say, usage
from tests.copilot.running import rows
from tests.copilot.sse import Heard, Program, read, wanted

pytestmark = pytest.mark.usefixtures("model_runner")

WORDS = [f"word-{number:05}-abcdef" for number in range(3_000)]  # 54,000 characters, 400,000 as events
LONG = " ".join(WORDS)
READERS = 6
MOST_MORE_MB = 8
SECONDS = {"EVENTS_BEAT_SECONDS": "1", "EVENTS_RECHECK_SECONDS": "1", "EVENTS_UNREAD_SECONDS": "2"}


@pytest.fixture(scope="module")
def hasty(start_web) -> str:
    """A web server that loses its patience soon."""
    return start_web(**SECONDS)


@pytest.fixture
def key(membership):
    return create_key(membership)


def narrow(address: tuple) -> socket.socket:
    """A connection that takes little at once, so that whoever does not read is felt at the other end."""
    made = socket.socket(address[0], address[1], address[2])
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1000)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.setblocking(False)
    return made


@asynccontextmanager
async def reading(program: Program, body: dict, **options: Any) -> AsyncIterator[aiohttp.ClientResponse]:
    """The answer to it, of which nothing is read before somebody does."""
    async with (
        slow_session(headers=program.headers, **options) as session,
        session.post(f"{program.web}/api/v1/copilot/agui", json=body) as answer,
    ):
        yield answer


def slow_session(**options: Any) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=narrow), **options)


async def over(owner: Actor) -> None:
    """Wait until every run is."""
    while any(one.state in ("queued", "running") for one in rows(owner, Run)):
        await asyncio.sleep(0.2)


async def test_events_wait_for_a_reader_who_does_not_read_and_take_no_memory(start_web):
    """The server's own side, with more than any run may say: an answer of 30 MB."""
    web = start_web(application="tests.copilot.endless:application")
    async with aiohttp.ClientSession() as http, slow_session() as slow, slow.get(f"{web}/events") as answer:
        before = await taken(http, web)
        stuck = await taken(http, web)
        while (now := await taken(http, web)) != stuck:
            stuck = now
            await asyncio.sleep(0.3)
        assert stuck["taken"] < TOTAL / 2
        assert stuck["megabytes"] - before["megabytes"] < MOST_MORE_MB
        ids = [int(line[4:]) async for line in answer.content if line.startswith(b"id: ")]
    assert ids == list(range(TOTAL))


async def taken(http: aiohttp.ClientSession, web: str) -> dict:
    async with http.get(f"{web}/healthz") as answer:
        told: dict = await answer.json()
    return told


async def test_whoever_pauses_gets_every_event_when_they_read_again(web, key, owner, provider):
    program = Program(web, key[1])
    provider.script("Much at once", say(LONG, pause=0.001))
    body = wanted("Much at once")
    async with AsyncExitStack() as stack:
        answers = [await stack.enter_async_context(reading(program, body)) for _ in range(READERS)]
        await over(owner)
        heard = await asyncio.gather(*(read(one) for one in answers))
    for one in heard:
        assert one.kinds[0] == "RUN_STARTED" and one.kinds[-1] == "RUN_FINISHED"
        assert one.answer == LONG


async def test_a_reader_that_pauses_too_long_is_cut_and_comes_back_to_exactly_the_rest(hasty, key, owner, provider):
    program = Program(hasty, key[1])
    provider.script("Read me later", say(LONG, pause=0.001))
    body = wanted("Read me later")
    async with reading(program, body, read_bufsize=1024) as answer:
        await cut_off(answer)
        first = await read_until_cut(answer)
    assert "RUN_FINISHED" not in first.kinds and first.ids
    rest = await program.run(body, Last_Event_ID=first.ids[-1])
    assert rest.kinds[-1] == "RUN_FINISHED" and "RUN_STARTED" not in rest.kinds
    assert [*first.answer.split(), *rest.answer.split()] == WORDS


async def cut_off(answer: aiohttp.ClientResponse) -> None:
    """Wait, without reading, until the other end has given the connection up."""
    assert answer.connection and answer.connection.transport
    state = select.poll()
    state.register(answer.connection.transport.get_extra_info("socket").fileno(), 0)
    while not state.poll(0):  # an error and a hang-up are told unasked
        await asyncio.sleep(0.1)


async def read_until_cut(answer: aiohttp.ClientResponse) -> Heard:
    """What came whole before the connection broke: frames, each with its id and its data."""
    text = b""
    try:
        while part := await answer.content.readany():
            text += part
    except (aiohttp.ClientError, ConnectionError):
        return parsed(text)
    raise AssertionError("it ended, but was not cut")


def parsed(text: bytes) -> Heard:
    heard = Heard(200, {})
    for one in text.decode(errors="ignore").split("\n\n")[:-1]:
        lines = dict(line.partition(": ")[::2] for line in one.split("\n"))
        heard.ids += [lines["id"]] if "id" in lines else []
        heard.events.append(json.loads(lines["data"]))
    return heard


async def test_in_silence_comments_say_that_it_is_still_working(hasty, key, provider):
    quiet = [delta(content="At"), 5.0, delta(content=" last."), finish(), usage()]
    provider.script("Think long", Reply(quiet))
    heard = await Program(hasty, key[1]).run(wanted("Think long"))
    assert heard.comments >= 1
    assert heard.answer == "At last." and heard.kinds[-1] == "RUN_FINISHED"


async def test_a_revoked_key_ends_the_reading_with_an_event_and_not_the_run(hasty, key, owner, provider):
    row, secret = key
    program = Program(hasty, secret)
    provider.script("Go on for long", say(" ".join(WORDS[:400]), pause=0.05))
    body = wanted("Go on for long")
    listening = asyncio.create_task(program.run(body))
    while not rows(owner, Run, state="running"):
        await asyncio.sleep(0.1)
    await in_thread(revoke_api_key.call, owner, {"key": row.pk})
    heard = await listening
    assert heard.kinds[-1] == "RUN_ERROR" and "revoked" in heard.error
    assert heard.events[-1]["code"] == "unauthenticated"
    [run] = rows(owner, Run)
    assert run.state == "running"
    assert (await program.run(body)).status == 401
    await in_thread(lambda: threads.stop(owner, thread_id=run.thread_id))
    await over(owner)
