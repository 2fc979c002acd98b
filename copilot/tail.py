"""A conversation's events from a number on, each once and none left out: what the rows have, then what the stream says.

The stream may have holes (Valkey was away for a moment while the runner went on), the rows come a quarter of a second
later. Events are numbered, so a hole is seen: what lies behind it waits until the rows have filled it.
"""

from types import TracebackType
from typing import Final, Self

from copilot.models import RunEvent
from copilot.stream import MOST_WAITING, Entry, Follower, Hub
from iotsim.core.guard import in_thread
from iotsim.core.tenancy import tenant

HOLE_SECONDS: Final = 0.1  # between two looks at the rows while a hole is open
MISSED: Final = Entry(0, 0, {"missed": True})  # a notice: others may have been lost


class Tail:
    """Follows one conversation. `seq` is the newest event that was handed out.

    An event of the rows may begin before `seq`: text that was streamed in pieces is one row. Its offset says where.
    All branches' events are handed out; who shows one of them knows which it holds.
    """

    def __init__(self, organization_id: int, thread_id: int, *, after: int = 0) -> None:
        self.organization_id, self.thread_id, self.seq = organization_id, thread_id, after
        self._follower: Follower | None = None
        self._behind: dict[int, Entry] = {}  # came from the stream, with a hole before them

    async def __aenter__(self) -> Self:
        await self.begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.end()

    async def begin(self) -> None:
        """From now on nothing is missed."""
        self._follower = await Hub.of_this_loop().follow(self.organization_id, self.thread_id)

    def go_on_from(self, seq: int) -> None:
        """All up to that event is known by other means; only what comes after it is handed out."""
        self.seq = seq
        self._behind.clear()

    async def end(self) -> None:
        follower, self._follower = self._follower, None
        if follower is not None:
            await Hub.of_this_loop().unfollow(follower)

    async def take(self, *, timeout: float, look: bool = True) -> list[Entry]:
        """What is new, after at most `timeout` seconds: events in order, and notices (`seq` 0).

        With `look`, silence is not believed: the rows are read when nothing came.
        """
        if self._follower is None:
            return []
        heard = await self._follower.take(timeout=HOLE_SECONDS if self._behind else timeout)
        missed, self._follower.missed = self._follower.missed, False
        events = self._in_order(heard)
        if missed or self._behind or (look and not heard):
            events += await self.catch_up()
        return [*events, *(one for one in heard if not one.seq), *([MISSED] if missed else [])]

    async def catch_up(self, *, rows: bool = True) -> list[Entry]:
        """What the rows have beyond `seq`, then what the stream holds beyond them."""
        follower = self._follower
        if follower is None:
            return []
        events = [self._take(one) for one in await in_thread(self._rows)] if rows else []
        held = await Hub.of_this_loop().history(follower.key, after=self.seq)
        return [*events, *self._in_order(held)]

    def _in_order(self, entries: list[Entry]) -> list[Entry]:
        """Those that follow `seq` without a hole; the others wait."""
        for one in entries:
            if one.seq > self.seq:
                self._behind[one.seq] = one
        events: list[Entry] = []
        for seq in sorted(self._behind):
            if self._behind[seq].first_seq > self.seq + 1 and seq > self.seq:
                break
            one = self._behind.pop(seq)
            if seq > self.seq:
                events.append(self._take(one))
        if len(self._behind) > MOST_WAITING:
            self._behind.clear()  # the rows will have them
        return events

    def _take(self, entry: Entry) -> Entry:
        self.seq = entry.seq
        return entry

    def _rows(self) -> list[Entry]:
        """The truth: what the rows leave out within themselves is lost for good, so nobody waits for it."""
        with tenant(self.organization_id, read_only=True):
            rows = RunEvent.objects.filter(thread_id=self.thread_id, seq__gt=self.seq).order_by("seq")
            return [Entry(one.seq, one.first_seq, one.payload) for one in rows]
