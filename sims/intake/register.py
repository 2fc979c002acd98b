"""The register of files: an Intake row for each, with the rows that were refused."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.utils import timezone

from iotsim.core.effects import announce
from iotsim.core.errors import Invalid
from iotsim.core.jobs import RunningJob
from iotsim.core.models import Job, JobState, Upload
from iotsim.core.tenancy import tenant
from sims.alerts.watch import note_intake
from sims.formats.header import SecretColumn
from sims.formats.table import MOST_KEPT, Refusal
from sims.formats.text import FileRefused
from sims.models import Intake, IntakeKind, IntakeState, RefusedRow


def open_intake(job: RunningJob, upload: Upload, kind: IntakeKind, format: str) -> Intake:
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
