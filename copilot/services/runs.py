"""How questions were answered: the runs of the copilot, one's own or, for admins, everybody's."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from django.db.models import Count, QuerySet
from pydantic import Field

from copilot.models import Run
from copilot.run_steps import answer_of, steps_of, total_ms
from copilot.schemas.runs import RunDetails, RunPage, RunRow
from copilot.tracing import trace_id_of
from iotsim.core.actor import Actor
from iotsim.core.errors import NotFound
from iotsim.core.models import User
from iotsim.core.paging import Cursor, newest_page
from iotsim.core.parameters import Day, Limit
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted

RunNumber = Annotated[int, Field(description="Number of the run", gt=0, lt=2**63)]
LATELY = 500  # runs whose models are offered as a filter


def sees_all(actor: Actor) -> bool:
    """Who administers the organisation and may read its audit log, and is not limited to some customers."""
    may = actor.may(Permission.ADMINISTER) and actor.may(Permission.REPORT)
    return may and actor.customer_ids is None


def runs_of(actor: Actor) -> "QuerySet[Run]":
    """The runs that the actor may see; inside the tenant's transaction."""
    rows = Run.objects.select_related("thread")
    return rows if sees_all(actor) else rows.filter(thread__user_id=actor.user_id or 0)


@service(permission=Permission.VIEW, risk=Risk.READ, path="copilot/runs", examples=(), title="Runs of the copilot")
def list_runs(
    actor: Actor,
    *,
    state: Annotated[
        str | None,
        Field(
            description="queued, running, waiting, done, stopped or failed",
            pattern="^(queued|running|waiting|done|stopped|failed)$",
        ),
    ] = None,
    model: Annotated[str | None, Field(description="The model that answered", max_length=120)] = None,
    who: Annotated[str | None, Field(description="E-mail of who asked, or part of it", max_length=254)] = None,
    day: Day | None = None,
    thread: Annotated[int | None, Field(description="Number of a conversation", gt=0, lt=2**63)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> RunPage:
    """List how questions to the copilot were answered, newest first: one's own, for admins everybody's."""
    lately = list(runs_of(actor).order_by("-pk").values_list("model", flat=True)[:LATELY])
    rows = runs_of(actor).annotate(made=Count("calls"))
    if state:
        rows = rows.filter(state=state)
    if model:
        rows = rows.filter(model=model)
    if who:
        rows = rows.filter(thread__user_id__in=list(_people(actor, who)))
    if day:
        begins = datetime.combine(day, time(), ZoneInfo(actor.time_zone))
        rows = rows.filter(created_at__gte=begins, created_at__lt=begins + timedelta(days=1))
    if thread:
        rows = rows.filter(thread_id=thread)
    page, following = newest_page(rows, cursor, limit)
    names = _names(page)
    return RunPage(
        sentence=f"{counted(len(page), 'run')}{' and more' if following else ''}.",
        items=[_row(actor, one, names) for one in page],
        next_cursor=following,
        models=sorted({one for one in lately if one}),
        sees_all=sees_all(actor),
    )


@service(
    permission=Permission.VIEW, risk=Risk.READ, path="copilot/runs/{run}", examples=(), title="How it was answered"
)
def get_run(actor: Actor, *, run: RunNumber) -> RunDetails:
    """Show how one question was answered: every model call and tool call with its time, tokens, cost and outcome."""
    row = runs_of(actor).annotate(made=Count("calls")).filter(pk=run).first()
    if row is None:
        raise NotFound(f"There is no run {run} that you may see.", field="run")
    about = _row(actor, row, _names([row]))
    return RunDetails(
        **about.model_dump(),
        sentence=f"{about.state.capitalize()}: {counted(about.calls, 'tool call')}, {about.model or 'no model yet'}.",
        answer=answer_of(row),
        steps=steps_of(row),
        trace_id=trace_id_of(row.traceparent),
        request_id=row.request_id,
        started_at=row.started_at,
        finished_at=row.finished_at,
        total_ms=total_ms(row),
    )


def _people(actor: Actor, who: str) -> "QuerySet[User, int]":
    """People of the organisation, past ones too, by their address."""
    members = Run.objects.values_list("thread__user_id", flat=True).distinct()
    return User.objects.filter(pk__in=list(members), email__icontains=who).values_list("pk", flat=True)


def _names(rows: Sequence[Run]) -> dict[int, str]:
    return dict(User.objects.filter(pk__in={one.thread.user_id for one in rows}).values_list("pk", "email"))


def _row(actor: Actor, row: Run, names: dict[int, str]) -> RunRow:
    return RunRow(
        id=row.pk,
        thread=row.thread_id,
        question=row.question,
        state=row.state,
        model=row.model,
        who=names.get(row.thread.user_id, "somebody who has left"),
        is_mine=row.thread.user_id == actor.user_id,
        calls=row.made,  # type: ignore[attr-defined]  # annotated above
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cost=None if row.cost is None else float(row.cost),
        error=row.error,
        created_at=row.created_at,
        duration_ms=total_ms(row) if row.finished_at else None,
    )
