"""Reports of usage: made as jobs, listed, downloaded, shared by a link, deleted."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from django.conf import settings
from django.utils import timezone
from pydantic import BaseModel, Field

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, NotFound
from iotsim.core.files import FileAnswer
from iotsim.core.jobs import RunningJob
from iotsim.core.models import Job, JobState
from iotsim.core.paging import Cursor, newest_page
from iotsim.core.parameters import Bytes, Country, Day, Limit, numbered
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.schemas import JobOut
from iotsim.core.slots import Slot, Source
from iotsim.core.wording import counted
from sims.examples import EXAMPLES
from sims.filters import SimFilter
from sims.models import Report
from sims.parameters import (
    CustomerName,
    OperatorName,
    PlanName,
    ReportFormat,
    ReportPer,
    SearchText,
    SimAttention,
    SimStatuses,
    TagName,
)
from sims.reports import sharing
from sims.reports.asked import Asked, ask
from sims.reports.pango import require_pango
from sims.reports.words import find_hours
from sims.schemas.reports import ReportLink, ReportOut, ReportPage

if TYPE_CHECKING:
    from django.db.models import QuerySet

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MAX_HOURS = 30 * 24

ReportId = Annotated[
    int,
    Field(description="Number of the report"),
    numbered(
        "report", "report", "export",
        verbs=("delete report", "download", "share report", "fetch report"), source=Source("list_reports", "id"),
    ),
]  # fmt: skip
Hours = Annotated[
    int,
    Field(ge=1, le=MAX_HOURS, description=f"For how many hours the link works, at most {MAX_HOURS}"),
    Slot("hours", find_hours, mask="2 days", noun="how long", free=True, shares=True),
]
Title = Annotated[
    str | None, Field(max_length=120, description="What the report is called; else made from the filters")
]


def _asked(actor: Actor, given: dict[str, Any]) -> Asked:
    """What generate_report was called with, checked against today and the names there are."""
    parts = {name: given[name] for name in SimFilter.__dataclass_fields__}
    format, per, title = given["format"], given["per"], given["title"]
    if format == "pdf":
        require_pango()
    wanted = SimFilter(**parts)
    return ask(actor, given["start_date"], given["end_date"], format=format, per=per, title=title, wanted=wanted)


def _prepare(actor: Actor, job: JobOut, **given: Any) -> str:
    """Refuse at once what cannot be, and enter the report in the register, where its progress is seen."""
    asked = _asked(actor, given)
    report = Report.objects.create(
        organization_id=actor.organization_id,
        title=asked.title,
        format=asked.format,
        per=asked.per,
        start_date=asked.start,
        end_date=asked.end,
        filters=asked.filter.words()[:500],
        arguments=job.arguments,
        customer_ids=None if actor.customer_ids is None else sorted(actor.customer_ids),
        user_id=actor.user_id,
        who=actor.name,
        job_id=job.id,
        name=asked.name,
        expires_at=timezone.now() + timedelta(days=settings.REPORT_DAYS),
    )
    touch("report", [report.pk])
    return f"{asked.title}, {asked.period} ({asked.format_title})"


def _undo_making(actor: Actor, arguments: BaseModel, job: JobOut) -> Undo:
    return Undo("delete_report", {"report": Report.objects.values_list("pk", flat=True).get(job_id=job.id)})


@service(
    permission=Permission.REPORT,
    risk=Risk.WRITE,
    path="reports",
    examples=EXAMPLES["generate_report"],
    title="Make report",
    job=True,
    prepare=_prepare,
    undo=_undo_making,
)
def generate_report(
    actor: Actor,
    *,
    start_date: Day | None = None,
    end_date: Day | None = None,
    format: ReportFormat = "csv",
    per: ReportPer = "sim",
    status: SimStatuses | None = None,
    min_usage: Bytes | None = None,
    max_usage: Bytes | None = None,
    operator: OperatorName | None = None,
    country: Country | None = None,
    plan: PlanName | None = None,
    tag: TagName | None = None,
    customer: CustomerName | None = None,
    search: SearchText | None = None,
    attention: SimAttention | None = None,
    title: Title = None,
    job: RunningJob,
) -> ReportOut:
    """Make a report or export of usage over a period as CSV, Excel, JSON or PDF, of all SIMs or of those that fit.

    Without dates it is about the last 30 days. Usage of each SIM, by choice day by day, with plan price and overage.
    """
    from sims.reports.making import make

    wanted = SimFilter(status, min_usage, max_usage, operator, country, plan, tag, customer, search, attention)
    return ReportOut.of(make(actor, job, wanted), None)


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="reports",
    examples=EXAMPLES["list_reports"],
    title="Reports",
)
def list_reports(actor: Actor, *, limit: Limit = 50, cursor: Cursor = None) -> ReportPage:
    """List the reports that were made or are being made, newest first, with where each can be downloaded."""
    rows, following = newest_page(_reports(actor), cursor, limit)
    jobs = Job.objects.in_bulk([row.job_id for row in rows if not row.file])
    items = [ReportOut.of(row, jobs.get(row.job_id)) for row in rows]
    sentence = f"{counted(len(items), 'report')}. The newest: {items[0].sentence}" if items else "No reports yet."
    return ReportPage(sentence=sentence, items=items, next_cursor=following)


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="reports/{report}",
    examples=EXAMPLES["get_report"],
    title="Report",
)
def get_report(actor: Actor, *, report: ReportId) -> ReportOut:
    """Show one report: what it is about, how far it is, and where it can be downloaded."""
    return _out(_find(actor, report))


@service(permission=Permission.VIEW, risk=Risk.READ, path="reports/{report}/file", examples=(), title="Report file")
def get_report_file(actor: Actor, *, report: ReportId) -> FileAnswer:
    """The file of a report that is done."""
    found = _find(actor, report)
    if not found.file:
        raise Conflict(_out(found).sentence)
    return FileAnswer(
        sentence=f"{found.name}.",
        name=found.name,
        content_type=CONTENT_TYPES[found.format],
        size_bytes=found.size_bytes,
        stored=str(found.file),
    )


@service(
    permission=Permission.REPORT,
    risk=Risk.WRITE,
    path="reports/{report}/share",
    examples=EXAMPLES["share_report"],
    title="Share report by a link",
    people_only=True,
)
def share_report(actor: Actor, *, report: ReportId, hours: Hours = 72) -> ReportLink:
    """Make a link by which anyone can download the report without signing in, for a while.

    Deleting the report ends every link to it. Only people share: a machine may not open a door to the outside.
    """
    found = _find(actor, report)
    if not found.file:
        raise Conflict(f"{_out(found).sentence} It can be shared once it is there.")
    until = min(timezone.now() + timedelta(hours=hours), found.expires_at)
    token = sharing.token_for(actor.organization_id, found.pk, until)
    touch("report", [found.pk])
    return ReportLink(
        sentence=f"Anyone with the link can download {found.name} until {until:%-d %b %Y, %H:%M} UTC.",
        report=found.pk,
        title=found.title,
        url=f"{settings.SITE_URL}/shared/reports/?link={token}",
        until=until,
    )


def _undo_deletion(actor: Actor, arguments: BaseModel, result: ReportOut) -> Undo:
    return Undo("restore_report", {"report": result.id})


@service(
    permission=Permission.REPORT,
    risk=Risk.WRITE,
    path="reports/{report}/delete",
    examples=EXAMPLES["delete_report"],
    title="Delete report",
    undo=_undo_deletion,
)
def delete_report(actor: Actor, *, report: ReportId) -> ReportOut:
    """Delete a report and end its links; one that is being made is stopped. It can be brought back for a day."""
    found = _find(actor, report, lock=True)
    found.deleted_at = timezone.now()
    found.save(update_fields=["deleted_at"])
    under_way = Job.objects.filter(pk=found.job_id, state__in=[JobState.QUEUED, JobState.RUNNING])
    if not found.file and under_way.update(stop_asked=True):
        under_way.filter(state=JobState.QUEUED).update(state=JobState.STOPPED, finished_at=timezone.now())
        touch("job", [found.job_id])
    touch("report", [found.pk])
    out = _out(found)
    out.sentence = f"{found.title} is deleted, and links to it lead nowhere."
    return out


@service(permission=Permission.REPORT, risk=Risk.WRITE, path="reports/{report}/restore", examples=(), title="Restore")
def restore_report(actor: Actor, *, report: ReportId) -> ReportOut:
    """Bring back a report that was deleted less than a day ago."""
    found = _visible(actor).select_for_update().filter(pk=report, deleted_at__isnull=False).first()
    if found is None:
        raise NotFound(f"Report {report} cannot be brought back any more.", field="report")
    found.deleted_at = None
    found.save(update_fields=["deleted_at"])
    touch("report", [found.pk])
    return _out(found)


def _out(report: Report) -> ReportOut:
    return ReportOut.of(report, None if report.file else Job.objects.filter(pk=report.job_id).first())


def _find(actor: Actor, report_id: int, *, lock: bool = False) -> Report:
    rows = _reports(actor).select_for_update() if lock else _reports(actor)
    found = rows.filter(pk=report_id).first()
    if found is None:
        raise NotFound(
            f"There is no report {report_id}: it may have been deleted, or its time was over.", field="report"
        )
    return found


def _reports(actor: Actor) -> "QuerySet[Report]":
    return _visible(actor).filter(deleted_at__isnull=True, expires_at__gt=timezone.now())


def _visible(actor: Actor) -> "QuerySet[Report]":
    """Whoever is limited to some customers sees the reports they made within what they may see now."""
    rows = Report.objects.filter(organization_id=actor.organization_id)
    if actor.customer_ids is None:
        return rows
    return rows.filter(user_id=actor.user_id, customer_ids__contained_by=sorted(actor.customer_ids))
