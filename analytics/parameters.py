"""Parameter types of analytics, each with its slot (see iotsim/core/slots.py). Pure."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from iotsim.core.counts import find_limit
from iotsim.core.quantities import NUMBER
from iotsim.core.slots import Found, Slot, SlotContext

Kind = Literal[
    "usage_timeline",
    "comparison",
    "heatmap",
    "top_sims",
    "quota_utilization",
    "status_breakdown",
    "cost_breakdown",
    "anomaly_timeline",
    "forecast",
]
Group = Literal["customer", "plan", "country", "operator"]

KINDS: Final = {
    "usage_timeline": "Usage over time",
    "comparison": "Two periods compared",
    "heatmap": "Hours of the week",
    "top_sims": "Heaviest SIMs",
    "quota_utilization": "Use of the quota",
    "status_breakdown": "SIMs by state",
    "cost_breakdown": "Costs",
    "anomaly_timeline": "Anomalies",
    "forecast": "Forecast",
}
GROUPS: Final = {"customer": "Customer", "plan": "Plan", "country": "Country", "operator": "Operator"}
MOST_BARS: Final = 25

# --- which chart ---

_DRAWN: Final = re.compile(
    r"\b(?:charts?|charted|graphs?|graphed|plots?|plotted|diagrams?|draw|drawn|drawing|visuali[sz]\w*|pies?|bars|"
    r"histograms?|heat\s?maps?|comparisons?|compare|donuts?|doughnuts?|time\s?lines?|break[\s-]?downs?|distribution|pictures?|graphics?|as\s+(?:a\s+)?(?:line|curve)s?|utili[sz]ation)\b",
    re.IGNORECASE,
)
# In this order: "a chart of the costs of my top customers" is about costs.
_WORDS: Final = [
    (
        "heatmap",
        r"heat\s?maps?|hours?\s+of\s+(?:the\s+)?(?:day|week)|times?\s+of\s+(?:the\s+)?day|by\s+(?:the\s+)?hour|"
        r"(?:by|per)\s+weekday|busiest\s+(?:hours?|times?)",
    ),
    (
        "comparison",
        r"compar(?:e|ed|es|ing|isons?)|versus|vs\.?|(?:against|next\s+to|beside|over)\s+the\s+(?:one|period|month|week)\s+before|"
        r"side\s+by\s+side|(?:next\s+to|beside|against|alongside)(?=\s+(?:last|the\s+(?:last|previous)))",
    ),
    ("anomaly_timeline", r"anomal(?:y|ies)|outliers?"),
    (
        "forecast",
        r"forecast\w*|predict\w*|project(?:ed|ions?)|expected|outlook|will\s+(?:use|need|consume)|going\s+to\s+(?:use|need|consume)|runs?\s+out|running\s+out|will\s+be\s+used",
    ),
    ("cost_breakdown", r"costs?|spend(?:ing)?|spent|expenses?|expenditures?|charges|money|overage\s+fees?|fees"),
    (
        "quota_utilization",
        r"quotas?|allowances?|data\s+(?:limits?|volume)|limits?|bundles?|utili[sz]ation|used\s+up|caps?",
    ),
    ("status_breakdown", r"(?:the\s+)?(?:status(?:es)?|(?<!in\sthe\s)states?)|life\s?cycle"),
    (
        "top_sims",
        r"top|heav(?:y|iest)|biggest|largest|most|highest|hungriest|hogs?|guzzlers?|talkers?|rank(?:ed|ing)?|worst",
    ),
    (
        "usage_timeline",
        r"usage|use|used|data|traffic|consum\w+|volume|over\s+time|time\s?lines?|daily|per\s+day|by\s+day|a\s+day|gigs?|"
        r"megabytes|gigabytes",
    ),
]
_SAID: Final = [(kind, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for kind, words in _WORDS]
_SURE: Final = 0.6
_SURER: Final = 1.1  # "the states" are a country too, but not in a chart of them
_GUESSED: Final = 0.3  # a drawing of nothing in particular shows usage


def find_chart(text: str, context: SlotContext) -> list[Found]:
    """What a sentence wants drawn; nothing in a sentence that speaks of no drawing."""
    drawn = _DRAWN.search(text)
    if drawn is None:
        return []
    for kind, words in _SAID:
        match = words.search(text)
        if match:
            return [Found(match.start(), match.end(), kind, match[0], _SURER if kind == "status_breakdown" else _SURE)]
    return [Found(drawn.start(), drawn.end(), "usage_timeline", drawn[0], _GUESSED)]


def _kind(value: Any) -> Any:
    return value.strip().lower().replace("-", "_").replace(" ", "_") if isinstance(value, str) else value


ChartKind = Annotated[
    Kind,
    BeforeValidator(_kind),
    Field(description=f"One of {', '.join(KINDS)}"),
    Slot(
        "chart",
        find_chart,
        noun="what to draw (usage, two periods, hours, top SIMs, quota, states, costs, anomalies or a forecast)",
        free=True,
        shares=True,
        opens=True,
    ),
]

# --- by what costs are told apart ---

_GROUPED: Final = re.compile(
    r"\b(?:by|per|for\s+(?:each|every)|of\s+(?:each|every)|across|split\s+by|grouped\s+by)\s+(?:the\s+|our\s+|my\s+)?"
    r"(?P<group>customers?|accounts?|clients?|plans?|tariffs?|countr(?:y|ies)|operators?|networks?|carriers?)\b",
    re.IGNORECASE,
)
_SYNONYMS: Final = {"account": "customer", "client": "customer", "tariff": "plan", "network": "operator",
                    "carrier": "operator", "countrie": "country"}  # fmt: skip


def find_group(text: str, context: SlotContext) -> list[Found]:
    """By what something is told apart: "by customer", "per country"."""
    match = _GROUPED.search(text)
    if match is None:
        return []
    word = match["group"].lower().rstrip("s")
    return [Found(match.start(), match.end(), _SYNONYMS.get(word, word), match[0], _SURE)]


GroupBy = Annotated[
    Group,
    Field(description="Costs by customer, plan, country or operator"),
    Slot("group", find_group, noun="by what (customer, plan, country or operator)", free=True, shares=True),
]

# --- as what ---

_PIE: Final = re.compile(r"\b(?:pies?|donuts?|doughnuts?)\b", re.IGNORECASE)


def find_shape(text: str, context: SlotContext) -> list[Found]:
    """A pie, when that is what was asked for."""
    match = _PIE.search(text)
    return [Found(match.start(), match.end(), "pie", match[0], _SURE)] if match else []


Shape = Annotated[
    Literal["bars", "pie"],
    Field(description="bars; a pie is drawn as bars too, and the answer says so"),
    Slot("shape", find_shape, noun="the shape", free=True, shares=True),
]

# --- how many bars ---

Top = Annotated[
    int,
    Field(ge=1, le=MOST_BARS, description=f"How many bars at most, up to {MOST_BARS}"),
    Slot("limit", find_limit, noun="how many", free=True, shares=True),
]
CurrencyCode = Annotated[
    str | None,
    BeforeValidator(lambda value: value.strip().upper() if isinstance(value, str) else value),
    Field(pattern=r"^[A-Z]{3}$", description='The currency of the costs, as a code ("EUR"); else the main one'),
]

# --- costs and savings ---

_COST_GROUPED: Final = re.compile(
    r"\b(?:by|per|for\s+(?:each|every)|of\s+(?:each|every)|across|split\s+by|grouped\s+by|each|every|which)\s+"
    r"(?:the\s+|our\s+|my\s+)?(?:data\s+)?"
    r"(?P<group>customers?|accounts?|clients?|plans?|tariffs?|countr(?:y|ies)|operators?|networks?|carriers?|pools?|"
    r"sims?|cards?)\b",
    re.IGNORECASE,
)


_TOP_GROUP: Final = re.compile(
    rf"\b(?:top|first|biggest|largest|dearest|most\s+expensive)\s+(?:{NUMBER}\s+)?(?P<group>customers?|clients?|plans?|countries|operators?)\b",
    re.IGNORECASE,
)


def find_cost_group(text: str, context: SlotContext) -> list[Found]:
    """By what costs are told apart: "by pool", "which customer"."""
    match = _COST_GROUPED.search(text) or _TOP_GROUP.search(text)
    if match is None:
        return []
    word = match["group"].lower().rstrip("s")
    group = {**_SYNONYMS, "card": "sim"}.get(word, word)
    return [Found(match.start(), match.end(), group, match[0], _SURE)]


CostBy = Annotated[
    Literal["customer", "plan", "country", "operator", "pool", "sim"],
    Field(description="Costs by customer, plan, country, operator, pool or SIM"),
    Slot("cost_group", find_cost_group, noun="by what", free=True, shares=True),
]
Advised = Literal["change_plan", "retire_idle", "resize_pool", "raise_quota"]
_ADVISED: Final = [
    (kind, re.compile(rf"\b(?:{words})\b", re.IGNORECASE))
    for kind, words in (
        (
            "retire_idle",
            r"idle|unused|not\s+used|nobody\s+uses?|no\s+one\s+uses?|without\s+(?:any\s+)?use|never\s+used|for\s+nothing|retir\w+|asleep",
        ),
        ("resize_pool", r"pools?"),
        ("raise_quota", r"quotas?\s+of\s+(?:its|their)\s+own"),
        ("change_plan", r"plan\s+changes?|(?:cheaper|other|better)\s+(?:plans?|tariffs?)"),
    )
]
_SURENESS: Final = re.compile(
    r"\b(?P<level>high|medium|low)(?:\s+|-)confiden\w+|\b(?P<safe>safe|sure|certain)\s+(?:ones?|savings?|recommendations?)\b|"
    r"(?<!not )\b(?:sure|certain|confident)\s+(?:about|of)\b",
    re.IGNORECASE,
)


def find_advised(text: str, context: SlotContext) -> list[Found]:
    """Which kind of saving: "unused", "pools", "cheaper plans"."""
    for kind, words in _ADVISED:
        if match := words.search(text):
            return [Found(match.start(), match.end(), kind, match[0], _GUESSED, telling=True)]
    return []


def find_sureness(text: str, context: SlotContext) -> list[Found]:
    """How sure: "with high confidence", "the safe ones"."""
    match = _SURENESS.search(text)
    if match is None:
        return []
    return [Found(match.start(), match.end(), (match["level"] or "high").lower(), match[0], _SURE)]


AdvisedKind = Annotated[
    Advised,
    Field(description="change_plan, retire_idle (charged but unused), resize_pool or raise_quota"),
    Slot("advised", find_advised, noun="which kind of saving", free=True, shares=True),
]
Sureness = Annotated[
    Literal["high", "medium", "low"],
    Field(description="high, medium or low: how far the advice can be trusted"),
    Slot("sureness", find_sureness, noun="how sure", free=True, shares=True),
]
