"""A person's own conversations with the copilot: listing, reading, naming, deleting."""

from typing import Annotated

from pydantic import BaseModel, Field

from copilot import stream
from copilot.attachments import forget
from copilot.models import ACTIVE, Attachment, Run, RunEvent, Thread, ToolCall
from copilot.schemas.conversations import (
    ConversationChange,
    ConversationDetails,
    ConversationOut,
    ConversationPage,
    EntryOut,
)
from copilot.threads import find_thread, read, states_of, threads_of
from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict
from iotsim.core.paging import Cursor, newest_page
from iotsim.core.parameters import Limit
from iotsim.core.proposals import Change, Proposal, digest_of
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted

ThreadId = Annotated[int, Field(description="Number of the conversation", gt=0, lt=2**63)]


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="copilot/conversations",
    examples=(),
    title="Conversations",
)
def list_conversations(actor: Actor, *, limit: Limit = 50, cursor: Cursor = None) -> ConversationPage:
    """List one's own conversations with the copilot, newest first."""
    page, following = newest_page(threads_of(actor), cursor, limit)
    states = states_of([one.pk for one in page])
    return ConversationPage(
        sentence=f"{counted(len(page), 'conversation')}{' and more' if following else ''}.",
        items=[_out(one, states.get(one.pk, "")) for one in page],
        next_cursor=following,
    )


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="copilot/conversations/{thread}",
    examples=(),
    title="Conversation",
)
def get_conversation(actor: Actor, *, thread: ThreadId) -> ConversationDetails:
    """Show one of one's own conversations, with every call and what came of it."""
    row = find_thread(actor, thread)
    conversation = read(row.pk)
    costs = list(Run.objects.filter(thread=row).values_list("cost", flat=True))
    known = [one for one in costs if one is not None]
    return ConversationDetails(
        **_out(row, states_of([row.pk]).get(row.pk, "")).model_dump(),
        entries=[EntryOut(id=one.id, kind=one.kind, data=one.data) for one in conversation.items.values()],
        seq=conversation.seq,
        cost=float(sum(known)) if len(known) == len(costs) else None,
    )


def _out(row: Thread, state: str) -> ConversationOut:
    return ConversationOut(
        id=row.pk, title=row.title, state=state, created_at=row.created_at, updated_at=row.updated_at
    )


def _undo_rename(actor: Actor, arguments: BaseModel, result: ConversationChange) -> Undo:
    return Undo("rename_conversation", {"thread": result.id, "title": result.before})


@service(
    permission=Permission.VIEW,
    risk=Risk.WRITE,
    path="copilot/conversations/{thread}/title",
    examples=(),
    title="Rename conversation",
    undo=_undo_rename,
    people_only=True,
)
def rename_conversation(
    actor: Actor,
    *,
    thread: ThreadId,
    title: Annotated[str, Field(description="The new title", min_length=1, max_length=120)],
) -> ConversationChange:
    """Give one of one's own conversations another title."""
    row = find_thread(actor, thread, lock=True)
    before, row.title = row.title, title
    row.save(update_fields=["title"])
    touch("conversation", [row.pk])
    return ConversationChange(
        sentence=f"The conversation is called “{title}” now.", id=row.pk, title=title, before=before
    )


def propose_delete(actor: Actor, *, thread: int) -> Proposal:
    row = find_thread(actor, thread)
    return Proposal(
        summary="Delete the conversation",
        count=1,
        changes=[Change(label=row.title, field="conversation", before="kept", after="deleted")],
        reversible=False,
        warnings=["What it changed stays changed, and stays in the audit log."],
        digest=digest_of([row.pk]),
    )


@service(
    permission=Permission.VIEW,
    risk=Risk.DANGER,
    path="copilot/conversations/{thread}/delete",
    examples=(),
    title="Delete conversation",
    proposal=propose_delete,
    people_only=True,
)
def delete_conversation(actor: Actor, *, thread: ThreadId) -> ConversationChange:
    """Delete one of one's own conversations for good."""
    row = find_thread(actor, thread, lock=True)
    if Run.objects.filter(thread=row, state__in=ACTIVE).exists():
        raise Conflict("The copilot is still answering in this conversation. Stop it first.")
    title = row.title
    touch("conversation", [row.pk])
    forget(Attachment.objects.filter(thread=row))
    RunEvent.objects.filter(thread=row).delete()
    ToolCall.objects.filter(run__thread=row).delete()
    Run.objects.filter(thread=row).delete()
    row.delete()
    stream.forget(actor.organization_id, thread)
    return ConversationChange(sentence=f"The conversation “{title}” was deleted.", id=thread, title=title)
