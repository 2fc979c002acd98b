"""Going on after decisions: when everything that an answer waited for is decided, a new run takes it up by itself.

It has no question of the person: the outcomes stand in its messages as the results of the calls that waited, and the
model says what came of them or takes the next step. A run is taken up once, whoever hears of the last decision and
however often; not at all when the person has asked something else meanwhile.
"""

from collections.abc import Collection
from copy import copy
from dataclasses import dataclass, field
from typing import Final

from ag_ui.core import CustomEvent
from ag_ui.core.events import BaseEvent

from copilot import agui, ledger, queue, stream
from copilot.conversation import RESUMED
from copilot.deltas import Called
from copilot.models import CallState, Run, RunState, Thread, ToolCall
from copilot.outcomes import decided, results_of
from copilot.recorder import as_json, write
from copilot.stream import Entry
from copilot.threads import Asked, find_thread
from iotsim.core import impersonation
from iotsim.core.actor import Actor
from iotsim.core.errors import Conflict, NotFound
from iotsim.core.models import Approval, ApprovalState
from iotsim.core.tenancy import tenant
from iotsim.core.wording import counted

# What belongs to an answer and begins anew; all else (page, selection, key) came with the question and stays.
ANEW: Final = (
    "state",
    "stop_asked",
    "worker",
    "model",
    "input_tokens",
    "output_tokens",
    "cost",
    "error",
    "started_at",
    "finished_at",
)


@dataclass(frozen=True)
class Opening:
    """What a run that goes on begins with: the outcomes as events, and how many changes were made before it."""

    events: list[BaseEvent] = field(default_factory=list)
    writes: int = 0


def resume(actor: Actor, *, thread_id: int, run_id: int) -> Asked:
    """The run that goes on after this one, begun now if nobody has begun it yet.

    Raises NotFound, or Conflict while something waits for a decision or when something else was asked meanwhile.
    """
    with tenant(actor.organization_id):
        find_thread(actor, thread_id)
        if not Run.objects.filter(pk=run_id, thread_id=thread_id).exists():
            raise NotFound(f"There is no answer {run_id} in conversation {thread_id}.", field="run")
    look(actor.organization_id, run_id)
    with tenant(actor.organization_id, read_only=True):
        following = Run.objects.filter(resumes=run_id).first()
        waiting = ToolCall.objects.filter(run_id=run_id, state=CallState.AWAITING_APPROVAL).count()
    if following is not None:
        return Asked(thread_id, following.pk, following.first_seq)
    if waiting:
        raise Conflict(f"{counted(waiting, 'request')} of this answer still {_wait(waiting)} for a decision.")
    raise Conflict(
        "This answer waits for nothing, or something else was asked after it: there is nothing to go on with."
    )


def _wait(count: int) -> str:
    return "waits" if count == 1 else "wait"


def look(organization_id: int, run_id: int) -> None:
    """Take up a run whose decisions were all made before anybody could hear of them."""
    with tenant(organization_id):
        calls = ToolCall.objects.filter(run_id=run_id, state=CallState.AWAITING_APPROVAL)
        ledger.follow_approvals([one.approval_id for one in calls if one.approval_id])
    go_on(organization_id, [run_id])


def look_at_all(organization_id: int) -> int:
    """Take up whatever waits and need not: a process may have died between a decision and its news."""
    with tenant(organization_id, read_only=True):
        pending = Approval.objects.filter(state=ApprovalState.PENDING).values("pk")
        calls = ToolCall.objects.filter(state=CallState.AWAITING_APPROVAL, approval_id__in=pending)
        waiting = Run.objects.filter(state=RunState.WAITING).exclude(pk__in=calls.values("run_id"))
        found = list(waiting.order_by("pk").values_list("pk", flat=True))
    for run_id in found:
        look(organization_id, run_id)
    return len(found)


def go_on(organization_id: int, run_ids: Collection[int]) -> list[Asked]:
    """Begin the runs that follow these, of those for which everything is decided; each once, by whoever is first."""
    begun: list[tuple[Run, Entry]] = []
    with tenant(organization_id):
        for run in ledger.all_decided(run_ids):
            thread = Thread.objects.select_for_update().get(pk=run.thread_id)
            if thread.head_id == run.pk:
                begun.append(_begin(thread, run))
    for run, entry in begun:
        stream.append(organization_id, run.thread_id, [entry])
    if begun:
        stream.order("wake")
    return [Asked(run.thread_id, run.pk, run.first_seq) for run, _ in begun]


def _begin(thread: Thread, before: Run) -> tuple[Run, Entry]:
    run = copy(before)
    run._state = copy(before._state)
    run.pk, run._state.adding = None, True
    blank = Run()
    for name in ANEW:
        setattr(run, name, getattr(blank, name))
    run.question, run.resumes, run.parent_id, run.first_seq = "", before.pk, before.pk, thread.last_seq + 1
    run.save(force_insert=True)
    impersonation.pass_on(run.organization_id, "run", before.pk, run.pk)
    event = CustomEvent(name=RESUMED, value={"run": str(before.pk)})
    entry = Entry(run.first_seq, run.first_seq, as_json(event))
    write(run, [entry])
    thread.last_seq, thread.head_id = entry.seq, run.pk
    thread.save(update_fields=["last_seq", "head_id", "updated_at"])
    queue.enqueue(run.organization_id, run.pk)
    return run, entry


def opening_of(run: Run) -> Opening:
    """The outcomes that a run begins with; nothing for one that answers a question."""
    if run.resumes is None:
        return Opening()
    events: list[BaseEvent] = []
    with tenant(run.organization_id, read_only=True):
        calls = list(ToolCall.objects.filter(run_id=run.resumes).order_by("pk"))
        for call, made in results_of(decided(calls)):
            events += agui.result(Called(call.tool_call_id, call.name, call.arguments), made)
        return Opening(events, writes=_changes_before(run))


def _changes_before(run: Run) -> int:
    """How many calls were carried out for the same question: many small steps are a large one."""
    count, number = 0, run.resumes
    while number is not None:
        count += ToolCall.objects.filter(run_id=number, state=CallState.DONE, event_id__isnull=False).count()
        number = Run.objects.filter(pk=number).values_list("resumes", flat=True).first()
    return count
