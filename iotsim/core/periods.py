"""Dates and periods as people write them, relative to a day: "last week", "since Monday", "in September", "Q3".

Pure functions. A period is two days, both inside it; either may be open (None). Rules:
* "last week", "last month", "last quarter", "last year" are the calendar's (weeks start on Monday);
* "the past week", "last 7 days", "past fortnight" end today and start that many days before;
* a month, quarter, weekday or day without a year is the most recent one that has begun.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from iotsim.core.days import (
    ANY,
    DAYS_IN,
    MONTH,
    NTH,
    SINGLE,
    SPAN,
    YEAR,
    Bounds,
    back_months,
    calendar,
    month_end,
    month_number,
    read_any,
    read_single,
    read_span,
    recent_day,
    safe_date,
    year_of,
)
from iotsim.core.quantities import NUMBER, read_number


@dataclass(frozen=True)
class Period:
    """A period found at `text[start:end]`: from `first` to `last` (both inside it; None = open)."""

    start: int
    end: int
    first: date | None
    last: date | None


def find_periods(text: str, *, today: date) -> list[Period]:
    """Every period in the text, longest reading first, none overlapping another, in order of place."""
    taken: list[Period] = []
    for pattern, read in _PATTERNS:
        for match in pattern.finditer(text):
            if any(match.start() < p.end and p.start < match.end() for p in taken):
                continue
            bounds = read(match, today)
            if bounds is not None:
                taken.append(Period(_first_letter(match), match.end(), *bounds))
    return sorted(taken, key=lambda p: p.start)


def _first_letter(match: re.Match[str]) -> int:
    return match.end() - len(match[0].lstrip())


def _between(match: re.Match[str], today: date) -> Bounds | None:
    left, right = match["left"], match["right"]
    last = read_any(right, today)
    first = read_any(left, today) or _short_left(left, right, today)
    if not first or not last or first[0] is None or last[1] is None:
        return None
    if first[0] > last[1]:
        if _is_both(match):
            return last[0] or last[1], first[1]
        return back_months(first[0], 12), last[1]
    return first[0], last[1]


def _is_both(match: re.Match[str]) -> bool:
    """ "in October and September", in any order; "between November and February" goes over the year's end."""
    joint = match.string[match.end("left") : match.start("right")].strip().lower()
    return joint.startswith("and") and not match[0].lstrip().lower().startswith(("between", "from"))


def _short_left(left: str, right: str, today: date) -> Bounds | None:
    """The 3 of "3 to 12 October", the "October 3" of "October 3 to 12"."""
    number = re.search(r"\d+", left)
    month = re.search(MONTH, right, re.IGNORECASE)
    if number is None or month is None:
        return None
    year = re.search(YEAR, right)
    day = recent_day(month_number(month[0]), int(number[0]), year_of(year[0]) if year else None, today)
    return (day, day) if day else None


def _month_days(match: re.Match[str], today: date) -> Bounds | None:
    """ "October 3 to 12", "Oct 3-12"."""
    month, year = month_number(match["month"]), year_of(match["year"])
    first = recent_day(month, int(match["left"]), year, today)
    last = recent_day(month, int(match["right"]), year, today)
    if first and last and first > last:
        first = safe_date(last.year, first.month, first.day)
    return (first, last) if first and last else None


def _rolling(match: re.Match[str], today: date) -> Bounds | None:
    number = read_number(match["number"] or "1")
    if number is None or number > 4000:
        return None
    unit = match["unit"].lower().rstrip("s")
    if unit == "hour":
        return today - timedelta(days=max(1, round(float(number) / 24))), today
    if unit == "year":
        return back_months(today, 12 * int(number)), today
    if unit == "month" and number == int(number):
        return back_months(today, int(number)), today
    return today - timedelta(days=int(number * DAYS_IN[unit])), today


def _since(match: re.Match[str], today: date) -> Bounds | None:
    bounds = read_any(match["day"], today)
    return (bounds[0], today) if bounds else None


def _until(match: re.Match[str], today: date) -> Bounds | None:
    bounds = read_any(match["day"], today)
    return (None, bounds[1]) if bounds else None


def _before(match: re.Match[str], today: date) -> Bounds | None:
    bounds = read_any(match["day"], today)
    return (None, bounds[0] - timedelta(days=1)) if bounds and bounds[0] else None


def _after(match: re.Match[str], today: date) -> Bounds | None:
    bounds = read_any(match["day"], today)
    return (bounds[1] + timedelta(days=1), today) if bounds and bounds[1] else None


def _to_date(match: re.Match[str], today: date) -> Bounds:
    return calendar(match["unit"].lower(), 0, today)[0], today


def _short_to_date(match: re.Match[str], today: date) -> Bounds:
    unit = {"m": "month", "y": "year", "q": "quarter", "w": "week"}[match[0].lower()[0]]
    return calendar(unit, 0, today)[0], today


def _week_of(match: re.Match[str], today: date) -> Bounds | None:
    day = read_single(match["day"], today)
    monday = day - timedelta(days=day.weekday()) if day else None
    return (monday, monday + timedelta(days=6)) if monday else None


def _part_of_month(match: re.Match[str], today: date) -> Bounds | None:
    bounds = read_span(match["month"], today)
    if not bounds or not bounds[0] or not bounds[1]:
        return None
    first, last, part = (
        bounds[0],
        month_end(bounds[0].year, bounds[0].month),
        match["part"].lower(),
    )
    if part.endswith("half"):
        middle = first + timedelta(days=14)
        return (first, middle) if part.startswith(("first", "1st")) else (middle + timedelta(days=1), last)
    if part.startswith("last"):
        return last - timedelta(days=6), last
    number = ("first", "second", "third", "fourth").index(part.split()[0])
    return first + timedelta(days=7 * number), min(first + timedelta(days=7 * number + 6), last)


def _weekend(match: re.Match[str], today: date) -> Bounds:
    saturday = today - timedelta(days=(today.weekday() - 5) % 7)
    if match[0].lower().lstrip().startswith(("last", "past", "previous")) and today.weekday() >= 5:
        saturday -= timedelta(days=7)
    return saturday, min(saturday + timedelta(days=1), today) if today >= saturday else saturday


def _earlier_calendar(match: re.Match[str], today: date) -> Bounds | None:
    return calendar(match["unit"].lower(), 2, today)


def _whole(match: re.Match[str], today: date) -> Bounds | None:
    if match["day"].lower() == "now":
        return None
    return read_any(match["day"], today)


_TO = r"\s*(?:-|–|—|to|till|til|until|through|thru|up\s+to|and(?:\s+(?:in|on|during))?)\s*"
_PAST = r"(?:last|past|previous|preceding|trailing|recent|latest|prior)"
_UNITS = r"(?:hours?|days?|weeks?|fortnights?|months?|quarters?|years?)"


def _rolling_few(match: re.Match[str], today: date) -> Bounds | None:
    if match["number"].lower() == "few":
        unit = match["unit"].lower().rstrip("s")
        return (today - timedelta(days=3 * DAYS_IN[unit]), today) if DAYS_IN[unit] else (today, today)
    return _rolling(match, today)


def _day_of_month(text: str, today: date) -> date | None:
    """The most recent day with that number: the 3rd of this month, or of the one before."""
    number = int(text)
    for back in (0, 1, 2):
        month = back_months(today.replace(day=1), back)
        found = safe_date(month.year, month.month, number)
        if found is not None and found <= today:
            return found
    return None


def _bare(match: re.Match[str], today: date) -> Bounds | None:
    day = _day_of_month(match["nth"], today)
    return (day, day) if day else None


def _since_bare(match: re.Match[str], today: date) -> Bounds | None:
    day = _day_of_month(match["nth"], today)
    return (day, today) if day else None


_BARE_DAY: Final = rf"(?P<nth>\d{{1,2}})(?:st|nd|rd|th)\b(?!\s+(?:of\s+)?{MONTH})(?!\s+\w+\s+(?:quota|sim|rule|alert))"

_READINGS: Final[list[tuple[str, Callable[[re.Match[str], date], Bounds | None]]]] = [
    (
        rf"\b(?:between|from|during|in|on)?\s*(?:the\s+)?(?P<left>{ANY}){_TO}(?P<right>{ANY})",
        _between,
    ),
    (
        rf"\b(?:between|from)?\s*(?:the\s+)?(?P<left>{NTH})(?:\s+of)?{_TO}"
        rf"(?:the\s+)?(?P<right>{NTH}(?:\s+of)?\s+{MONTH}(?:,?\s+{YEAR})?)",
        _between,
    ),
    (
        rf"\b(?:between|from)?\s*(?P<month>{MONTH})\s+(?P<left>\d\d?)(?:st|nd|rd|th)?{_TO}"
        rf"(?P<right>\d\d?)(?:st|nd|rd|th)?(?!\d)(?:,?\s+(?P<year>{YEAR}))?",
        _month_days,
    ),
    (
        r"\b(?:the\s+)?(?P<part>(?:first|second|1st|2nd)\s+half|(?:first|second|third|fourth|last)\s+week)\s+"
        rf"(?:of|in)\s+(?P<month>{MONTH}(?:,?\s+{YEAR})?|(?:this|last|the\s+previous)\s+month)",
        _part_of_month,
    ),
    (
        rf"\b(?:the\s+)?week\s+(?:of|starting|commencing|beginning)\s+(?:on\s+)?(?P<day>{SINGLE})",
        _week_of,
    ),
    (
        rf"\b(?:ever\s+)?(?:since|from|starting(?:\s+(?:on|from))?|as\s+of)\s+(?P<day>{ANY})(?:\s+(?:on|onwards?))?",
        _since,
    ),
    (
        rf"\b(?:ever\s+)?(?:since|from|starting(?:\s+(?:on|from))?|as\s+of)\s+the\s+{_BARE_DAY}(?:\s+onwards?)?",
        _since_bare,
    ),
    (rf"\b(?:on|for|of|from)\s+the\s+{_BARE_DAY}", _bare),
    (rf"(?<!\bget\s)(?<!\bgot\s)(?<!\bbeen\s)\b(?:until|till|til|up\s+to)\s+(?P<day>{ANY})", _until),
    (rf"(?<!day )\bbefore\s+(?P<day>{ANY})", _before),
    (rf"\bafter\s+(?P<day>{ANY})", _after),
    (r"\b(?P<unit>week|month|quarter|year)[\s-]to[\s-]date\b", _to_date),
    (r"\bso\s+far\s+this\s+(?P<unit>week|month|quarter|year)\b", _to_date),
    (r"\bthis\s+(?P<unit>week|month|quarter|year)\s+so\s+far\b", _to_date),
    (r"\b(?:mtd|ytd|qtd|wtd)\b", _short_to_date),
    (
        r"\b(?:the\s+)?(?P<unit>week|month|quarter|year)\s+before\s+last\b",
        _earlier_calendar,
    ),
    (
        rf"\b(?:in|over|for|during|within)?\s*(?:the\s+|these\s+|those\s+)?{_PAST}\s+(?P<number>{NUMBER}|few)\s*-?\s*"
        rf"(?P<unit>{_UNITS})\b",
        _rolling_few,
    ),
    (
        rf"\b(?:in|over|for|during|within)?\s*(?:the\s+|this\s+)?past\s+(?P<number>)(?P<unit>{_UNITS})\b",
        _rolling,
    ),
    (
        rf"\b(?:in|over|for|during|within|of)\s+the\s+last\s+(?P<number>)(?P<unit>{_UNITS})\b",
        _rolling,
    ),
    (r"\b(?:the\s+)?last\s+(?P<number>)(?P<unit>hour|day|fortnight)\b", _rolling),
    (
        rf"\b(?:over|for|during|within|in)\s+(?P<number>{NUMBER})\s+(?P<unit>{_UNITS})\b",
        _rolling,
    ),
    (
        rf"\b(?P<number>{NUMBER})[\s-]+(?P<unit>{_UNITS})\b(?!\s+(?:ago|old))",
        _rolling,
    ),
    (
        r"\b(?:the\s+|this\s+|(?:over\s+)?the\s+)?(?:last|past|previous)?\s*weekend\b",
        _weekend,
    ),
    (rf"\b(?:in|on|for|of|during|over)?\s*(?P<day>{SINGLE})(?!\s*\d)", _whole),
    (
        rf"\b(?:in|on|for|of|during|over)\s+(?P<day>{SPAN})(?!\s*(?:\d|gb|mb|gig))",
        _whole,
    ),
    (
        rf"\b(?P<day>{MONTH}\s+{YEAR}|q[1-4](?:\s+{YEAR})?|(?:this|the\s+current|last|the\s+previous|previous|prior)"
        r"\s+(?:calendar\s+)?(?:week|month|quarter|year)|(?:january|february|april|june|july|august|"
        r"september|october|"
        r"november|december|sept|nov|oct|dec|jan|feb|aug))\b",
        _whole,
    ),
]
_PATTERNS: Final = [(re.compile(pattern, re.IGNORECASE), read) for pattern, read in _READINGS]
