"""A person's conversations with the copilot: listing, searching, reading, naming, pinning, deleting."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from django.db.models import Q, QuerySet
from django.utils import timezone
from pydantic import BaseModel, Field

from copilot import searching, stream
from copilot.attachments import forget
from copilot.models import ACTIVE, Attachment, Feedback, Run, Thread
from copilot.parameters import BranchOf, ThreadId
from copilot.reading_whole import details_of, out_of
from copilot.schemas.conversations import (
    ConversationChange,
    ConversationDetails,
    ConversationOut,
    ConversationPage,
    ConversationsDeleted,
    FoundConversation,
    FoundConversations,
)
from copilot.sharing import beyond, owners_of, shared_with
from copilot.threads import find_thread, states_of, threads_of
from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Invalid, NotFound
from iotsim.core.paging import Cursor
from iotsim.core.parameters import Limit
from iotsim.core.proposals import FIRST_ROWS, Change, Proposal, digest_of
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MOST_AT_ONCE: Final = 200


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="copilot/conversations",
    examples=(),
    title="Conversations",
)
def list_conversations(actor: Actor, *, limit: Limit = 50, cursor: Cursor = None) -> ConversationPage:
    """List one's own conversations with the copilot, the one with the last word first; pinned ones stand apart."""
    page, following = newest_threads(threads_of(actor).filter(pinned_at=None), cursor, limit)
    pinned = [] if cursor else list(threads_of(actor).filter(pinned_at__isnull=False).order_by("-pinned_at")[:50])
    count = len(page) + len(pinned)
    return ConversationPage(
        sentence=f"{counted(count, 'conversation')}{' and more' if following else ''}.",
        items=_listed(page),
        pinned=_listed(pinned),
        next_cursor=following,
    )


def _listed(page: list[Thread]) -> list[ConversationOut]:
    states = states_of([one.pk for one in page])
    return [out_of(one, states.get(one.pk, "")) for one in page]


def newest_threads(
    rows: "QuerySet[Thread]", cursor: str | None, limit: int, *, by: str = "updated_at"
) -> tuple[list[Thread], str | None]:
    """A page by the time of the field `by`, newest first, and the cursor of the next page (None at the end)."""
    if cursor:
        moment, number = _place(cursor)
        rows = rows.filter(Q(**{f"{by}__lt": moment}) | Q(**{by: moment, "pk__lt": number}))
    found = list(rows.order_by(f"-{by}", "-pk")[: limit + 1])
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], f"{(getattr(last, by) - EPOCH) // timedelta(microseconds=1)}.{last.pk}"


def _place(cursor: str) -> tuple[datetime, int]:
    moment, _, number = cursor.partition(".")
    if not (moment.isdecimal() and number.isdecimal() and len(moment) < 18 and len(number) < 19):
        raise Invalid("The cursor is not one of ours; start without it.", field="cursor")
    return EPOCH + timedelta(microseconds=int(moment)), int(number)


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="copilot/search",
    examples=(),
    title="Search conversations",
)
def search_conversations(
    actor: Actor,
    *,
    text: Annotated[str, Field(description="Words of the title or of what was said", min_length=2, max_length=200)],
    limit: Limit = 20,
) -> FoundConversations:
    """Find conversations, one's own and shared ones, by their title and by what was said in them, with the place."""
    words = searching.words_of(text)
    if not words:
        return FoundConversations(sentence="Say what to look for.", items=[])
    readable = threads_of(actor) | shared_with(actor)
    runs = searching.runs_that_say(actor.user_id or 0, words)
    titled = list(searching.titled(readable, words).order_by("-updated_at")[:limit])
    said = list(readable.filter(pk__in={thread_id for thread_id, _ in runs}))
    rows = {one.pk: one for one in (*titled, *said)}
    hidden = beyond(actor, [one.pk for one in rows.values() if one.user_id != actor.user_id])
    newest = sorted(rows.values(), key=lambda one: one.updated_at, reverse=True)
    shown = [one for one in newest if one.pk not in hidden][:limit]
    places = searching.places_in([one for one in runs if one[0] not in hidden], words)
    states, owners = states_of([one.pk for one in shown]), owners_of(shown)
    return FoundConversations(
        sentence=f"{counted(len(shown), 'conversation')} found.",
        items=[
            FoundConversation(
                **out_of(
                    one, states.get(one.pk, ""), owner="" if one.user_id == actor.user_id else owners[one.pk]
                ).model_dump(),
                places=places.get(one.pk, []),
            )
            for one in shown
        ],
    )


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="copilot/conversations/{thread}",
    examples=(),
    title="Conversation",
)
def get_conversation(actor: Actor, *, thread: ThreadId, run: BranchOf = None) -> ConversationDetails:
    """Show a conversation of one's own or a shared one, with every call; with `run`, the branch with that run."""
    return details_of(actor, thread, run)


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


def _undo_pin(actor: Actor, arguments: BaseModel, result: ConversationChange) -> Undo:
    return Undo("pin_conversation", {"thread": result.id, "pinned": result.before == "pinned"})


@service(
    permission=Permission.VIEW,
    risk=Risk.WRITE,
    path="copilot/conversations/{thread}/pin",
    examples=(),
    title="Pin conversation",
    undo=_undo_pin,
    people_only=True,
)
def pin_conversation(
    actor: Actor,
    *,
    thread: ThreadId,
    pinned: Annotated[bool, Field(description="False takes it from the top again")] = True,
) -> ConversationChange:
    """Keep one of one's own conversations at the top of the list."""
    row = find_thread(actor, thread, lock=True)
    before, row.pinned_at = row.pinned_at, timezone.now() if pinned else None
    row.save(update_fields=["pinned_at"])
    touch("conversation", [row.pk])
    words = "stays at the top" if pinned else "stands among the others again"
    return ConversationChange(
        sentence=f"“{row.title}” {words}.", id=row.pk, title=row.title, before="pinned" if before else ""
    )


# --- deleting ---


def propose_delete(actor: Actor, *, thread: int) -> Proposal:
    return _deletion(actor, [find_thread(actor, thread)])


def propose_deletes(actor: Actor, *, threads: list[int]) -> Proposal:
    return _deletion(actor, _own(actor, threads))


def _own(actor: Actor, numbers: list[int], *, lock: bool = False) -> list[Thread]:
    rows = threads_of(actor).filter(pk__in=numbers).order_by("pk")
    found = list(rows.select_for_update() if lock else rows)
    if missing := sorted(set(numbers) - {one.pk for one in found}):
        raise NotFound(f"There is no conversation {missing[0]} of yours.", field="threads")
    return found


def _deletion(actor: Actor, rows: list[Thread]) -> Proposal:
    ids = [one.pk for one in rows]
    changes = [Change(label=one.title, field="conversation", before="kept", after="deleted") for one in rows]
    return Proposal(
        summary="Delete the conversation" if len(rows) == 1 else f"Delete {len(rows):,} conversations",
        count=len(rows),
        noun="conversation",
        changes=changes[:FIRST_ROWS],
        reversible=False,
        warnings=_what_stays(ids, shared=sum(one.shared_at is not None for one in rows)),
        digest=digest_of(ids),
    )


def _what_stays(ids: list[int], *, shared: int) -> list[str]:
    """What the deletion leaves and what it takes along, in words."""
    told = ["What was changed stays changed, and stays in the audit log. What it cost stays in the spending."]
    if shared:
        told.append(
            f"{counted(shared, 'of them is shared', 'of them are shared')}: colleagues lose it, but not copies."
        )
    if rated := Feedback.objects.filter(run__thread_id__in=ids).count():
        told.append(f"{counted(rated, 'rating')} of yours is deleted too." if rated == 1 else
                    f"{counted(rated, 'rating')} of yours are deleted too.")  # fmt: skip
    return told


def _delete(actor: Actor, rows: list[Thread]) -> list[int]:
    ids = [one.pk for one in rows]
    busy = Run.objects.filter(thread_id__in=ids, state__in=ACTIVE).select_related("thread").first()
    if busy is not None:
        raise Conflict(f"The copilot is still answering in “{busy.thread.title}”. Stop it first.")
    touch("conversation", ids)
    forget(Attachment.objects.filter(thread_id__in=ids))
    Thread.objects.filter(pk__in=ids).delete()
    for one in ids:
        stream.forget(actor.organization_id, one)
    return ids


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
    title = row.title
    _delete(actor, [row])
    return ConversationChange(sentence=f"The conversation “{title}” was deleted.", id=thread, title=title)


@service(
    permission=Permission.VIEW,
    risk=Risk.DANGER,
    path="copilot/conversations/delete",
    examples=(),
    title="Delete conversations",
    proposal=propose_deletes,
    people_only=True,
)
def delete_conversations(
    actor: Actor,
    *,
    threads: Annotated[
        list[ThreadId], Field(description="Numbers of the conversations", min_length=1, max_length=MOST_AT_ONCE)
    ],
) -> ConversationsDeleted:
    """Delete several of one's own conversations for good."""
    ids = _delete(actor, _own(actor, threads, lock=True))
    return ConversationsDeleted(sentence=f"{counted(len(ids), 'conversation')} deleted.", ids=ids)
