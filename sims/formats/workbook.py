"""An Excel workbook as CSV: the first sheet with rows, a line for each, so that row numbers stay (pure; no Django).

A spreadsheet keeps 15 digits of a number. What came as a longer one is written as it is known, 8.98E+18, so that the
reading of identifiers refuses it by its row. Workbooks are ZIP archives of XML: their size unpacked, its proportion and
their entities are looked at before anything is believed.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from typing import IO, Any

from sims.formats.jsonlines import clean
from sims.formats.text import FileRefused

MOST_BYTES = 1_000_000_000  # of all parts unpacked
MOST_STRINGS = 100_000_000  # of the table of texts, which is held in memory
MOST_RATIO = 300  # sheets of numbers reach 40
RATIO_FROM = 10_000_000  # smaller parts may be as dense as they like
MOST_ROWS = 1_048_576
MOST_COLUMNS = 500
EXACT = 10**15


def is_workbook(names: list[str]) -> bool:
    return "[Content_Types].xml" in names


def check_size(archive: zipfile.ZipFile) -> None:
    """Raises FileRefused for a workbook that would unpack to more than is reasonable."""
    parts = archive.infolist()
    if sum(part.file_size for part in parts) > MOST_BYTES:
        raise FileRefused(f"The workbook unpacks to more than {MOST_BYTES // 10**6:,} MB. Save the sheet as CSV.")
    for part in parts:
        if part.file_size > RATIO_FROM and part.file_size > MOST_RATIO * max(1, part.compress_size):
            raise FileRefused(
                f"The workbook is packed more than {MOST_RATIO} to 1, as archives made to do harm are. "
                "Save the sheet as CSV."
            )
        if part.filename.endswith("sharedStrings.xml") and part.file_size > MOST_STRINGS:
            raise FileRefused("The workbook holds too much text to be read at once. Save the sheet as CSV.")


def write_csv(stored: IO[bytes], target: IO[bytes]) -> list[str]:
    """Write the sheet to `target`; answers notes. Raises FileRefused."""
    with _opened(stored) as book:
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        filled: list[str] = []
        for sheet in sheets:
            sheet.reset_dimensions()
            if not filled:
                if _write(sheet, target):
                    filled.append(sheet.title)
            elif next(_lines(sheet, most=100), None) is not None:
                filled.append(sheet.title)
    if not filled:
        raise FileRefused("The workbook has no rows.")
    notes = [f"Read from the sheet {clean(filled[0])}."]
    return notes + ([f"Other sheets were left out: {', '.join(map(clean, filled[1:6]))}."] if filled[1:] else [])


def first_rows(stored: IO[bytes], *, most: int) -> Iterator[list[str]]:
    """The rows of the first visible sheet as text, blank ones too, and at most `most`. Raises FileRefused."""
    with _opened(stored) as book:
        for sheet in book.worksheets:
            if sheet.sheet_state == "visible":
                sheet.reset_dimensions()
                yield from _lines(sheet, most=most, blanks=True)
                return
    raise FileRefused("The workbook has no rows.")


@contextmanager
def _opened(stored: IO[bytes]) -> Iterator[Any]:
    import openpyxl
    from defusedxml.common import DefusedXmlException
    from openpyxl.utils.exceptions import InvalidFileException
    from openpyxl.xml import DEFUSEDXML

    if not DEFUSEDXML:
        raise RuntimeError("openpyxl must read XML by defusedxml; OPENPYXL_DEFUSEDXML forbids it")
    try:
        with closing(openpyxl.load_workbook(stored, read_only=True, data_only=True, keep_links=False)) as book:
            yield book
    except FileRefused:
        raise
    # Whatever a damaged workbook makes of openpyxl: a missing part, a number that is none, XML that breaks off.
    except (
        InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, IndexError, TypeError, AttributeError, EOFError,
        OSError, SyntaxError, NotImplementedError, OverflowError,
    ) as error:  # fmt: skip
        if isinstance(error, DefusedXmlException) or isinstance(error.__cause__, DefusedXmlException):
            raise FileRefused("The workbook declares XML entities, as files made to do harm do.") from error
        raise FileRefused("The workbook is damaged: it cannot be read. Open and save it again, or use CSV.") from error


def _write(sheet: Any, target: IO[bytes]) -> int:
    """How many rows with values were written; blank ones keep their lines."""
    text = io.TextIOWrapper(target, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    written = blank = width = 0
    for cells in _lines(sheet, most=MOST_ROWS, blanks=True):
        if not any(cells):
            blank += 1
            continue
        while len(cells) > width and not cells[-1]:
            cells.pop()
        width = width or len(cells)
        text.write("\n" * blank)
        writer.writerow(cells + [""] * (width - len(cells)))
        blank, written = 0, written + 1
    text.detach()
    return written


def _lines(sheet: Any, *, most: int, blanks: bool = False) -> Iterator[list[str]]:
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        if number > most:
            if most == MOST_ROWS:
                raise FileRefused(f"The sheet has more than {MOST_ROWS:,} rows. Save it as CSV.")
            return
        cells = [_cell(value) for value in row[:MOST_COLUMNS]]
        if any(row[MOST_COLUMNS:]):
            raise FileRefused(f"The sheet has more than {MOST_COLUMNS} columns.")
        if blanks or any(cells):
            yield cells


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return value.isoformat() if isinstance(value, date) else clean(str(value))


def _number(value: float) -> str:
    if abs(value) >= EXACT:
        return f"{float(value):.6E}"
    if value == int(value):
        return str(int(value))
    return f"{value:.6f}".rstrip("0") if abs(value) < 10**9 else f"{value:.3f}"
