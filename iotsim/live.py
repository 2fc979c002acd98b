"""Face: one WebSocket per organisation, "these objects changed". Pages fetch what they show through services.

Out: {"hello": {"quiet": seconds without a change}} first, {"changed": {kind: [ids]}} (no ids: the list changed),
{"pong": 1}, {"end": sentence} before a close that is for good. In: "ping", nothing else.
"""

import asyncio
import json
import time
from typing import Any, Final

import redis
import structlog
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseError

from iotsim.broadcast import Changes, Hub
from iotsim.core.access import actor_of_session
from iotsim.core.actor import Actor
from iotsim.core.errors import Denied, IotsimError, Unauthenticated, Unavailable
from iotsim.core.guard import in_thread

log = structlog.get_logger(__name__)

RECHECK_SECONDS: Final = 30.0  # of the person's session and membership, beside what is announced
PEOPLE: Final = {"member", "membership"}  # kinds that may end somebody's membership
MOST_BYTES, MESSAGES, PER_SECONDS = 200, 30, 10.0
SIGNED_OUT, NOT_A_MEMBER, ELSEWHERE = 4401, 4403, 4409
FLOOD, TOO_LARGE, TRY_LATER = 1008, 1009, 1013


class LiveConsumer(AsyncWebsocketConsumer):
    """One open page."""

    actor: Actor | None = None
    checking: "asyncio.Task[None] | None" = None
    ended = False

    async def connect(self) -> None:
        self.errands: set[asyncio.Task[None]] = set()
        self.window, self.in_window = time.monotonic(), 0
        await self.accept()
        try:
            self.actor = await in_thread(actor_of_session, self._session_key)
            hub = Hub.of_this_loop()
            await hub.join(self.actor.organization_id, self.hear)
            await self._say({"hello": {"quiet": await hub.quiet_seconds(self.actor.organization_id)}})
        except (IotsimError, DatabaseError, redis.RedisError) as error:
            await self._end(error)
            return
        self.checking = asyncio.create_task(self._check_now_and_then())

    @property
    def _session_key(self) -> str | None:
        key: str | None = self.scope["cookies"].get(settings.SESSION_COOKIE_NAME)
        return key

    async def disconnect(self, code: int) -> None:
        self.ended = True
        for task in (self.checking, *self.errands):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        if self.actor is not None:
            await Hub.of_this_loop().leave(self.actor.organization_id, self.hear)

    # --- what the page says ---

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.ended:
            return
        if len(text_data or bytes_data or "") > MOST_BYTES:
            await self._close(TOO_LARGE, f"At most {MOST_BYTES} bytes are taken here.")
        elif self._is_flood():
            await self._close(FLOOD, f"At most {MESSAGES} messages in {PER_SECONDS:.0f} seconds are taken here.")
        elif text_data == "ping":
            await self._say({"pong": 1})

    def _is_flood(self) -> bool:
        now = time.monotonic()
        if now - self.window > PER_SECONDS:
            self.window, self.in_window = now, 0
        self.in_window += 1
        return self.in_window > MESSAGES

    # --- what the page is told ---

    def hear(self, changes: Changes | None) -> None:
        """Called by the hub, at most a few times a second."""
        if not self.ended:
            errand = asyncio.create_task(self._tell(changes))
            self.errands.add(errand)
            errand.add_done_callback(self.errands.discard)

    async def _tell(self, changes: Changes | None) -> None:
        if changes is None:
            await self._close(TRY_LATER, "Changes may have been missed.")
            return
        if changes.keys() & PEOPLE:
            await self._check()
        if not self.ended and self.actor is not None:
            # Whoever may see some customers only is told that something changed, not what.
            limited = self.actor.customer_ids is not None
            await self._say({"changed": {kind: [] for kind in changes} if limited else changes})

    async def _check_now_and_then(self) -> None:
        while not self.ended:
            await asyncio.sleep(RECHECK_SECONDS)
            await self._check()

    async def _check(self) -> None:
        """The person as they are now; the socket ends when it is not theirs any more."""
        assert self.actor is not None
        try:
            actor = await in_thread(actor_of_session, self._session_key)
        except (IotsimError, DatabaseError) as error:
            await self._end(error)
            return
        if actor.organization_id != self.actor.organization_id:
            await self._close(ELSEWHERE, "You have gone over to another organisation.")
        else:
            self.actor = actor

    async def _end(self, error: Exception) -> None:
        match error:
            case Unauthenticated():
                await self._close(SIGNED_OUT, error.sentence)
            case Denied():
                await self._close(NOT_A_MEMBER, error.sentence)
            case Unavailable():
                await self._close(TRY_LATER, error.sentence)
            case _:
                log.warning("live_socket_refused", error=str(error))
                await self._close(TRY_LATER, "The server is not ready; the page tries again by itself.")

    async def _close(self, code: int, sentence: str) -> None:
        if not self.ended:
            self.ended = True
            await self._say({"end": sentence})
            await self.close(code, sentence)

    async def _say(self, message: dict[str, Any]) -> None:
        """To a page that has just gone nothing is sent; its disconnect is on the way to us."""
        try:
            await self.send(text_data=json.dumps(message, separators=(",", ":")))
        except RuntimeError as error:
            if type(error).__name__ != "Disconnected":  # autobahn's, which cannot be imported beside daphne
                raise
