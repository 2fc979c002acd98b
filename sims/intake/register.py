"""The register of files: an Intake row for each, with the rows that were refused."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from django.utils import timezone

from iotsim.core.effects import announce
from iotsim.core.errors import Invalid
from iotsim.core.jobs import RunningJob
from iotsim.core.models import Job, JobState, Upload
from iotsim.core.tenancy import tenant
from sims.alerts.watch import note_intake
from sims.formats.batch import Settled
from sims.formats.header import SecretColumn, UnknownHeader
from sims.formats.table import MOST_KEPT, Refusal
from sims.formats.text import Dialect, FileRefused, read_block
from sims.models import Intake, IntakeKind, IntakeState, RefusedRow

SAMPLE_LINES, SAMPLE_BYTES = 30, 64 * 1024


def header_of(dialect: Dialect, *, title: str = "", file: BinaryIO | None = None) -> dict[str, Any]:
    """How a file is written, as kept with its import; with its first lines where people must say what they mean."""
    found: dict[str, Any] = {"columns": list(dialect.columns), "delimiter": dialect.delimiter, "json": dialect.json}
    if title:
        found["title"] = title
    if file is not None:
        block = read_block(file, dialect, dialect.data_offset, SAMPLE_BYTES)
        lines = block.text.decode(errors="replace").replace("\0", "\ufffd").split("\n") if block else []
        found["sample"] = [line[:4000] for line in lines if line.strip()][:SAMPLE_LINES]
    return found


@contextmanager
def asking_for_columns(job: RunningJob, upload: Upload, dialect: Dialect, file: BinaryIO) -> Iterator[None]:
    """A file whose header nobody knows is kept with its first lines, so that people can say what the columns mean."""
    try:
        yield
    except UnknownHeader:
        with tenant(job.organization_id):
            intake = open_intake(job, upload, IntakeKind.USAGE, "")
            Intake.objects.filter(pk=intake.pk).update(header=header_of(dialect, file=file))
        raise


def open_intake(
    job: RunningJob, upload: Upload, kind: IntakeKind, format: str, header: dict[str, Any] | None = None
) -> Intake:
    """The Intake of this job, made when the job begins. Inside the tenant's transaction."""
    intake, _ = Intake.objects.get_or_create(
        organization_id=job.organization_id,
        job_id=job.id,
        defaults={
            "kind": kind.value,
            "name": upload.name,
            "size_bytes": upload.size_bytes,
            "upload_id": upload.pk,
            "format": format,
            "header": header or {},
            "who": job.who,
            "user_id": job.user_id,
        },
    )
    announce(job.organization_id, {"intake": [intake.pk]})
    return intake


def broken_intakes(organization_id: int) -> list[Intake]:
    """Usage imports that seem to run though their jobs are over. Inside the tenant's transaction."""
    running = Intake.objects.filter(
        organization_id=organization_id, kind=IntakeKind.USAGE.value, state=IntakeState.RUNNING.value
    )
    over = Job.objects.filter(state__in=(JobState.FAILED.value, JobState.STOPPED.value))
    return list(running.filter(job_id__in=over.values("pk")))


@contextmanager
def refusing(job: RunningJob, upload: Upload, kind: IntakeKind) -> Iterator[None]:
    """A file that cannot be taken is entered as refused, with the reason, and the job ends with that sentence.

    Of a file with secrets nothing is kept: the upload goes too, with its name and its hash.
    """
    try:
        yield
        with tenant(job.organization_id):
            note_intake(job.organization_id, job.id)
    except FileRefused as refused:
        reason = str(refused)
        secret = isinstance(refused, SecretColumn)
        with tenant(job.organization_id):
            intake = open_intake(job, upload, kind, "")
            Intake.objects.filter(pk=intake.pk).update(
                state=IntakeState.REFUSED.value, reason=reason[:500], finished_at=timezone.now()
            )
            note_intake(job.organization_id, job.id)
            announce(job.organization_id, {"intake": [intake.pk]})
        if secret:
            forget(upload)
        raise Invalid(f"{upload.name}: {reason}", field="upload_id") from None


def forget(upload: Upload) -> None:
    from iotsim.core.uploads import forget_upload

    with tenant(upload.organization_id):
        forget_upload(upload)


def keep_refusals(organization_id: int, intake_id: int, refusals: Sequence[Refusal], kept: int) -> int:
    """Keep refused rows, up to MOST_KEPT of a file. Answers how many were kept now."""
    wanted = refusals[: max(0, MOST_KEPT - kept)]
    RefusedRow.objects.bulk_create(
        RefusedRow(
            organization_id=organization_id,
            intake_id=intake_id,
            row_number=one.row,
            column=one.column[:80],
            reason=one.reason[:300],
            raw_line=one.line,
        )
        for one in wanted
    )
    return len(wanted)


def settle_refused(organization_id: int, intake_id: int, settled: Settled | None) -> None:
    """Rows that an earlier import had refused have come in by this one: link both, and count them there once."""
    if settled is None:
        return
    mine = Intake.objects.filter(organization_id=organization_id)
    earlier = mine.filter(pk=settled.intake_id).exclude(pk=intake_id).select_for_update().first()
    if earlier is None:
        return
    mine.filter(pk=intake_id).update(corrects_id=earlier.pk)
    rows = RefusedRow.objects.filter(organization_id=organization_id, intake_id=earlier.pk)
    wanted = [int(row) for row in settled.rows if row]
    rows.filter(row_number__in=wanted, settled_by=None).update(settled_by=intake_id)
    mine.filter(pk=earlier.pk).update(settled=rows.exclude(settled_by=None).count())
    announce(organization_id, {"intake": [earlier.pk]})
