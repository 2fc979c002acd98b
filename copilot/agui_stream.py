"""A run as server-sent events: from its beginning or from where a reader left off, to its end.

The reading is a coroutine without a thread, holds what one turn of the loop brings and nothing more, and waits while
its reader does not read. Whoever goes away stops nothing.
"""

import json
import re
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Final

import structlog
from ag_ui.core import Message, RunErrorEvent
from django.conf import settings
from django.db import DatabaseError

from copilot import threads
from copilot.agui_messages import messages_of
from copilot.agui_runs import Followed, message_ids
from copilot.agui_state import SharedState
from copilot.agui_translation import Ids, Json, Position, Translation
from copilot.models import Run
from copilot.stream import Entry
from copilot.tail import Tail
from iotsim.core.errors import Invalid, IotsimError
from iotsim.core.guard import in_thread
from iotsim.core.tenancy import tenant

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 2.0  # how long silence is believed
BEAT: Final = b": working\n\n"
AWAY: Final = "The events cannot be read now. The run goes on: come back to it by its run id."

StillAllowed = Callable[[], None]  # raises Unauthenticated or Denied


def position(text: str) -> Position | None:
    """A Last-Event-ID of ours; None for an empty one. Raises Invalid."""
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,18})(?:-(\d{1,9}))?", text)
    if found is None:
        raise Invalid(
            "Last-Event-ID is the id of an event of this conversation, as it was sent.", field="Last-Event-ID"
        )
    return Position(int(found[1]), int(found[2] or 0))


def frame(events: list[Json], place: Position | None = None) -> bytes:
    """The events as one write; the last carries the place to come back to, so nobody comes back between them."""
    frames = [f"data: {json.dumps(one, ensure_ascii=False, separators=(',', ':'))}\n\n" for one in events]
    if frames and place is not None:
        frames[-1] = f"id: {place}\n{frames[-1]}"
    return "".join(frames).encode(errors="replace")


def refusal(sentence: str, code: str) -> Json:
    plain: Json = RunErrorEvent(message=sentence, code=code).model_dump(mode="json", by_alias=True)
    return plain


class Reading:
    """One reader of one run. `after` is what they have already; `own` the program's part of the shared state."""

    def __init__(
        self,
        run: Followed,
        *,
        still_allowed: StillAllowed,
        after: Position | None = None,
        own: Mapping[str, Any] | None = None,
    ) -> None:
        self.run, self.after, self.still_allowed = run, after, still_allowed
        state = SharedState(own or {}, thread=run.thread_id, title=run.title, run=run.run_id)
        self.translation = Translation(Ids(run.client_thread, run.client_run), state)
        self.wrote = self.checked = time.monotonic()

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """Everything, as it comes. Errors on the way are events too: the answer has begun."""
        try:
            async with Tail(self.run.organization_id, self.run.thread_id, after=self.run.first_seq) as tail:
                if self.after is None:
                    said = [self.run.question] if self.run.question else await in_thread(self._history)
                    yield frame(self.translation.opening(said), self._start)
                entries = await tail.catch_up(rows=self.run.question is None)  # of a new run the stream has all
                while True:
                    if data := await self._told(entries):
                        yield data
                    if self.translation.over:
                        return
                    entries = await tail.take(timeout=LOOK_SECONDS)
                    await self._recheck()
        except IotsimError as error:
            yield frame([refusal(error.sentence, error.code)])
        except DatabaseError as error:
            log.warning("agui_database_away", error=str(error))
            yield frame([refusal(AWAY, "unavailable")])

    @property
    def _start(self) -> Position:
        return Position(self.run.first_seq)

    async def _told(self, entries: list[Entry]) -> bytes:
        """The entries as they go out, in one piece; or a sign of life, without which proxies cut a connection."""
        data = b""
        for entry in entries:
            if entry.seq and not self.translation.over:
                data += await self._frames_of(entry)
        now = time.monotonic()
        if not data and now - self.wrote > settings.EVENTS_BEAT_SECONDS:
            data = BEAT
        if data:
            self.wrote = now
        return data

    async def _frames_of(self, entry: Entry) -> bytes:
        is_last = entry.payload["type"] in ("RUN_FINISHED", "RUN_ERROR")
        cost = await in_thread(self._cost) if is_last else None
        self._skip(entry)
        events = self.translation.of(entry.payload, cost=cost)
        if self.after is not None and entry.seq <= self.after.seq:
            return b""
        return frame(events, self.translation.position(entry))

    def _skip(self, entry: Entry) -> None:
        """The reader has the beginning of this text."""
        payload, after = entry.payload, self.after
        if after is None or not after.chars or payload["type"] != "TEXT_MESSAGE_CONTENT":
            return
        if entry.first_seq <= after.seq < entry.seq:
            self.translation.said[payload["messageId"]] = after.chars

    async def _recheck(self) -> None:
        """Whether whoever reads may still do so: keys are revoked, sessions end, people leave."""
        if time.monotonic() - self.checked > settings.EVENTS_RECHECK_SECONDS:
            self.checked = time.monotonic()
            await in_thread(self.still_allowed)

    def _history(self) -> list[Message]:
        with tenant(self.run.organization_id, read_only=True):
            rows = threads.events_of(self.run.thread_id, head_id=self.run.run_id)
            told = [one.payload for one in rows if one.seq <= self.run.first_seq]
            return messages_of(told, message_ids(self.run.thread_id))

    def _cost(self) -> float | None:
        """In US dollars; None when the price is not known."""
        with tenant(self.run.organization_id, read_only=True):
            cost = Run.objects.filter(pk=self.run.run_id).values_list("cost", flat=True).first()
        return None if cost is None else float(cost)


async def refused(run: Ids, error: IotsimError) -> AsyncGenerator[bytes, None]:
    """A run that cannot go on: an answer to an interrupt that does not fit is told by an event, not by a status."""
    state = SharedState({}, thread=0, title="", run=0)
    opening = Translation(run, state).opening([])[:1]
    yield frame([*opening, refusal(error.sentence, error.code)])
