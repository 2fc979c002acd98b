"""What a socket does about a conversation's branches, and about the part of it that the page has not got."""

import asyncio
import uuid
from abc import abstractmethod

from channels.generic.websocket import AsyncWebsocketConsumer

from copilot import messages, reading, render, threads
from copilot.branches import Tree
from copilot.conversation import Conversation, fold
from copilot.facts import facts_of
from copilot.models import Thread
from copilot.stream import Entry
from copilot.tail import Tail
from iotsim.core.actor import Actor
from iotsim.core.errors import NotFound
from iotsim.core.guard import in_thread


class BranchSocket(AsyncWebsocketConsumer):
    """The part of the sidebar's socket that knows of branches; the rest of it is the consumer."""

    actor: Actor
    thread: Thread | None = None
    conversation: Conversation
    tree: Tree | None = None  # what is known of the conversation's branches
    known: set[str]
    sending: asyncio.Lock
    tail: Tail | None = None

    @abstractmethod
    async def _show(self, thread: Thread | None) -> None:
        """Go over to a conversation, or to a new one."""

    @abstractmethod
    async def _send_whole(self, *, announce: bool) -> None:
        """Everything in the sidebar."""

    @abstractmethod
    async def _tell_status(self, words: str) -> None:
        """Words for the status region."""

    @abstractmethod
    async def _send(self, html: str) -> None:
        """Fragments to the page."""

    async def _catch_up(self, had: messages.Open | None = None) -> None:
        """The newest part of the conversation from the rows, then what the stream has beyond it."""
        if self.thread is None or self.tail is None:
            return
        first, run = (had.first, had.run) if had else (None, None)
        portion = await in_thread(reading.newest_portion, self.actor, self.thread.pk, first=first, run=run)
        self.conversation, self.tree = portion.begin(), portion.tree
        for seq, payload in portion.events:
            self.conversation.apply(seq, payload)
        self.tail.go_on_from(max(self.conversation.seq, self.tree.last_seq))
        self._apply(await self.tail.catch_up())

    def _apply(self, entries: list[Entry]) -> None:
        """Take in the events of the branch that is shown."""
        for entry in entries:
            if entry.seq and self.tree is not None and self.tree.holds(entry.seq):
                self.conversation.apply(entry.seq, entry.payload)

    async def _again(self, said: messages.Again) -> None:
        """An answer given anew stands beside the old one; what that one changed is told before."""
        if not said.knowing and (changes := await in_thread(reading.changes_of, self.actor, said.run)):
            await self._send(str(render.again_html(said.run, changes)))
            await self._tell_status("What the answer changed stays changed")
            return
        asked = self.actor.at(self.actor.face, request_id=uuid.uuid4().hex)
        await in_thread(threads.again, asked, said.run)

    def _still_shows(self, had: messages.Open | None) -> bool:
        """Whether what the page had is a part of the branch that is shown."""
        head = had.head if had else None
        return self.tree is not None and (head in self.tree.path if head else self.tree.is_straight)

    async def _send_earlier(self) -> None:
        """The part before what the page has."""
        async with self.sending:
            first = self.conversation.first
            if self.thread is None or first is None or not self.conversation.earlier:
                return
            portion = await in_thread(reading.portion_before, self.actor, self.thread.pk, first)
            before = fold(portion.events)
            facts = await in_thread(facts_of, self.actor, list(before.items.values()))
            self.conversation.items = {**before.items, **self.conversation.items}
            self.conversation.first, self.conversation.earlier = portion.first, portion.earlier
            self.known |= set(before.items)
            zone = self.actor.time_zone
            await self._send(render.earlier_part(before, facts, self.conversation, self.thread.pk, zone))

    async def _change_branch(self) -> None:
        """Another branch is shown now: here, in another tab, or because a question was edited."""
        async with self.sending:
            await self._catch_up()
            await self._send_whole(announce=True)

    async def _check_branch(self) -> None:
        """For who missed that another branch is shown."""
        if self.thread is None or self.tree is None:
            return
        now = await in_thread(reading.branches_of, self.actor, self.thread.pk)
        if not now.continues(self.tree):
            await self._change_branch()

    async def _look_at_thread(self) -> None:
        """The conversation was renamed, shared, pinned or deleted."""
        assert self.thread is not None
        try:
            self.thread = await in_thread(reading.own_thread, self.actor, self.thread.pk)
        except NotFound:
            await self._show(None)
            return
        await self._send(render.head_html(self.thread))
