"""Sharing a conversation with the organisation, reading what colleagues share, going on from it."""

from typing import Annotated

from django.utils import timezone
from pydantic import BaseModel, Field

from copilot.copying import copy_of
from copilot.models import ACTIVE, Run
from copilot.parameters import BranchOf, ThreadId
from copilot.reading_whole import out_of
from copilot.schemas.conversations import ConversationChange, ConversationPage, Copied
from copilot.services.conversations import newest_threads
from copilot.sharing import find_readable, owners_of, shared_with
from copilot.threads import find_thread, remember_open, states_of
from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict
from iotsim.core.paging import Cursor
from iotsim.core.parameters import Limit
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted


def _undo_share(actor: Actor, arguments: BaseModel, result: ConversationChange) -> Undo:
    return Undo("share_conversation", {"thread": result.id, "shared": result.before == "shared"})


@service(
    permission=Permission.VIEW,
    risk=Risk.WRITE,
    path="copilot/conversations/{thread}/share",
    examples=(),
    title="Share conversation",
    undo=_undo_share,
    people_only=True,
)
def share_conversation(
    actor: Actor,
    *,
    thread: ThreadId,
    shared: Annotated[bool, Field(description="False stops sharing")] = True,
) -> ConversationChange:
    """Let everybody in the organisation read a conversation of one's own, also what is said in it later.

    Members who are limited to some customers cannot open it, nor can those whose role may not see what it shows.
    """
    row = find_thread(actor, thread, lock=True)
    before = row.shared_at
    row.shared_at = (before or timezone.now()) if shared else None
    row.save(update_fields=["shared_at"])
    touch("conversation", [row.pk])
    yes = f"Everybody in the organisation can read “{row.title}” now, at /copilot/{row.pk}/."
    no = f"“{row.title}” is yours alone again."
    return ConversationChange(
        sentence=yes if shared else no, id=row.pk, title=row.title, before="shared" if before else ""
    )


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="copilot/shared",
    examples=(),
    title="Shared conversations",
)
def list_shared_conversations(actor: Actor, *, limit: Limit = 50, cursor: Cursor = None) -> ConversationPage:
    """List the conversations that colleagues share, the one shared last first."""
    page, following = newest_threads(shared_with(actor), cursor, limit, by="shared_at")
    states, owners = states_of([one.pk for one in page]), owners_of(page)
    return ConversationPage(
        sentence=f"{counted(len(page), 'shared conversation')}{' and more' if following else ''}.",
        items=[out_of(one, states.get(one.pk, ""), owner=owners[one.pk]) for one in page],
        next_cursor=following,
    )


@service(
    permission=Permission.VIEW,
    risk=Risk.WRITE,
    path="copilot/conversations/{thread}/copy",
    examples=(),
    title="Go on from here",
    people_only=True,
)
def copy_conversation(actor: Actor, *, thread: ThreadId, run: BranchOf = None) -> Copied:
    """Copy a conversation that one may read into one of one's own, to go on with; with `run`, the branch with it.

    Only what was said is copied: what waits for approval in it, and what can be undone, stays with its owner.
    """
    row = find_readable(actor, thread)
    if Run.objects.filter(thread=row, state__in=ACTIVE).exists():
        raise Conflict("The copilot is still answering in this conversation. Wait until it is done.")
    made = copy_of(actor, row, run_id=run)
    touch("conversation", [made.pk])
    remember_open(actor, made.pk)
    return Copied(
        sentence=f"“{made.title}” is a conversation of yours now.", id=made.pk, go_to=f"/copilot/{made.pk}/#copilot"
    )
