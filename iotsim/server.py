"""The web server: daphne, with bounds on what one request may bring and what one WebSocket may pile up.

    python -m iotsim.server --port=8000 iotsim.asgi:application

takes daphne's own options. Daphne queues whatever a socket sends until the application takes it, and buffers
whatever the application sends until the client reads it; here both have an end, and the connection with it. The body
of a request is on the disk before the application hears of it, so what is too large is refused while it arrives.
"""

import asyncio
import gc
import sys
from typing import Any, Final

from daphne.cli import CommandLineInterface
from daphne.http_protocol import WebRequest
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol

MESSAGE_BYTES: Final = 256 * 1024  # a question of more than 64,000 bytes is still answered with a sentence
MOST_WAITING: Final = 64  # messages that a client may have sent and the application not taken yet
UNREAD_BYTES: Final = 1024 * 1024  # what may wait for a client that does not read before more is said
FLOOD: Final = 1008
AROUND_A_FILE: Final = 64 * 1024  # what a form says besides
_SENTENCE: Final = b'{"title": "Too large", "status": 413, "detail": "The body is larger than what may be brought in."}'
TOO_LARGE: Final = (
    b"HTTP/1.1 413 Content Too Large\r\nContent-Type: application/problem+json\r\nConnection: close\r\n"
    + b"Content-Length: %d\r\n\r\n" % len(_SENTENCE)
    + _SENTENCE
)
MOST_REASON_BYTES: Final = 123  # a control frame holds no more
HANDSHAKE_SECONDS: Final = 20  # in a burst the application hears late of a socket
DEFAULTS: Final = [
    f"--websocket-max-message-size={MESSAGE_BYTES}",
    f"--websocket-max-frame-size={MESSAGE_BYTES}",
    f"--websocket_connect_timeout={HANDSHAKE_SECONDS}",
]


class Valve:
    """What the transport tells of its buffer: `unread` is None while it drains, else the bytes added since it filled.

    A Twisted push producer (interfaces.IPushProducer) that is asked to pause and counts instead.
    """

    def __init__(self) -> None:
        self.unread: int | None = None

    def pauseProducing(self) -> None:  # noqa: N802 (Twisted's names)
        self.unread = self.unread or 0

    def resumeProducing(self) -> None:  # noqa: N802
        self.unread = None

    def stopProducing(self) -> None:  # noqa: N802
        self.unread = None


class BoundedSocket(WebSocketProtocol):
    """A WebSocket that ends when its client floods it or never reads."""

    flooded = False

    def onOpen(self) -> None:  # noqa: N802 (autobahn's names)
        self.valve = Valve()
        self.transport.unregisterProducer()  # the HTTP request that this connection was before
        self.transport.registerProducer(self.valve, True)
        super().onOpen()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
        if self.flooded:
            return
        if self.application_queue.qsize() >= MOST_WAITING:
            self.flooded = True
            self.end(FLOOD, "Too many messages at once.")
            return
        super().onMessage(payload, isBinary)

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:  # noqa: N802
        if self.state == self.STATE_OPEN and self.valve.unread is not None:
            if self.valve.unread > UNREAD_BYTES:
                self.dropConnection(abort=True)
                return
            self.valve.unread += len(content)
        super().serverSend(content, binary)

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Daphne's own leaves out the reason, and breaks down on the standard's codes (1008, 1009, 1013)."""
        if message["type"] == "websocket.close" and self.state == self.STATE_OPEN:
            self.end(message.get("code") or 1000, message.get("reason") or "")
        else:
            super().handle_reply(message)

    def end(self, code: int, reason: str) -> None:
        """Begin the closing handshake; a client that does not take part in it is dropped after a second."""
        self.sendCloseFrame(code=code, reasonUtf8=_short(reason), isReply=False)


def _short(reason: str) -> bytes:
    return reason.encode()[:MOST_REASON_BYTES].decode(errors="ignore").encode()


class BoundedRequest(WebRequest):
    """A request whose body ends where it is larger than the application would take.

    A file comes as multipart/form-data, from somebody who shows a key or a session; everything else is short.
    """

    room = 0
    refused = False
    tap: "Tap | None" = None

    def gotLength(self, length: int | None) -> None:  # noqa: N802 (Twisted's names)
        self.room = self._most()
        super().gotLength(length)
        if length is not None and length > self.room:
            self.refuse()

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        self.room -= len(data)
        if self.refused:
            return
        if self.room < 0:
            self.refuse()
            return
        super().handleContentChunk(data)

    def process(self) -> None:
        if not self.refused:
            super().process()

    def _most(self) -> int:
        from django.conf import settings

        kind = self.requestHeaders.getRawHeaders(b"content-type", [b""])[0]
        known = self.requestHeaders.hasHeader(b"authorization") or self.requestHeaders.hasHeader(b"cookie")
        if known and kind.lower().startswith(b"multipart/form-data"):
            return int(settings.UPLOAD_MAX_BYTES) + AROUND_A_FILE
        return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE) + AROUND_A_FILE

    def handle_reply(self, message: dict[str, Any]) -> None:
        super().handle_reply(message)
        if message["type"] == "http.response.start" and self.channel is not None and _goes_on(message):
            self.tap = Tap()
            self.registerProducer(self.tap, True)

    def finish(self) -> None:
        if self.tap is not None:
            self.unregisterProducer()
            self.tap = None
        super().finish()

    def refuse(self) -> None:
        """Say so and hang up; who goes on sending is not listened to."""
        self.refused = True
        self.channel.transport.write(TOO_LARGE)
        self.channel.loseConnection()


def _goes_on(message: dict[str, Any]) -> bool:
    return any(name.lower() == b"content-type" and b"event-stream" in value for name, value in message["headers"])


class Tap:
    """Whether a client takes what is sent to it. A Twisted push producer that somebody can wait for."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()

    def pauseProducing(self) -> None:  # noqa: N802 (Twisted's names)
        self.open.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self.open.set()

    def stopProducing(self) -> None:  # noqa: N802
        self.open.set()


class BoundedServer(Server):
    """Daphne's server, whose requests and sockets are bounded ones."""

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """As daphne's; whoever sends events waits here while their reader does not read, and not for ever."""
        await super().handle_reply(protocol, message)
        tap: Tap | None = getattr(protocol, "tap", None)
        if tap is None or tap.open.is_set():
            return
        from django.conf import settings

        try:
            await asyncio.wait_for(tap.open.wait(), settings.EVENTS_UNREAD_SECONDS)
        except TimeoutError:
            if protocol.channel is not None:
                protocol.channel.transport.abortConnection()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, ready_callable=self.bind, **options)

    def bind(self) -> None:
        """Just before it serves. Without `failByDrop` a client hears why it is closed (1009: too large)."""
        settle()
        self.ws_factory.protocol = BoundedSocket
        usual = self.http_factory.buildProtocol

        def bounded(address: Any) -> Any:
            channel = usual(address)
            channel.requestFactory = BoundedRequest
            return channel

        self.http_factory.buildProtocol = bounded
        self.ws_factory.setProtocolOptions(failByDrop=False)


def settle() -> None:
    """Load what every request needs, and spare the garbage collector what stays."""
    from django.apps import apps
    from django.urls import resolve

    if apps.ready:  # else the application is none of Django's
        resolve("/")
    gc.collect()
    gc.freeze()


class CommandLine(CommandLineInterface):
    server_class = BoundedServer


if __name__ == "__main__":
    CommandLine().run([*DEFAULTS, *sys.argv[1:]])
