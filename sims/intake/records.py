"""Records that a program sent: a table like a file's block, on the same way into the same tables.

Each sender has one import a day, which the records are entered under; its rows go on from call to call.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from django.utils import timezone

from iotsim.core.actor import Actor
from iotsim.core.models import Organization
from sims.formats import own
from sims.formats.batch import Batch, Read
from sims.formats.jsonlines import clean
from sims.formats.reading import read_table
from sims.formats.table import Lines, Refusal, Table
from sims.intake import register
from sims.intake.cards import UNKNOWN, Cards
from sims.intake.chunk import CORRECTION, DUPLICATE, NEW, Counts, Place, Written, write_chunk
from sims.intake.exclusive import writing_usage
from sims.intake.fleet import Touched, refresh_sims
from sims.intake.hourly import prepare_hours
from sims.intake.networks import Networks
from sims.intake.partitions import ensure_partitions_for
from sims.intake.progress import Progress
from sims.intake.usage import unknown_sims, window_at
from sims.models import Intake, IntakeKind, IntakeState, RefusedRow
from sims.models.usage import MAX_ROWS, ROW_BITS
from sims.schemas.records import RecordResult, UsageIn

COLUMNS = (*own.SHAPE.required, *own.SHAPE.optional)
OUTCOMES = {NEW: "accepted", DUPLICATE: "duplicate", CORRECTION: "correction"}


class Taken(NamedTuple):
    """What became of the records. `sims` are the SIMs whose usage changed."""

    intake_id: int
    counts: Counts
    results: list[RecordResult]
    sims: list[int]


def take_records(actor: Actor, records: list[UsageIn]) -> Taken:
    """Write the records, in the caller's transaction."""
    organization_id = actor.organization_id
    read = read_table(own.FORMAT, _table(records), window_at(datetime.now(UTC)))
    batch = read.batch
    if len(batch):
        first_at, last_at = int(batch.started_at.min()), int(batch.ended_at.max())
        ensure_partitions_for(first_at, last_at)
        prepare_hours(first_at, last_at)
    with writing_usage(organization_id):
        zone = ZoneInfo(Organization.objects.values_list("time_zone", flat=True).get(pk=organization_id))
        intake = _intake_of_today(actor)
        first = intake.header["next_row"]
        intake.header["next_row"] += len(records)
        moved = replace(batch, row=batch.row + first)
        place = Place(organization_id, zone, intake.pk, own.FORMAT.carrier)
        written = write_chunk(place, moved, Cards(organization_id), Networks())
        low, high = ((intake.pk << ROW_BITS) + row for row in (first, first + len(records)))
        touched = Touched(low, high, [int(one) for one in written.changed])
        progress = Progress(intake.pk, 0, 0, 0, 0)
        progress.take(read, written.counts, mended=False)
        refresh_sims(organization_id, zone, touched, as_of=progress.period()[1])
        _keep_refused(intake, read.refusals, first)
        _account(intake, progress)
    return Taken(intake.pk, written.counts, _results(len(records), read, written, first), _sims(written))


def _table(records: list[UsageIn]) -> Table:
    """The records as a file's block: row n is record n, and a refused one is kept as its JSON."""
    plain = [_plain(one) for one in records]
    lines = Lines("\n".join(json.dumps(one, ensure_ascii=False) for one in plain).encode() + b"\n", 0)
    columns = {name.replace("_", ""): pa.array([one.get(name, "") for one in plain], pa.string()) for name in COLUMNS}
    table = Table(lines, columns, np.arange(len(records)))
    wrong = [index for index, one in enumerate(records) if one.model_extra]
    for index in wrong:
        names = ", ".join(sorted(map(clean, records[index].model_extra or {}))[:5])
        table.refuse([index], "", f"the record has fields that are not known: {names[:200]}")
    if wrong:
        kept = np.delete(np.arange(len(records)), wrong)
        table.columns = {name: column.take(pa.array(kept)) for name, column in columns.items()}
        table.line = kept
    return table


def _plain(record: UsageIn) -> dict[str, str]:
    given = record.model_dump(exclude_unset=True, exclude=set(record.model_extra or {}))
    return {name: clean(value) for name, value in given.items()}


def _intake_of_today(actor: Actor) -> Intake:
    now = timezone.now()
    mine = Intake.objects.filter(
        organization_id=actor.organization_id, user_id=actor.user_id, job_id=None, format=own.FORMAT.name
    )
    found = mine.filter(created_at__gte=now.replace(hour=0, minute=0, second=0, microsecond=0)).order_by("-pk").first()
    if found is not None and found.header["next_row"] + 10_000 < MAX_ROWS:
        return found
    return Intake.objects.create(
        organization_id=actor.organization_id,
        kind=IntakeKind.USAGE.value,
        state=IntakeState.DONE.value,
        name=f"Records sent on {now:%d %B %Y}",
        format=own.FORMAT.name,
        user_id=actor.user_id,
        who=actor.name,
        header={"columns": list(COLUMNS), "delimiter": ",", "json": True, "next_row": 1, "title": "Sent by the API"},
    )


def _keep_refused(intake: Intake, refusals: list[Refusal], first: int) -> None:
    if not refusals:
        return
    kept = RefusedRow.objects.filter(organization_id=intake.organization_id, intake=intake).count()
    moved = [replace(one, row=one.row + first) for one in refusals]
    register.keep_refusals(intake.organization_id, intake.pk, moved, kept)


def _account(intake: Intake, progress: Progress) -> None:
    for name in ("new", "duplicates", "corrections", "unknown_rows"):
        setattr(intake, name, getattr(intake, name) + progress.counts[name])
    intake.refused += progress.refused
    intake.rows += progress.taken + progress.refused
    first_at, last_at = progress.period()
    intake.first_at = min(filter(None, (intake.first_at, first_at)), default=None)
    intake.last_at = max(filter(None, (intake.last_at, last_at)), default=None)
    intake.finished_at = timezone.now()
    if progress.counts["unknown_rows"]:
        intake.unknown_sims = unknown_sims(intake.organization_id, intake.pk)
    intake.save()


def _results(count: int, read: Read, written: Written, first: int) -> list[RecordResult]:
    """One for each record. Of records with one key in a call the first stands for them, the others repeat or revise."""
    found = [RecordResult(index=index, outcome="duplicate") for index in range(count)]
    for row in _revisions(read.batch) if len(written.rows) < len(read.batch) else ():
        found[row] = RecordResult(index=row, outcome="correction")
    for row, outcome in zip((written.rows - first).tolist(), written.outcome.tolist(), strict=True):
        found[row] = RecordResult(index=row, outcome=OUTCOMES[outcome])  # type: ignore[arg-type]
    for one in read.refusals:
        found[one.row] = RecordResult(index=one.row, outcome="refused", field=one.column, reason=one.reason)
    return found


def _revisions(batch: Batch) -> list[int]:
    """The rows that say something else than the one with their key before them."""
    said: dict[bytes, int] = {}
    revised = []
    for row, key, digest in zip(batch.row.tolist(), map(bytes, batch.key), batch.digest.tolist(), strict=True):
        if said.setdefault(key, digest) != digest:
            revised.append(row)
        said[key] = digest
    return revised


def _sims(written: Written) -> list[int]:
    changed = written.sim_id[(written.outcome != DUPLICATE) & (written.sim_id != UNKNOWN)]
    return [int(one) for one in np.union1d(changed, written.changed)]
