"""A list of SIMs as people have it: any table, with a header or without, the column found by what is in it (pure).

Wanted are ICCIDs, else IMSIs, else phone numbers, else labels. A number that a spreadsheet has rounded refuses the
file: its last digits are lost, and a guess would name another SIM.
"""

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from iotsim.core.brought import LONGEST_VALUE, MOST_ROWS, Brought, Value
from sims.formats import workbook
from sims.formats.header import plain, refuse_secrets
from sims.formats.jsonlines import clean
from sims.formats.text import Dialect, FileRefused, decoded, sniff
from sims.formats.usage import vendor_of
from sims.identifiers import NotAnIdentifier, is_rounded, parse_iccid, parse_imsi, parse_msisdn

MOST_COLUMNS: Final = 100
LOOKED_AT: Final = 300  # rows by which the column is chosen
MOST_SHARE: Final = 0.5  # of a column's cells that must be of its kind

NAMES: Final = {
    "iccid": {"iccid", "ccid", "sim", "sims", "simid", "simnumber", "simserial", "simcard", "serial", "serialnumber"},
    "imsi": {"imsi"},
    "imei": {"imei"},
    "eid": {"eid"},
    "msisdn": {"msisdn", "phone", "phonenumber", "mobile", "number", "telephone"},
    "label": {"label", "labels", "name", "simname", "simlabel", "device", "devicename", "endpoint", "asset"},
}
WORDS: Final = {"iccid": "ICCIDs", "imsi": "IMSIs", "imei": "IMEIs", "eid": "EIDs", "msisdn": "phone numbers"}

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class Column:
    """Where the SIMs stand: which column, what is in it, and whether the first row only names it."""

    place: int
    kind: str
    has_header: bool


def read_list(content: BinaryIO) -> Brought:
    """The SIMs that a table names, or that it holds usage. Raises FileRefused or SecretColumn."""
    rows, dialect = _rows(content)
    if vendor := vendor_of(dialect):
        return Brought("usage", vendor.shape.title, rows=max(0, len(rows) - 1))
    if dialect.json:
        raise FileRefused("The file holds JSON records, and none that are known as usage. Send the SIMs as a column.")
    if len(rows) == 1 and len(rows[0][1]) > 1:  # all in one line
        rows = [(rows[0][0], [cell]) for cell in rows[0][1]]
    if len(rows) == 1 and any(plain(rows[0][1][0]) in names for names in NAMES.values()):
        raise FileRefused("The file names no SIMs: there is nothing below its header.")
    column = _column(rows)
    return _brought(rows[1:] if column.has_header else rows, column)


def _rows(content: BinaryIO) -> tuple[list[Row], Dialect]:
    """The rows with their numbers, blank ones left out, and how the file is written."""
    if content.read(4) == b"PK\x03\x04":
        content.seek(0)
        rows = _bounded(_of_workbook(content))
        dialect = Dialect("utf-8", ",", tuple(rows[0][1]) if rows else (), 0, 1)
    else:
        content.seek(0)
        dialect = sniff(content)
        rows = _bounded(_of_text(content, dialect))
    refuse_secrets(dialect.columns)
    if not rows:
        raise FileRefused("The file holds no rows.")
    return rows, dialect


def _bounded(found: Iterator[Row]) -> list[Row]:
    rows: list[Row] = []
    for row in found:
        if row[0] > MOST_ROWS + 1:
            raise FileRefused(f"The file has more than {MOST_ROWS:,} rows. Send it in parts.")
        rows.append(row)
    return rows


def _of_text(content: BinaryIO, dialect: Dialect) -> Iterator[Row]:
    text = decoded(content, dialect)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter)
    try:
        for cells in reader:
            told = reader.line_num == 1 and cells[:1] == ["sep="]
            if any(cell.strip() for cell in cells) and not told:
                yield reader.line_num, [one.strip() for one in cells[:MOST_COLUMNS]]
    except csv.Error as error:
        raise FileRefused("A cell of the file is too long to be read. Is a quotation mark missing?") from error


def _of_workbook(content: BinaryIO) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(content) as archive:
            if not workbook.is_workbook(archive.namelist()):
                raise FileRefused("The file is a ZIP archive and no Excel workbook. Send the list itself.")
            workbook.check_size(archive)
    except zipfile.BadZipFile as error:
        raise FileRefused("The workbook is damaged: it cannot be read. Open and save it again, or use CSV.") from error
    content.seek(0)
    for number, cells in enumerate(workbook.first_rows(content, most=MOST_ROWS + 2), start=1):
        if any(cells) or number > MOST_ROWS + 1:
            yield number, [one.strip() for one in cells[:MOST_COLUMNS]]


def _column(rows: Sequence[Row]) -> Column:
    """The column that names SIMs best. Raises FileRefused when none does."""
    looked_at = rows[: LOOKED_AT + 1]
    width = max(len(cells) for _, cells in looked_at)
    header = [plain(one) for one in rows[0][1]] + [""] * width
    for place in range(width):  # what the header names is believed before what the cells look like
        if header[place] in NAMES["iccid"] and len(rows) > 1:
            return Column(place, _kind_of([cells for _, cells in looked_at[1:]], place), has_header=True)
    cells = [cells for _, cells in looked_at]
    for kind in ("iccid", "imsi", "msisdn"):
        shares = [_share(cells[1:] or cells, place, kind) for place in range(width)]
        best = max(range(width), key=lambda place: shares[place])
        if shares[best] >= MOST_SHARE and not (kind == "msisdn" and _named(header, "label") is not None):
            first = _cell(cells[0], best)
            return Column(best, kind, has_header=bool(first) and _is(first) != kind and not is_rounded(first))
    for kind in ("imei", "eid", "label"):
        place_of = _named(header, kind)
        if place_of is not None and len(rows) > 1:
            return Column(place_of, kind, has_header=True)
    if width == 1 or all(len([one for one in row if one]) <= 1 for row in cells):
        return Column(0, "label", has_header=False)
    raise FileRefused(
        "No column of the file holds ICCIDs, IMSIs or phone numbers, and none is called iccid or label. "
        "Name the column of the SIMs iccid, and attach the file again."
    )


def _kind_of(rows: Sequence[Sequence[str]], place: int) -> str:
    """What stands under a header that says "SIM"."""
    shares = {kind: _share(rows, place, kind) for kind in ("iccid", "imsi", "msisdn")}
    best = max(shares, key=lambda kind: shares[kind])
    return best if shares[best] >= MOST_SHARE else "label"


def _named(header: Sequence[str], kind: str) -> int | None:
    return next((place for place, name in enumerate(header) if name in NAMES[kind]), None)


def _share(rows: Sequence[Sequence[str]], place: int, kind: str) -> float:
    """How much of a column is of a kind; rounded numbers were identifiers once."""
    kinds = Counter(_is(cell) for row in rows if (cell := _cell(row, place)))
    right = kinds[kind] + (kinds["rounded"] if kind == "iccid" else 0)
    return right / kinds.total() if kinds else 0.0


def _cell(row: Sequence[str], place: int) -> str:
    return row[place] if place < len(row) else ""


def _is(cell: str) -> str:
    """iccid, imsi, msisdn, rounded, or an empty text for anything else."""
    if is_rounded(cell):
        return "rounded"
    for kind, parse in (("iccid", parse_iccid), ("imsi", _imsi), ("msisdn", _phone)):
        try:
            parse(cell)
        except NotAnIdentifier:
            continue
        return kind
    return ""


def _imsi(cell: str) -> str:
    """One of full length: shorter numbers may be anything."""
    found = parse_imsi(cell)
    if len(found) < 14 or found.startswith("00"):
        raise NotAnIdentifier("not of full length, or a phone number")
    return found


def _phone(cell: str) -> str:
    found = parse_msisdn(cell)
    if len(found) < 9:
        raise NotAnIdentifier("too short")
    return found


def _brought(rows: Sequence[Row], column: Column) -> Brought:
    seen: dict[str, int] = {}
    repeated = 0
    for number, cells in rows:
        cell = _cell(cells, column.place)
        if not cell:
            continue
        if column.kind != "label" and is_rounded(cell):
            raise FileRefused(
                f"Row {number} holds a number that a spreadsheet has rounded ({cell[:30]}), so its last digits are "
                "lost. Format the column as text, put the numbers in again, and attach the file anew."
            )
        value = _value(cell, column.kind)
        repeated += value in seen
        seen.setdefault(value, number)
    if not seen:
        raise FileRefused("The file names no SIMs: below its header the column is empty.")
    values = [Value(number, text) for text, number in seen.items()]
    return Brought("sims", WORDS.get(column.kind, "labels"), values=values, repeated=repeated, rows=len(rows))


def _value(cell: str, kind: str) -> str:
    parse = {"iccid": parse_iccid, "imsi": parse_imsi, "msisdn": parse_msisdn}.get(kind)
    try:
        return parse(cell) if parse else clean(cell)[:LONGEST_VALUE]
    except NotAnIdentifier:
        return clean(cell)[:LONGEST_VALUE]
