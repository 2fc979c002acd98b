"""Answers that go on for minutes, outside of Django's handler.

Django keeps a thread, and what that thread holds of the database, for each request until its answer is whole. So a view
answers at once with the headers, and what follows is sent here by a coroutine: hundreds cost no thread at all.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

import structlog
from django.http import HttpRequest, StreamingHttpResponse
from prometheus_client import Gauge

from iotsim.core.errors import Unavailable
from iotsim.metrics import REGISTRY

log = structlog.get_logger(__name__)

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]
Body = AsyncGenerator[bytes, None]

SLOT: Final = "iotsim.stream"
EVENTS: Final = "text/event-stream"
OPEN: Final = Gauge("iotsim_event_streams", "Open streams of server-sent events.", registry=REGISTRY)


@dataclass
class Slot:
    """Where a view leaves what is to follow its answer."""

    body: Body | None = None


def can_stream(request: HttpRequest) -> None:
    """Raises Unavailable when the server cannot send what follows an answer (WSGI)."""
    if _slot(request) is None:
        raise Unavailable("Events are sent by the ASGI server only; start the product as its documentation says.")


def answer(request: HttpRequest, body: Body) -> StreamingHttpResponse:
    """The head of an event stream; `body` follows when Django is done with the request."""
    slot = _slot(request)
    assert slot is not None
    slot.body = body
    response = StreamingHttpResponse(_nothing(), content_type=EVENTS)
    response["Cache-Control"] = "no-cache, no-transform"
    response["X-Accel-Buffering"] = "no"
    return response


def _slot(request: HttpRequest) -> Slot | None:
    slot: Slot | None = getattr(request, "scope", {}).get(SLOT)
    return slot


async def _nothing() -> AsyncIterator[bytes]:
    """Streaming, as the middleware must see it, and empty."""
    nothing: tuple[bytes, ...] = ()
    for one in nothing:
        yield one


def streaming(application: Asgi) -> Asgi:
    """The application, and after each of its answers what a view left to follow."""

    async def streamed(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        slot = scope[SLOT] = Slot()
        gone = asyncio.Event()

        async def receiving() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                gone.set()
            return message

        async def sending(message: Message) -> None:
            if slot.body is not None and message["type"] == "http.response.body":
                message = {**message, "more_body": True}
            await send(message)

        await application(scope, receiving, sending)
        if slot.body is not None:
            with OPEN.track_inprogress():
                await _pour(slot.body, receiving, send, gone)

    return streamed


async def _pour(body: Body, receive: Receive, send: Send, gone: asyncio.Event) -> None:
    """Send the body until it ends or its reader goes away."""
    if gone.is_set():
        await body.aclose()
        return
    pouring = asyncio.create_task(_send_all(body, send))
    leaving = asyncio.create_task(_until_gone(receive))
    try:
        await asyncio.wait({pouring, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (pouring, leaving):
            task.cancel()
        await asyncio.wait({pouring, leaving})
    if not pouring.cancelled() and (error := pouring.exception()):
        log.error("stream_broke_down", exc_info=error)


async def _send_all(body: Body, send: Send) -> None:
    try:
        async with aclosing(body):
            async for data in body:
                await send({"type": "http.response.body", "body": data, "more_body": True})
    finally:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
