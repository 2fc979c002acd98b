"""Parameter types of forecasts, each with its slot (see iotsim/core/slots.py). Pure."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from iotsim.core.parameters import find_days
from iotsim.core.quantities import NUMBER, read_number
from iotsim.core.said import find_coming_day
from iotsim.core.slots import Found, Slot, SlotContext

MOST_DAYS_AHEAD: Final = 31
MOST_DAYS_BACK: Final = 365

# --- how far ahead ---

_UNITS: Final = {"day": 1, "night": 1, "week": 7, "fortnight": 14, "month": 30, "quarter": 90, "year": 365}
_UNIT: Final = r"(?P<unit>day|night|week|fortnight|month|quarter|year)s?"
_AHEAD: Final = [
    re.compile(rf"\b(?:next|coming|following|upcoming)\s+(?:(?P<n>{NUMBER})\s+)?{_UNIT}\b(?:'s)?", re.IGNORECASE),
    re.compile(rf"\b(?P<n>{NUMBER})\s+{_UNIT}\s+(?:ahead|from\s+now|to\s+come|out)\b", re.IGNORECASE),
    re.compile(rf"\b(?:in|over|within|for)\s+(?P<n>{NUMBER})\s+(?:more\s+)?{_UNIT}\b", re.IGNORECASE),
]
_TOMORROW: Final = re.compile(r"\btomorrow(?:'s)?\b", re.IGNORECASE)
_FORETOLD: Final = re.compile(
    r"\b(?:forecast\w*|predict\w*|project(?:ed|ion)|expect\w*|outlook|will|going\s+to|estimat\w+|anticipat\w+)\b",
    re.IGNORECASE,
)
_MONTH: Final = re.compile(
    r"\b(?:(?:for|in|during|by)\s+)?(?:january|february|march|april|june|july|august|september|october|november|"
    r"december|the\s+(?:rest|remainder|end)\s+of\s+(?:the|this)\s+(?:month|cycle|year|quarter)|this\s+month)\b",
    re.IGNORECASE,
)


def find_ahead(text: str, context: SlotContext) -> list[Found]:
    """How many days ahead a sentence looks: "next week" 7, "the coming 10 days" 10, "in December" a whole month."""
    for pattern in _AHEAD[: 3 if _FORETOLD.search(text) else 2]:
        match = pattern.search(text)
        if match:
            number = read_number(match["n"]) if match["n"] else 1
            days = round((number or 1) * _UNITS[match["unit"].lower()])
            return [Found(match.start(), match.end(), min(max(days, 1), MOST_DAYS_AHEAD), match[0], 1.1)]
    tomorrow = _TOMORROW.search(text)
    if tomorrow:
        return [Found(tomorrow.start(), tomorrow.end(), 1, tomorrow[0], 1.1)]
    month = _MONTH.search(text) if _FORETOLD.search(text) else None
    return [Found(month.start(), month.end(), MOST_DAYS_AHEAD, month[0], 1.1)] if month else []


DaysAhead = Annotated[
    int,
    Field(ge=1, le=MOST_DAYS_AHEAD, description=f"How many days ahead, up to {MOST_DAYS_AHEAD}"),
    Slot("days_ahead", find_ahead, noun="how many days ahead", free=True, shares=True),
]

# --- how far back ---

_BACK: Final = re.compile(rf"\b(?:last|past|previous)\s+(?:(?P<n>{NUMBER})\s+)?{_UNIT}\b", re.IGNORECASE)


def find_back(text: str, context: SlotContext) -> list[Found]:
    """How many days back: "the last 30 days" 30, "the past quarter" 90."""
    match = _BACK.search(text)
    if match is None:
        return []
    number = read_number(match["n"]) if match["n"] else 1
    days = round((number or 1) * _UNITS[match["unit"].lower()])
    return [Found(match.start(), match.end(), min(max(days, 7), MOST_DAYS_BACK), match[0], 1.0)]


DaysBack = Annotated[
    int,
    Field(ge=7, le=MOST_DAYS_BACK, description=f"How many days back, 7 to {MOST_DAYS_BACK}"),
    Slot("days_back", find_back, noun="how many days back", free=True, shares=True),
]

# --- how sure ---

_CHANCE: Final = re.compile(
    r"(?P<n>\d{1,3}(?:[.,]\d+)?)\s*(?:%|per\s?cent|percent)\s*(?:or\s+(?:more|higher)\s*)?(?:chance|likely|likelihood|"
    r"probab\w+|sure|certain|risk)?",
    re.IGNORECASE,
)


def parse_chance(value: Any) -> Any:
    """A probability: 0.2, "20 %", 20. Above 1 it is taken to be in percent."""
    if isinstance(value, str):
        text = value.strip().rstrip("%").strip().replace(",", ".")
        try:
            number = float(text)
        except ValueError:
            return value
        return number / 100 if "%" in value or number > 1 else number
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 1:
        return value / 100
    return value


def find_chance(text: str, context: SlotContext) -> list[Found]:
    """A chance in a sentence: "at least 30 % likely"."""
    match = _CHANCE.search(text)
    if match is None:
        return []
    return [Found(match.start(), match.end(), parse_chance(f"{match['n']}%"), match[0], 0.6)]


Chance = Annotated[
    float,
    BeforeValidator(parse_chance),
    Field(ge=0, le=1, description='A probability from 0 to 1, or in percent ("20 %")'),
    Slot("chance", find_chance, noun="how likely", free=True, shares=True),
]


def find_last_day(text: str, context: SlotContext) -> list[Found]:
    """The day until which something is looked for: the coming Friday of "before Friday", else the end of a period."""
    return find_coming_day(text, context) or [one for one in find_days(text, context) if one.role != "start"][-1:]


BEFORE: Final = Slot("last_day", find_last_day, mask="last week", noun="a day")

RiskOrder = Annotated[
    Literal["probability", "date", "over"],
    Field(description="probability: the surest first; date: the soonest first; over: the most beyond the quota first"),
]

# --- how a forecast is drawn ---

_CYCLE_LOOK: Final = re.compile(
    r"\b(?:cumulative|added\s+up|adding\s+up|running\s+total|filling\s+up)\b", re.IGNORECASE
)
_DAY_LOOK: Final = re.compile(r"\b(?:daily|(?:a|per|by|each)\s+day|day\s+by\s+day)\b", re.IGNORECASE)


def find_look(text: str, context: SlotContext) -> list[Found]:
    """Whether days or their sum within the cycle are to be drawn."""
    for value, pattern in (("cycle", _CYCLE_LOOK), ("day", _DAY_LOOK)):
        match = pattern.search(text)
        if match:
            return [Found(match.start(), match.end(), value, match[0], 0.5)]
    return []


Look = Annotated[
    Literal["day", "cycle"],
    Field(
        description="Of a forecast: use a day, or added up within the cycle (what has a quota is drawn so unless said)"
    ),
    Slot("look", find_look, noun="how it is drawn", free=True, shares=True),
]
