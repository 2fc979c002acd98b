"""A report as one JSON document: what it is about, the totals, the days, and the rows, each on a line of its own.

Texts are as they are (a JSON string cannot be run); sizes are bytes, money cents with its currency beside it.
"""

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import IO, Any
from zoneinfo import ZoneInfo

from sims.reports.as_csv import in_zone
from sims.reports.figures import Figures
from sims.reports.source import Source


def write(source: Source, file: IO[bytes]) -> None:
    """Write the document row by row: it never stands in memory whole."""
    names, zone = [column.name for column in source.columns], source.asked.zone
    file.write(_head(source).encode())
    first = True
    for rows in source.batches():
        lines = (",\n".join(_line(dict(zip(names, row, strict=True)), zone) for row in rows)).encode()
        file.write(lines if first else b",\n" + lines)
        first = False
    file.write(b"\n]}\n")


def totals(figures: Figures) -> dict[str, Any]:
    """The key figures by the names that the rows use."""
    names = ("sims", "used", "bytes_up", "bytes_down", "bytes_total", "sessions", "sms")
    return {name: getattr(figures, name) for name in names}


def _head(source: Source) -> str:
    figures, zone = source.figures, source.asked.zone
    meta = {**source.meta(), "as_of": in_zone(figures.as_of, zone) if figures.as_of else None}
    parts = {
        "meta": meta,
        "totals": {**totals(figures), "money": [asdict(one) for one in figures.money]},
        "days": [{**asdict(one), "bytes_total": one.bytes_total} for one in figures.days],
    }
    told = ",\n".join(f'"{name}": {_line(part, zone)}' for name, part in parts.items())
    return f'{{{told},\n"rows": [\n'


def _line(value: Any, zone: ZoneInfo) -> str:
    def plain(one: Any) -> str:
        if isinstance(one, datetime):
            return in_zone(one, zone)
        if isinstance(one, date):
            return one.isoformat()
        raise TypeError(f"{type(one).__name__} in a report")

    return json.dumps(value, ensure_ascii=False, default=plain)
