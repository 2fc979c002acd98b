"""A SIM list on its way in: block by block, each in one transaction with its checkpoint, as usage is."""

from dataclasses import asdict, replace
from typing import BinaryIO

from django.utils import timezone

from iotsim.core.effects import announce
from iotsim.core.jobs import RunningJob, Stopped
from iotsim.core.tenancy import tenant
from iotsim.core.uploads import find_upload
from sims.formats.header import keeping_no_secrets
from sims.formats.inventory import CardsRead, check_header, has_pins, read_cards, unread_columns
from sims.formats.text import Block, Dialect, FileRefused, count_lines, read_block, sniff
from sims.intake import register
from sims.intake.exclusive import writing_usage
from sims.intake.networks import Networks
from sims.intake.progress import Progress
from sims.intake.source import opened
from sims.inventory import CardsWritten, write_cards
from sims.models import Intake, IntakeKind, IntakeState
from sims.models.usage import MAX_ROWS

BLOCK_BYTES = 1 << 20  # some ten thousand SIMs


class InventoryImport:
    """One run of the job, from the checkpoint to the end."""

    def __init__(self, job: RunningJob, upload_id: int, *, block_bytes: int | None = None) -> None:
        self.job = job
        self.block_bytes = block_bytes or BLOCK_BYTES
        with tenant(job.organization_id):
            self.upload = find_upload(upload_id)
        self.networks = Networks()
        self.notes: list[str] = []

    def run(self) -> Intake:
        """Bring the list in. Raises Invalid when it is refused whole, Stopped when somebody asked for that."""
        with (
            register.refusing(self.job, self.upload, IntakeKind.SIMS),
            opened(self.upload) as (
                file,
                self.notes,
            ),
        ):
            with keeping_no_secrets(file):
                dialect = sniff(file)
                check_header(dialect)
            progress = self._begin(file, dialect)
            try:
                while block := read_block(file, dialect, progress.offset, self.block_bytes):
                    read = read_cards(dialect, block, first_row=progress.row)
                    self._write(_without_pins(read) if has_pins(dialect) else read, block, progress)
                    self.job.progress(done=progress.done, total=progress.total, note=self.upload.name)
            except Stopped:
                self._finish(progress, dialect, IntakeState.STOPPED)
                raise
            return self._finish(progress, dialect, IntakeState.DONE)

    def _begin(self, file: BinaryIO, dialect: Dialect) -> Progress:
        if self.job.state:
            return Progress(**self.job.state)
        total = count_lines(file, dialect)
        if total == 0:
            raise FileRefused("The file has a header and no rows.")
        if total + dialect.header_row >= MAX_ROWS:
            raise FileRefused(f"The file has {total:,} rows; at most {MAX_ROWS:,} fit into one. Please split it.")
        with tenant(self.job.organization_id):
            intake = register.open_intake(
                self.job, self.upload, IntakeKind.SIMS, "inventory", register.header_of(dialect)
            )
            first_row = dialect.header_row + 1
            progress = Progress(intake.pk, dialect.data_offset, first_row, first_row, total)
            self.job.checkpoint(asdict(progress), done=0, total=total)
        return progress

    def _write(self, read: CardsRead, block: Block, progress: Progress) -> None:
        organization_id = self.job.organization_id
        with writing_usage(organization_id):
            written = write_cards(organization_id, read.cards, self.networks, who=self.job.who, face=self.job.face)
            progress.kept_refusals += register.keep_refusals(
                organization_id, progress.intake_id, read.refusals, progress.kept_refusals
            )
            register.settle_refused(organization_id, progress.intake_id, read.settled)
            _account(progress, read, written, block)
            Intake.objects.filter(pk=progress.intake_id).update(attached=progress.attached, **progress.fields())
            self.job.checkpoint(asdict(progress), done=progress.done, total=progress.total)
            announce(organization_id, {"sim": [*written.added, *written.updated]})

    def _finish(self, progress: Progress, dialect: Dialect, state: IntakeState) -> Intake:
        notes = self.notes + dialect.notes()
        unread = unread_columns(dialect)
        if unread:
            notes.append(f"Columns left out, since nothing is kept under these names: {', '.join(unread[:20])}.")
        if progress.mended:
            notes.append("Some characters were not UTF-8 and were read as Windows-1252.")
        notes += [f"{sentence} ({rows:,} rows)." for sentence, rows in progress.remarks.items()]
        with tenant(self.job.organization_id):
            Intake.objects.filter(pk=progress.intake_id).update(
                state=state.value, notes=notes, finished_at=timezone.now()
            )
            announce(self.job.organization_id, {"intake": [progress.intake_id]})
            return Intake.objects.get(pk=progress.intake_id)


def _without_pins(read: CardsRead) -> CardsRead:
    """A list may carry PINs and PUKs; its rows are not kept as they were, not even when they are refused."""
    return replace(read, refusals=[replace(one, line="") for one in read.refusals])


def _account(progress: Progress, read: CardsRead, written: CardsWritten, block: Block) -> None:
    progress.counts["new"] += len(written.added)
    progress.counts["corrections"] += len(read.cards) - len(written.added) - written.unchanged
    progress.counts["duplicates"] += written.unchanged
    progress.refused += read.refused
    progress.attached += written.attached
    progress.mended |= block.mended
    for sentence, rows in written.remarks.items():
        progress.remarks[sentence] = progress.remarks.get(sentence, 0) + rows
    progress.offset, progress.row = block.end, progress.row + read.lines
