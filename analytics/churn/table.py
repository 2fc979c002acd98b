"""Any table of customers with a yes/no column as numbers: what `evaluate_churn` reads. Text is untrusted."""

import csv
import gzip
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

YES: Final = frozenset({"yes", "y", "true", "t", "1", "1.0", "churned", "left"})
NO: Final = frozenset({"no", "n", "false", "f", "0", "0.0", "stayed", "active"})
TARGETS: Final = ("churn", "churned", "left", "exited", "attrition")
NAMES: Final = ("customerid", "customer_id", "customer", "id")
MOST_WORDS: Final = 50  # a text column with more different words is a name, not a feature


class BadTable(ValueError):
    """The file cannot be learned from; the message says why."""


@dataclass(frozen=True)
class Table:
    """`rows`: (customers, features) float64, NaN unknown; words stand as one column each (1 or 0)."""

    target: str
    left: NDArray[np.float64]
    features: tuple[str, ...]
    rows: NDArray[np.float64]


def read_table(path: Path, *, target: str | None = None, name: str | None = None) -> Table:
    """A CSV file, plain or gzipped. Raises BadTable."""
    header, columns = _columns(path)
    yes_no = _pick(header, target, TARGETS, "yes/no column", must=True)
    customer = _pick(header, name, NAMES, "column of names", must=False)
    left = _answers(columns[header.index(yes_no)], yes_no)
    features: list[str] = []
    rows: list[NDArray[np.float64]] = []
    for title, values in zip(header, columns, strict=True):
        if title not in (yes_no, customer):
            for part, numbers in _numbers(title, values):
                features.append(part)
                rows.append(numbers)
    if not rows:
        raise BadTable(f"{path.name} has no column to learn from beside {yes_no}.")
    return Table(yes_no, left, tuple(features), np.stack(rows, axis=1))


def _columns(path: Path) -> tuple[list[str], list[list[str]]]:
    if not path.is_file():
        raise BadTable(f"There is no file {path}.")
    try:
        lines = list(csv.reader(io.StringIO(_text(path))))
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise BadTable(f"{path.name} cannot be read as CSV: {error}.") from error
    lines = [line for line in lines if line]
    if len(lines) < 2:
        raise BadTable(f"{path.name} has no rows.")
    header = [title.strip() for title in lines[0]]
    for place, line in enumerate(lines[1:], start=2):
        if len(line) != len(header):
            raise BadTable(f"Row {place} of {path.name} has {len(line)} values, the header {len(header)}.")
    return header, [list(column) for column in zip(*lines[1:], strict=True)]


def _text(path: Path) -> str:
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")


def _pick(header: list[str], wanted: str | None, usual: tuple[str, ...], what: str, *, must: bool) -> str:
    """The column of that name, whatever its case, or the usual one."""
    known = {title.lower(): title for title in header}
    found = next((known[one] for one in ([wanted.lower()] if wanted else usual) if one in known), "")
    if not found and (must or wanted):
        raise BadTable(f"There is no {what} {wanted or 'among them'}: the columns are {', '.join(header)}.")
    return found


def _answers(values: list[str], title: str) -> NDArray[np.float64]:
    words = [value.strip().lower() for value in values]
    strange = next((value for value, word in zip(values, words, strict=True) if word not in YES | NO), None)
    if strange is not None:
        raise BadTable(f"The column {title} says {strange[:40]!r}, which is neither yes nor no.")
    return np.array([word in YES for word in words], float)


def _numbers(title: str, values: list[str]) -> list[tuple[str, NDArray[np.float64]]]:
    """A column as numbers, blanks as NaN; words as one column for each, but for the first of two."""
    found = [_number(value) for value in values]
    if all(one is not None for one in found):
        return [(title, np.array(found, float))]
    words = sorted({value.strip() for value in values})
    if len(words) > MOST_WORDS:
        return []
    kept = words[1:] if len(words) == 2 else words
    return [(f"{title} = {word}", np.array([value.strip() == word for value in values], float)) for word in kept]


def _number(value: str) -> float | None:
    """The number, NaN for a blank, None for a word."""
    try:
        number = float(value) if value.strip() else float("nan")
    except ValueError:
        return None
    return number if abs(number) < float("inf") else float("nan")
