"""Parameter types of anomalies, each with its slot (see iotsim/core/slots.py). Pure."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from iotsim.core.names import unquote
from iotsim.core.parameters import numbered
from iotsim.core.slots import Found, Slot, SlotContext, Source

SeverityName = Literal["critical", "high", "medium", "low"]
KindName = Literal["spike", "theft", "retry_storm", "silent", "leak", "roaming", "throttled", "new_country", "policy"]
StatusName = Literal["open", "real", "false", "expected", "lasting", "all"]
MarkName = Literal["real", "false", "expected", "open"]


def _finder(words: dict[str, str], score: float = 0.9) -> Callable[[str, SlotContext], list[Found]]:
    patterns = {name: re.compile(rf"(?<![\w-])(?:{one})(?![\w-])", re.IGNORECASE) for name, one in words.items()}

    def find(text: str, context: SlotContext) -> list[Found]:
        found = [
            Found(match.start(), match.end(), name, match[0], score)
            for name, pattern in patterns.items()
            for match in pattern.finditer(text)
        ]
        return sorted(found, key=lambda one: (one.start, -one.end))[:1]

    return find


def _plain(value: Any) -> Any:
    return unquote(value).strip().lower().replace(" ", "_").replace("-", "_") if isinstance(value, str) else value


_SEVERITIES: Final = {
    "critical": r"critical|severe|urgent|most\s+serious|worst",
    "high": r"high(?:[\s-]+severity)?(?=\s+(?:anomal|ones|severity)|$)|high[\s-]+severity",
    "medium": r"medium(?:[\s-]+severity)?",
    "low": r"low[\s-]+severity|low(?=\s+(?:anomal|ones))|minor",
}
AnomalySeverity = Annotated[
    SeverityName,
    BeforeValidator(_plain),
    Field(description="critical, high, medium or low"),
    Slot("anomaly_severity", _finder(_SEVERITIES), noun="how bad (low to critical)", free=True, shares=True),
]

KIND_WORDS: Final = {
    "theft": r"theft|thefts|stolen|steal(?:ing)?",
    "retry_storm": r"retry[\s-]+storms?|retries|reconnect\w*|storms?",
    "silent": r"silent|silence|gone\s+(?:quiet|dark)|went\s+(?:quiet|dark|silent)|fell\s+silent",
    "leak": r"leaks?|leaking|creeping",
    "new_country": r"new\s+countr(?:y|ies)",
    "roaming": r"roaming|abroad",
    "throttled": r"throttl(?:ed|ing)",
    "policy": r"polic(?:y|ies)(?:\s+(?:violations?|breach(?:es)?))?",
    "spike": r"spikes?|spiking|surges?",
}
AnomalyKind = Annotated[
    KindName,
    BeforeValidator(_plain),
    Field(description="spike, theft, retry_storm, silent, leak, roaming, throttled, new_country or policy"),
    Slot("anomaly_kind", _finder(KIND_WORDS), noun="what kind of anomaly", free=True, shares=True),
]

_STATES: Final = {
    "false": r"false\s+alarms?|marked\s+(?:as\s+)?false",
    "expected": r"expected\s+anomal\w+|marked\s+(?:as\s+)?expected",
    "real": r"(?:real|confirmed|genuine)(?=\s+anomal\w+|\s+ones)|marked\s+(?:as\s+)?real",
    "lasting": r"(?:still\s+)?(?:lasting|ongoing|under\s+way)|that\s+(?:last|still\s+last)",
    "open": r"(?:open|unmarked|undecided)(?=\s+(?:\w+\s+)?anomal\w+)",
    "all": r"all\s+(?:past\s+)?anomalies\s+ever",
}
AnomalyState = Annotated[
    StatusName,
    BeforeValidator(_plain),
    Field(
        description="open (not marked), real, false, expected, lasting (not over), or all; without one, all but those "
        "marked as false or expected"
    ),
    Slot("anomaly_status", _finder(_STATES), noun="a status", free=True, shares=True),
]

_MARKS: Final = {
    "false": r"(?:as\s+(?:a\s+)?)?false(?:[\s-]+(?:alarm|positive))?|not\s+real|(?:as\s+)?harmless|(?:as\s+)?noise|"
    r"no\s+anomaly|nothing\s+wrong|a\s+mistake|is\s+(?:just\s+|really\s+)?nothing|nothing\s+(?:to\s+worry|serious|bad|real)|"
    r"(?:is|was)\s+(?:bogus|rubbish|bull\w*|crap|nonsense|a\s+(?:dud|glitch|fluke|test))|not\s+an\s+(?:issue|anomaly)",
    "expected": r"(?:as\s+)?(?:expected|planned|intended|known|foreseen|on\s+purpose)",
    "real": r"really\s+happened|(?:as\s+)?(?:real|genuine|true|confirmed)|confirm|correct",
    "open": r"(?:as\s+)?(?:open|undecided|unmarked)|unmark",
}
Mark = Annotated[
    MarkName,
    BeforeValidator(_plain),
    Field(description="real, false (a false alarm), expected, or open to take a mark away"),
    Slot("anomaly_mark", _finder(_MARKS, 1.0), mask="false", noun="real, false or expected", shares=True),
]

AnomalyId = Annotated[
    int,
    Field(description="Number of the anomaly"),
    numbered("anomaly", "anomaly", source=Source("check_anomalies", "id")),
]

_BUDGET: Final = re.compile(
    r"(?P<n>\d{1,4}(?:\.\d{1,2})?)\s+(?:anomaly\s+)?alerts?\s+(?:per|a|for(?:\s+every)?|in)\s+(?:10[.,]?000|10k|ten\s+thousand)"
    r"|budget\s+(?:for\s+anomal\w+\s+|of\s+anomaly\s+alerts\s+)?(?:to|of|at)\s+(?P<m>\d{1,4}(?:\.\d{1,2})?)",
    re.IGNORECASE,
)


def find_budget(text: str, context: SlotContext) -> list[Found]:
    """A budget of alerts: "5 alerts per 10,000 SIM-days"."""
    match = _BUDGET.search(text)
    if match is None:
        return []
    group = "n" if match["n"] else "m"
    return [Found(match.start(), match.end(), float(match[group]), match[0], 1.3)]


Budget = Annotated[
    float,
    Field(ge=0, le=1_000, description="Alerts per 10,000 SIM-days, such as 3"),
    Slot("anomaly_budget", find_budget, mask="5 alerts per 10,000 SIM-days", noun="how many alerts"),
]

_SUSPENSION: Final = {
    "off": r"(?:(?:automatic|shadow)\s+)?suspension\s+off|off(?=\W+(?:\w+\W+){0,3}suspension)|"
    r"no\s+(?:automatic\s+)?suspension",
    "shadow": r"shadow(?:[\s-]+mode)?",
}
Suspension = Annotated[
    Literal["off", "shadow"],
    BeforeValidator(_plain),
    Field(description="off, or shadow: what the two-evidence rule would suspend is shown, and nothing is suspended"),
    Slot("anomaly_suspension", _finder(_SUSPENSION), noun="off or shadow", shares=True),
]
