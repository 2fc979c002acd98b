"""A real web server with real sockets on the test database, and browsers' sockets without a browser."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from iotsim import processes
from tests.conftest import REPOSITORY
from tests.copilot.conftest import _answers, free_port

if TYPE_CHECKING:
    from iotsim.core.models import Membership

StartWeb = Callable[..., str]


@pytest.fixture(autouse=True)
def rows_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests make their rows in the thread of their loop: these calls wait for nothing of it."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


@pytest.fixture(scope="session")
def start_web(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartWeb]:
    """start_web(*options, application=...): the address of a new web server process."""
    servers: list[tuple[subprocess.Popen[bytes], Path]] = []

    def start(*options: str, application: str = "iotsim.asgi:application") -> str:
        log, port = tmp_path_factory.mktemp("web") / "web.log", free_port()
        command = [sys.executable, "-m", "iotsim.server", "--verbosity=0", f"--port={port}", *options, application]
        server = processes.spawn(command, log=log, environment=environment, folder=REPOSITORY)
        servers.append((server, log))
        processes.wait_until(lambda: _answers(port), child=server, log=log, what="The web server")
        return f"http://127.0.0.1:{port}"

    yield start
    processes.stop([server for server, _ in servers], first=signal.SIGTERM, seconds=8)
    for _, log in servers:
        assert "Traceback" not in log.read_text(), log.read_text()[-4000:]


@pytest.fixture(scope="session")
def web(start_web: StartWeb) -> str:
    return start_web()


@pytest.fixture
def session_of() -> Callable[["Membership"], str]:
    """The session cookie of a person who has signed in and looked at a page."""

    from django.test import Client

    def sign_in(membership: "Membership") -> str:
        client = Client()
        client.force_login(membership.user)
        client.get("/")
        return client.cookies["iotsim_session"].value

    return sign_in


class Tab:
    """One page's socket: what it was told, and how it ended."""

    def __init__(self, url: str, session: str | None, *, origin: str | None = None, path: str = "/ws/live/") -> None:
        self.url, self.origin, self.path = url, origin or url, path
        self.cookies = {"iotsim_session": session} if session else {}

    async def __aenter__(self) -> "Tab":
        self.http = aiohttp.ClientSession(cookies=self.cookies)
        try:
            self.ws = await self.http.ws_connect(f"{self.url}{self.path}", origin=self.origin, max_msg_size=0)
        except aiohttp.WSServerHandshakeError:
            await self.http.close()
            raise
        return self

    async def __aexit__(self, *args: object) -> None:
        from django.db import connection

        await self.ws.close()
        await self.http.close()
        connection.close()  # a connection belongs to the task that opened it

    async def say(self, text: str) -> None:
        await self.ws.send_str(text)

    async def told(self, *, seconds: float = 15.0) -> dict[str, Any]:
        """The next message; {"close": code} when there is none any more."""
        message = await self.ws.receive(timeout=seconds)
        if message.type is aiohttp.WSMsgType.TEXT:
            answer: dict[str, Any] = json.loads(message.data)
            return answer
        return {"close": self.ws.close_code, "reason": message.extra}

    async def hello(self) -> "Tab":
        assert "hello" in await self.told()
        return self

    async def changed(self, *kinds: str) -> dict[str, list[int]]:
        """All that changed until each of these kinds was named."""
        known: dict[str, list[int]] = {}
        while not set(kinds) <= known.keys():
            said = await self.told()
            assert "changed" in said, said
            known |= said["changed"]
        return known

    async def ending(self) -> tuple[int | None, str]:
        """Whatever was still said, then the close code and the last sentence."""
        sentence = ""
        while "close" not in (said := await self.told()):
            sentence = said.get("end", sentence)
        return said["close"], sentence or said["reason"]
