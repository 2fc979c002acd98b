"""A report as an Excel workbook: a summary, the days, and the rows. Identifiers are text, never numbers.

Texts are written as strings whatever they begin with (nothing becomes a formula or a link); what a sheet might run
if it were typed in is marked as Excel itself marks text after an apostrophe.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any, Final

from iotsim.core.cells import is_formula
from sims.reports.columns import Column
from sims.reports.source import Row, Source

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS: Final = 1_048_575  # of a sheet, below its header
NUMBERS: Final = {
    "count": "#,##0",
    "bytes": "#,##0",
    "money": "#,##0.00",
    "day": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}


def write(source: Source, file: IO[bytes]) -> None:
    """Write the workbook; rows go to a temporary file at once, so that memory stays the same."""
    with _workbook(file) as workbook:
        formats = Formats(workbook)
        _write_summary(workbook.add_worksheet("Summary"), source, formats)
        _write_days(workbook.add_worksheet("Days"), source, formats)
        _write_rows(workbook, source, formats)


@contextmanager
def _workbook(file: IO[bytes]) -> "Iterator[Workbook]":
    from xlsxwriter import Workbook

    with TemporaryDirectory() as folder:
        workbook = Workbook(
            file,
            {
                "constant_memory": True,
                "tmpdir": folder,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        try:
            yield workbook
        except BaseException:
            workbook.fileclosed = True  # stopped half-way: nothing is to be put together
            for sheet in workbook.worksheets():
                sheet.row_data_fh.close()
            raise
        workbook.close()


class Formats:
    """The few looks of a cell."""

    def __init__(self, workbook: "Workbook") -> None:
        self.head: Format = workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.title: Format = workbook.add_format({"bold": True, "font_size": 16})
        self.bold: Format = workbook.add_format({"bold": True})
        self.quoted: Format = workbook.add_format({"quote_prefix": True})
        self.numbers: dict[str, Format] = {
            kind: workbook.add_format({"num_format": shown}) for kind, shown in NUMBERS.items()
        }


def put(sheet: "Worksheet", row: int, column: int, kind: str, value: Any, formats: Formats, zone: Any = None) -> None:
    """One cell by its kind; an unknown value leaves the cell empty."""
    if value is None or value == "":
        return
    if kind in ("id", "text"):
        sheet.write_string(row, column, value, formats.quoted if is_formula(value) else None)
    elif kind == "moment":
        local: datetime = value.astimezone(zone).replace(tzinfo=None)
        sheet.write_datetime(row, column, local, formats.numbers[kind])
    elif kind == "day":
        sheet.write_datetime(row, column, datetime.combine(value, datetime.min.time()), formats.numbers[kind])
    else:
        sheet.write_number(row, column, value / 100 if kind == "money" else value, formats.numbers[kind])


def _write_summary(sheet: "Worksheet", source: Source, formats: Formats) -> None:
    figures, asked = source.figures, source.asked
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 44)
    sheet.write_string(0, 0, asked.title, formats.title)
    facts: list[tuple[str, str, Any]] = [
        ("Organisation", "text", source.organization),
        ("Period", "text", f"{asked.start} to {asked.end} ({asked.period})"),
        ("Time zone", "text", str(asked.zone)),
        ("SIMs chosen", "text", asked.filter.words() or "all"),
        ("Usage as of", "moment", figures.as_of),
        ("Made", "moment", source.made_at),
        ("Made by", "text", source.who),
        ("SIMs", "count", figures.sims),
        ("SIMs with usage", "count", figures.used),
        ("Uploaded, bytes", "bytes", figures.bytes_up),
        ("Downloaded, bytes", "bytes", figures.bytes_down),
        ("Total, bytes", "bytes", figures.bytes_total),
        ("Sessions", "count", figures.sessions),
        ("SMS", "count", figures.sms),
    ]
    for one in figures.money:
        facts.append((f"Plan prices, {one.currency}", "money", one.price_cents))
        facts.append((f"Overage, {one.currency}", "money", one.overage_cents))
    for row, (name, kind, value) in enumerate(facts, start=2):
        sheet.write_string(row, 0, name, formats.bold)
        put(sheet, row, 1, kind, value, formats, asked.zone)


def _write_days(sheet: "Worksheet", source: Source, formats: Formats) -> None:
    columns = [
        Column("day", "Day", "day", 12),
        Column("bytes_up", "Uploaded, bytes", "bytes", 18),
        Column("bytes_down", "Downloaded, bytes", "bytes", 18),
        Column("bytes_total", "Total, bytes", "bytes", 18),
        Column("sessions", "Sessions", "count", 12),
        Column("sms", "SMS", "count", 10),
    ]
    days = source.figures.days
    _head(sheet, columns, len(days), formats)
    for row, one in enumerate(days, start=1):
        for place, column in enumerate(columns):
            put(sheet, row, place, column.kind, getattr(one, column.name), formats)


def _head(sheet: "Worksheet", columns: "list[Column] | tuple[Column, ...]", rows: int, formats: Formats) -> None:
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width)
        sheet.write_string(0, place, column.header, formats.head)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(rows, 1), len(columns) - 1)


def _write_rows(workbook: "Workbook", source: Source, formats: Formats) -> None:
    """As many sheets as the rows need: an Excel sheet ends at about a million."""
    name = "SIMs" if source.asked.per == "sim" else "SIMs by day"
    sheet, used, number = workbook.add_worksheet(name), 0, 1
    columns, zone = source.columns, source.asked.zone
    _head(sheet, columns, min(source.total, MOST_ROWS), formats)
    for rows in source.batches():
        for row in rows:
            if used == MOST_ROWS:
                number, used = number + 1, 0
                sheet = workbook.add_worksheet(f"{name} {number}")
                _head(sheet, columns, min(source.total - (number - 1) * MOST_ROWS, MOST_ROWS), formats)
            used += 1
            _write_row(sheet, used, columns, row, formats, zone)


def _write_row(
    sheet: "Worksheet", number: int, columns: tuple[Column, ...], row: Row, formats: Formats, zone: Any
) -> None:
    for place, (column, value) in enumerate(zip(columns, row, strict=True)):
        put(sheet, number, place, column.kind, value, formats, zone)
