"""Turning to another version of a question or answer, and saying what one thinks of an answer."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from copilot import texts
from copilot.branches import tree_of
from copilot.models import ACTIVE, Feedback, Run, Thread
from copilot.parameters import RunId
from copilot.schemas.conversations import VersionShown
from copilot.schemas.ratings import FeedbackOut, FeedbackPage, Rating
from copilot.threads import find_run
from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict
from iotsim.core.models import User
from iotsim.core.paging import Cursor, newest_page
from iotsim.core.parameters import Limit
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted


def _undo_show(actor: Actor, arguments: BaseModel, result: VersionShown) -> Undo | None:
    return Undo("show_version", {"run": result.head_before}) if result.head_before else None


@service(
    permission=Permission.VIEW,
    risk=Risk.WRITE,
    path="copilot/runs/{run}/show",
    examples=(),
    title="Show version",
    undo=_undo_show,
    people_only=True,
)
def show_version(actor: Actor, *, run: RunId) -> VersionShown:
    """Turn one of one's own conversations to the branch with this run; it is gone on with from there."""
    row = find_run(actor, run)
    thread = Thread.objects.select_for_update().get(pk=row.thread_id)
    if Run.objects.filter(thread=thread, state__in=ACTIVE).exists():
        raise Conflict("The copilot is still answering. Wait for it, or press Stop first.")
    tree = tree_of(thread)
    before = thread.head_id
    if run not in tree.path:
        thread.head_id = tree.newest_under(run)
        thread.save(update_fields=["head_id"])
        touch("branch", [thread.pk])
    beside = tree.versions_of(run)
    return VersionShown(
        sentence=f"Version {beside.index(run) + 1} of {len(beside)} is shown.",
        thread=thread.pk,
        run=run,
        head_before=before,
    )


def _undo_rating(actor: Actor, arguments: BaseModel, result: Rating) -> Undo:
    before = {"verdict": result.verdict_before, "comment": result.comment_before}
    return Undo("rate_answer", {"run": result.run, **before})


@service(
    permission=Permission.VIEW,
    risk=Risk.WRITE,
    path="copilot/runs/{run}/rating",
    examples=(),
    title="Rate answer",
    undo=_undo_rating,
    people_only=True,
)
def rate_answer(
    actor: Actor,
    *,
    run: RunId,
    verdict: Annotated[Literal["up", "down", "none"], Field(description="Good, bad, or no verdict any more")],
    comment: Annotated[str | None, Field(description="What was good or bad about it", max_length=1000)] = None,
) -> Rating:
    """Say whether one of the answers one was given is good or bad, and why: it is kept for evaluations."""
    row = find_run(actor, run)
    if row.state in ACTIVE:
        raise Conflict("The copilot is still answering. Rate the answer when it is there.")
    old = Feedback.objects.filter(run=row, user_id=actor.user_id or 0).first()
    before = (old.verdict, old.comment) if old else ("none", "")
    said = comment if comment is not None else before[1] if verdict == before[0] else ""
    if verdict == "none":
        Feedback.objects.filter(run=row, user_id=actor.user_id or 0).delete()
    else:
        _keep(actor, row, verdict, said)
    touch("rating", [row.pk])
    words = {"up": "The answer is rated as good.", "down": "The answer is rated as bad."}
    return Rating(
        sentence=words.get(verdict, "The answer is not rated any more."),
        run=run,
        verdict=verdict,
        comment="" if verdict == "none" else said,
        verdict_before=before[0],
        comment_before=before[1],
    )


def _keep(actor: Actor, row: Run, verdict: str, comment: str) -> None:
    tree = tree_of(row.thread, head_id=row.pk)
    question = Run.objects.get(pk=tree.origin_of(row.pk)).question
    facts = {"verdict": verdict, "comment": comment, "model": row.model}
    facts |= {"question": question, "answer": texts.answer_in_rows(row)}
    Feedback.objects.update_or_create(
        organization_id=row.organization_id, run=row, user_id=actor.user_id or 0, defaults=facts
    )


@service(
    permission=Permission.ADMINISTER,
    risk=Risk.READ,
    path="copilot/feedback",
    examples=(),
    title="Ratings of answers",
    people_only=True,
)
def list_feedback(
    actor: Actor,
    *,
    verdict: Annotated[Literal["up", "down"] | None, Field(description="Only good or only bad ones")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> FeedbackPage:
    """List what people thought of the copilot's answers, newest first, with question and answer as they were.

    Who is limited to some customers sees their own only.
    """
    rows = Feedback.objects.all() if actor.customer_ids is None else Feedback.objects.filter(user_id=actor.user_id or 0)
    page, following = newest_page(rows.filter(verdict=verdict) if verdict else rows, cursor, limit)
    names = dict(User.objects.filter(pk__in={one.user_id for one in page}).values_list("pk", "email"))
    return FeedbackPage(
        sentence=f"{counted(len(page), 'rating')}{' and more' if following else ''}.",
        items=[_feedback(one, names.get(one.user_id, "")) for one in page],
        next_cursor=following,
    )


def _feedback(row: Feedback, who: str) -> FeedbackOut:
    same = {name: getattr(row, name) for name in FeedbackOut.model_fields if name not in ("run", "who")}
    return FeedbackOut(run=row.run_id, who=who, **same)
