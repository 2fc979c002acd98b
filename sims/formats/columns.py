"""Columns of text become numbers, times and codes, all rows at once; rows that cannot are refused (pure; no Django)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sims.formats.table import Ints, Mask, Table

T = TypeVar("T")

MICROSECONDS = 1_000_000
# More than a SIM can move in one record: a modem at full speed of 1 Gbit/s needs a day for 10 TB.
MOST_BYTES = 10**13

SHORTEST_TIME = len("2026-11-01 00:00")  # a bare date names no time
_TIME_HINT = "is not a time such as 2026-11-01 13:45:00"


@dataclass(frozen=True)
class Coded(Generic[T]):
    """A column of few different values: `values[codes[i]]` is row i's."""

    codes: Ints
    values: list[T]

    def map(self, change: Callable[[T], Any]) -> "Coded[Any]":
        return Coded(self.codes, [change(value) for value in self.values])

    def take(self, rows: Ints | Mask) -> "Coded[T]":
        """Some of the rows, with the values that are still in use: those of refused rows must leave no trace."""
        used, codes = np.unique(self.codes[rows], return_inverse=True)
        return Coded(codes, [self.values[int(one)] for one in used])

    def numbers(self, change: Callable[[T], int]) -> Ints:
        """A number per row, from each different value."""
        table = np.array([change(value) for value in self.values] or [0], np.int64)
        return table[self.codes]


@dataclass(frozen=True)
class Window:
    """The times that a file may speak of, in microseconds since 1970 (UTC); `kept_days` is why, 0 for ever."""

    oldest: int
    newest: int
    kept_days: int = 0
    month: date | None = None  # the month that a monthly file is of


class Rows:
    """The rows of a table while they are read: `ok` marks those that nothing was wrong with so far."""

    def __init__(self, table: Table, window: Window) -> None:
        self.table = table
        self.window = window
        self.ok: Mask = np.ones(len(table), bool)

    def __len__(self) -> int:
        return len(self.table)

    def refuse(self, wrong: Mask, column: str, reason: str) -> None:
        """Refuse the rows in `wrong` that are still good; a row keeps its first reason."""
        wrong = wrong & self.ok
        if wrong.any():
            self.table.refuse(self.table.line[wrong], column, reason)
            self.ok &= ~wrong

    def whole(self, column: str, *, default: int | None = None, most: int = MOST_BYTES) -> Ints:
        """Whole numbers from 0 to `most`. Empty: `default`; without one the row is refused."""
        text = self.table.text(column)
        if text is None:
            return np.full(len(self), default or 0, np.int64)
        values, empty, wrong = _integers(text)
        self.refuse(wrong, column, f"{column} is not a whole number")
        self.refuse(values < 0, column, f"{column} is negative")
        self.refuse(values > most, column, f"{column} is more than {most:,}, which no record can hold")
        if default is None:
            self.refuse(empty, column, f"{column} is empty")
        return np.where(empty, default or 0, values)

    def amount(self, column: str, unit: int) -> Ints:
        """Sizes in bytes, 0 where there is none; `unit` is what 1 stands for, and above 1 fractions are fine."""
        if unit == 1:
            return self.whole(column, default=0)
        text = self.table.text(column)
        if text is None:
            return np.zeros(len(self), np.int64)
        present = np.asarray(pc.binary_length(text)) > 0
        numbers = _floats(text)
        self.refuse(present & ~(numbers >= 0), column, f"{column} is not a number of zero or more")
        sizes = np.where(present & (numbers >= 0), numbers, 0) * unit
        self.refuse(sizes > MOST_BYTES, column, f"{column} is more than {MOST_BYTES:,} bytes, which no record can hold")
        found: Ints = np.round(np.minimum(sizes, MOST_BYTES)).astype(np.int64)
        return found

    def filled(self, column: str) -> Mask:
        """Which rows have a value in this column."""
        text = self.table.text(column)
        return np.zeros(len(self), bool) if text is None else np.asarray(pc.binary_length(text)) > 0

    def micros(self, column: str) -> tuple[Ints, Mask]:
        """Decimal numbers as millionths, and which rows have one. A comma may stand for the point."""
        text = self.table.text(column)
        if text is None:
            return np.zeros(len(self), np.int64), np.zeros(len(self), bool)
        present = np.asarray(pc.binary_length(text)) > 0
        numbers = _floats(text)
        wrong = present & ~(np.abs(numbers) < 1e9)
        self.refuse(wrong, column, f"{column} is not a number")
        return np.round(np.where(present & ~wrong, numbers, 0) * MICROSECONDS).astype(np.int64), present & ~wrong

    def coded(self, column: str) -> Coded[str]:
        """The column's different values; a missing column is one empty value."""
        text = self.table.text(column)
        if text is None:
            return Coded(np.zeros(len(self), np.int64), [""])
        encoded = text.dictionary_encode()
        return Coded(np.asarray(encoded.indices).astype(np.int64), encoded.dictionary.to_pylist())

    def parsed(self, column: str, parse: Callable[[str], str], *, required: bool = False) -> Coded[str]:
        """The different values as `parse` gives them; its ValueError refuses the rows with that value."""
        raw = self.coded(column)
        good, wrong = [], []
        for code, value in enumerate(raw.values):
            try:
                good.append(parse(value) if value or required else "")
            except ValueError as error:
                good.append("")
                wrong.append((code, str(error)))
        for code, reason in wrong:
            self.refuse(raw.codes == code, column, reason)
        return Coded(raw.codes, good)

    def instant(self, column: str, *, otherwise: Ints | None = None) -> Ints:
        """Times in microseconds since 1970; without an offset they are UTC. Empty: `otherwise`, or refused."""
        text = self.table.text(column)
        if text is None:
            return np.zeros(len(self), np.int64) if otherwise is None else otherwise
        empty = np.asarray(pc.binary_length(text)) == 0
        values, wrong = _instants(text)
        self.refuse(wrong & ~empty, column, f"{column} {_TIME_HINT}")
        if otherwise is None:
            self.refuse(empty, column, f"{column} is empty")
            return values
        return np.where(empty, otherwise, values)

    def check_window(self, times: Ints, column: str) -> None:
        """Refuse what lies in the future, or longer ago than records are kept."""
        newest, oldest = _date(self.window.newest), _date(self.window.oldest)
        self.refuse(times > self.window.newest, column, f"{column} is in the future (later than {newest})")
        why = f", and records are kept for {self.window.kept_days:,} days" if self.window.kept_days else ""
        self.refuse(times < self.window.oldest, column, f"{column} is too long ago (before {oldest}{why})")


def _date(micros: int) -> str:
    return f"{datetime.fromtimestamp(micros / MICROSECONDS, UTC):%Y-%m-%d}"


def _numpy(array: pa.Array, kind: type) -> np.ndarray[Any, Any]:
    """An array without nulls as numpy."""
    values: np.ndarray[Any, Any] = array.to_numpy(zero_copy_only=False).astype(kind, copy=False)
    return values


def _integers(text: pa.Array) -> tuple[Ints, Mask, Mask]:
    """(values, empty, wrong). A fraction of zeros, as in "12.0", is no fraction."""
    empty = np.asarray(pc.binary_length(text)) == 0
    good = pc.match_substring_regex(text, r"^-?[0-9]{1,18}(\.0*)?$")
    fits = _numpy(good, np.bool_)
    cleaned = pc.if_else(good, pc.replace_substring_regex(text, r"\.0*$", ""), "0")
    huge = _numpy(pc.match_substring_regex(text, r"^[0-9]{19,}$"), np.bool_) if not (fits | empty).all() else None
    values = _numpy(cleaned.cast(pa.int64()), np.int64)
    if huge is not None:
        values = np.where(huge, np.iinfo(np.int64).max, values)
        fits = fits | huge
    return values, empty, ~fits & ~empty


def _floats(text: pa.Array) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Numbers, NaN where there is none."""
    plain = pc.replace_substring(text, ",", ".")
    good = pc.match_substring_regex(plain, r"^[+-]?[0-9]{1,15}(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?$")
    return _numpy(pc.if_else(good, plain, "nan").cast(pa.float64()), np.float64)


def _instants(text: pa.Array) -> tuple[Ints, Mask]:
    shortest = pc.min(pc.binary_length(text)).as_py() or 0
    for kind in (pa.timestamp("us"), pa.timestamp("us", tz="UTC")) if shortest >= SHORTEST_TIME else ():
        try:
            return _numpy(text.cast(kind).cast(pa.int64()), np.int64), np.zeros(len(text), bool)
        except pa.ArrowInvalid:
            continue
    return _mixed_instants(text)


def _mixed_instants(text: pa.Array) -> tuple[Ints, Mask]:
    """Times of several kinds, some perhaps with an offset, some perhaps no times at all."""
    encoded = text.dictionary_encode()
    values = [_instant(value) for value in encoded.dictionary.to_pylist()]
    codes = np.asarray(encoded.indices)
    table = np.array([0 if value is None else value for value in values] or [0], np.int64)
    wrong = np.array([value is None for value in values] or [False], bool)
    return table[codes], wrong[codes]


def _instant(text: str) -> int | None:
    if len(text) < SHORTEST_TIME:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return None
    value = value if value.tzinfo else value.replace(tzinfo=UTC)
    return (value - datetime(1970, 1, 1, tzinfo=UTC)) // datetime.resolution
