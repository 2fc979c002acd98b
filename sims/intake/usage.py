"""A usage file on its way in: block by block, each in one transaction with the note of how far it is.

A worker may die at any point: the next one finds the checkpoint and goes on with the first block that is not
in it. What was written and what was noted committed together, so nothing is lost and nothing doubled.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from io import SEEK_END
from typing import Any, BinaryIO, NamedTuple

from django.db import connection
from django.utils import timezone

from iotsim.core.effects import announce
from iotsim.core.jobs import RunningJob, Stopped
from iotsim.core.models import Upload
from iotsim.core.tenancy import tenant
from iotsim.core.uploads import find_upload
from sims.formats import usage as formats
from sims.formats.batch import Read
from sims.formats.columns import Window
from sims.formats.declared import Reading, declared
from sims.formats.header import Shape, keeping_no_secrets
from sims.formats.monogoto import month_in
from sims.formats.reading import Format, read_rows
from sims.formats.text import Block, Dialect, FileRefused, count_lines, read_block, sniff
from sims.intake import register
from sims.intake.cards import Cards
from sims.intake.chunk import Counts, Place, write_chunk
from sims.intake.exclusive import writing_usage, zone_of
from sims.intake.fleet import Touched, refresh_sims
from sims.intake.hourly import prepare_hours
from sims.intake.months import write_months
from sims.intake.networks import Networks
from sims.intake.partitions import ensure_partitions_for
from sims.intake.progress import Progress
from sims.intake.source import opened
from sims.models import Intake, IntakeKind, IntakeState, UsageMapping
from sims.models.usage import MAX_ROWS, ROW_BITS
from sims.retention import RECORDS, kept_days, oldest_taken

BLOCK_BYTES = 32 << 20
MOST_MONTHLY = 128 * 10**6
NEWEST = timedelta(days=1)  # clocks differ, and so do zones
REFRESH_SECONDS = 20.0  # how long SIMs may lag behind the records while a long file comes in


class Piece(NamedTuple):
    """A block that has been read, and where the next one begins."""

    read: Read
    end: int
    next_row: int
    mended: bool


class UsageImport:
    """One run of the job, from the checkpoint to the end."""

    def __init__(
        self, job: RunningJob, upload_id: int, *, month: date | None = None, block_bytes: int | None = None
    ) -> None:
        self.job = job
        self.block_bytes = block_bytes or BLOCK_BYTES
        with tenant(job.organization_id):
            self.upload: Upload = find_upload(upload_id)
            self.zone = zone_of(job.organization_id)
            self.mappings = own_mappings(job.organization_id)
        self.month = month
        self.notes: list[str] = []
        now = datetime.now(UTC)
        self.window = window_at(now)
        self.cards, self.networks = Cards(job.organization_id), Networks()

    def run(self) -> Intake:
        """Bring the file in. Raises Invalid when it is refused whole, Stopped when somebody asked for that."""
        with (
            register.refusing(self.job, self.upload, IntakeKind.USAGE),
            opened(self.upload) as (
                file,
                self.notes,
            ),
        ):
            with keeping_no_secrets(file):
                dialect = sniff(file)
                with register.asking_for_columns(self.job, self.upload, dialect, file):
                    format = formats.detect(dialect, self.mappings)
            if format.monthly:
                self._be_monthly(dialect, file)
            progress = self._begin(file, dialect, format)
            try:
                self._blocks(file, dialect, format, progress)
            except Stopped:
                self._finish(progress, dialect, format, IntakeState.STOPPED)
                raise
            return self._finish(progress, dialect, format, IntakeState.DONE)

    def _be_monthly(self, dialect: Dialect, file: BinaryIO) -> None:
        """A monthly file names no month, and a SIM's rows in it must be read together."""
        month = self.month or month_in(self.upload.name)
        if month is None:
            raise FileRefused(
                "The rows say nothing of their month. Put it into the file's name, such as monogoto-2026-10.csv, "
                "or give it with the import."
            )
        if month > datetime.now(UTC).date():
            raise FileRefused(f"The file is of {month:%B %Y}, which has not begun.")
        if file.seek(0, SEEK_END) > MOST_MONTHLY:
            raise FileRefused(f"A monthly file may have {MOST_MONTHLY // 10**6} MB. Split it between two SIMs.")
        self.block_bytes = MOST_MONTHLY + 1
        self.window = replace(self.window, month=month)
        self.notes.append(f"Read as the totals of {month:%B %Y}: they count in billing cycles, not on days.")

    def _begin(self, file: BinaryIO, dialect: Dialect, format: Format) -> Progress:
        if self.job.state:
            return Progress(**self.job.state)
        total = count_lines(file, dialect)
        if total == 0:
            raise FileRefused("The file has a header and no rows.")
        if total + dialect.header_row >= MAX_ROWS:
            raise FileRefused(f"The file has {total:,} rows; at most {MAX_ROWS:,} fit into one. Please split it.")
        self._settle_broken()
        with tenant(self.job.organization_id):
            intake = register.open_intake(
                self.job, self.upload, IntakeKind.USAGE, format.name, _header(dialect, format)
            )
            first_row = dialect.header_row + 1
            progress = Progress(intake.pk, dialect.data_offset, first_row, first_row, total, refreshed=first_row)
            self.job.checkpoint(asdict(progress), done=0, total=total)
        return progress

    def _blocks(self, file: BinaryIO, dialect: Dialect, format: Format, progress: Progress) -> None:
        place = Place(self.job.organization_id, self.zone, progress.intake_id, format.carrier)
        refreshed_at = time.monotonic()
        for piece in self._pieces(file, dialect, format, progress):
            self._write(place, piece, progress)
            if time.monotonic() - refreshed_at > REFRESH_SECONDS:
                self._refresh(progress)
                refreshed_at = time.monotonic()
            self.job.progress(done=progress.done, total=progress.total, note=self.upload.name)

    def _pieces(self, file: BinaryIO, dialect: Dialect, format: Format, progress: Progress) -> Iterator[Piece]:
        """The blocks from the checkpoint on; the next one is read while the database works on this one."""

        def read(offset: int, row: int) -> Piece | None:
            block: Block | None = read_block(file, dialect, offset, self.block_bytes)
            if block is None:
                return None
            rows, lines = read_rows(format, dialect, block, first_row=row, window=self.window)
            return Piece(rows, block.end, row + lines, block.mended)

        with ThreadPoolExecutor(1, thread_name_prefix="intake") as reader:
            future = reader.submit(read, progress.offset, progress.row)
            while piece := future.result():
                future = reader.submit(read, piece.end, piece.next_row)
                yield piece

    def _write(self, place: Place, piece: Piece, progress: Progress) -> None:
        batch = piece.read.batch
        if len(batch) and not self.window.month:
            first, last = int(batch.started_at.min()), int(batch.ended_at.max())
            ensure_partitions_for(first, last)
            prepare_hours(first, last)
        with writing_usage(place.organization_id):
            place = replace(place, zone=zone_of(place.organization_id))  # it may have changed since the block before
            counts = Counts()
            if len(batch) and self.window.month:
                counts = write_months(place, batch, self.cards, self.window.month)
            elif len(batch):
                written = write_chunk(place, batch, self.cards, self.networks)
                counts = written.counts
                if len(written.changed):
                    touched = Touched(0, 0, [int(one) for one in written.changed])
                    refresh_sims(place.organization_id, place.zone, touched, as_of=None)
            progress.kept_refusals += register.keep_refusals(
                place.organization_id, progress.intake_id, piece.read.refusals, progress.kept_refusals
            )
            register.settle_refused(place.organization_id, progress.intake_id, piece.read.settled)
            progress.take(piece.read, counts, mended=piece.mended)
            progress.offset, progress.row = piece.end, piece.next_row
            Intake.objects.filter(pk=progress.intake_id).update(**progress.fields())
            self.job.checkpoint(asdict(progress), done=progress.done, total=progress.total)

    def _refresh(self, progress: Progress) -> None:
        """Show on the SIMs what has come in since the last time."""
        low, high = ((progress.intake_id << ROW_BITS) + row for row in (progress.refreshed, progress.row))
        with writing_usage(self.job.organization_id):
            zone = zone_of(self.job.organization_id)
            refresh_sims(self.job.organization_id, zone, Touched(low, high, []), as_of=progress.period()[1])
            progress.refreshed = progress.row
            self.job.checkpoint(asdict(progress), done=progress.done, total=progress.total)

    def _settle_broken(self) -> None:
        """An import that broke down left records that its SIMs do not show yet."""
        organization_id = self.job.organization_id
        with writing_usage(organization_id):
            for intake in register.broken_intakes(organization_id):
                touched = Touched(intake.pk << ROW_BITS, (intake.pk + 1) << ROW_BITS, [])
                refresh_sims(organization_id, zone_of(organization_id), touched, as_of=intake.last_at)
                Intake.objects.filter(pk=intake.pk).update(state=IntakeState.FAILED.value, finished_at=timezone.now())

    def _finish(self, progress: Progress, dialect: Dialect, format: Format, state: IntakeState) -> Intake:
        self._refresh(progress)
        notes = self.notes + _notes(progress, dialect, format)
        with tenant(self.job.organization_id):
            Intake.objects.filter(pk=progress.intake_id).update(
                state=state.value,
                notes=notes,
                unknown_sims=unknown_sims(self.job.organization_id, progress.intake_id),
                finished_at=timezone.now(),
            )
            announce(self.job.organization_id, {"intake": [progress.intake_id]})
            return Intake.objects.get(pk=progress.intake_id)


def _notes(progress: Progress, dialect: Dialect, format: Format) -> list[str]:
    notes = dialect.notes()
    unread = formats.unread_columns(format, dialect)
    if unread:
        notes.append(f"Columns left out, since {format.shape.title} has none of these names: {', '.join(unread[:20])}.")
    if progress.mended:
        notes.append("Some characters were not UTF-8 and were read as Windows-1252.")
    notes += [f"{sentence} ({rows:,} rows)." for sentence, rows in progress.remarks.items()]
    return notes


def _header(dialect: Dialect, format: Format) -> dict[str, Any]:
    return register.header_of(dialect, title=format.shape.title if format.header else "")


def window_at(now: datetime) -> Window:
    """The times that usage brought in now may speak of."""
    return Window(_micros(oldest_taken(now)), _micros(now + NEWEST), kept_days(RECORDS))


def own_mappings(organization_id: int) -> list[Format]:
    """The organisation's mappings as formats. Inside its transaction."""
    rows = UsageMapping.objects.filter(organization_id=organization_id, deleted_at=None)
    return [format_of(one) for one in rows.order_by("pk")]


def format_of(mapping: UsageMapping) -> Format:
    reading = Reading.of(mapping.reading)
    names = (*reading.columns.used(), *reading.also_key)
    format = declared(Shape(f"mapping {mapping.pk}", mapping.name, required=names), mapping.carrier, reading)
    return replace(format, header=tuple(mapping.header))


def unknown_sims(organization_id: int, intake_id: int) -> int:
    low, high = intake_id << ROW_BITS, (intake_id + 1) << ROW_BITS
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT DISTINCT iccid, CASE iccid WHEN '' THEN imsi END FROM sims_usagerecord "
            "WHERE organization_id = %s AND sim_id IS NULL AND id >= %s AND id < %s UNION "
            "SELECT iccid, imsi FROM sims_usagemonthly "
            "WHERE organization_id = %s AND sim_id IS NULL AND intake_id = %s) u",
            [organization_id, low, high, organization_id, intake_id],
        )
        return int(cursor.fetchone()[0])


def _micros(when: datetime) -> int:
    return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
