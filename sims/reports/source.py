"""What a writer of one format is given: the facts about the report, its figures, and its rows as they come."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sims.reports.asked import Asked
from sims.reports.columns import COLUMNS, Column
from sims.reports.figures import Figures, figures_of
from sims.reports.statements import Statements, batches, fetch, one_number

BATCH = 5_000
Row = tuple[Any, ...]


@dataclass
class Written:
    """What has been written so far, for the register and for progress."""

    rows: int = 0
    bytes_total: int = 0


@dataclass
class Source:
    """A report's contents inside one snapshot of the tenant. `tell(done, total, note)` shows progress or stops."""

    asked: Asked
    statements: Statements
    organization: str
    made_at: datetime
    who: str
    tell: Callable[[int, int | None, str], None]
    written: Written = field(default_factory=Written)

    @property
    def columns(self) -> tuple[Column, ...]:
        return COLUMNS[self.asked.per]

    @cached_property
    def figures(self) -> Figures:
        self.tell(0, None, "Adding up the usage")
        return figures_of(self.statements)

    @cached_property
    def total(self) -> int:
        """How many rows there will be."""
        return one_number(self.statements.count())

    def batches(self) -> Iterator[list[Row]]:
        """The rows, some thousand at a time; what has been handed out is counted and told."""
        total = self.total
        place = [column.name for column in self.columns].index("bytes_total")
        self.tell(0, total, "")
        for rows in batches(self.statements.rows(), BATCH):
            yield rows
            self.written.rows += len(rows)
            self.written.bytes_total += sum(row[place] for row in rows)
            self.tell(self.written.rows, total, "")

    def known(self) -> tuple[int, datetime | None]:
        """How many SIMs it is about and how far their usage reaches."""
        sims, as_of = fetch(self.statements.reach())[0]
        return sims, as_of

    def meta(self) -> dict[str, Any]:
        """What a reader must know beside the rows, as plain JSON."""
        asked = self.asked
        return {
            "title": asked.title,
            "organisation": self.organization,
            "start_date": asked.start.isoformat(),
            "end_date": asked.end.isoformat(),
            "time_zone": str(asked.zone),
            "filters": asked.filter.words(),
            "rows_per": asked.per,
            "made_at": self.made_at.astimezone(asked.zone).isoformat(timespec="seconds"),
            "made_by": self.who,
        }
