"""Keeping a run's events: each at once in the stream, in batches in PostgreSQL, numbered without a gap.

The rows follow every quarter of a second, pieces of text joined, and always before a tool runs (`flush`). A runner that
lost its lease writes nothing more.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from ag_ui.core.events import BaseEvent

from copilot import queue
from copilot.models import Run, RunEvent
from copilot.stream import Entry, Writer, key_of
from iotsim.core.guard import in_thread
from iotsim.core.tenancy import tenant

FLUSH_SECONDS: Final = 0.25
SLOWEST_SECONDS: Final = 2.0

OnEvent = Callable[[dict[str, Any]], None]


class LeaseLost(RuntimeError):
    """Another runner has taken the run over; this one must stop without a trace."""


def _hear(task: "asyncio.Task[None]") -> None:
    """Errors of a flush by the clock are raised by the next event, or met again by the run's end."""
    if not task.cancelled():
        task.exception()


def as_json(event: BaseEvent) -> dict[str, Any]:
    plain: dict[str, Any] = event.model_dump(mode="json", by_alias=True)
    return plain


class Recorder:
    """Writes one run's events. `on_event` hears of each as it is added (the terminal)."""

    def __init__(
        self, run: Run, *, worker: str, writer: Writer, next_seq: int, on_event: OnEvent | None = None
    ) -> None:
        self.run, self.worker, self.writer = run, worker, writer
        self.seq = next_seq - 1
        self._key = key_of(run.organization_id, run.thread_id)
        self._pending: list[Entry] = []
        self._flushing = asyncio.Lock()
        self._timer: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self._pause = FLUSH_SECONDS
        self._on_event = on_event

    async def add(self, event: BaseEvent) -> None:
        """Keep an event. Raises LeaseLost when the run belongs to another runner by now."""
        self.seq += 1
        entry = Entry(self.seq, self.seq, as_json(event))
        self._pending.append(entry)
        self.writer.append(self._key, entry)
        if self._on_event is not None:
            self._on_event(entry.payload)
        self._flush_soon()

    def _flush_soon(self) -> None:
        if self._timer is not None and self._timer.done():
            self._timer.result()  # a lost lease is heard here
            self._timer = None
        if self._timer is None:
            self._timer = asyncio.create_task(self._flush_later(), name=f"copilot-flush-{self.run.pk}")
            self._timer.add_done_callback(_hear)

    async def _flush_later(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), self._pause)
        if not self._over.is_set():
            begun = time.monotonic()
            await self.flush()
            # A database that takes long, or is asked by hundreds of runs, is asked less often.
            self._pause = min(max(FLUSH_SECONDS, 4 * (time.monotonic() - begun)), SLOWEST_SECONDS)

    async def flush(self) -> None:
        """Write what is waiting into the rows; what could not be written goes on waiting."""
        async with self._flushing:
            batch, self._pending = self._pending, []
            try:
                if batch:
                    await in_thread(self._write, batch)
            except BaseException:
                self._pending = [*batch, *self._pending]
                raise

    def quiet(self) -> None:
        """Flush no more by the clock."""
        self._over.set()

    async def close(self) -> list[Entry]:
        """Stop flushing by the clock and hand over what is left, to be written with the run's end.

        A flush that is under way is waited for and never cancelled: its thread would go on by itself, after the end or
        never, and readers, who go by the numbers, would not see what it held.
        """
        self.quiet()
        if self._timer is not None:
            await asyncio.wait({self._timer})
        async with self._flushing:
            batch, self._pending = self._pending, []
        return batch

    def _write(self, batch: Sequence[Entry]) -> None:
        with tenant(self.run.organization_id):
            self.must_hold()
            write(self.run, batch)

    def must_hold(self) -> None:
        if not queue.holds(self.worker, self.run.pk):
            raise LeaseLost(f"run {self.run.pk}")


def write(run: Run, batch: Sequence[Entry]) -> None:
    """Insert events, inside the tenant's transaction; one that is there already stays as it is."""
    RunEvent.objects.bulk_create(
        [
            RunEvent(
                organization_id=run.organization_id,
                thread_id=run.thread_id,
                run=run,
                first_seq=one.first_seq,
                seq=one.seq,
                payload=_without_nul(one.payload),
            )
            for one in joined(batch)
        ],
        ignore_conflicts=True,
    )


def joined(batch: Sequence[Entry]) -> list[Entry]:
    """The batch with pieces of the same message that follow each other made one."""
    made: list[Entry] = []
    for one in batch:
        last = made[-1] if made else None
        if last and _same_text(last.payload, one.payload):
            text = {**last.payload, "delta": last.payload["delta"] + one.payload["delta"]}
            made[-1] = Entry(one.seq, last.first_seq, text)
        else:
            made.append(one)
    return made


def _same_text(before: dict[str, Any], after: dict[str, Any]) -> bool:
    content = before["type"] == after["type"] == "TEXT_MESSAGE_CONTENT"
    return content and bool(before["messageId"] == after["messageId"])


def _without_nul(value: Any) -> Any:
    """PostgreSQL's jsonb holds no NUL."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {name: _without_nul(one) for name, one in value.items()}
    return [_without_nul(one) for one in value] if isinstance(value, list) else value
