"""What stands between litellm and a model of 135 million parameters: it takes the tools out of a request.

Their descriptions alone are ten times what such a model can read. All else goes through as it is, piece by piece.
"""

import asyncio
import json
import threading
from typing import Any

from aiohttp import ClientSession, web

MOST_TOKENS = 48


class Gateway:
    """The server, in a thread with a loop of its own. `requests` holds what came in, `pieces` what went out."""

    def __init__(self, behind: str) -> None:
        self.behind, self.port = behind, 0
        self.requests: list[dict[str, Any]] = []
        self.pieces: list[bytes] = []
        self._loop = asyncio.new_event_loop()

    def start(self) -> None:
        self._thread = threading.Thread(target=self._loop.run_forever, name="gateway", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def _serve(self) -> None:
        app = web.Application(client_max_size=10_000_000)
        app.router.add_post("/v1/chat/completions", self._pass_on)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        server = site._server
        assert isinstance(server, asyncio.Server)
        self.port = server.sockets[0].getsockname()[1]

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        kept = {name: body[name] for name in ("model", "messages", "stream", "stream_options") if name in body}
        kept |= {"max_tokens": MOST_TOKENS, "temperature": 0}
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        async with (
            ClientSession() as session,
            session.post(f"{self.behind}/v1/chat/completions", data=json.dumps(kept)) as answer,
        ):
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                self.pieces.append(piece)
                await response.write(piece)
        await response.write_eof()
        return response
