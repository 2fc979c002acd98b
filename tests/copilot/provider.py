"""A model provider on this machine: a real HTTP server that speaks OpenAI's streaming chat completions, by script.

`provider.script(question, *replies)` says what is answered when the newest user message is `question`: the first model
call gets the first reply, and so on. Every request that came in is kept in `provider.requests`.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Chunk = dict[str, Any]


@dataclass
class Reply:
    """What one request is answered with: a status other than 200, or chunks of a stream."""

    chunks: Sequence[Chunk | float] = ()  # a number is a pause in seconds
    status: int = 200
    error: str = ""
    cut: bool = False  # the connection breaks instead of ending with [DONE]
    hang: float = 0.0  # seconds before anything is said
    headers: dict[str, str] = field(default_factory=dict)  # of an error


def delta(**fields: Any) -> Chunk:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


def finish(reason: str = "stop") -> Chunk:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


def usage(sent: int = 100, said: int = 10) -> Chunk:
    return {
        "choices": [],
        "usage": {"prompt_tokens": sent, "completion_tokens": said, "total_tokens": sent + said},
    }


def say(text: str, *, pause: float = 0.0) -> Reply:
    """A text, word by word."""
    words = [f"{word} " for word in text.split(" ")]
    chunks: list[Chunk | float] = [delta(role="assistant", content="")]
    for word in words:
        chunks += [delta(content=word), pause] if pause else [delta(content=word)]
    return Reply([*chunks, finish(), usage()])


def call_part(index: int | None, *, id: str | None = None, name: str | None = None, arguments: str = "") -> Chunk:
    """One fragment of a tool call."""
    function: dict[str, Any] = {"arguments": arguments}
    if name:
        function["name"] = name
    part: dict[str, Any] = {"index": index, "function": function}
    if id:
        part |= {"id": id, "type": "function"}
    return delta(tool_calls=[part])


def call_tools(*calls: tuple[str, dict[str, Any] | str]) -> Reply:
    """Parallel tool calls, each in three fragments, as OpenAI sends them."""
    chunks: list[Chunk | float] = [delta(role="assistant", content=None)]
    for index, (name, arguments) in enumerate(calls):
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        middle = len(text) // 2
        chunks += [
            call_part(index, id=f"call_{index}", name=name),
            call_part(index, arguments=text[:middle]),
            call_part(index, arguments=text[middle:]),
        ]
    return Reply([*chunks, finish("tool_calls"), usage()])


def fails(status: int, message: str = "no", **headers: str) -> Reply:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, error=message, headers=told)


@dataclass
class Provider:
    """The server, in a thread with a loop of its own."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)  # the same as they came
    port: int = 0
    _scripts: dict[str, list[Reply]] = field(default_factory=dict)

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="provider", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def forget(self) -> None:
        """What was asked and scripted before."""
        self.requests.clear()
        self.bodies.clear()
        self._scripts.clear()

    def script(self, question: str, *replies: Reply) -> None:
        self._scripts[question] = list(replies)

    def asked(self, question: str) -> list[dict[str, Any]]:
        """The requests whose newest user message was `question`."""
        return [one for one in self.requests if _question(one["messages"]) == question]

    async def _serve(self) -> None:
        app = web.Application(client_max_size=10_000_000)
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        server = site._server
        assert isinstance(server, asyncio.Server)
        self.port = server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        await self._runner.cleanup()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.read())
        body = await request.json()
        body["_authorization"] = request.headers.get("Authorization", "")
        self.requests.append(body)
        waiting = self._scripts.get(_question(body["messages"]), [])
        reply = waiting.pop(0) if waiting else say("Nothing is scripted.")
        await asyncio.sleep(reply.hang)
        if reply.status != 200:
            told = {"error": {"message": reply.error, "type": "error", "code": str(reply.status)}}
            return web.json_response(told, status=reply.status, headers=reply.headers)
        return await self._stream(request, body["model"], reply)

    async def _stream(self, request: web.Request, model: str, reply: Reply) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            async for data in _lines(reply.chunks, model):
                await response.write(data)
        except ConnectionError:  # whoever asked has gone
            return response
        if reply.cut:
            assert request.transport is not None
            request.transport.abort()
            return response
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response


async def _lines(chunks: Iterable[Chunk | float], model: str) -> AsyncIterator[bytes]:
    for chunk in chunks:
        if isinstance(chunk, int | float):
            await asyncio.sleep(chunk)
            continue
        whole = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model, **chunk}
        yield f"data: {json.dumps(whole)}\n\n".encode()


def _question(messages: list[dict[str, Any]]) -> str:
    """What the person said last, without what is told of the page before it."""
    said = [_text(one["content"]) for one in messages if one["role"] == "user"]
    return said[-1].rpartition("What the person says follows.\n\n")[2] if said else ""


def _text(content: str | list[dict[str, Any]]) -> str:
    """A message may hold pictures beside its text."""
    return content if isinstance(content, str) else " ".join(one["text"] for one in content if one["type"] == "text")
