"""Parameter types that any domain may use: sizes, days, countries, counts, numbered things, reasons.

Each is `Annotated[type, BeforeValidator(parse), Slot(...)]`: the parser accepts what people write, the slot finds it in
a sentence (see slots.py). Pure: no database.
"""

import re
from datetime import date
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from iotsim.core.bounds import find_bytes
from iotsim.core.countries import find_countries, parse_country
from iotsim.core.counts import find_limit
from iotsim.core.days import parse_day
from iotsim.core.names import words
from iotsim.core.periods import find_periods
from iotsim.core.quantities import parse_bytes
from iotsim.core.slots import Found, Slot, SlotContext, Source

# --- sizes ---

Bytes = Annotated[
    int,
    Field(ge=0),
    BeforeValidator(parse_bytes, json_schema_input_type=Annotated[int, Field(ge=0)] | str),
    Field(
        examples=["5 GB"],
        description='Bytes, or a size such as "5GB", "500 MB", "1.5 GiB" (decimal unless an i is written)',
    ),
    Slot("bytes", find_bytes, mask="5 GB", noun="a size"),
]

# --- days ---


def find_days(text: str, context: SlotContext) -> list[Found]:
    """The first and last day of each period, as roles "start" and "end" on the same place."""
    found = []
    for period in find_periods(text, today=context.today):
        said = text[period.start : period.end]
        for role, day in (("start", period.first), ("end", period.last)):
            if day is not None:
                found.append(Found(period.start, period.end, day.isoformat(), said, 1.0, role))
    return found


def _day(value: Any) -> Any:
    return value if value is None else parse_day(value, today=date.today())


Day = Annotated[
    date,
    BeforeValidator(_day),
    Field(ge=date(1970, 1, 1), le=date(2999, 12, 31), examples=["2026-10-01"], description="A day as YYYY-MM-DD"),
    Slot("day", find_days, mask="last week", noun="a day or period"),
]

# --- countries ---


def find_country(text: str, context: SlotContext) -> list[Found]:
    """Countries by name, adjective or code, as alpha-2; slightly misspelt names count less."""
    return [
        Found(start, end, code, text[start:end], 1.0) for start, end, code in find_countries(text, known_word=_ENGLISH)
    ]


# Words one slip away from a country's name.
_ENGLISH: Final = words(
    """
    chain train trains point spare spares span pain roman polished finish finished greet great chip
    chile check checked checks chided canadas frenchs state states jordans gamma grand garden gabon
    guinea hungry hungriest green greed greedy queue irish angry malice mail mails chat chart charts
    share brand polite nigher island islands range orange german omen woman swiss swim index indexes
    togo cube cubes guide perk peru panda koran latvian turkeys spade spanned italics italic franc
    franks
    """
)

Country = Annotated[
    str,
    BeforeValidator(parse_country),
    Field(examples=["DE"], description='A country: alpha-2 code ("DE"), name or adjective'),
    Slot("country", find_country, mask="Germany", noun="a country"),
]

# --- counts ---

Limit = Annotated[
    int,
    Field(ge=1, le=500, description="How many rows at most"),
    Slot("limit", find_limit, noun="how many", free=True, shares=True),
]

# --- numbered things ---


_LISTED: Final = re.compile(
    r"\s*(?:,\s*and|,|and|&|\+|plus)\s*#?(?P<n>\d{1,18})\b(?!\s*(?:[kmgt]i?b|gigs?|megs?|%|percent|[.,:]\d|sims?|cards?|"
    r"lines?|others?|more|minutes?|hours?|days?|weeks?|months?|times|euros?|dollars?))",
    re.IGNORECASE,
)


def _with_listed(text: str, found: list[Found]) -> list[Found]:
    """With the numbers that follow on each: the 4 and the 5 of "requests 3, 4 and 5"."""
    known = list(found)
    for one in known:  # what is added is looked behind as well
        match = _LISTED.match(text, one.end)
        if match and not any(match.start("n") == other.start for other in known):
            known.append(Found(*match.span("n"), int(match["n"]), match["n"], one.score))
    return known


def numbered(kind: str, *nouns: str, verbs: tuple[str, ...] = (), source: Source | None = None) -> Slot:
    """A slot for the number of a thing: "approval 12", "request #12", "#12", and "approve 12" by its verbs."""
    named = "|".join(nouns)
    pattern = re.compile(
        rf"\b(?:{named})s?\s*(?:with\s+)?(?:(?:id|number|no\.?|nr\.?|"
        rf"num)\s*)?[#:=]?\s*(?P<n>\d{{1,18}})\b(?!\s*(?:gb|mb|%|[.,]\d))",
        re.IGNORECASE,
    )
    bare = re.compile(
        rf"(?:\b(?:{'|'.join(verbs)})\s+(?:the\s+)?(?:number\s+|no\.?\s*|id\s+)?#?\s*|#\s?|"
        rf"\b(?:number|no\.|nr\.?|id)\s*#?\s*)"
        r"(?P<n>\d{1,18})\b(?!\s*(?:gb|mb|%|[.,]\d|sims?|days?))"
        if verbs
        else r"#\s?(?P<n>\d{1,18})\b",
        re.IGNORECASE,
    )

    behind = rf"(?<![\w.,/-])(?P<m>\d{{1,6}})\b[^?]*?[\s,]\s*(?:that|this|the)\s+(?:{named})\b[^\d?]{{0,20}}$"
    ahead = (
        rf"^\W*(?:number\s+|no\.?\s*)?#?(?P<n>\d{{1,3}})\b(?!\s*(?:gb|mb|%|sims?|cards?|days?|[.,]\d))"
        rf"[^?]*\b(?:{'|'.join(verbs)})\b"
        if verbs
        else r"(?P<n>(?!))"
    )
    first = re.compile(rf"{behind}|{ahead}", re.IGNORECASE)

    def find(text: str, context: SlotContext) -> list[Found]:
        for score, matches in (
            (1.2, pattern.finditer(text)),
            (0.8, bare.finditer(text)),
        ):
            found = [Found(*m.span("n"), int(m["n"]), m["n"], score) for m in matches]
            if found:
                return _with_listed(text, found)
        early = first.search(text)
        if early is None:
            return []
        group = "n" if early["n"] else "m"
        return [Found(*early.span(group), int(early[group]), early[group], 1.2 if group == "m" else 0.8)]

    return Slot(kind, find, mask="12", noun=f"the number of the {nouns[0]}", source=source)


UploadId = Annotated[
    int,
    Field(description="Number of the uploaded file"),
    numbered("upload", "upload", "file", verbs=("import", "load", "ingest", "process")),
]
ApprovalId = Annotated[
    int,
    Field(description="Number of the request"),
    numbered(
        "approval", "approval", "request", "proposal",
        verbs=(
            "approve", "accept", "reject", "decline", "deny", "refuse", "confirm", "sign off", "ok", "okay",
            "green[- ]?light", "turn down", "veto", "allow", "grant", "authori[sz]e",
        ),
    ),
]  # fmt: skip
EventId = Annotated[
    int,
    Field(description="Number of the audit event"),
    numbered(
        "event", "event", "entry", "change", "action", "call", "audit event", "audit entry",
        verbs=("undo", "revert", "reverse", "roll back", "rollback", "take back", "back out"),
        source=Source("list_audit_events", "id"),
    ),
]  # fmt: skip
JobId = Annotated[
    int,
    Field(description="Number of the job"),
    numbered("job", "job", "task", "process", verbs=("stop job", "cancel job", "abort", "cancel", "stop")),
]

_STATES: Final = [
    ("pending", r"pending|waiting|open|outstanding|undecided|unanswered|awaiting|unapproved|unresolved|due"),
    ("done", r"approved|accepted|granted|signed\s+off"),
    ("rejected", r"rejected|declined|denied|refused|turned\s+down"),
    ("expired", r"expired|timed\s+out|lapsed"),
    ("failed", r"failed"),
]


def find_decision_state(text: str, context: SlotContext) -> list[Found]:
    """How a request stands: "pending", "approved", "rejected", ..."""
    return [
        Found(match.start(), match.end(), state, match[0], 0.6)
        for state, words in _STATES
        for match in re.finditer(rf"\b(?:{words})\b", text, re.IGNORECASE)
    ][:1]


DECISION_STATE: Final = Slot("decision_state", find_decision_state, noun="a state", free=True, shares=True)

# --- reasons ---

_REASON: Final = re.compile(
    r"(?:,|\s|—|–|-)\s*(?:because(?:\s+of)?|due\s+to|on\s+account\s+of|reason\s*(?:is|:|=|being)|"
    r"with\s+(?:the\s+)?reason|owing\s+to|"
    r"on\s+the\s+grounds\s+(?:that|of)|\bcos\b|\bbc\b|\bcuz\b|as\s+(?:it|they|the|we)(?='s|\s)|"
    r"since\s+(?:it|they|the|we|he|she)(?='s|\s))\s*:?\s*"
    r"(?P<why>.{2,200}?)\s*[.!]?\s*$",
    re.IGNORECASE,
)
_REASON_KEEPS: Final = re.compile(r"(?:as|since)\s+(?P<subject>\w+)", re.IGNORECASE)


def find_reason(text: str, context: SlotContext) -> list[Found]:
    """The why at the end of a sentence: "because it was stolen", "reason: lost"."""
    match = _REASON.search(text)
    if match is None:
        return []
    lead = text[match.start() : match.start("why")]
    subject = _REASON_KEEPS.search(lead)
    why = f"{subject['subject']} {match['why']}".replace(" '", "'") if subject else match["why"]
    return [Found(match.start(), match.end(), why.strip("\"' "), match[0], 0.6)]


Reason = Annotated[
    str,
    Field(max_length=500, examples=["reported stolen"]),
    Slot("reason", find_reason, mask="", noun="the reason", free=True),
]
