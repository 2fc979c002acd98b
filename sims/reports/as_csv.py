"""A report as CSV (RFC 4180): UTF-8 with a byte order mark, since Excel takes it for Latin-1 without one.

Text is always quoted and defused, numbers never, so that no separator of any locale begins a new cell in a label.
"""

import csv
import io
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import IO, Any
from zoneinfo import ZoneInfo

from iotsim.core.cells import defused
from sims.reports.columns import Column
from sims.reports.source import Source

Convert = Callable[[Any], Any]


def write(source: Source, file: IO[bytes]) -> None:
    """Write all rows. The memory it takes does not depend on how many there are."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    sheet = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    sheet.writerow([column.header for column in source.columns])
    converters = [_converter(column, source.asked.zone) for column in source.columns]
    for rows in source.batches():
        sheet.writerows(
            [
                convert(value) if convert and value is not None else value
                for convert, value in zip(converters, row, strict=True)
            ]
            for row in rows
        )
    text.flush()
    text.detach()


def _converter(column: Column, zone: ZoneInfo) -> Convert | None:
    match column.kind:
        case "text":
            return lru_cache(maxsize=4096)(defused)
        case "money":
            return _money
        case "day":
            return str
        case "moment":
            return lambda moment: in_zone(moment, zone)
    return None


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def in_zone(moment: datetime, zone: ZoneInfo) -> str:
    """ISO 8601 to the second, with the zone's offset of that moment."""
    return moment.astimezone(zone).isoformat(timespec="seconds")
