"""Making a report: one snapshot of the data, one temporary file, and then it is there whole or not at all."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import SEEK_END
from tempfile import TemporaryFile
from typing import IO, Any, Final
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone

from iotsim.core.actor import Actor
from iotsim.core.effects import announce
from iotsim.core.jobs import RunningJob
from iotsim.core.models import Organization
from iotsim.core.tenancy import snapshot, tenant
from sims.filters import SimFilter
from sims.models import Report
from sims.reports import as_csv, as_json, as_pdf, as_xlsx
from sims.reports.asked import Asked
from sims.reports.keeping import keep
from sims.reports.source import Source
from sims.reports.statements import Statements, expect

Write = Callable[[Source, IO[bytes]], None]

WRITERS: Final[dict[str, Write]] = {
    "csv": as_csv.write,
    "json": as_json.write,
    "xlsx": as_xlsx.write,
    "pdf": as_pdf.write,
}
TELL_SECONDS: Final = 0.5  # between two notes of how far it is
_FINISHED: Final = ["file", "size_bytes", "rows", "bytes_total", "sims", "as_of", "finished_at"]


def make(actor: Actor, job: RunningJob, wanted: SimFilter) -> Report:
    """Write the report of this job and keep its file. A job taken up again after that changes nothing.

    The days are those that were settled when it was asked for, whenever a worker gets to it.
    """
    with tenant(actor.organization_id):
        report = Report.objects.get(job_id=job.id)
        organization = Organization.objects.get(pk=actor.organization_id)
    if report.file:
        return report
    asked = _asked(report, wanted, ZoneInfo(organization.time_zone))
    with TemporaryFile() as file:
        with ProgressAside(job, report.title) as tell, snapshot(actor.organization_id):
            statements = Statements.of(actor, asked)
            source = Source(asked, statements, organization.name, timezone.now(), job.who, tell)
            report.sims, report.as_of = source.known()
            expect(report.sims)
            WRITERS[asked.format](source, file)
            report.rows, report.bytes_total = source.written.rows, source.written.bytes_total
        report.size_bytes = file.seek(0, SEEK_END)
        report.file.name = keep(report, file)
    with tenant(actor.organization_id):
        report.finished_at = timezone.now()
        report.save(update_fields=_FINISHED)
        announce(actor.organization_id, {"report": [report.pk]})
    return report


def _asked(report: Report, wanted: SimFilter, zone: ZoneInfo) -> Asked:
    start, end = report.start_date, report.end_date
    return Asked(start, end, report.format, report.per, filter=wanted, title=report.title, zone=zone)


class ProgressAside:
    """Tells a job's progress on a connection of its own, while this thread's transaction stays open.

    Inside the transaction nobody would see it, and the job's row would stay locked to its end.
    """

    def __init__(self, job: RunningJob, about: str) -> None:
        self.job, self.about = job, about
        self._told_at = 0.0

    def __enter__(self) -> "ProgressAside":
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"job-{self.job.id}-progress")
        return self

    def __exit__(self, *error: Any) -> None:
        self._thread.submit(lambda: connection.close()).result()
        self._thread.shutdown()

    def __call__(self, done: int, total: int | None, note: str) -> None:
        """Raises Stopped when somebody asked for it, LeaseLost when another worker took over."""
        if time.monotonic() - self._told_at < TELL_SECONDS and not note:
            return
        words = f"{self.about}: {note[:1].lower()}{note[1:]}" if note else self.about
        self._thread.submit(self.job.progress, done=done, total=total, note=words).result()
        self._told_at = time.monotonic()
