"""Makers of slots for what a sentence says in passing: a yes, one word of a few, several numbers, an amount, a day.

Their values never speak for or against a service: they are free, and their words may hold other values.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from iotsim.core.days import MONTH, NTH, WEEKDAYS, YEAR, read_single, safe_date
from iotsim.core.quantities import NUMBER, read_number
from iotsim.core.slots import Found, Slot, SlotContext


def word_slot(kind: str, words: Mapping[Any, str], *, noun: str = "", score: float = 0.6) -> Slot:
    """A slot that finds the first of these patterns; the key of a pattern is the value ({True: r"unread"})."""
    patterns = [(value, re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)) for value, pattern in words.items()]

    def find(text: str, context: SlotContext) -> list[Found]:
        for value, pattern in patterns:
            if match := pattern.search(text):
                return [Found(*match.span(), value, match[0], score)]
        return []

    return Slot(kind, find, noun=noun, free=True, shares=True)


def numbers_slot(kind: str, nouns: str) -> Slot:
    """A slot for the numbers of several things: "recommendations 3, 5 and 8"."""
    several = re.compile(
        rf"\b(?:{nouns})\s+(?:(?:numbers?|nos?\.?|ids?)\s+)?(?P<list>#?\d{{1,12}}(?:\s*(?:,|;|and|or|&|,\s*and)\s*#?\d{{1,12}})*)"
        r"\b(?!\s*(?:gb|mb|%|days?|hours?|[.,]\d))",
        re.IGNORECASE,
    )

    def find(text: str, context: SlotContext) -> list[Found]:
        match = several.search(text)
        if match is None:
            return []
        start = match.start("list")
        return [
            Found(start + one.start(), start + one.end(), int(one[0]), one[0], 1.1)
            for one in re.finditer(r"\d+", match["list"])
        ]

    return Slot(kind, find, mask="12", noun="their numbers", shares=True)


_AMOUNT: Final = re.compile(
    rf"\b(?:at\s+least|more\s+than|over|above|min(?:imum)?(?:\s+of)?|from)\s+[€$£]?\s*(?P<n>{NUMBER})"
    r"(?=\s*(?:[€$£]|eur\b|euros?\b|usd\b|dollars?\b|pounds?\b|a\s+month|per\s+month|monthly))",
    re.IGNORECASE,
)


def find_least_amount(text: str, context: SlotContext) -> list[Found]:
    """Money that is at least meant: "at least 5 euros a month" 5."""
    match = _AMOUNT.search(text)
    number = read_number(match["n"]) if match else None
    if match is None or number is None:
        return []
    return [Found(*match.span(), str(number), match[0], 0.8)]


_COMING: Final = re.compile(
    rf"\b(?P<lead>until|till|before|by)\s+(?:the\s+)?(?:next\s+|coming\s+)?(?P<day>{'|'.join(WEEKDAYS)}|tomorrow|"
    r"(?P<end>end\s+of\s+(?:the|this)\s+(?P<unit>week|month)))\b",
    re.IGNORECASE,
)
_COMING_DATE: Final = re.compile(
    rf"\b(?:until|till|before|by)\s+(?P<day>(?:the\s+)?{NTH}(?:\s+of)?\s+{MONTH}|{MONTH}\s+(?:the\s+)?{NTH}(?!\d))"
    rf"(?!,?\s+{YEAR})",
    re.IGNORECASE,
)


def find_coming_day(text: str, context: SlotContext) -> list[Found]:
    """A day to come after "until" or "before": "until Thursday" is the next Thursday, not the last one."""
    if match := _COMING.search(text):
        return [Found(*match.span(), _coming(match, context.today).isoformat(), match[0], 1.25)]
    if match := _COMING_DATE.search(text):
        a_year_on = safe_date(context.today.year + 1, context.today.month, context.today.day)
        day = read_single(match["day"], a_year_on or context.today + timedelta(days=366))
        return [Found(*match.span(), day.isoformat(), match[0], 1.25)] if day else []
    return []


def _coming(match: re.Match[str], today: date) -> date:
    said = match["day"].lower()
    if said == "tomorrow":
        return today + timedelta(days=1)
    if match["unit"]:
        if match["unit"].lower() == "week":
            return today + timedelta(days=6 - today.weekday())
        return (today.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return today + timedelta(days=(WEEKDAYS.index(said) - today.weekday() - 1) % 7 + 1)
