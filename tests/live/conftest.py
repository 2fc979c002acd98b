"""A real web server with real sockets on the test database, and browsers' sockets without a browser."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from iotsim.core.models import Membership


@pytest.fixture(autouse=True)
def rows_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests make their rows in the thread of their loop: these calls wait for nothing of it."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


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
