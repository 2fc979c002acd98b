"""How reports are spoken of: formats and shapes in a sentence, periods and file names in ours. Pure."""

import re
from calendar import monthrange
from datetime import date
from typing import Any, Final

from iotsim.core.quantities import read_number
from iotsim.core.slots import Found, SlotContext

TITLES: Final = {"csv": "CSV", "xlsx": "Excel", "json": "JSON", "pdf": "PDF"}
_FORMATS: Final = {
    "csv": r"csv|comma[\s-]separated(?:\s+(?:file|values))?",
    "xlsx": r"xlsx?|excel(?:\s*(?:sheet|file|workbook))?|spread\s?sheet|workbook",
    "json": r"json(?:\s*lines)?",
    "pdf": r"pdfs?|printable",
}
_DAILY: Final = re.compile(
    r"\b(?:daily(?=\s+(?:rows?|values?|figures|breakdown|detail|usage|report|export|csv|excel|json))|"
    r"(?:per|by|for\s+each|for\s+every)\s+(?:sim\s+(?:and|per|by)\s+)?day|day[\s-]by[\s-]day|"
    r"(?:broken\s+down|split|itemi[sz]ed)\s+(?:by|into|per)\s+days?|with\s+(?:a\s+)?daily\s+\w+|one\s+row\s+(?:a|per)\s+day)\b",
    re.IGNORECASE,
)
_SPAN: Final = re.compile(
    r"\b(?:for|valid(?:\s+for)?|expir\w+\s+(?:in|after)|good\s+for|open\s+for|lasting|within)\s+(?:the\s+next\s+)?"
    r"(?P<number>\d+|an?|one|two|three|four|five|six|seven|ten|twelve|twenty[\s-]four|forty[\s-]eight)[\s-]+"
    r"(?P<unit>hours?|hrs?|days?|weeks?)\b",
    re.IGNORECASE,
)
_HOURS: Final = {"h": 1, "d": 24, "w": 168}


def parse_format(value: Any) -> Any:
    """ "Excel", "spreadsheet", "PDF" as the format's name; anything else as it is, to be refused by the schema."""
    if not isinstance(value, str):
        return value
    said = value.strip().lower().lstrip(".")
    return next((name for name, words in _FORMATS.items() if re.fullmatch(words, said)), said)


def find_format(text: str, context: SlotContext) -> list[Found]:
    """A file format by any of its names."""
    return [
        Found(match.start(), match.end(), name, match[0], 0.6)
        for name, words in _FORMATS.items()
        for match in re.finditer(rf"\b(?:{words})\b", text, re.IGNORECASE)
    ]


def find_per(text: str, context: SlotContext) -> list[Found]:
    """Whether a row is wanted for each day ("day by day")."""
    return [Found(match.start(), match.end(), "day", match[0], 0.6) for match in _DAILY.finditer(text)]


def find_hours(text: str, context: SlotContext) -> list[Found]:
    """How long something is to last, in hours: "for two days" is 48."""
    found = []
    for match in _SPAN.finditer(text):
        number = read_number(match["number"].replace("-", " "))
        if number:
            found.append(
                Found(match.start(), match.end(), int(number * _HOURS[match["unit"][0].lower()]), match[0], 0.9)
            )
    return found


def period_in_words(start: date, end: date) -> str:
    """ "October 2026", "3 October 2026", "1 to 15 October 2026", "28 September to 3 October 2026"."""
    whole = start.day == 1 and end == date(start.year, start.month, monthrange(start.year, start.month)[1])
    if whole:
        return f"{start:%B %Y}"
    if start == end:
        return f"{start:%-d %B %Y}"
    if (start.year, start.month) == (end.year, end.month):
        return f"{start:%-d} to {end:%-d %B %Y}"
    if start.year == end.year:
        return f"{start:%-d %B} to {end:%-d %B %Y}"
    return f"{start:%-d %B %Y} to {end:%-d %B %Y}"


def file_name(title: str, start: date, end: date, format: str) -> str:
    """A name that every file system takes: "usage-of-acme-2026-10-01-2026-10-31.csv"."""
    plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].strip("-")
    days = f"{start}" if start == end else f"{start}-{end}"
    return f"{plain or 'usage'}-{days}.{format}"
