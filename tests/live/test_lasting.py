"""A socket lasts: idle for longer than any client's own timeout, through heartbeats, and over a broker's restart."""

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest

from iotsim import broadcast
from iotsim.broadcast import Hub
from iotsim.core import events
from iotsim.core.errors import Unavailable
from iotsim.embedded import Valkey
from tests.live.conftest import Tab

IDLE_SECONDS = 6.5  # redis-py gives up after 5 of its own


async def test_an_idle_socket_stays_open_and_is_then_told(web, session_of, make_membership, organisation):
    async with Tab(web, session_of(make_membership())) as page:
        await page.hello()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(page.ws.receive(), IDLE_SECONDS)
        events.publish(organisation.pk, "sim", [3])
        assert await page.changed("sim") == {"sim": [3]}


async def test_the_listening_client_has_no_timeout_of_its_own():
    client = broadcast.async_client()
    assert client.connection_pool.connection_kwargs["socket_timeout"] is None
    await client.aclose()


async def test_a_page_that_answers_heartbeats_outlives_many_of_them(
    start_web, session_of, make_membership, organisation
):
    web = start_web("--ping-interval=1", "--ping-timeout=1")
    async with Tab(web, session_of(make_membership())) as page:
        await page.hello()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(page.ws.receive(), 7)
        await page.say("ping")
        assert await page.told() == {"pong": 1}
        events.publish(organisation.pk, "sim", [4])
        assert await page.changed("sim") == {"sim": [4]}


def test_a_peer_that_answers_no_heartbeat_is_let_go(start_web, session_of, make_membership):
    web = start_web("--ping-interval=1", "--ping-timeout=1")
    with mute(web, "/ws/live/", session_of(make_membership())) as peer:
        peer.settimeout(20)
        with contextlib.suppress(ConnectionResetError):
            while peer.recv(65_536):
                pass  # the handshake, the hello, the pings; then the end


async def test_a_broker_that_ends_is_told_and_listened_to_again(tmp_path: Path, settings, monkeypatch):
    valkey = Valkey(data=tmp_path, log=tmp_path / "valkey.log")
    valkey.start()
    settings.REDIS_URL = f"unix://{valkey.socket}"
    monkeypatch.setattr(broadcast, "RETRY_SECONDS", 0.05)
    hub, heard = Hub(), asyncio.Queue()
    try:
        await hub.join(1, heard.put_nowait)
        broadcast.publish(1, "sim", [1])
        assert await asyncio.wait_for(heard.get(), 10) == {"sim": [1]}
        valkey.stop()
        assert await asyncio.wait_for(heard.get(), 10) is None
        broadcast.publish(1, "sim", [2])  # lost, and no error of whoever changed it
        monkeypatch.setattr(broadcast, "START_SECONDS", 0.2)
        with pytest.raises(Unavailable):
            await hub.join(2, heard.put_nowait)
        valkey.start()
        monkeypatch.setattr(broadcast, "START_SECONDS", 10)
        await hub.join(3, heard.put_nowait)
        broadcast.publish(3, "sim", [3])
        while (told := await asyncio.wait_for(heard.get(), 10)) is None:
            pass
        assert told == {"sim": [3]}
    finally:
        for organization_id in (1, 2, 3):
            await hub.leave(organization_id, heard.put_nowait)
        valkey.stop()


def mute(web: str, path: str, session: str = "") -> socket.socket:
    """A client that shakes hands and then never answers, with a small buffer."""
    host, port = web.removeprefix("http://").split(":")
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.connect((host, int(port)))
    lines = [
        f"GET {path} HTTP/1.1", f"Host: {host}:{port}", f"Origin: {web}", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Cookie: iotsim_session={session}",
    ]  # fmt: skip
    peer.sendall("\r\n".join([*lines, "", ""]).encode())
    return peer
