"""What the services of reports return. Sizes in bytes, times in UTC, dates in the organisation's days."""

import json
from datetime import date, datetime
from typing import Any

from pydantic import Field

from iotsim.core.models import Job, JobState
from iotsim.core.schemas import Answer
from iotsim.core.wording import counted, size
from sims.models import Report
from sims.reports.words import TITLES, period_in_words


class ReportOut(Answer):
    id: int
    title: str
    format: str = Field(description="csv, xlsx, json or pdf")
    per: str = Field(description="What a row stands for: sim or day")
    start_date: date
    end_date: date
    filters: str = Field(description="The filters in words; empty for all SIMs")
    state: str = Field(description="queued, running, done, failed or stopped")
    done: int = Field(default=0, description="Rows written so far")
    total: int | None = None
    note: str = ""
    error: str = ""
    who: str
    job_id: int
    name: str = Field(description="What the file is called")
    size_bytes: int
    rows: int = Field(description="Rows in the file; of a PDF, in its table")
    sims: int
    bytes_total: int
    as_of: datetime | None = None
    created_at: datetime
    finished_at: datetime | None = None
    expires_at: datetime
    path: str = Field(default="", description="Where it is downloaded, once it is done")
    arguments: dict[str, Any] = Field(default={}, description="What generate_report was called with")

    @property
    def is_over(self) -> bool:
        return self.state in {"done", "failed", "stopped"}

    @property
    def percent(self) -> int | None:
        return min(100, self.done * 100 // self.total) if self.total else None

    @property
    def period(self) -> str:
        return period_in_words(self.start_date, self.end_date)

    @property
    def format_title(self) -> str:
        return TITLES[self.format]

    @property
    def again(self) -> str:
        """The same call once more, as JSON."""
        return json.dumps(self.arguments)

    @classmethod
    def of(cls, report: Report, job: Job | None) -> "ReportOut":
        state = "done" if report.file else _state(job)
        progress = {name: getattr(job, name) for name in ("done", "total", "note", "error")} if job else {}
        return cls(
            sentence=_sentence(report, state, job),
            state=state,
            path=f"/reports/{report.pk}/file/" if state == "done" else "",
            **progress,
            **{name: getattr(report, name) for name in _FIELDS},
        )


_FIELDS = [
    name
    for name in ReportOut.model_fields
    if name not in {"sentence", "state", "done", "total", "note", "error", "path"}
]


def _state(job: Job | None) -> str:
    """Of a report without a file: its job's; a job that is done or gone without one has failed."""
    if job is None or job.state == JobState.DONE:
        return "failed"
    return job.state


def _sentence(report: Report, state: str, job: Job | None) -> str:
    what = f"{report.title}, {period_in_words(report.start_date, report.end_date)} ({TITLES[report.format]})"
    if state == "done":
        if not report.bytes_total:
            return f"{what} is ready, and empty: no SIM used anything in this period."
        return (
            f"{what} is ready: {counted(report.sims, 'SIM')} with {size(report.bytes_total)}, "
            f"a file of {size(report.size_bytes)}."
        )
    if state == "failed":
        return f"{what} could not be made. {job.error if job else ''}".strip()
    amount = f" {job.done:,} of {job.total:,} rows so far." if job and job.total else ""
    return {"queued": f"{what} waits to start.", "stopped": f"{what} was stopped."}.get(
        state, f"{what} is being made.{amount}"
    )


class ReportPage(Answer):
    items: list[ReportOut]
    next_cursor: str | None = None

    @property
    def under_way(self) -> bool:
        return any(not one.is_over for one in self.items)


class ReportLink(Answer):
    """A link that downloads one report without signing in. Whoever has it can use it until it is over."""

    report: int
    title: str
    url: str
    until: datetime
