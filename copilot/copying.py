"""Copying what was said in a conversation into a new one of somebody who may read it."""

from typing import Any

from copilot.branches import tree_of
from copilot.context import PageContext
from copilot.conversation import APPROVAL
from copilot.models import Run, RunEvent, RunState, RunText, Thread
from iotsim.core.actor import Actor
from iotsim.core.errors import NotFound

BOUND = {"undo_event", "approvals"}
OVER = {RunState.DONE.value, RunState.STOPPED.value, RunState.FAILED.value}


def copy_of(actor: Actor, row: Thread, *, run_id: int | None) -> Thread:
    """A new conversation with the branch that is shown, or the one with that run; inside the tenant's transaction.

    Events keep their numbers and ids, which are those of one conversation only; what names a run names the copy's.
    """
    tree = tree_of(row)
    if run_id is not None and run_id not in tree:
        raise NotFound(f"There is no question {run_id} in this conversation.", field="run")
    path = tree.path if run_id is None or run_id in tree.path else tree.path_to(tree.newest_under(run_id))
    made = Thread.objects.create(organization_id=row.organization_id, user_id=actor.user_id or 0, title=row.title)
    runs = {one.pk: one for one in Run.objects.filter(pk__in=path)}
    copies: dict[int, Run] = {}
    parent: Run | None = None
    for number in path:
        parent = copies[number] = _copy_run(runs[number], made, parent)
    rows = RunEvent.objects.filter(run_id__in=path).order_by("seq")
    RunEvent.objects.bulk_create(
        [_copy_event(one, copies[one.run_id]) for one in rows if not _is_card(one.payload)], batch_size=1000
    )
    texts = RunText.objects.filter(run_id__in=path)
    RunText.objects.bulk_create(
        [
            RunText(organization_id=row.organization_id, thread=made, run=copies[one.run_id], text=one.text)
            for one in texts
        ]
    )
    made.last_seq, made.head_id = row.last_seq, parent.pk if parent else None
    made.save(update_fields=["last_seq", "head_id"])
    return made


def _copy_run(one: Run, made: Thread, parent: Run | None) -> Run:
    state = one.state if one.state in OVER else RunState.DONE.value  # what waits, waits for its owner
    return Run.objects.create(
        organization_id=one.organization_id,
        thread=made,
        parent_id=parent.pk if parent else None,
        question=one.question,
        context=PageContext(copied=True).kept(),
        state=state,
        first_seq=one.first_seq,
        model=one.model,
        cost=0,
        started_at=one.started_at,
        finished_at=one.finished_at,
    )


def _copy_event(one: RunEvent, run: Run) -> RunEvent:
    return RunEvent(
        organization_id=one.organization_id,
        thread_id=run.thread_id,
        run=run,
        first_seq=one.first_seq,
        seq=one.seq,
        payload=_of_the_copy(one.payload, run),
    )


def _is_card(event: dict[str, Any]) -> bool:
    """A request for approval stays with whoever asked for it."""
    return bool(event["type"] == "CUSTOM" and event["name"] == APPROVAL)


def _of_the_copy(event: dict[str, Any], run: Run) -> dict[str, Any]:
    """The event with the copy's numbers, without what takes a change back or bears on a decision."""
    made = dict(event)
    if "runId" in made:
        made["runId"] = str(run.pk)
    if "threadId" in made:
        made["threadId"] = str(run.thread_id)
    if made["type"] == "TEXT_MESSAGE_CHUNK" and made.get("role") == "user":
        made["messageId"] = f"u{run.pk}"
    if made["type"] == "RUN_FINISHED" and (made.get("outcome") or {}).get("type") == "interrupt":
        made["outcome"] = {"type": "success"}
    if made.get("metadata"):
        made["metadata"] = {name: one for name, one in made["metadata"].items() if name not in BOUND}
    return made
