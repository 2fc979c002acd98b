"""How far an import is: kept as the job's checkpoint, in the transaction of the rows it speaks of."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sims.formats.batch import Read
from sims.intake.chunk import Counts


@dataclass
class Progress:
    """`offset` and `row` are where the next block begins; `refreshed` the row up to which SIMs are up to date."""

    intake_id: int
    offset: int
    row: int
    first_row: int
    total: int
    refreshed: int = 0
    refused: int = 0
    kept_refusals: int = 0
    attached: int = 0
    first_at: int | None = None  # microseconds since 1970
    last_at: int | None = None
    mended: bool = False
    counts: dict[str, int] = field(default_factory=lambda: asdict(Counts()))
    remarks: dict[str, int] = field(default_factory=dict)

    def take(self, read: Read, counts: Counts, *, mended: bool) -> None:
        """Account for a block."""
        for name, value in asdict(counts).items():
            self.counts[name] += value
        for sentence, rows in read.remarks.items():
            self.remarks[sentence] = self.remarks.get(sentence, 0) + rows
        self.refused += read.refused
        self.mended |= mended
        if len(read.batch):
            first, last = int(read.batch.started_at.min()), int(read.batch.ended_at.max())
            self.first_at = first if self.first_at is None else min(self.first_at, first)
            self.last_at = last if self.last_at is None else max(self.last_at, last)

    @property
    def done(self) -> int:
        """Lines that are behind us."""
        return self.row - self.first_row

    @property
    def taken(self) -> int:
        return self.counts["new"] + self.counts["duplicates"] + self.counts["corrections"]

    def period(self) -> tuple[datetime | None, datetime | None]:
        return _time(self.first_at), _time(self.last_at)

    def fields(self) -> dict[str, Any]:
        """The same as fields of an Intake."""
        first_at, last_at = self.period()
        rows = self.taken + self.refused
        return {**self.counts, "rows": rows, "refused": self.refused, "first_at": first_at, "last_at": last_at}


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else datetime.fromtimestamp(micros / 1e6, UTC)
