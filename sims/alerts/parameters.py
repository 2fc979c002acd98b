"""Parameter types of alerts, each with its slot (see iotsim/core/slots.py). Pure."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from iotsim.core.parameters import Day, find_days, numbered
from iotsim.core.quantities import NUMBER, read_number
from iotsim.core.said import find_coming_day
from iotsim.core.slots import Found, Slot, SlotContext, Source

SeverityName = Literal["info", "warning", "critical"]
StatusName = Literal["open", "acknowledged", "snoozed", "resolved", "all"]
KindName = Literal[
    "threshold", "limit", "status", "imei_change", "new_country", "silence", "intake_failure", "manual", "anomaly"
]
RuleKind = Literal["threshold", "limit", "status", "imei_change", "new_country", "silence", "intake_failure"]


_WHEN: Final = re.compile(r"\b(?:when(?:ever)?|if|as\s+soon\s+as|once)\s+(?:[\w-]+\s+){0,4}$", re.IGNORECASE)


def _with_its_when(text: str, start: int) -> int:
    """Where the condition begins of which the word is a part: "whenever the" of "whenever the IMEI changes"."""
    match = _WHEN.search(text[:start])
    return match.start() if match else start


def _finder(words: dict[str, str], score: float = 0.9) -> Any:
    patterns = {
        name: re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE) for name, pattern in words.items()
    }

    def find(text: str, context: SlotContext) -> list[Found]:
        found = [
            Found(_with_its_when(text, match.start()), match.end(), name, match[0], score)
            for name, pattern in patterns.items()
            for match in pattern.finditer(text)
        ]
        return sorted(found, key=lambda one: (one.start, -one.end))[:1]

    return find


# --- how much it weighs ---

_SEVERITIES: Final = {
    "critical": r"crit(?:ical)?s?|severe|urgent|serious|red|most\s+important|emergenc(?:y|ies)|"
    r"high[\s-]+(?:priority|severity)",
    "warning": r"warnings?|amber|medium[\s-]+(?:priority|severity)",
    "info": r"info(?:rmational|rmation)?[\s-]+(?:level|severity|alerts?|ones?)|info|minor|"
    r"low[\s-]+(?:priority|severity)",
}


def _severity(value: Any) -> Any:
    return (
        {"warn": "warning", "information": "info"}.get(value.lower(), value.lower())
        if isinstance(value, str)
        else value
    )


AlertSeverity = Annotated[
    SeverityName,
    BeforeValidator(_severity),
    Field(description="critical (needs someone now), warning (soon) or info"),
    Slot(
        "severity", _finder(_SEVERITIES), noun="how much it weighs (info, warning or critical)", free=True, shares=True
    ),
]

# --- how it stands ---

_STATUSES: Final = {
    "acknowledged": r"acknowledged|acked|seen\s+alerts?",
    "snoozed": r"snoozed|muted",
    "resolved": r"resolved|closed|past|solved|settled",
    "open": r"(?:still\s+)?open(?=\s+(?:\w+\s+)?alerts?)|(?:are|still|currently)\s+open|unacknowledged|unhandled",
}
AlertState = Annotated[
    StatusName,
    Field(description="open, acknowledged, snoozed, resolved or all; without one, everything not resolved"),
    Slot("alert_status", _finder(_STATUSES), noun="a status", free=True, shares=True),
]

# --- what it is about ---

_KINDS: Final = {
    "imei_change": r"imei(?:\s+changes?|\s+swaps?)?|swapped\s+devices?|"
    r"devices?\s+(?:being\s+|getting\s+|were\s+|was\s+)?(?:swap(?:ped|s|ping)?|exchanged)|(?:other|another|different|changed?)\s+devices?",
    "new_country": r"new[\s-]+countr(?:y|ies)|(?:change[sd]?|leaves?)\s+(?:the\s+|its\s+)?countr(?:y|ies)|"
    r"roaming|abroad",
    "silence": r"silen(?:t|ce)|(?:no|without|lost)\s+connections?|offline|stops?\s+(?:reporting|connecting|talking)|"
    r"(?:has\s+)?not\s+connect(?:ed|ing)?|goes\s+(?:dark|quiet|silent|offline)|disconnects?",
    "intake_failure": r"(?:failed|failing|refused|broken)\s+(?:imports?|intakes?|files?|uploads?)|"
    r"(?:imports?|intakes?|files?|uploads?)\s+(?:failures?|fails?|is\s+refused|gets?\s+refused)",
    "anomaly": r"anomal(?:y|ies)(?=\s+(?:alerts?|alarms?|warnings?))",
    "status": r"(?:is|gets?|was|becomes?)\s+(?:suspended|deactivated|retired)|(?:status|state)\s+changes?|"
    r"changes?\s+(?:of\s+)?(?:status|state)",
    "limit": r"(?:over|exceeds?|above|beyond|reach(?:es)?|hits?)\s+(?:the(?:ir)?\s+|its\s+)?(?:quota|limit|allowance)|"
    r"(?:quota|data|hard)[\s-]+limits?|used\s+up",
    "threshold": r"(?:when(?:ever)?|if|as\s+soon\s+as|once)\s+(?:(?!is\b|gets\b)[\w#-]+\s+){1,4}?"
    r"(?:exceeds?|reach(?:es)?|goes\s+(?:over|above)|passes|crosses|uses\s+more\s+than|goes\s+beyond|uses\s+over|hits?)|"
    r"(?:quota\s+|usage\s+|soft\s+)?thresholds?|at\s+\d{1,3}\s*(?:%|percent)|near(?:ly|ing)?\s+(?:the\s+)?quota",
}
_kind: Final = Slot("alert_kind", _finder(_KINDS), noun="what it watches", free=True, shares=True)
AlertKindName = Annotated[
    KindName,
    Field(
        description="threshold, limit (quota), status, imei_change, new_country, silence (no connection), "
        "intake_failure, manual or anomaly"
    ),
    _kind,
]
AlertRuleKind = Annotated[
    RuleKind,
    Field(
        description="What it watches: threshold, limit (quota), status, imei_change, new_country, silence or "
        "intake_failure"
    ),
    _kind,
]

# --- which one ---

AlertId = Annotated[
    int,
    Field(description="Number of the alert"),
    numbered(
        "alert", "alert", "alarm", "warning",
        verbs=("acknowledge", "ack", "snooze", "mute", "resolve", "close", "settle"),
        source=Source("list_alerts", "id"),
    ),
]  # fmt: skip
AlertRuleId = Annotated[
    int,
    Field(description="Number of the rule"),
    numbered("alert_rule", "rule", "alert rule", "alerting rule", source=Source("list_alert_rules", "id")),
]

# --- who, how long ---

_MAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+(?![\w@])")
_ME: Final = re.compile(
    r"\b(?:to|by|for)\s+(?P<who>me|myself|nobody|no\s+one)\b|\b(?P<mine>mine|my)\b(?=\s+alerts?)", re.I
)


def find_person(text: str, context: SlotContext) -> list[Found]:
    """People by e-mail; oneself; nobody."""
    found = [Found(*match.span(), match[0], match[0], 1.3) for match in _MAIL.finditer(text)]
    for match in _ME.finditer(text):
        group = "who" if match["who"] else "mine"
        said = (match["who"] or "me").lower()
        value = "nobody" if said.startswith("no") else "me"
        found.append(Found(*match.span(group), value, match[group], 0.9))
    return found[:1]


Person = Annotated[
    str,
    Field(max_length=254, description='A member by e-mail; "me"; "nobody"'),
    Slot("person", find_person, mask="anna@example.com", noun="who (an e-mail address, or me)"),
]

_SPAN: Final = re.compile(
    rf"\b(?P<all>(?:for\s+(?:the\s+next\s+)?|in\s+|than\s+|after\s+)?(?:(?P<n>{NUMBER})\s*-?\s*(?P<unit>hours?|hrs?|h|days?|d|weeks?)|(?P<one>an?)\s+(?P<whole>hour|day|week)))\b",
    re.IGNORECASE,
)


def find_hours(text: str, context: SlotContext) -> list[Found]:
    """Spans of time in hours: "for 3 days", "48 hours", "a week"."""
    found = []
    for match in _SPAN.finditer(text):
        number = read_number(match["n"] or match["one"])
        length = {"h": 1, "d": 24, "w": 168}[(match["unit"] or match["whole"])[0].lower()]
        if number is not None and number > 0:
            found.append(Found(*match.span("all"), int(number * length), match["all"], 1.0))
    return found[:1]


def _hours(value: Any) -> Any:
    if isinstance(value, str) and not value.strip().isdecimal():
        found = find_hours(value, SlotContext.__new__(SlotContext))
        return found[0].value if found else value
    return value


Hours = Annotated[
    int,
    BeforeValidator(_hours),
    Field(ge=1, le=8760, description='Hours, such as 72 or "3 days"'),
    Slot("hours", find_hours, mask="3 days", noun="how long", shares=True),
]

_UNTIL: Final = re.compile(r"\b(?:until|till)\s+(?:the\s+)?", re.IGNORECASE)


def find_until(text: str, context: SlotContext) -> list[Found]:
    """The day behind "until": tomorrow, or a date. A kind of its own, since "for 3 days" is a past period elsewhere."""
    match = _UNTIL.search(text)
    if match is None:
        return []
    if coming := find_coming_day(text, context):
        return coming
    days = [one for one in find_days(text, context) if one.start <= match.end() < one.end]
    return [Found(match.start(), one.end, one.value, text[match.start() : one.end], 1.2) for one in days[-1:]]


UntilDay = Annotated[Day, Slot("until", find_until, noun="until when", shares=True)]

_PERCENT: Final = re.compile(r"(?<![\w.])(?P<n>\d{1,4})\s*(?:%|percent|per\s+cent)(?!\w)", re.IGNORECASE)


def find_percent(text: str, context: SlotContext) -> list[Found]:
    return [Found(*match.span(), int(match["n"]), match[0], 1.0) for match in _PERCENT.finditer(text)][:1]


def _percent(value: Any) -> Any:
    return value.strip().rstrip("%").strip() if isinstance(value, str) else value


Percent = Annotated[
    int,
    BeforeValidator(_percent),
    Field(ge=1, le=10_000, description="Percent, such as 80"),
    Slot("percent", find_percent, mask="80 %", noun="a percentage"),
]

# --- what to say, on or off ---

_SAID: Final = re.compile(
    r"(?:saying|that\s+says|with\s+the\s+text|text|reading)\s*:?\s*(?P<quoted>[\"“'](?P<q>[^\"”']{2,300})[\"”']|(?P<rest>.{2,300}?)\s*$)"
    r"|^\W*(?:raise|create|open|log|file|make|add|put)\b[^,:]*?\b(?:alert|alarm|warning)\s+(?:up\s+)?(?:for|on|about|against)\s+"
    r"(?:the\s+)?(?:sim\s+|card\s+)?(?:ending\s+(?:in\s+)?)?\S+(?:,|\s+[-–—]+)\s+(?P<comma>.{2,300}?)\s*$"
    r"|:\s*(?P<colon>.{2,300}?)\s*$|[\"“](?P<bare>[^\"”]{2,300})[\"”]",
    re.IGNORECASE,
)

_RAISING: Final = re.compile(r"\b(?:alert|alarm|warning|raise|flag)\b", re.IGNORECASE)


def find_alert_text(text: str, context: SlotContext) -> list[Found]:
    """The sentence of an alert made by hand: quoted, behind a colon, or after "saying"."""
    match = _SAID.search(text)
    if match is None or not (match["comma"] or _RAISING.search(text[: match.start()])):
        return []
    group = next(name for name in ("q", "rest", "comma", "colon", "bare") if match[name])
    return [Found(*match.span(group), match[group].strip(), match[group], 1.1)]


AlertText = Annotated[
    str,
    Field(min_length=2, max_length=500, description="What is the matter, in a sentence"),
    Slot("alert_text", find_alert_text, mask="something is wrong", noun="what it should say"),
]

_OFF: Final = re.compile(
    r"\b(?:disable|deactivate|suspend|pause|mute|switch(?:ed)?\s+(?:\S+\s+){0,4}?off|turn(?:ed)?\s+(?:\S+\s+){0,4}?off|stop|off)\b",
    re.I,
)
_ON: Final = re.compile(
    r"\b(?:enable|switch(?:ed)?\s+(?:\S+\s+){0,4}?on|turn(?:ed)?\s+(?:\S+\s+){0,4}?on|on\s+again)\b", re.I
)


def find_enabled(text: str, context: SlotContext) -> list[Found]:
    for pattern, value in ((_OFF, False), (_ON, True)):
        match = pattern.search(text)
        if match:
            return [Found(*match.span(), value, match[0], 0.6)]
    return []


Enabled = Annotated[
    bool,
    Field(description="Whether the rule is switched on"),
    Slot("enabled", find_enabled, free=True, shares=True, noun="on or off"),
]

BULK_ACT: Final = Slot(
    "alert_act",
    _finder(
        {
            "resolve": r"resolve|close|settle|clear|dismiss|"
            r"mark\s+(?:\S+\s+){0,4}?(?:as\s+)?(?:done|resolved|closed|solved|fixed)",
            "acknowledge": r"acknowledge|ack|mark\s+(?:\S+\s+){0,4}?(?:as\s+)?(?:seen|acknowledged)",
        }
    ),
    noun="acknowledge or resolve",
    free=True,
    shares=True,
)

LIMIT_ACT: Final = Slot(
    "limit_act",
    _finder(
        {
            "none": r"(?:do(?:es)?\s+)?nothing(?=.*\b(?:limit|quota))|never\s+suspend|not\s+(?:be\s+)?suspend(?:ed)?|"
            r"(?:stop|no\s+longer|without|avoid)\s+suspend(?:ing)?(?:.*\b(?:when|once|if|as\s+soon\s+as)\s+(?:they|it)\b)?",
            "suspend": r"(?:suspend(?:ed|s)?|cut\s+off|blocks?|stops?)\b(?:.{0,40}?(?:automatically\s+)?"
            r"(?:when(?:ever)?|as\s+soon\s+as|once|if)\s+(?:it|they|the\s+\w+|its\s+\w+)\b.{0,40}?)?"
            r"(?=.*\b(?:limit|quota))|(?<=to\s)suspend",
        }
    ),
    noun="what happens at the quota",
    free=True,
    shares=True,
)
