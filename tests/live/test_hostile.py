"""Sockets that flood, send what is too large, or never read: they end, and the others do not notice."""

import asyncio
import json
import urllib.request

import pytest

from tests.live import chatty
from tests.live.conftest import Tab
from tests.live.test_lasting import mute

MB = 1024 * 1024


@pytest.mark.parametrize("path", ["/ws/live/", "/ws/copilot/"])
async def test_a_message_beyond_all_bounds_ends_the_socket(web, session_of, make_membership, path):
    async with Tab(web, session_of(make_membership()), path=path) as page:
        await page.say("x" * 400_000)
        while (message := await page.ws.receive(timeout=15)).type.name == "TEXT":
            pass
        assert page.ws.close_code == 1009, message


async def test_what_is_no_heartbeat_is_too_large_for_a_live_socket(web, session_of, make_membership):
    async with Tab(web, session_of(make_membership())) as page:
        await page.hello()
        await page.say("x" * 201)
        assert await page.ending() == (1009, "At most 200 bytes are taken here.")


async def test_a_live_socket_that_floods_is_ended_and_told_why(web, session_of, make_membership):
    async with Tab(web, session_of(make_membership())) as page:
        await page.hello()
        for _ in range(40):
            await page.say("ping")
        code, sentence = await page.ending()
        assert code == 1008 and sentence == "At most 30 messages in 10 seconds are taken here."


async def test_a_copilot_socket_that_floods_is_ended(web, session_of, make_membership):
    async with (
        Tab(web, session_of(make_membership()), path="/ws/copilot/") as page,
        Tab(web, session_of(make_membership())) as other,
    ):
        await other.hello()

        async def flood() -> None:
            while not page.ws.closed:
                await page.say(json.dumps({"type": "look", "page": "/" + "x" * 1000}))
                await asyncio.sleep(0)

        flooding = asyncio.ensure_future(flood())
        while (await page.ws.receive(timeout=30)).type.name == "TEXT":
            pass
        assert page.ws.close_code in (1008, 4429)
        await asyncio.wait([flooding])
        flooding.exception()
        await other.say("ping")
        assert "pong" in await other.told()


async def test_a_client_that_never_reads_is_cut_off_and_the_others_get_everything(start_web):
    web = start_web(application="tests.live.chatty:application")
    before = await asyncio.to_thread(_figures, web)
    with mute(web, "/never-reads"):
        async with Tab(web, None, path="/reads") as reader:
            received = 0
            while received < chatty.MESSAGES:
                assert len((await reader.ws.receive(timeout=30)).data) == chatty.SIZE
                received += 1
        after = await asyncio.to_thread(_figures, web)
    assert after["sent"]["/reads"] == chatty.MESSAGES
    # What one client left unread: 1 MiB, what the kernels hold, and the message that was one too many.
    assert after["sent"]["/never-reads"] * chatty.SIZE < 16 * MB
    assert after["rss"] - before["rss"] < 40 * MB


def _figures(web: str) -> dict:
    with urllib.request.urlopen(web, timeout=30) as answer:
        return json.loads(answer.read())
