"""The platform's own capabilities: jobs, the audit log, approvals, undo."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from pydantic import Field

from iotsim.core import approvals, guard, registry, subjects
from iotsim.core.actor import Actor
from iotsim.core.deciders import Decider, deciders_of, may_decide, who_may
from iotsim.core.effects import mark_undoes, touch
from iotsim.core.errors import Conflict, IotsimError, NotFound
from iotsim.core.examples import EXAMPLES
from iotsim.core.models import (
    Approval,
    ApprovalState,
    AuditEvent,
    AuditSubject,
    Job,
    JobState,
)
from iotsim.core.paging import Cursor, newest_page
from iotsim.core.parameters import DECISION_STATE, ApprovalId, Day, EventId, JobId, Limit, Reason
from iotsim.core.people import EMAIL_SLOT
from iotsim.core.proposals import Change, Proposal, digest_of
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.said import word_slot
from iotsim.core.schemas import (
    Answer,
    ApprovalOut,
    ApprovalPage,
    AuditEventOut,
    AuditPage,
    JobOut,
    JobPage,
    kept,
)


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="jobs",
    examples=EXAMPLES["list_jobs"],
    title="Jobs",
)
def list_jobs(actor: Actor, *, limit: Limit = 50, cursor: Cursor = None) -> JobPage:
    """List long work (imports, bulk work) with its progress, newest first."""
    rows, following = newest_page(_jobs(actor), cursor, limit)
    return JobPage(items=[JobOut.of(row) for row in rows], next_cursor=following)


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="jobs/{job}",
    examples=EXAMPLES["get_job"],
    title="Job",
)
def get_job(actor: Actor, *, job: JobId) -> JobOut:
    """Show one job: how far it is and what came of it."""
    return JobOut.of(_job(_jobs(actor), job))


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="jobs/{job}/stop",
    examples=EXAMPLES["stop_job"],
    title="Stop job",
)
def stop_job(actor: Actor, *, job: JobId) -> JobOut:
    """Ask a job to stop at its next step. What it has finished is kept."""
    row = _job(_jobs(actor).select_for_update(), job)
    if row.state == JobState.QUEUED:
        row.state, row.finished_at = JobState.STOPPED.value, timezone.now()
    elif row.state != JobState.RUNNING:
        raise Conflict(f"Job {job} is over already: {row.get_state_display()}.")
    row.stop_asked = True
    row.save(update_fields=["state", "finished_at", "stop_asked"])
    touch("job", [row.pk])
    return JobOut.of(row)


def _jobs(actor: Actor) -> "QuerySet[Job]":
    rows = Job.objects.all()
    return rows if actor.customer_ids is None else rows.filter(user_id=actor.user_id)


def _job(rows: "QuerySet[Job]", job_id: int) -> Job:
    row = rows.filter(pk=job_id).first()
    if row is None:
        raise NotFound(f"There is no job {job_id}.", field="job")
    return row


@service(
    permission=Permission.REPORT,
    risk=Risk.READ,
    path="audit-events",
    examples=EXAMPLES["list_audit_events"],
    title="Audit log",
)
def list_audit_events(
    actor: Actor,
    *,
    who: Annotated[
        str | None,
        Field(description="E-mail of the person, or part of it", max_length=254),
        EMAIL_SLOT,
    ] = None,
    service: Annotated[str | None, Field(description="Name of the service", max_length=80)] = None,
    outcome: Annotated[
        str | None,
        Field(
            description="done, denied, failed or waiting",
            pattern="^(done|denied|failed|waiting)$",
        ),
        word_slot("outcome", {"denied": r"denied|refused|forbidden|not\s+allowed", "failed": r"failed|went\s+wrong"}),
    ] = None,
    sim: subjects.Subject | None = None,
    start_date: Day | None = None,
    end_date: Day | None = None,
    subject_kind: Annotated[str | None, Field(description="Kind of object, such as sim", max_length=20)] = None,
    subject_id: Annotated[int | None, Field(description="Id of that object")] = None,
    event: Annotated[int | None, Field(description="Number of one event", gt=0, lt=2**63)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AuditPage:
    """List who did what, when, by which face, and whether it can be taken back; newest first."""
    rows = AuditEvent.objects.all()
    if actor.customer_ids is not None:
        rows = rows.filter(user_id=actor.user_id)
    if event:
        rows = rows.filter(pk=event)
    if who:
        rows = rows.filter(who__icontains=who)
    if service:
        rows = rows.filter(service=service)
    if outcome:
        rows = rows.filter(outcome=outcome)
    rows = _in_period(actor, rows, start_date, end_date)
    if sim:
        subject_kind, subject_id = subjects.KIND, subjects.subject_id(actor, sim)
    if subject_kind and subject_id is not None:
        about = AuditSubject.objects.filter(kind=subject_kind, object_id=subject_id)
        rows = rows.filter(pk__in=about.values("event_id"))
    page, following = newest_page(rows, cursor, limit)
    return AuditPage(
        sentence=_count(len(page), following, "event"),
        items=_events(page),
        next_cursor=following,
    )


def _in_period(
    actor: Actor, rows: "QuerySet[AuditEvent]", start: date | None, end: date | None
) -> "QuerySet[AuditEvent]":
    """Events of whole days in the organisation's zone, both ends included."""
    zone = ZoneInfo(actor.time_zone)
    if start is not None:
        rows = rows.filter(at__gte=datetime.combine(start, time.min, zone))
    if end is not None:
        rows = rows.filter(at__lt=datetime.combine(end + timedelta(days=1), time.min, zone))
    return rows


def _count(shown: int, following: str | None, noun: str) -> str:
    if not shown:
        return f"No {noun}s."
    return f"The newest {shown} {noun}s." if following else f"{shown} {noun}{'' if shown == 1 else 's'}."


def _events(rows: list[AuditEvent]) -> list[AuditEventOut]:
    undone = _undone_by([row.pk for row in rows])
    return [AuditEventOut.of(row, title=registry.title_of(row.service), undone_by=undone.get(row.pk)) for row in rows]


def _undone_by(event_ids: list[int]) -> dict[int, int]:
    taken_back = AuditEvent.objects.filter(undoes__in=event_ids, outcome="done")
    return {row.undoes: row.pk for row in taken_back if row.undoes is not None}


def propose_undo(actor: Actor, *, event: int | None = None) -> Proposal:
    """Which event would be taken back; "the last one" may be another by the time somebody approves."""
    row = _undoable(actor, event)
    about = AuditSubject.objects.filter(event_id=row.pk, kind=subjects.KIND).count()
    what = row.sentence or registry.title_of(row.service)
    return Proposal(
        summary=f"Undo event {row.pk}",
        count=about or 1,
        changes=[Change(label=what, field="", before="done", after="undone")],
        reversible=False,
        digest=digest_of([row.pk]),
    )


@service(
    permission=Permission.VIEW,
    risk=Risk.WRITE,
    path="audit-events/{event}/undo",
    examples=EXAMPLES["undo_call"],
    title="Undo",
    proposal=propose_undo,
)
def undo_call(
    actor: Actor,
    *,
    event: Annotated[
        EventId | None,
        Field(description="Number of the audit event; the last of one's own if not given"),
    ] = None,
) -> Answer:
    """Take back a change that can be undone, if nothing has changed it since."""
    row = _undoable(actor, event)
    _one_at_a_time(row.pk)
    row = _undoable(actor, row.pk)  # somebody else may have just undone it
    undo: dict[str, Any] = row.undo or {}
    mark_undoes(row.pk)
    touch("audit_event", [row.pk])
    outcome = registry.get(undo["service"]).call(actor, undo["arguments"])
    return Answer(sentence=f"Undone. {outcome.sentence}")


def _one_at_a_time(event_id: int) -> None:
    """Audit rows cannot be locked, since nobody may change them: a lock of this transaction stands in for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('undo of ' || %s, 0))", [event_id])


def _undoable(actor: Actor, event_id: int | None) -> AuditEvent:
    mine = Q(user_id=actor.user_id) if actor.customer_ids is not None or event_id is None else Q()
    rows = AuditEvent.objects.filter(mine, outcome="done")
    rows = rows.filter(undo__isnull=False) if event_id is None else rows.filter(pk=event_id)
    row = rows.order_by("-pk").first()
    if row is None:
        raise NotFound(
            "There is nothing of yours to undo." if event_id is None else f"There is no event {event_id}.",
            field="event",
        )
    if row.undo is None:
        raise Conflict(f"{registry.title_of(row.service)} cannot be undone.")
    if by := _undone_by([row.pk]):
        raise Conflict(f"That was undone already (event {by[row.pk]}).")
    return row


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="approvals",
    examples=EXAMPLES["list_approvals"],
    title="Approvals",
)
def list_approvals(
    actor: Actor,
    *,
    state: Annotated[
        ApprovalState | None,
        Field(description="pending, done, rejected, expired, stale, superseded or failed"),
        DECISION_STATE,
    ] = None,
    decided: Annotated[bool, Field(description="Only those that do not wait any more")] = False,
    mine: Annotated[bool, Field(description="Only those asked for in one's own name")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ApprovalPage:
    """List what machines asked for and a person must decide or has decided, newest first."""
    rows = approvals.visible(actor)
    waiting = Q(state=ApprovalState.PENDING, expires_at__gt=timezone.now())
    if state is ApprovalState.PENDING:
        rows = rows.filter(waiting)
    elif state is ApprovalState.EXPIRED:
        rows = rows.filter(Q(state=state) | Q(state=ApprovalState.PENDING, expires_at__lte=timezone.now()))
    elif state is not None:
        rows = rows.filter(state=state)
    if decided:
        rows = rows.exclude(waiting)
    if mine:
        rows = rows.filter(requester_user_id=actor.user_id)
    page, following = newest_page(rows, cursor, limit)
    people = deciders_of(actor.organization_id) if page else []
    return ApprovalPage(
        sentence=_count(len(page), following, "request"),
        items=[_approval_out(actor, row, people) for row in page],
        next_cursor=following,
    )


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="approvals/{approval}",
    examples=EXAMPLES["get_approval"],
    title="Approval",
)
def get_approval(actor: Actor, *, approval: ApprovalId) -> ApprovalOut:
    """Show one request: what would change, who asked, and what was decided."""
    row = approvals.visible(actor).filter(pk=approval).first()
    if row is None:
        raise NotFound(f"There is no request {approval}.", field="approval")
    return _approval_out(actor, row)


def _approval_out(actor: Actor, row: Approval, people: list[Decider] | None = None) -> ApprovalOut:
    if row.state == ApprovalState.PENDING and row.expires_at <= timezone.now():
        row.state = ApprovalState.EXPIRED.value
    can_undo = bool(
        row.event_id
        and AuditEvent.objects.filter(pk=row.event_id, undo__isnull=False).exists()
        and not _undone_by([row.event_id])
    )
    waits = row.state == ApprovalState.PENDING
    if people is None:
        people = deciders_of(actor.organization_id) if waits else []
    return ApprovalOut.of(
        row,
        title=registry.title_of(row.service),
        can_undo=can_undo,
        may_decide=waits and may_decide(actor, row),
        who_may=who_may(actor, row, people) if waits else "",
    )


@service(
    permission=Permission.MONEY,
    risk=Risk.WRITE,
    path="approvals/{approval}/approve",
    examples=EXAMPLES["approve_call"],
    title="Approve",
    people_only=True,
)
def approve_call(actor: Actor, *, approval: ApprovalId) -> ApprovalOut:
    """Approve a waiting request: it is checked anew and runs once, in the name of whoever asked."""
    row = approvals.lock_pending(actor, approval)
    asked = registry.get(row.service)
    actor.require(asked.permission, doing=f'approve "{asked.title}"')
    try:
        with transaction.atomic():
            outcome = guard.replay(actor, row, approvals.requester_of(row))
    except IotsimError as error:
        approvals.settle(row, actor, ApprovalState.FAILED, error=error.sentence[: approvals.MAX_ERROR])
        outcome = None
    if isinstance(outcome, ApprovalOut):
        approvals.settle(
            row,
            actor,
            ApprovalState.STALE,
            error=f"{outcome.why} Asked again as request {outcome.id}.",
            replaced_by_id=outcome.id,
        )
    elif outcome is not None:
        done = {"result": kept(outcome.result)}
        approvals.settle(row, actor, ApprovalState.DONE, outcome=done, event_id=outcome.event_id)
    touch("approval", [row.pk])
    return _approval_out(actor, row)


@service(
    permission=Permission.MONEY,
    risk=Risk.WRITE,
    path="approvals/{approval}/reject",
    examples=EXAMPLES["reject_call"],
    title="Reject",
    people_only=True,
)
def reject_call(actor: Actor, *, approval: ApprovalId, reason: Reason | None = None) -> ApprovalOut:
    """Reject a waiting request, perhaps with a reason; nothing is changed."""
    row = approvals.lock_pending(actor, approval)
    approvals.settle(row, actor, ApprovalState.REJECTED, reason=reason or "")
    touch("approval", [row.pk])
    return _approval_out(actor, row)
