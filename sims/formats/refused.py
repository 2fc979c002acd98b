"""Refused rows on their way out to a spreadsheet and in again (pure; no Django).

The file has two columns of ours before those of the import: which row of which import it was, and why it was
refused. Cells that a spreadsheet would take for a formula are preceded by an apostrophe, which goes when they return.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

ROW, WHY = "refused_row", "refused_because"
MARK = frozenset({"refusedrow", "refusedbecause"})  # as `header.plain` has them
_FORMULA = re.compile(r"[=+\-@\t\r]")
_PLACE = re.compile(r"import (\d{1,15}), row (\d{1,15})")


class Line(NamedTuple):
    """A refused row as it was kept."""

    row: int
    reason: str
    text: str


def defused(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, nor +44 7700 900123 for a sum: what comes back is what left.

    Stricter than `iotsim.core.cells`, whose sheets nobody brings in again.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def undefuse(columns: dict[str, Any]) -> dict[str, Any]:
    """Columns of such a file as they were before; those of any other file as they are."""
    if "refusedrow" not in columns:
        return columns
    import pyarrow.compute as pc

    return {name: pc.replace_substring_regex(one, r"^'([=+\-@\t\r])", r"\1") for name, one in columns.items()}


def as_csv(header: Mapping[str, Any], intake_id: int, lines: Iterable[Line]) -> str:
    """The rows under their own columns; of JSON, under the paths of their values."""
    from sims.formats.jsonlines import flat

    kept = list(lines)
    columns = list(header.get("columns", []))
    records: list[Sequence[str]] = []
    for one in kept:
        if header.get("json"):
            values = _values(flat, one.text)
            columns += [name for name in values if name not in columns]
            records.append([values.get(name, "") for name in columns])
        else:
            records.append(_cells(one.text, str(header.get("delimiter") or ",")))
    whole = io.StringIO()
    writer = csv.writer(whole, lineterminator="\r\n")
    writer.writerow([ROW, WHY, *map(defused, columns)])
    for line, cells in zip(kept, records, strict=True):
        writer.writerow([f"import {intake_id}, row {line.row}", defused(line.reason), *map(defused, cells)])
    return whole.getvalue()


def _values(flat: Any, text: str) -> dict[str, str]:
    try:
        found: dict[str, str] = flat(text)
    except ValueError:
        return {}
    return found


def _cells(text: str, delimiter: str) -> list[str]:
    """The values of a line; a line whose quotation marks do not fit is parted at its separators."""
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return text.split(delimiter)


def places(texts: Sequence[str]) -> tuple[int | None, "np.ndarray[Any, np.dtype[np.int64]]"]:
    """Which import these rows were refused in, and as which of its rows (0: not said, or of another import)."""
    found = [_PLACE.fullmatch(text.strip()) for text in texts]
    intake = next((int(one[1]) for one in found if one), None)
    rows = [int(one[2]) if one and int(one[1]) == intake else 0 for one in found]
    return intake, np.array(rows, np.int64)
