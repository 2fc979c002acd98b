"""From "these objects changed" in any process of ours to every open page: one Valkey channel, gathered per tenant.

Publishing is one round trip of a plain client, so that it works alike in requests, workers, commands and threads
that belong to an event loop. Every web process listens once, however many sockets it has, and gathers what comes:
a burst of a million rows is at most `PER_SECOND` messages a second for each organisation.
"""

import asyncio
import contextlib
import json
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import redis
import structlog

from iotsim.core.errors import Unavailable
from iotsim.core.events import COALESCE_ABOVE
from iotsim.core.valkey import async_client, client, key_of

log = structlog.get_logger(__name__)

Changes = dict[str, list[int]]  # kind -> ids; no ids means "the list changed"
Hear = Callable[[Changes | None], None]  # None: news may have been missed

PER_SECOND: Final = 4
GATHER_SECONDS: Final = 0.02  # one commit names several kinds: they travel together
QUIET_SECONDS: Final = 3600  # how long the time of an organisation's newest change is kept
HEARTBEAT_SECONDS: Final = 20.0
RETRY_SECONDS: Final = 1.0
START_SECONDS: Final = 3.0


def channel() -> str:
    return key_of("live", "changes")


def _newest(organization_id: int) -> str:
    return key_of("live", "newest", organization_id)


def publish(organization_id: int, kind: str, ids: list[int]) -> None:
    """A listener of core's events. A Valkey that is away is logged: pages catch up when they connect anew."""
    try:
        with client().pipeline(transaction=False) as pipe:
            pipe.set(_newest(organization_id), repr(time.time()), ex=QUIET_SECONDS)
            pipe.publish(channel(), json.dumps([organization_id, kind, ids]))
            pipe.execute()
    except redis.RedisError as error:
        log.warning("live_change_not_sent", kind=kind, error=str(error))


@dataclass
class Gathered:
    """What has changed in one organisation since its pages were told."""

    changes: dict[str, set[int] | None] = field(default_factory=dict)
    told_at: float = float("-inf")
    timer: asyncio.TimerHandle | None = None

    def add(self, kind: str, ids: list[int]) -> None:
        known = self.changes.setdefault(kind, set())
        if known is None or not ids or len(known | set(ids)) > COALESCE_ABOVE:
            self.changes[kind] = None
        else:
            known.update(ids)

    def take(self) -> Changes:
        taken = {kind: sorted(ids) if ids else [] for kind, ids in self.changes.items()}
        self.changes = {}
        return taken


class Hub:
    """All sockets of this process behind one subscription."""

    _of_loop: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = weakref.WeakKeyDictionary()

    def __init__(self) -> None:
        self._hearers: dict[int, set[Hear]] = {}
        self._gathered: dict[int, Gathered] = {}
        self._subscribed = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._client = async_client()

    @classmethod
    def of_this_loop(cls) -> "Hub":
        return cls._of_loop.setdefault(asyncio.get_running_loop(), cls())

    async def join(self, organization_id: int, hear: Hear) -> None:
        """Have `hear` called with all that changes from now on. Raises Unavailable while Valkey is away."""
        self._hearers.setdefault(organization_id, set()).add(hear)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(), name="live-hub")
        try:
            await asyncio.wait_for(self._subscribed.wait(), START_SECONDS)
        except TimeoutError as error:
            await self.leave(organization_id, hear)
            raise Unavailable("Live updates are away; the page tries again by itself.") from error

    async def leave(self, organization_id: int, hear: Hear) -> None:
        """Stop calling it; the last to leave ends the subscription."""
        known = self._hearers.get(organization_id, set())
        known.discard(hear)
        if not known:
            self._hearers.pop(organization_id, None)
            gathered = self._gathered.pop(organization_id, None)
            if gathered is not None and gathered.timer is not None:
                gathered.timer.cancel()
        if not self._hearers and self._reading is not None:
            reading, self._reading = self._reading, None
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading

    async def quiet_seconds(self, organization_id: int) -> float:
        """How long nothing has changed in the organisation, up to an hour."""
        newest = await self._client.get(_newest(organization_id))
        return float(QUIET_SECONDS) if newest is None else max(0.0, time.time() - float(newest))

    async def _read(self) -> None:
        try:
            while True:
                try:
                    await self._follow()
                except (redis.RedisError, OSError) as error:
                    log.warning("live_changes_away", error=str(error))
                self._subscribed.clear()
                self._tell_everyone_they_missed()
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._subscribed.clear()
            await self._client.aclose()

    async def _follow(self) -> None:
        """Take in what is published, until the connection breaks or answers no more."""
        asked = False
        async with self._client.pubsub() as news:
            await news.subscribe(channel())
            while True:
                message = await news.get_message(timeout=HEARTBEAT_SECONDS)
                if message is None and asked:
                    raise redis.ConnectionError("Valkey does not answer any more.")
                if message is None:
                    await news.ping()
                    asked = True
                    continue
                asked = False
                if message["type"] == "subscribe":
                    self._subscribed.set()
                elif message["type"] == "message":
                    self._take_in(*json.loads(message["data"]))

    def _take_in(self, organization_id: int, kind: str, ids: list[int]) -> None:
        if organization_id not in self._hearers:
            return
        loop = asyncio.get_running_loop()
        gathered = self._gathered.setdefault(organization_id, Gathered())
        gathered.add(kind, ids)
        if gathered.timer is None:
            wait = max(GATHER_SECONDS, gathered.told_at + 1 / PER_SECOND - loop.time())
            gathered.timer = loop.call_later(wait, self._tell, organization_id)

    def _tell(self, organization_id: int) -> None:
        gathered = self._gathered[organization_id]
        gathered.timer, gathered.told_at = None, asyncio.get_running_loop().time()
        changes = gathered.take()
        for hear in tuple(self._hearers.get(organization_id, ())):
            hear(changes)

    def _tell_everyone_they_missed(self) -> None:
        for hearers in tuple(self._hearers.values()):
            for hear in tuple(hearers):
                hear(None)
