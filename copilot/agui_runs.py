"""Conversations and runs by the ids that an AG-UI client gives them: finding them, and asking under such an id.

An id counts for one person in one organisation. The same run id again is the same run: it is followed, not run twice.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from ag_ui.core import UserMessage
from django.db import IntegrityError

from copilot import threads
from copilot.agui_input import Wanted, message_id_of, question_of
from copilot.models import ACTIVE, CallState, ClientRun, ClientThread, Run, RunEvent, Thread, ToolCall
from iotsim.core.actor import Actor
from iotsim.core.errors import Conflict, Invalid, NotFound
from iotsim.core.tenancy import tenant
from iotsim.core.wording import counted

OUR_THREAD: Final = "iotsim:"  # before the number of a conversation that was begun elsewhere, as in the sidebar


@dataclass(frozen=True)
class Followed:
    """A run that somebody reads, with the client's names for it.

    `question` is all that was said until then, known when it has just begun a conversation.
    """

    organization_id: int
    thread_id: int
    run_id: int
    first_seq: int
    title: str
    client_thread: str
    client_run: str
    question: UserMessage | None = field(default=None, compare=False)


def thread_of(actor: Actor, client_id: str) -> Thread | None:
    """The conversation that the client means, or None for one that is to begin; inside the tenant's transaction.

    Raises NotFound for a number of ours that is not the person's.
    """
    if client_id.startswith(OUR_THREAD):
        return threads.find_thread(actor, _number(client_id))
    known = ClientThread.objects.select_related("thread").filter(user_id=actor.user_id or 0, client_id=client_id)
    row = known.first()
    return row.thread if row else None


def _number(client_id: str) -> int:
    number = client_id.removeprefix(OUR_THREAD)
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Invalid(f"After {OUR_THREAD} stands the number of a conversation.", field="threadId")
    return int(number)


def run_of(actor: Actor, client_id: str) -> Run | None:
    """The run that was asked for under this id; inside the tenant's transaction."""
    known = ClientRun.objects.select_related("run__thread").filter(user_id=actor.user_id or 0, client_id=client_id)
    row = known.first()
    return row.run if row else None


def find_thread(actor: Actor, client_id: str) -> Thread:
    """The conversation. Raises NotFound when the client means none of this person's."""
    with tenant(actor.organization_id, read_only=True):
        thread = thread_of(actor, client_id)
    if thread is None:
        raise NotFound(f"There is no conversation {client_id[:60]} of yours.", field="threadId")
    return thread


@dataclass(frozen=True)
class Found:
    """What is known of a request: its run if it came before, its conversation, how many decisions that waits for."""

    run: Followed | None
    thread: Thread | None
    waiting: int = 0


def look_up(actor: Actor, wanted: Wanted) -> Found:
    """What is known under the client's ids. Raises Conflict when the run id is another conversation's."""
    with tenant(actor.organization_id, read_only=True):
        run = run_of(actor, wanted.run_id)
        thread = thread_of(actor, wanted.thread_id)
        waiting = _waiting(thread) if thread and not run else 0
    if run is None:
        return Found(None, thread, waiting)
    if thread is None or thread.pk != run.thread_id:
        raise Conflict(f"The run {wanted.run_id[:60]} is of another conversation: give each run an id of its own.")
    return Found(followed(run, thread, wanted.thread_id, wanted.run_id), thread)


def _waiting(thread: Thread) -> int:
    """How many calls of the newest run wait for a decision."""
    newest = Run.objects.filter(thread=thread).order_by("-pk").values("pk")[:1]
    return ToolCall.objects.filter(run_id__in=newest, state=CallState.AWAITING_APPROVAL).count()


class Interrupted(Conflict):
    """A new question while the newest run waits for answers to its interrupts."""


def ask(actor: Actor, wanted: Wanted, *, traceparent: str = "") -> Followed:
    """Ask the question under the client's ids, or find that it was asked.

    Raises what threads.ask raises, Interrupted, and Conflict while an answer is given or when the run id is taken.
    """
    try:
        with tenant(actor.organization_id):
            if thread_of(actor, wanted.thread_id) is None:  # the run is new as well, or its id is refused when kept
                return _ask(actor, wanted, None, traceparent)
            found = look_up(actor, wanted)
            if found.run is not None:
                return found.run
            if found.waiting:
                raise Interrupted(_answer_first(found.waiting))
            return _ask(actor, wanted, found.thread, traceparent)
    except (Conflict, IntegrityError) as error:
        if (known := look_up(actor, wanted).run) is not None:  # the same request came a moment earlier
            return known
        if isinstance(error, Conflict):
            raise
        raise Conflict("The copilot is still answering in this conversation. Wait for it, or stop it first.") from error


def _answer_first(waiting: int) -> str:
    wait, them = ("waits", "it") if waiting == 1 else ("wait", "each of them")
    return f"{counted(waiting, 'request')} of this conversation {wait} for a decision: answer {them} by resume."


def _ask(actor: Actor, wanted: Wanted, thread: Thread | None, traceparent: str) -> Followed:
    kept: list[Run] = []

    def keep(run: Run) -> None:
        name(actor, wanted, run, is_new=thread is None)
        kept.append(run)

    threads.ask(
        actor,
        text=question_of(wanted.newest),
        thread_id=thread.pk if thread else None,
        context=wanted.context if wanted.context.client else None,
        also=keep,
        traceparent=traceparent,
    )
    run = kept[0]
    known = followed(run, run.thread, wanted.thread_id, wanted.run_id)
    if thread is not None:
        return known
    return replace(known, question=UserMessage(id=message_id_of(wanted.newest) or f"u{run.pk}", content=run.question))


def name(actor: Actor, wanted: Wanted, run: Run, *, is_new: bool = False) -> None:
    """Keep the client's ids, inside the tenant's transaction. Raises IntegrityError for an id that is taken."""
    whose = {"organization_id": actor.organization_id, "user_id": actor.user_id or 0}
    if is_new:
        ClientThread.objects.create(**whose, client_id=wanted.thread_id, thread_id=run.thread_id)
    ClientRun.objects.create(**whose, client_id=wanted.run_id, message_id=message_id_of(wanted.newest), run=run)


def find_run(actor: Actor, run_id: int, client_thread: str, client_run: str) -> Followed:
    """A run of the person's own by its number."""
    with tenant(actor.organization_id, read_only=True):
        run = Run.objects.select_related("thread").get(pk=run_id, thread__user_id=actor.user_id or 0)
    return followed(run, run.thread, client_thread, client_run)


def newest_run(actor: Actor, client_thread: str) -> Followed:
    """The run under way in the client's conversation, else the newest. Raises NotFound."""
    thread = find_thread(actor, client_thread)
    with tenant(actor.organization_id, read_only=True):
        run = Run.objects.filter(thread=thread).order_by("-pk").first()
        row = ClientRun.objects.filter(run=run, user_id=actor.user_id or 0).first() if run else None
    if run is None:
        raise NotFound("Nothing was asked in this conversation yet.", field="threadId")
    return followed(run, thread, client_thread, row.client_id if row else str(run.pk))


def find_known(actor: Actor, wanted: Wanted) -> Followed:
    """The run of that id. Raises NotFound."""
    found = look_up(actor, wanted).run
    if found is None:
        raise NotFound(f"There is no run {wanted.run_id[:60]} in this conversation.", field="runId")
    return found


def has_all(followed: Followed, seq: int) -> bool:
    """Whether a reader who has the events up to `seq` has the whole run, and it is over."""
    with tenant(followed.organization_id, read_only=True):
        if Run.objects.filter(pk=followed.run_id, state__in=ACTIVE).exists():
            return False
        return not RunEvent.objects.filter(thread_id=followed.thread_id, run_id=followed.run_id, seq__gt=seq).exists()


def followed(run: Run, thread: Thread, client_thread: str, client_run: str) -> Followed:
    return Followed(run.organization_id, thread.pk, run.pk, run.first_seq, thread.title, client_thread, client_run)


def message_ids(thread_id: int) -> dict[str, str]:
    """The ids that clients gave to the questions, by ours; inside the tenant's transaction."""
    rows = ClientRun.objects.filter(run__thread_id=thread_id).exclude(message_id="")
    return {f"u{run_id}": message_id for run_id, message_id in rows.values_list("run_id", "message_id")}
