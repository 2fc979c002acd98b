"""The sidebar's socket: it takes questions in, follows a conversation and sends it as HTML. Runs nothing itself."""

import asyncio
import contextlib
import time
import uuid
from typing import Any, Final

import structlog
from django.conf import settings

from copilot import messages, reading, render, threads
from copilot.branch_socket import BranchSocket
from copilot.conversation import Conversation
from copilot.facts import facts_of, needs_facts
from copilot.label import label_of
from copilot.models import Thread
from copilot.render import Facts
from copilot.stream import Entry
from copilot.suggestions import suggestions
from copilot.tail import MISSED, Tail
from copilot.tracing import traceparent_of
from iotsim.core import registry
from iotsim.core.access import actor_of_session
from iotsim.core.actor import Actor
from iotsim.core.errors import Denied, IotsimError, NotFound, Unauthenticated
from iotsim.core.guard import in_thread

log = structlog.get_logger(__name__)

FRAME_SECONDS: Final = 0.04  # pieces of text that come within this time are sent together
LOOK_SECONDS: Final = 2.0  # how long silence is believed while a run goes on
RECHECK_SECONDS: Final = 30.0  # of the person's session
MESSAGES, PER_SECONDS, FAR_TOO_MANY = 30, 10.0, 300
SIGNED_OUT, FLOODED, BROKEN = 4401, 4429, 1011
PATIENCE_SECONDS: Final = 6.0  # before the person is told that no runner has begun
NO_RUNNER: Final = "The copilot has not begun yet. If this lasts, its runner is not running: tell your administrator."


class CopilotConsumer(BranchSocket):
    """One open sidebar."""

    tail: Tail | None = None
    following: "asyncio.Task[None] | None" = None
    page: str = ""
    status: str = ""  # what was last put into the status region; said again it would be heard again

    async def connect(self) -> None:
        self.known: set[str] = set()
        self.conversation = Conversation()
        self.sending = asyncio.Lock()
        self.window, self.in_window = time.monotonic(), 0
        self.heard = time.monotonic()
        await self.accept()
        try:
            self.actor = await in_thread(actor_of_session, self._session_key)
        except (Unauthenticated, Denied) as error:
            await self._refuse(error)
            await self.close(SIGNED_OUT)

    @property
    def _session_key(self) -> str | None:
        key: str | None = self.scope["cookies"].get(settings.SESSION_COOKIE_NAME)
        return key

    async def disconnect(self, code: int) -> None:
        await self._leave()

    # --- what the page says ---

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if await self._is_flood():
            return
        question = ""
        try:
            said = messages.read(text_data, bytes_data)
            question = said.text if isinstance(said, messages.Ask) else ""
            await self._recheck()
            await self._act(said)
        except Unauthenticated as error:
            await self._refuse(error)
            await self.close(SIGNED_OUT)
        except IotsimError as error:
            await self._refuse(error, question=question)

    async def _act(self, said: Any) -> None:
        match said:
            case messages.Open():
                await self._open_said(said)
            case messages.Ask():
                await self._ask(said)
            case messages.Again():
                await self._again(said)
            case messages.Earlier():
                await self._send_earlier()
            case messages.New():
                await in_thread(threads.remember_open, self.actor, 0)
                await self._show(None)
            case messages.Look():
                self.page = said.page
                await self._send(str(render.chips_html(suggestions(self.actor, page=self.page))))
            case messages.Threads():
                await self._list_threads()
            case messages.Stop():
                if self.thread is not None:
                    await in_thread(threads.stop, self.actor, thread_id=self.thread.pk)
            case messages.Decide():
                await self._decide(said)

    async def _is_flood(self) -> bool:
        """Too many messages at once: one sentence, then nothing until it is over; far too many end the socket."""
        now = time.monotonic()
        if now - self.window > PER_SECONDS:
            self.window, self.in_window = now, 0
        self.in_window += 1
        if self.in_window == MESSAGES + 1:
            await self._say(f"Too many messages at once: at most {MESSAGES} in {PER_SECONDS:.0f} seconds.")
        if self.in_window > FAR_TOO_MANY:
            await self.close(FLOODED)
        return self.in_window > MESSAGES

    async def _recheck(self) -> None:
        """The person as they are now. When they have gone to another organisation, so do we."""
        actor = await in_thread(actor_of_session, self._session_key)
        moved = _whose(actor) != _whose(self.actor)
        self.actor = actor
        if moved:
            await self._show(await in_thread(threads.open_thread, actor))

    async def _open_said(self, said: messages.Open) -> None:
        self.page = said.page
        if said.thread is None:
            await self._show(await in_thread(threads.open_thread, self.actor))
            return
        try:
            thread = await in_thread(reading.own_thread, self.actor, said.thread)
        except NotFound:
            if said.seq is None:
                raise
            await self._show(None)  # a page that comes back to a conversation that was deleted
            return
        if said.run and not await in_thread(reading.run_is_shown, self.actor, thread.pk, said.run):
            await registry.get("show_version").acall(self.actor, {"run": said.run})
        await in_thread(threads.remember_open, self.actor, thread.pk)
        await self._show(thread, after=said.seq or 0, had=said)

    async def _ask(self, said: messages.Ask) -> None:
        self.page = said.context.path or self.page
        asked = await in_thread(
            threads.ask,
            self.actor.at(self.actor.face, request_id=uuid.uuid4().hex),
            text=said.text,
            thread_id=self.thread.pk if self.thread else None,
            context=said.context,
            offer=said.offer,
            instead_of=said.instead_of,
            traceparent=traceparent_of(self.scope["headers"]),
        )
        if self.thread is None:
            await self._show(await in_thread(reading.own_thread, self.actor, asked.thread_id), announce=True)

    async def _list_threads(self) -> None:
        rows = await in_thread(reading.newest_threads, self.actor)
        current = self.thread.pk if self.thread else None
        await self._send(str(render.threads_html(rows, current=current)))

    async def _decide(self, said: messages.Decide) -> None:
        """The person's click, through the guard as any other of theirs; the card is rendered anew in every tab."""
        service = registry.get(f"{said.decision}_call")
        raw: dict[str, Any] = {"approval": said.approval}
        if said.decision == "reject" and said.reason:
            raw["reason"] = said.reason
        try:
            outcome = await service.acall(self.actor, raw)
        finally:
            await self._refresh(approval_ids=[said.approval])
        await self._tell_status(outcome.sentence)

    # --- what is shown ---

    async def _show(
        self, thread: Thread | None, *, after: int = 0, had: messages.Open | None = None, announce: bool = False
    ) -> None:
        """Go over to a conversation; with `after`, the page has everything up to that event already, of what it `had`.

        `announce`: its state is news to who listens, even when it is over already.
        """
        await self._leave()
        self.thread, self.conversation, self.known, self.tree = thread, Conversation(), set(), None
        async with self.sending:
            if thread is not None:
                self.tail = Tail(self.actor.organization_id, thread.pk)
                await self.tail.begin()
                await self._catch_up(had)
            if thread is not None and 0 < after <= self.conversation.seq and self._still_shows(had):
                await self._send_rest(thread, after)
            else:
                await self._send_whole(announce=announce)
        if thread is not None:
            self.following = asyncio.create_task(self._follow(), name=f"copilot-socket-{thread.pk}")
            self.following.add_done_callback(self._followed)

    async def _send_whole(self, *, announce: bool) -> None:
        items = list(self.conversation.items.values())
        facts, model, chips = await in_thread(_around, self.actor, items, self.page)
        self.known = set(self.conversation.items)
        self.status = self.conversation.status if announce or self.conversation.running else ""
        around = render.Around(status=self.status, model=model, chips=chips)
        zone = self.actor.time_zone
        whole = render.whole(self.conversation, facts, around, thread=self.thread, zone=zone)
        await self._send(whole)

    async def _send_rest(self, thread: Thread, after: int) -> None:
        self.known = {one.id for one in self.conversation.items.values() if one.first <= after}
        if after == self.conversation.seq and not self.conversation.running:
            self.status = self.conversation.status  # no news for who only lost the connection
        await self._send_changes(after=after, was_running=not self.conversation.running)

    async def _follow(self) -> None:
        """Send what comes, until the page goes elsewhere."""
        checked = time.monotonic()
        while self.tail is not None:
            entries = await self.tail.take(timeout=LOOK_SECONDS, look=self.conversation.running)
            try:
                if time.monotonic() - checked > RECHECK_SECONDS:
                    checked = time.monotonic()
                    if not await self._still_allowed():
                        return
                    await self._check_branch()
                await self._take_in(entries)
            except IotsimError as error:
                await self._refuse(error)
            if any(one.payload.get("type") == "TEXT_MESSAGE_CONTENT" for one in entries):  # so the first word is prompt
                await asyncio.sleep(FRAME_SECONDS)

    def _followed(self, task: "asyncio.Task[None]") -> None:
        """A page that is followed no more (the database is away) connects anew by itself."""
        if not task.cancelled() and (error := task.exception()):
            log.error("copilot_socket_broke_down", exc_info=error)
            self.closing = asyncio.ensure_future(self.close(BROKEN))

    async def _take_in(self, entries: list[Entry]) -> None:
        if self.tail is None:
            return
        if MISSED in entries:
            await self._check_branch()
        if any("head" in entry.payload for entry in entries if not entry.seq):
            await self._change_branch()
            entries = [entry for entry in entries if not entry.seq]
        async with self.sending:
            before, was_running = self.conversation.seq, self.conversation.running
            self._apply(entries)
            if self.conversation.seq > before:
                self.heard = time.monotonic()
                await self._send_changes(after=before, was_running=was_running)
            elif self.conversation.waits and time.monotonic() - self.heard > PATIENCE_SECONDS:
                await self._tell_status(NO_RUNNER)
        if any("people" in entry.payload for entry in entries if not entry.seq) and not await self._still_allowed():
            return
        if any("conversation" in entry.payload for entry in entries if not entry.seq):
            await self._look_at_thread()
        for entry in entries:
            if not entry.seq:
                await self._refresh(
                    approval_ids=entry.payload.get("approvals", ()),
                    event_ids=entry.payload.get("events", ()),
                    run_ids=entry.payload.get("runs", ()),
                )

    async def _send_changes(self, *, after: int, was_running: bool) -> None:
        conversation = self.conversation
        items = conversation.since(after)
        facts = Facts()
        if needs_facts(items):
            facts = await in_thread(facts_of, self.actor, items)
        assert self.thread is not None
        html = render.update(
            conversation, items, facts, known=self.known, thread_id=self.thread.pk, zone=self.actor.time_zone
        )
        if conversation.status != self.status:
            self.status = conversation.status
            html += str(render.text_html("copilot-status", self.status))
        if conversation.running != was_running:
            html += render.stop_html(conversation.running)
            html += await self._when_over()
        await self._send(html)

    async def _tell_status(self, words: str) -> None:
        if words != self.status:
            self.status = words
            await self._send(str(render.text_html("copilot-status", words)))

    async def _when_over(self) -> str:
        """When an answer is over: the suggestions of this page, and what the month has cost by now."""
        if self.conversation.running:
            return ""
        _, model, chips = await in_thread(_around, self.actor, [], self.page)
        return str(render.chips_html(chips)) + str(render.text_html("copilot-model", model))

    async def _refresh(self, *, approval_ids: Any = (), event_ids: Any = (), run_ids: Any = ()) -> None:
        """Render cards, Undo buttons and ratings as they are now."""
        async with self.sending:
            about = {"approval_ids": set(approval_ids), "event_ids": set(event_ids), "run_ids": set(run_ids)}
            items = self.conversation.about(**about)
            if not items or self.thread is None:
                return
            facts = await in_thread(facts_of, self.actor, items)
            zone = self.actor.time_zone
            await self._send(
                render.update(self.conversation, items, facts, known=self.known, thread_id=self.thread.pk, zone=zone)
            )

    async def _still_allowed(self) -> bool:
        try:
            await self._recheck_quietly()
        except (Unauthenticated, Denied) as error:
            await self._refuse(error)
            await self.close(SIGNED_OUT)
            return False
        return True

    async def _recheck_quietly(self) -> None:
        actor = await in_thread(actor_of_session, self._session_key)
        if _whose(actor) == _whose(self.actor):
            self.actor = actor

    async def _leave(self) -> None:
        """Stop following."""
        following, self.following = self.following, None
        tail, self.tail = self.tail, None
        if following is not None and following is not asyncio.current_task():
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
        if tail is not None:
            await tail.end()

    # --- what goes out ---

    async def _say(self, sentence: str, *, question: str = "", request_id: str = "") -> None:
        number = uuid.uuid4().hex[:8]
        html = render.said_html(question, number=f"x{number}") if question else ""
        html += render.error_html(sentence, number=f"x{number}", request_id=request_id)
        await self._send(str(render.at_the_end(html)) + str(render.text_html("copilot-status", sentence)))

    async def _refuse(self, error: IotsimError, *, question: str = "") -> None:
        await self._say(error.sentence, question=question)

    async def _send(self, html: str) -> None:
        """To a page that has just gone nothing is sent; its disconnect is on the way to us."""
        try:
            await self.send(text_data=html)
        except RuntimeError as error:
            if type(error).__name__ != "Disconnected":  # autobahn's, which cannot be imported beside daphne
                raise


def _whose(actor: Actor) -> tuple[int, int | None, int | None]:
    """Whose conversations these are: they change with the organisation, and when support begins to act as somebody."""
    return actor.organization_id, actor.user_id, actor.impersonation_id


def _around(actor: Actor, items: list[Any], page: str) -> tuple[Facts, str, list[str]]:
    return facts_of(actor, items), label_of(actor), suggestions(actor, page=page)
