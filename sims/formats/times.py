"""Times as vendors write them: with an offset, in a zone's own time, as numbers, or as whole days (pure; no Django).

In the night when clocks are put back an hour comes twice: a time in it is read as the first, before the change,
and the import notes how many there were. In the night when they are put on an hour is left out: a time in it never
was, and its row is refused.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np

from sims.formats.columns import MICROSECONDS, Rows
from sims.formats.table import Ints

Times = Literal["iso", "day_first", "month_first", "unix", "unix_ms", "day"]

_EPOCH = datetime(1970, 1, 1)
_EXAMPLES = {
    "iso": "2026-11-01 13:45:00",
    "day_first": "31.12.2026 13:45",
    "month_first": "12/31/2026 1:45 PM",
    "unix": "1793540700",
    "unix_ms": "1793540700000",
    "day": "2026-11-01 or 20261101",
}
_WRITTEN = re.compile(
    r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})"
    r"(?:[ T,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?)"
)
_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_MONTH = re.compile(r"\d{4}-?(0[1-9]|1[0-2])")


def read_times(
    rows: Rows, column: str, kind: Times, zone: str, remarks: dict[str, int], *, otherwise: Ints | None = None
) -> Ints:
    """The column in microseconds since 1970. Empty: `otherwise`, or refused. What is no time is refused."""
    if kind == "iso" and zone == "UTC":
        return rows.instant(column, otherwise=otherwise)
    coded = rows.coded(column)
    read = [_read(text, kind, zone) if text else (0, "") for text in coded.values]
    values = np.array([value for value, _ in read] or [0], np.int64)[coded.codes]
    wrong = np.array([_reason(column, kind, zone, why) for _, why in read] or [""], object)[coded.codes]
    for reason in sorted(set(wrong.tolist()) - {"", TWICE}):
        rows.refuse(wrong == reason, column, reason)
    twice = (wrong == TWICE) & rows.ok
    if twice.any():
        sentence = f"{column} falls into the hour that came twice in {zone} and was read as the first"
        remarks[sentence] = remarks.get(sentence, 0) + int(twice.sum())
    empty = ~rows.filled(column)
    if otherwise is None:
        rows.refuse(empty, column, f"{column} is empty")
        return values
    return np.where(empty, otherwise, values)


TWICE = "twice"


def _reason(column: str, kind: Times, zone: str, why: str) -> str:
    match why:
        case "" | "twice":
            return why
        case "month":
            return f"{column} is a whole month; export the usage by day, since a month says nothing of its days"
        case "never":
            return f"{column} never was in {zone}: the clock was put on over it that night"
    return f"{column} is not a time such as {_EXAMPLES[kind]}"


@lru_cache(1 << 16)
def _read(text: str, kind: Times, zone: str) -> tuple[int, str]:
    """(microseconds, what is wrong with it)."""
    if kind == "day" and _MONTH.fullmatch(text):
        return 0, "month"
    try:
        moment = _KINDS[kind](text)
    except (ValueError, OverflowError):
        return 0, "wrong"
    if moment.tzinfo is not None:
        return _micros(moment.astimezone(UTC).replace(tzinfo=None)), ""
    return localised(moment, zone)


def localised(moment: datetime, zone: str) -> tuple[int, str]:
    """A zone's own time as microseconds since 1970 (UTC), with "twice" or "never" for the nights of a change."""
    here = moment.replace(tzinfo=ZoneInfo(zone))
    before, after = here.utcoffset() or timedelta(), here.replace(fold=1).utcoffset() or timedelta()
    told = "" if before == after else "twice" if before > after else "never"
    return _micros(moment - before), told


def next_midnight(micros: Ints, zone: str) -> Ints:
    """The beginning of the local day after the one that begins at each of these times."""
    different, codes = np.unique(micros, return_inverse=True)
    ends = [_day_after(int(one), zone) for one in different]
    return np.array(ends or [0], np.int64)[codes]


def _day_after(micros: int, zone: str) -> int:
    day = datetime.fromtimestamp(micros / MICROSECONDS, ZoneInfo(zone)).date() + timedelta(days=1)
    return localised(datetime(day.year, day.month, day.day), zone)[0]


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _iso(text: str) -> datetime:
    if len(text) < len("2026-11-01 00:00"):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _written(day: int, month: int) -> Callable[[str], datetime]:
    def read(text: str) -> datetime:
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise ValueError(text)
        hour, half = int(found[4]), (found[7] or "").casefold()[:1]
        if half and not 1 <= hour <= 12:
            raise ValueError(text)
        hour = hour % 12 + (12 if half == "p" else 0) if half else hour
        return datetime(int(found[3]), int(found[month]), int(found[day]), hour, int(found[5]), int(found[6] or 0))

    return read


def _number(per_second: int) -> Callable[[str], datetime]:
    def read(text: str) -> datetime:
        if not re.fullmatch(r"\d{6,14}(\.\d*)?", text):
            raise ValueError(text)
        return datetime.fromtimestamp(float(text) / per_second, UTC)

    return read


def _whole_day(text: str) -> datetime:
    found = _DAY.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return datetime(int(found[1]), int(found[2]), int(found[3]))


_KINDS: dict[str, Callable[[str], Any]] = {
    "iso": _iso,
    "day_first": _written(1, 2),
    "month_first": _written(2, 1),
    "unix": _number(1),
    "unix_ms": _number(1000),
    "day": _whole_day,
}
