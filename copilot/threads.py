"""Conversations in the database: finding one's own, reading their events, asking and stopping."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ag_ui.core import RunFinishedCancelledOutcome, TextMessageChunkEvent
from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from copilot import agui, branches, limits, offers, queue, stream, texts
from copilot.attachments import taken_along
from copilot.context import PageContext, resolved
from copilot.conversation import Conversation, fold
from copilot.models import ACTIVE, Run, RunEvent, RunState, Thread
from copilot.recorder import as_json, write
from copilot.stream import Entry
from iotsim.core import impersonation
from iotsim.core.actor import Actor, Face
from iotsim.core.errors import Conflict, NotFound
from iotsim.core.roles import Permission, names_of
from iotsim.core.tenancy import tenant

TITLE_CHARS: Final = 60
OPEN_SECONDS: Final = 12 * 3600


def threads_of(actor: Actor) -> "QuerySet[Thread]":
    """One's own conversations, and nobody else's; inside the tenant's transaction."""
    return Thread.objects.filter(user_id=actor.user_id) if actor.user_id else Thread.objects.none()


def find_thread(actor: Actor, thread_id: int, *, lock: bool = False) -> Thread:
    """Raises NotFound, for another person's too."""
    rows = threads_of(actor)
    thread = (rows.select_for_update() if lock else rows).filter(pk=thread_id).first()
    if thread is None:
        raise NotFound(f"There is no conversation {thread_id} of yours.", field="thread")
    return thread


def events_of(thread_id: int, *, after: int = 0, head_id: int | None = None) -> list[RunEvent]:
    """The events of a conversation with a number above `after`, in order; inside the tenant's transaction.

    Those of the branch that is shown, or of the one that ends with the run `head_id`.
    """
    thread = Thread.objects.filter(pk=thread_id).first()
    return [] if thread is None else _events_in(thread, after=after, head_id=head_id)


def events_until(run: Run) -> list[RunEvent]:
    """All events of the branch that ends with this run, in order; inside the tenant's transaction."""
    if run.first_seq == 1:  # nothing was before it
        return list(RunEvent.objects.filter(thread_id=run.thread_id, run=run).order_by("seq"))
    return _events_in(run.thread, head_id=run.pk)


def _events_in(thread: Thread, *, after: int = 0, head_id: int | None = None) -> list[RunEvent]:
    tree = branches.tree_of(thread, head_id=head_id)
    rows = RunEvent.objects.filter(thread=thread, seq__gt=after)
    return list((rows if tree.is_straight else rows.filter(run_id__in=tree.path)).order_by("seq"))


def read(thread_id: int, *, head_id: int | None = None) -> Conversation:
    """The conversation as its rows tell it; inside the tenant's transaction."""
    return fold((one.seq, one.payload) for one in events_of(thread_id, head_id=head_id))


@dataclass(frozen=True)
class Asked:
    """A question that was accepted."""

    thread_id: int
    run_id: int
    first_seq: int


def ask(
    actor: Actor,
    *,
    text: str,
    thread_id: int | None = None,
    context: PageContext | None = None,
    instead_of: int | None = None,
    offer: int | None = None,
    worker: str = "",
    also: Callable[[Run], None] | None = None,
    traceparent: str = "",
) -> Asked:
    """Keep the question with a run that answers it, and wake a runner (unless `worker` runs it itself).

    `instead_of` is an earlier run: the question begins a branch beside it. `offer` is one whose button was clicked.
    Raises Invalid, TooLarge, LimitReached, Denied, NotFound, or Conflict while the last answer is still being given.
    `also` keeps what belongs to the run in the same transaction.
    """
    actor.require(Permission.VIEW, doing="use the copilot")
    question = limits.check_text(text)
    limits.count_question(actor)
    known = resolved(actor, context) if context is not None else PageContext()
    with tenant(actor.organization_id):
        thread = _thread_for(actor, thread_id, question)
        begins = thread_id is None
        if not begins and Run.objects.filter(thread=thread, state__in=ACTIVE).exists():
            raise Conflict("The copilot is still answering. Wait for it, or press Stop first.")
        run = Run.objects.create(
            organization_id=actor.organization_id,
            thread=thread,
            parent_id=branches.parent_for(thread, instead_of),
            question=question,
            request_id=actor.request_id,
            scopes=names_of(actor.scopes),
            key_id=actor.key_id,
            first_seq=thread.last_seq + 1,
            traceparent=traceparent,
            context=known.kept(),
        )
        impersonation.remember(actor, "run", run.pk)
        chips = _take_files(actor, run, known) if known.attachments or not begins else []
        taken = [] if begins and offer is None else offers.settle(thread, run, text=question, chosen=offer)
        facts = {name: some for name, some in (("attachments", chips), ("offers", taken)) if some}
        said = TextMessageChunkEvent(message_id=f"u{run.pk}", role="user", delta=question, metadata=facts or None)
        entry = Entry(run.first_seq, run.first_seq, as_json(said))
        write(run, [entry])
        thread.last_seq, thread.head_id = entry.seq, run.pk
        thread.save(update_fields=["last_seq", "head_id", "updated_at"])
        queue.enqueue(actor.organization_id, run.pk, worker=worker)
        if also is not None:
            also(run)

    moved = [] if instead_of is None else [Entry(0, 0, {"head": run.pk})]
    transaction.on_commit(lambda: _tell(actor, run, [*moved, entry], wake=not worker))
    return Asked(thread.pk, run.pk, run.first_seq)


def _tell(actor: Actor, run: Run, entries: Sequence[Entry], *, wake: bool) -> None:
    """The question stands in the rows: runners and readers hear of it, the runners first."""
    if wake:
        stream.order("wake", organization=run.organization_id, run=run.pk)
    stream.append(run.organization_id, run.thread_id, entries)
    if actor.face is not Face.API:  # a program's conversation does not open in the person's sidebar
        remember_open(actor, run.thread_id)


def _take_files(actor: Actor, run: Run, known: PageContext) -> list[dict[str, Any]]:
    """Bind the question's files to its run, which knows those of earlier questions too; the chips of its own."""
    context, chips = taken_along(actor, run, known)
    if run.context != context.kept():
        run.context = context.kept()
        run.save(update_fields=["context"])
    return chips


def again(actor: Actor, run_id: int, *, worker: str = "") -> Asked:
    """Have the question of a run answered anew, beside the answer that is there. Raises as `ask` does."""
    with tenant(actor.organization_id, read_only=True):
        run = find_run(actor, run_id)
        origin = Run.objects.get(pk=branches.tree_of(run.thread).origin_of(run.pk))
    return ask(
        actor,
        text=origin.question,
        thread_id=origin.thread_id,
        context=PageContext.read(origin.context),
        instead_of=origin.pk,
        worker=worker,
    )


def find_run(actor: Actor, run_id: int) -> Run:
    """A run of one's own conversations; inside the tenant's transaction. Raises NotFound."""
    run = Run.objects.select_related("thread").filter(pk=run_id, thread__user_id=actor.user_id or 0).first()
    if run is None:
        raise NotFound(f"There is no answer {run_id} of yours.", field="run")
    return run


def _thread_for(actor: Actor, thread_id: int | None, question: str) -> Thread:
    if thread_id is not None:
        return find_thread(actor, thread_id, lock=True)
    title = " ".join(question.split())
    short = title if len(title) <= TITLE_CHARS else f"{title[: TITLE_CHARS - 3].rstrip()}..."
    return Thread.objects.create(organization_id=actor.organization_id, user_id=actor.user_id or 0, title=short)


def stop(actor: Actor, *, thread_id: int) -> bool:
    """Ask the run under way to stop, between two chunks and before the next tool. False when none is.

    One that no runner has taken yet ends at once.
    """
    ended: list[Entry] = []
    with tenant(actor.organization_id):
        find_thread(actor, thread_id)
        run = Run.objects.select_for_update(no_key=True).filter(thread_id=thread_id, state__in=ACTIVE).first()
        if run is None:
            return False
        if queue.take_back(run.pk):
            cancelled = agui.finished(thread_id, run.pk, RunFinishedCancelledOutcome(), usage=())
            ended = [Entry(run.first_seq + 1, run.first_seq + 1, as_json(cancelled))]
            end_run(run, ended, worker="")
        else:
            run.stop_asked = True
            run.save(update_fields=["stop_asked"])
    if ended:
        stream.append(actor.organization_id, thread_id, ended)
    else:
        stream.order("stop", run=run.pk)
    return True


def end_run(run: Run, events: list[Entry], *, worker: str) -> str:
    """Write the run's last events and its end, inside the tenant's transaction."""
    write(run, events)
    last = events[-1].payload
    run.state = _state_after(last).value
    run.error = str(last.get("message", ""))[:500]
    run.finished_at = timezone.now()
    run.save()
    texts.keep_text(run)
    Thread.objects.filter(pk=run.thread_id).update(last_seq=events[-1].seq, updated_at=timezone.now())
    queue.release(worker, run.pk)
    return run.state


def _state_after(last: dict[str, Any]) -> RunState:
    if last["type"] == "RUN_ERROR":
        return RunState.FAILED
    kind = (last.get("outcome") or {}).get("type", "success")
    return {"interrupt": RunState.WAITING, "cancelled": RunState.STOPPED}.get(kind, RunState.DONE)


# --- which conversation is open: the same in every tab, and after a reload ---


def _open_key(actor: Actor) -> str:
    return f"copilot:open:{actor.organization_id}:{actor.user_id}"


def remember_open(actor: Actor, thread_id: int) -> None:
    """The person looks at this conversation; 0 is a new one."""
    cache.set(_open_key(actor), thread_id, OPEN_SECONDS)


def open_thread(actor: Actor) -> Thread | None:
    """The conversation to go on with: the one opened last, if it is still there."""
    thread_id = cache.get(_open_key(actor))
    if not thread_id:
        return None
    with tenant(actor.organization_id, read_only=True):
        return threads_of(actor).filter(pk=thread_id).first()


def states_of(thread_ids: Sequence[int]) -> dict[int, str]:
    """The state of the last run of each conversation; inside the tenant's transaction."""
    newest = Run.objects.filter(thread_id__in=thread_ids).order_by("thread_id", "-pk").distinct("thread_id")
    return dict(newest.values_list("thread_id", "state"))
