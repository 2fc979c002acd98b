"""The fast way from the runner to the readers: one Valkey stream for each conversation.

PostgreSQL holds the truth; the stream holds the same events some 250 ms earlier and is forgotten after an hour. An
entry is an event with its numbers, or a notice without one ("card 7 changed"). Whoever misses an entry reads the rows.
"""

import asyncio
import contextlib
import json
import time
import weakref
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import redis
import structlog

from iotsim.core import valkey
from iotsim.core.valkey import async_client, client

log = structlog.get_logger(__name__)

KEEP_SECONDS: Final = 3600
LONGEST: Final = 20_000  # entries of one stream
MOST_WAITING: Final = 2_000  # entries that a slow reader may leave lying before it has to read the rows again
BLOCK_MS: Final = 3_000
HISTORY_PAGE: Final = 500
AT_ONCE: Final = 500  # entries in one write
MOST_UNWRITTEN: Final = 20_000
WAIT_SECONDS: Final = 5.0  # for an answer of Valkey
PAUSE_SECONDS: Final = 0.2  # before Valkey is tried again


@dataclass(frozen=True)
class Entry:
    """An event (`seq` > 0, an AG-UI event as JSON) or a notice (`seq` 0)."""

    seq: int
    first_seq: int
    payload: dict[str, Any]


def key_of(organization_id: int, thread_id: int) -> str:
    return valkey.key_of("copilot", organization_id, thread_id)


def _channel() -> str:
    return valkey.key_of("copilot", "orders")


def _fields(entry: Entry) -> dict[str, str]:
    return {"s": str(entry.seq), "f": str(entry.first_seq), "e": json.dumps(entry.payload)}


def _entry(fields: dict[bytes, bytes]) -> Entry:
    return Entry(int(fields[b"s"]), int(fields[b"f"]), json.loads(fields[b"e"]))


# --- from synchronous code: a question, a decision ---


def append(organization_id: int, thread_id: int, entries: Sequence[Entry]) -> None:
    """Add entries. When Valkey is away readers find the events in the rows, so this only says so in the log."""
    key = key_of(organization_id, thread_id)
    try:
        with client().pipeline(transaction=False) as pipe:
            for entry in entries:
                pipe.xadd(key, _fields(entry), maxlen=LONGEST)
            pipe.expire(key, KEEP_SECONDS)
            pipe.execute()
    except redis.RedisError as error:
        log.warning("copilot_stream_away", error=str(error))


def order(word: str, **values: Any) -> None:
    """Tell every runner: "wake" (there is a run to take) or "stop" (run=id). They also look by themselves."""
    try:
        client().publish(_channel(), json.dumps({"word": word, **values}))
    except redis.RedisError as error:
        log.warning("copilot_order_not_sent", error=str(error))


def newest(organization_id: int, thread_id: int) -> list[Entry]:
    """All events that the stream still holds; empty when Valkey is away."""
    try:
        found = client().xrange(key_of(organization_id, thread_id))
    except redis.RedisError:
        return []
    return [_entry(fields) for _, fields in found]


def forget(organization_id: int, thread_id: int) -> None:
    """Nothing of the conversation stays in the stream."""
    with contextlib.suppress(redis.RedisError):
        client().delete(key_of(organization_id, thread_id))


# --- from the runner and the sockets ---


async def _within(answer: Awaitable[Any], *, seconds: float = WAIT_SECONDS) -> Any:
    """The answer of a Valkey that may hang. Raises redis.RedisError."""
    try:
        return await asyncio.wait_for(answer, seconds)
    except TimeoutError as error:
        raise redis.TimeoutError(f"no answer within {seconds:.0f} seconds") from error


class Writer:
    """Appends events from the runner's loop, of all its runs together, in the order in which they came.

    Nobody waits for it: what has come since the last write goes out in one. While Valkey is away it is tried again and
    again; what becomes too much is let go, and readers find it in the rows.
    """

    def __init__(self) -> None:
        self._client = async_client()
        self._waiting: deque[tuple[str, Entry]] = deque()
        self._kept: dict[str, float] = {}  # when a stream's time was last prolonged
        self._writing: asyncio.Task[None] | None = None
        self._away = False

    def append(self, key: str, entry: Entry) -> None:
        if len(self._waiting) >= MOST_UNWRITTEN:
            self._waiting.clear()
        self._waiting.append((key, entry))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all(), name="copilot-stream-writer")

    async def _write_all(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), AT_ONCE))]
            try:
                await _within(self._write(batch))
                self._away = False
            except redis.RedisError as error:
                if not self._away:  # once for each time that it goes
                    log.warning("copilot_stream_away", error=str(error))
                self._away = True
                self._waiting.extendleft(reversed(batch))  # written twice is known by its number
                await asyncio.sleep(PAUSE_SECONDS)

    async def _write(self, batch: Sequence[tuple[str, Entry]]) -> None:
        now = time.monotonic()
        async with self._client.pipeline(transaction=False) as pipe:
            for key, entry in batch:
                pipe.xadd(key, _fields(entry), maxlen=LONGEST)
            for key in {key for key, _ in batch if now - self._kept.get(key, -KEEP_SECONDS) > KEEP_SECONDS / 60}:
                pipe.expire(key, KEEP_SECONDS)
                self._kept[key] = now
            await pipe.execute()
        if len(self._kept) > MOST_UNWRITTEN:
            self._kept.clear()

    async def close(self) -> None:
        """Write what waits, if Valkey takes it, and no more."""
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=WAIT_SECONDS)
            self._writing.cancel()
            await asyncio.wait({self._writing})
        await self._client.aclose()


async def orders() -> AsyncIterator[dict[str, Any]]:
    """What is told to runners, for ever; silence while Valkey is away."""
    while True:
        connection = async_client()
        try:
            async with connection.pubsub() as pubsub:
                await pubsub.subscribe(_channel())
                async for message in pubsub.listen():
                    if message["type"] == "message":
                        yield json.loads(message["data"])
        except redis.RedisError as error:
            log.warning("copilot_orders_away", error=str(error))
            await asyncio.sleep(1)
        finally:
            await connection.aclose()


@dataclass(eq=False)
class Follower:
    """One reader of one conversation: entries as they come; `missed` when it must read the rows again."""

    key: str
    waiting: deque[Entry] = field(default_factory=deque)
    missed: bool = False
    rung: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, entry: Entry) -> None:
        if len(self.waiting) >= MOST_WAITING:
            self.waiting.clear()
            self.missed = True
        self.waiting.append(entry)
        self.rung.set()

    async def take(self, *, timeout: float) -> list[Entry]:
        """Everything that has come, after at most `timeout` seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.rung.wait(), timeout)
        self.rung.clear()
        taken = list(self.waiting)
        self.waiting.clear()
        return taken


class Hub:
    """All followers of this process behind one blocking read, however many sockets there are."""

    _of_loop: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = weakref.WeakKeyDictionary()

    def __init__(self) -> None:
        self._client = async_client()
        self._bell = valkey.key_of("copilot", "bell", id(self))
        self._positions: dict[str, str] = {}
        self._followers: dict[str, set[Follower]] = {}
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    def of_this_loop(cls) -> "Hub":
        return cls._of_loop.setdefault(asyncio.get_running_loop(), cls())

    async def follow(self, organization_id: int, thread_id: int) -> Follower:
        """A follower that gets everything written from now on."""
        follower = Follower(key_of(organization_id, thread_id))
        known = self._followers.setdefault(follower.key, set())
        known.add(follower)
        if follower.key not in self._positions:
            last = await self._last(follower.key)
            self._positions.setdefault(follower.key, last)  # where somebody else reads already, they go on
            await self._ring()
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(), name="copilot-hub")
        return follower

    async def unfollow(self, follower: Follower) -> None:
        known = self._followers.get(follower.key, set())
        known.discard(follower)
        if not known:
            self._followers.pop(follower.key, None)
            self._positions.pop(follower.key, None)
        if not self._followers and self._reading is not None:
            reading, self._reading = self._reading, None  # whoever comes meanwhile starts a reader of their own
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
            if self._reading is None:
                await self._client.aclose()

    async def history(self, key: str, *, after: int = 0) -> list[Entry]:
        """The events above `after` that the stream still holds, read from its end; none when Valkey is away."""
        found: list[Entry] = []
        newest = "+"
        try:
            while page := await _within(self._client.xrevrange(key, max=newest, count=HISTORY_PAGE)):
                entries = [_entry(fields) for _, fields in page]
                found += [one for one in entries if one.seq > after]
                if len(page) < HISTORY_PAGE or any(0 < one.seq <= after for one in entries):
                    break
                newest = f"({page[-1][0].decode()}"
        except redis.RedisError as error:
            log.warning("copilot_stream_away", error=str(error))
        return found[::-1]

    async def _last(self, key: str) -> str:
        try:
            newest = await _within(self._client.xrevrange(key, count=1))
        except redis.RedisError:
            return "$"
        return newest[0][0].decode() if newest else "0-0"

    async def _ring(self) -> None:
        """Have the blocking read begin anew, with the keys there are now."""
        with contextlib.suppress(redis.RedisError):
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.xadd(self._bell, {"s": "0"}, maxlen=1)
                pipe.expire(self._bell, KEEP_SECONDS)
                await _within(pipe.execute())

    async def _read(self) -> None:
        bell = "$"
        while True:
            keys: dict[Any, Any] = {**self._positions, self._bell: bell}
            try:
                answer = await _within(
                    self._client.xread(keys, block=BLOCK_MS), seconds=BLOCK_MS / 1000 + valkey.SECONDS
                )
            except redis.RedisError as error:
                log.warning("copilot_stream_away", error=str(error))
                self._everyone_missed()
                await asyncio.sleep(1)
                continue
            for name, found in answer or ():
                key = name.decode()
                if key == self._bell:
                    bell = found[-1][0].decode()
                elif key in self._positions:
                    self._positions[key] = found[-1][0].decode()
                    self._hand_out(key, [_entry(fields) for _, fields in found])

    def _hand_out(self, key: str, entries: list[Entry]) -> None:
        for follower in self._followers.get(key, ()):
            for entry in entries:
                follower.put(entry)

    def _everyone_missed(self) -> None:
        for followers in self._followers.values():
            for follower in followers:
                follower.missed = True
                follower.rung.set()
