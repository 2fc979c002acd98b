"""A block of lines as columns of text, with every line that does not fit the header set aside (pure; no Django)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from sims.formats.header import plain
from sims.formats.jsonlines import flat
from sims.formats.refused import MARK, undefuse

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

MOST_KEPT = 10_000  # refused rows of one file that are kept with their text; all are counted
LONGEST_LINE = 4000


@dataclass(frozen=True)
class Refusal:
    """A row that cannot be taken. `row` counts the file's lines from 1, the header's among them."""

    row: int
    column: str
    reason: str
    line: str


class Lines:
    """The lines of a block: where each begins and ends."""

    def __init__(self, text: bytes, first_row: int) -> None:
        self.text = text
        self.first_row = first_row
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
        self.unfinished = bool(text) and not text.endswith(b"\n")
        if self.unfinished:
            ends = np.append(ends, len(text))
        self.ends = ends
        self.starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, line: int) -> bytes:
        return self.text[self.starts[line] : self.ends[line]]

    def shown(self, line: int) -> str:
        """The line as people may see it: at most LONGEST_LINE characters, without NUL."""
        return self[line][: LONGEST_LINE * 4].decode(errors="replace").replace("\0", "\ufffd")[:LONGEST_LINE]

    def holding(self, byte: str) -> Ints:
        """How often each line holds the byte."""
        found = np.flatnonzero(np.frombuffer(self.text, np.uint8) == ord(byte))
        return np.bincount(np.searchsorted(self.ends, found), minlength=len(self))

    def without(self, dropped: Mask) -> bytes:
        kept = np.flatnonzero(~dropped)
        return b"\n".join([self[line] for line in kept.tolist()] + [b""]) if dropped.any() else self.text


@dataclass
class Table:
    """The rows of a block: columns of text by plain name, and for each row the line it stands on."""

    lines: Lines
    columns: dict[str, pa.Array]
    line: Ints
    refusals: list[Refusal] = field(default_factory=list)
    refused: int = 0

    def __len__(self) -> int:
        return len(self.line)

    @property
    def row(self) -> Ints:
        """The row number of each row in the file."""
        return self.line + self.lines.first_row

    def text(self, name: str) -> pa.Array | None:
        """A column as text without surrounding blanks; None when the file has no such column."""
        column = self.columns.get(plain(name))
        return None if column is None else pc.utf8_trim_whitespace(column)

    def refuse(self, lines: Iterable[int], column: str, reason: str) -> None:
        for line in lines:
            self.refused += 1
            if len(self.refusals) < MOST_KEPT:
                row = int(line) + self.lines.first_row
                self.refusals.append(Refusal(row, column, reason, self.lines.shown(int(line))))


def parse(text: bytes, *, columns: Sequence[str], delimiter: str, wanted: Iterable[str], first_row: int) -> Table:
    """The wanted columns of the lines in `text`; lines with too many or too few values are refused."""
    lines = Lines(text, first_row)
    table = Table(lines, {}, np.arange(0))
    dropped = _set_aside(table, delimiter)
    names = [f"{index}" for index in range(len(columns))]
    keys = {*wanted, *MARK}
    included = {names[i]: plain(name) for i, name in enumerate(columns) if plain(name) in keys}
    invalid: list[tuple[int, int]] = []

    def note(row: Any) -> str:
        invalid.append((row.number - 1, row.actual_columns))
        return "skip"

    kept = np.flatnonzero(~dropped)
    body = lines.without(dropped)
    some = not (body == b"" or body.isspace())
    if some:
        read = _read(body, names, delimiter, list(included), note)
        table.columns = {included[name]: _one(read.column(name)) for name in read.column_names}
    table.columns = undefuse(table.columns)
    _refuse_misshapen(table, kept, invalid, len(columns))
    table.line = np.delete(kept, [index for index, _ in invalid]) if some else kept[:0]
    return _without_blank_rows(table)


def parse_objects(text: bytes, *, wanted: Iterable[str], first_row: int) -> Table:
    """The same for lines that are JSON objects: the wanted values by their paths, empty where there is none."""
    lines = Lines(text, first_row)
    table = Table(lines, {}, np.arange(0))
    columns: dict[str, list[str]] = {name: [] for name in wanted}
    kept = []
    for line in range(len(lines)):
        if not lines[line].strip():
            continue
        try:
            values = {plain(path): value for path, value in flat(lines[line]).items()}
        except ValueError as error:
            cut_off = lines.unfinished and line == len(lines) - 1
            table.refuse([line], "", "the file ends in the middle of this row" if cut_off else str(error))
            continue
        kept.append(line)
        for name, column in columns.items():
            column.append(values.get(name, ""))
    table.columns = {name: pa.array(column, pa.string()) for name, column in columns.items()}
    table.line = np.array(kept, np.int64)
    return table


def _read(body: bytes, names: list[str], delimiter: str, included: list[str], note: Any) -> pa.Table:
    return pyarrow.csv.read_csv(
        pa.BufferReader(body),
        pyarrow.csv.ReadOptions(column_names=names, use_threads=False, block_size=len(body) + 1),
        pyarrow.csv.ParseOptions(delimiter=delimiter, invalid_row_handler=note, ignore_empty_lines=False),
        pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(included, pa.string()), include_columns=included, strings_can_be_null=False
        ),
    )


def _one(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    return array.chunk(0) if isinstance(array, pa.ChunkedArray) else array


def _set_aside(table: Table, delimiter: str) -> Mask:
    """Lines that would derail the parser: blank ones (silently), NUL bytes, quotation marks left open."""
    lines = table.lines
    dropped = lines.ends - lines.starts <= 0
    if b"\0" in lines.text:
        nul = lines.holding("\0") > 0
        table.refuse(np.flatnonzero(nul), "", "the row holds NUL bytes, so it is not text")
        dropped |= nul
    if b'"' in lines.text:
        opening = re.compile(rb'(?:^|%s)\s*"' % re.escape(delimiter.encode()))
        odd = np.flatnonzero(lines.holding('"') % 2 == 1)
        opened = [line for line in odd.tolist() if not dropped[line] and opening.search(lines[line])]
        table.refuse(opened, "", "a quotation mark is opened and not closed in this row")
        dropped[opened] = True
    return dropped


def _refuse_misshapen(table: Table, kept: Ints, invalid: list[tuple[int, int]], width: int) -> None:
    for index, actual in invalid:
        line = int(kept[index])
        if table.lines[line].strip():
            cut_off = table.lines.unfinished and line == len(table.lines) - 1 and actual < width
            reason = "the file ends in the middle of this row" if cut_off else ""
            table.refuse([line], "", reason or f"the row has {actual} values and the header {width} columns")


def _without_blank_rows(table: Table) -> Table:
    """Rows of nothing but separators, as spreadsheets leave them at the end, are no rows."""
    if not table.columns or not len(table):
        return table
    filled = np.zeros(len(table), bool)
    for column in table.columns.values():
        filled |= np.asarray(pc.binary_length(pc.utf8_trim_whitespace(column))) > 0
        if filled.all():
            return table
    table.columns = {name: column.filter(pa.array(filled)) for name, column in table.columns.items()}
    table.line = table.line[filled]
    return table
