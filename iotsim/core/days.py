"""Reading one day, month, quarter or year as people write it, relative to today. Pure; rules in periods.py."""

import re
from datetime import date, timedelta
from typing import Final

from iotsim.core.quantities import NUMBER, read_number

MONTHS: Final = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
WEEKDAYS: Final = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_MONTH_NAMES = {name[:3]: n for n, name in enumerate(MONTHS, start=1)}
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary|uary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?s?\b"
YEAR = r"(?:19|20)\d\d"
NTH = r"(?:\d{1,2})(?:st|nd|rd|th)?"
SINGLE = (
    rf"{YEAR}-\d\d?-\d\d?|\d\d?[./]\d\d?[./](?:{YEAR}|\d\d)|"
    rf"(?:the\s+)?{NTH}(?:\s+of)?\s+{MONTH}(?:,?\s+{YEAR})?|{MONTH}\s+(?:the\s+)?{NTH}(?!\d)(?:,?\s+{YEAR})?|"
    rf"today|now|yesterday|yday|the\s+day\s+before\s+yesterday|{NUMBER}\s+(?:days?|weeks?|months?)\s+ago|"
    rf"an?\s+(?:week|month|day|fortnight)\s+ago|(?:the\s+)?(?:last\s+|past\s+|this\s+)?{WEEKDAY}"
)
SPAN = (
    rf"{MONTH}(?:,?\s+{YEAR})?|(?:the\s+)?q[1-4](?:\s+(?:of\s+)?{YEAR})?|"
    rf"(?:the\s+)?(?:first|second|third|fourth|1st|2nd|3rd|4th)\s+quarter(?:\s+(?:of\s+)?{YEAR})?|"
    r"(?:the\s+)?(?:start|beginning)\s+of\s+(?:this|the|last)\s+(?:week|month|quarter|year)|"
    r"(?:this|the\s+current|last|the\s+previous|previous|prior)\s+(?:calendar\s+)?(?:week|month|quarter|year)|"
    rf"(?:(?:the\s+)?(?:calendar\s+)?year\s+)?{YEAR}"
)
MAX_TEXT = 100  # no day is longer; what is longer is not read
ANY = rf"(?:{SINGLE}|{SPAN})"
DAYS_IN = {
    "day": 1,
    "week": 7,
    "fortnight": 14,
    "month": 30,
    "quarter": 91,
    "year": 365,
    "hour": 0,
    "weekend": 2,
}


def parse_day(value: object, *, today: date) -> date:
    """A day from a date, ISO text or words ("yesterday", "3 October"). Raises ValueError with a sentence."""
    if isinstance(value, date):
        return value
    text = str(value).strip()
    if re.fullmatch(r"\d{4}-\d\d-\d\d(?:[T ].*)?", text):
        day = safe_date(int(text[:4]), int(text[5:7]), int(text[8:10]))
    else:
        bounds = read_any(text, today) if len(text) <= MAX_TEXT else None
        day = bounds[0] if bounds else None
    if day is None:
        raise ValueError(f"{value!r} is not a day. Write it like 2026-09-30.")
    return day


def safe_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def month_end(year: int, month: int) -> date:
    """The last day of a month."""
    return (date(year, month, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def back_months(day: date, months: int) -> date:
    """The same day some months before, or that month's last day."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    return min(
        date(year, month + 1, 1) + timedelta(days=day.day - 1),
        month_end(year, month + 1),
    )


Bounds = tuple[date | None, date | None]


def month_number(name: str) -> int:
    return _MONTH_NAMES[name.lower()[:3]]


def _recent_month(month: int, year: int | None, today: date) -> Bounds:
    if year is None:
        year = today.year if month <= today.month else today.year - 1
    return date(year, month, 1), month_end(year, month)


def recent_day(month: int, day: int, year: int | None, today: date) -> date | None:
    if year is not None:
        return safe_date(year, month, day)
    found = safe_date(today.year, month, day)
    return safe_date(today.year - 1, month, day) if found is None or found > today else found


def _weekday(text: str, today: date) -> date:
    number = next(n for n, name in enumerate(WEEKDAYS) if name[:2] == text.lower()[:2])
    back = (today.weekday() - number) % 7
    return today - timedelta(days=back or 7)


def _quarter(number: int, year: int | None, today: date) -> Bounds:
    first_month = 3 * number - 2
    if year is None:
        year = today.year if first_month <= today.month else today.year - 1
    return date(year, first_month, 1), month_end(year, first_month + 2)


def calendar(unit: str, back: int, today: date) -> Bounds:
    """The calendar week, month, quarter or year `back` units before the present one."""
    if unit == "week":
        first = today - timedelta(days=today.weekday() + 7 * back)
        return first, first + timedelta(days=6)
    if unit == "month":
        day = back_months(today.replace(day=1), back)
        return day, month_end(day.year, day.month)
    if unit == "quarter":
        day = back_months(date(today.year, 3 * ((today.month - 1) // 3) + 1, 1), 3 * back)
        return day, month_end(day.year, day.month + 2)
    return date(today.year - back, 1, 1), date(today.year - back, 12, 31)


def _ago(number: int, unit: str, today: date) -> date | None:
    """That long before today; None before the calendar begins."""
    unit = unit.lower().rstrip("s")
    try:
        return back_months(today, number) if unit == "month" else today - timedelta(days=number * DAYS_IN[unit])
    except (OverflowError, ValueError):
        return None


def read_single(text: str, today: date) -> date | None:
    words = re.sub(r"\s+", " ", text.lower().strip().removeprefix("the ").strip())
    if match := re.fullmatch(rf"({YEAR})-(\d\d?)-(\d\d?)", words):
        return safe_date(int(match[1]), int(match[2]), int(match[3]))
    if match := re.fullmatch(r"(\d\d?)[./](\d\d?)[./](\d{2,4})", words):
        return _numeric(int(match[1]), int(match[2]), int(match[3]))
    if match := re.fullmatch(rf"(\d\d?)(?:st|nd|rd|th)?(?: of)? ({MONTH}),?(?: ({YEAR}))?", words):
        return recent_day(month_number(match[2]), int(match[1]), year_of(match[3]), today)
    if match := re.fullmatch(rf"({MONTH}) (?:the )?(\d\d?)(?:st|nd|rd|th)?,?(?: ({YEAR}))?", words):
        return recent_day(month_number(match[1]), int(match[2]), year_of(match[3]), today)
    return _read_relative_day(words, today)


def year_of(text: str | None) -> int | None:
    return int(text) if text else None


def _numeric(first: int, second: int, year: int) -> date | None:
    """Day first, as most of the world writes; month first only when the day cannot be."""
    year += 2000 if year < 100 else 0
    return safe_date(year, second, first) or safe_date(year, first, second)


def _read_relative_day(words: str, today: date) -> date | None:
    if words in ("today", "now"):
        return today
    if words in ("yesterday", "yday"):
        return today - timedelta(days=1)
    if words == "day before yesterday":
        return today - timedelta(days=2)
    if match := re.fullmatch(rf"({NUMBER}|an?)\s+(day|week|month|fortnight)s? ago", words):
        number = read_number(match[1])
        return _ago(int(number), match[2], today) if number else None
    if match := re.fullmatch(rf"(?:last |past |this )?({WEEKDAY})", words):
        return _weekday(match[1], today)
    return None


def read_span(text: str, today: date) -> Bounds | None:
    words = re.sub(r"\s+", " ", text.lower().strip().removeprefix("the ").strip())
    if match := re.fullmatch(rf"({MONTH}),?(?: ({YEAR}))?", words):
        return _recent_month(month_number(match[1]), year_of(match[2]), today)
    if match := re.fullmatch(rf"q([1-4])(?: (?:of )?({YEAR}))?", words):
        return _quarter(int(match[1]), year_of(match[2]), today)
    if match := re.fullmatch(
        rf"(first|second|third|fourth|1st|2nd|3rd|4th) quarter(?: (?:of )?({YEAR}))?",
        words,
    ):
        number = "fstf".index(match[1][0]) if not match[1][0].isdigit() else int(match[1][0]) - 1
        number = 3 if match[1] == "fourth" else number
        return _quarter(number + 1, year_of(match[2]), today)
    if match := re.fullmatch(r"(?:start|beginning) of (this|the|last) (week|month|quarter|year)", words):
        day = calendar(match[2], int(match[1] == "last"), today)[0]
        return day, day
    if match := re.fullmatch(
        r"(this|current|last|previous|prior) (?:calendar )?(week|month|quarter|year)",
        words,
    ):
        back = int(match[1] in ("last", "previous", "prior"))
        first, last = calendar(match[2], back, today)
        return first, min(last or today, today)
    year = re.fullmatch(rf"(?:the )?(?:calendar )?(?:year )?({YEAR})", words)
    return (date(int(year[1]), 1, 1), date(int(year[1]), 12, 31)) if year else None


def read_any(text: str, today: date) -> Bounds | None:
    day = read_single(text, today)
    return (day, day) if day else read_span(text, today)
