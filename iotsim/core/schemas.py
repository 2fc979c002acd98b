"""What the platform's services return."""

from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, Field

from iotsim.core.models import Approval, AuditEvent, Job, Notification
from iotsim.core.proposals import Proposal


class Answer(BaseModel):
    """Every service's answer: `sentence` says it in words, in the user's terms.

    Fields named in `shown_once` (a new key, an invitation's link) are told to the caller and kept nowhere.
    """

    shown_once: ClassVar[frozenset[str]] = frozenset()

    sentence: str = ""


def kept(answer: BaseModel) -> dict[str, Any]:
    """An answer as plain JSON, fit to be kept: without what is shown once."""
    return answer.model_dump(mode="json", exclude=set(getattr(answer, "shown_once", ())))


class JobOut(Answer):
    id: int
    service: str
    state: str = Field(description="queued, running, done, failed or stopped")
    who: str
    done: int = Field(description="Units done so far (rows, SIMs)")
    total: int | None = None
    note: str = ""
    result: dict[str, Any] | None = None
    error: str = ""
    attempts: int = 0
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    arguments: dict[str, Any] = {}

    @property
    def is_over(self) -> bool:
        return self.state in {"done", "failed", "stopped"}

    @property
    def percent(self) -> int | None:
        return min(100, self.done * 100 // self.total) if self.total else None

    @property
    def path(self) -> str:
        """Where on this site the result is, if it has an address."""
        path = str((self.result or {}).get("path") or "")
        return path if path.startswith("/") and not path.startswith("//") else ""

    @classmethod
    def of(cls, job: Job) -> "JobOut":
        return cls(
            sentence=_job_sentence(job),
            **{name: getattr(job, name) for name in _JOB_FIELDS},
        )


_JOB_FIELDS = [name for name in JobOut.model_fields if name != "sentence"]


def _job_sentence(job: Job) -> str:
    amount = f"{job.done:,} of {job.total:,}" if job.total else f"{job.done:,}"
    match job.state:
        case "queued":
            return f"{job.note} is on its way (job {job.pk})." if job.note else f"Job {job.pk} waits to start."
        case "running":
            return f"Job {job.pk} is running: {amount}."
        case "failed":
            return job.error
        case "stopped":
            return f"Job {job.pk} was stopped at {amount}."
    result = job.result or {}
    return str(result.get("sentence") or f"Job {job.pk} is done: {amount}.")


class JobPage(Answer):
    items: list[JobOut]
    next_cursor: str | None = None


class ApprovalOut(Answer):
    id: int
    service: str
    title: str
    arguments: dict[str, Any]
    proposal: Proposal | None
    why: str = Field(description="Why a person must decide")
    state: str = Field(description="pending, done, rejected, expired, stale, superseded or failed")
    requester: str
    requester_face: str
    created_at: datetime
    expires_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    reason: str = ""
    error: str = ""
    event_id: int | None = Field(default=None, description="The audit event of the call when it was done")
    replaces_id: int | None = Field(default=None, description="The request that this one was made of")
    replaced_by_id: int | None = Field(default=None, description="The request that took its place")
    edited_by: str = Field(default="", description="Who gave it other arguments than were asked for")
    may_decide: bool = Field(default=False, description="Whether whoever reads this may decide it")
    who_may: str = Field(default="", description="Who may decide it, in a sentence")
    can_undo: bool = False
    result: dict[str, Any] | None = None

    @classmethod
    def of(cls, approval: Approval, *, title: str, can_undo: bool = False, **for_reader: Any) -> "ApprovalOut":
        proposal = Proposal.model_validate(approval.proposal) if approval.proposal else None
        what = proposal.summary if proposal else title
        return cls(
            sentence=_approval_sentence(approval, what),
            id=approval.pk,
            title=title,
            proposal=proposal,
            can_undo=can_undo,
            result=(approval.outcome or {}).get("result"),
            **{name: getattr(approval, name) for name in _APPROVAL_FIELDS},
            **for_reader,
        )


_APPROVAL_FIELDS = [
    name
    for name in ApprovalOut.model_fields
    if name not in {"id", "sentence", "title", "proposal", "can_undo", "result", "may_decide", "who_may"}
]


def _approval_sentence(approval: Approval, what: str) -> str:
    match approval.state:
        case "pending":
            return f"{what}: waiting for a person's approval (request {approval.pk}). {approval.why}"
        case "done":
            done = ((approval.outcome or {}).get("result") or {}).get("sentence")
            return str(done or f"{what}: approved by {approval.decided_by} and done.")
        case "rejected":
            because = f" {approval.reason.rstrip('.')}." if approval.reason else ""
            return f"{what}: rejected by {approval.decided_by}.{because}"
        case "expired":
            return f"{what}: nobody decided in time, so nothing was changed."
        case "stale":
            return f"{what}: nothing was done. {approval.error}"
        case "superseded":
            return f"{what}: {approval.decided_by} changed it. Request {approval.replaced_by_id} waits in its place."
    return f"{what}: {approval.error}"


class ApprovalPage(Answer):
    items: list[ApprovalOut]
    next_cursor: str | None = None


class AuditEventOut(Answer):
    id: int
    at: datetime
    service: str
    title: str
    arguments: dict[str, Any]
    outcome: str = Field(description="done, denied, failed or waiting")
    who: str
    role: str
    face: str
    approved_by: str = ""
    job_id: int | None = None
    undoes: int | None = None
    undone_by: int | None = Field(default=None, description="The event that took this one back")
    can_undo: bool = False
    request_id: str = ""
    run_id: str = Field(default="", description="The run of a machine in which it was done: copilot-12")
    duration_ms: int = 0

    @property
    def copilot_run(self) -> str:
        """The number of the copilot's run in which it was done; empty when it was none."""
        return self.run_id.removeprefix("copilot-") if self.run_id.startswith("copilot-") else ""

    @classmethod
    def of(cls, event: AuditEvent, *, title: str, undone_by: int | None) -> "AuditEventOut":
        return cls(
            title=title,
            undone_by=undone_by,
            can_undo=event.undo is not None and undone_by is None and event.outcome == "done",
            **{name: getattr(event, name) for name in _AUDIT_FIELDS},
        )


_AUDIT_FIELDS = [name for name in AuditEventOut.model_fields if name not in {"title", "undone_by", "can_undo"}]


class AuditPage(Answer):
    items: list[AuditEventOut]
    next_cursor: str | None = None


class NotificationOut(BaseModel):
    """What one person was told; `path` leads to what it is about (empty: nowhere)."""

    id: int
    title: str
    kind: str = Field(description="alert, approval, job, nightly or report")
    path: str
    object_id: int | None
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, row: Notification) -> "NotificationOut":
        same = {name: getattr(row, name) for name in cls.model_fields if name != "title"}
        return cls(title=row.sentence, **same)


class NotificationPage(Answer):
    items: list[NotificationOut]
    unread: int = Field(description="All that are not read yet, up to 1,000")
    next_cursor: str | None = None


class NotificationChange(Answer):
    ids: list[int] = Field(description="Those that changed")
    unread: bool = Field(description="Whether they were marked as unread")
