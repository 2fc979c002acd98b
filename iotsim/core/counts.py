"""How many things a sentence asks for: "top 5", "the ten least used", "a dozen SIMs", "the heaviest one". Pure."""

import re
from typing import Final

from iotsim.core.quantities import NUMBER, read_number
from iotsim.core.slots import Found, SlotContext

_THINGS: Final = (
    r"(?:[a-z]+\s+){0,3}?(?:sims?|cards?|lines?|devices?|results?|rows?|entries|items?|records?|"
    r"imports?|intakes?|uploads?|"
    r"files?|events?|changes?|approvals?|requests?|jobs?|tasks?|users?|consumers?|talkers?|hogs?|"
    r"spenders?|offenders?|customers?|clients?|"
    r"actions?|ones|of\s+(?:them|my|our|the))"
)
_MOST: Final = (
    r"(?:(?:most|least|fewest)(?:\s+[a-z]+)?|[a-z]{3,}iest|biggest|largest|highest|lowest|"
    r"smallest|top|greatest|worst|latest|newest|"
    r"oldest|recent)"
)
_LIMITS: Final = [
    (
        rf"\b(?:top|bottom|first|leading|biggest|heaviest|best|worst|latest|lowest|"
        rf"highest)[\s-]+(?P<n>{NUMBER})\b(?!\s*(?:days?|weeks?|months?|hours?|years?|%|percent))",
        1.0,
    ),
    (
        rf"\blast\s+(?P<n>{NUMBER})\s+(?!(?:days?|weeks?|months?|hours?|quarters?|years?|fortnights?|"
        rf"digits?|numbers?|characters?)\b){_THINGS}\b",
        1.0,
    ),
    (
        rf"\b(?:limit(?:ed)?|cap(?:ped)?|max(?:imum)?|no\s+more\s+than|not\s+more\s+than|at\s+most|"
        rf"up\s+to|just|only)\s*(?:(?:it|the\s+list|the\s+results?|results?)\s+)?(?:to|at|of|=|"
        rf":)?\s*(?P<n>{NUMBER})\s+{_THINGS}\b",
        1.0,
    ),
    (
        r"\blimit(?:ed)?\s*(?:(?:it|this|the\s+list|the\s+results?|results?)\s+)?(?:to|=|:|"
        r"of)?\s*(?P<n>\d{1,3})\b(?!\s*(?:gb|mb|gig|meg|kb|tb|g|m|[.,]\d))",
        0.9,
    ),
    (rf"\b(?P<n>{NUMBER})\s+(?:of\s+(?:the|my|our)\s+)?{_MOST}\b", 1.0),
    (
        rf"\b(?:show|list|give|get|find|display|pull|fetch|name|see|which|what|want|need|"
        rf"tell)\s+(?:me\s+|us\s+|out\s+|up\s+)?(?:the\s+|any\s+|my\s+|our\s+|just\s+|only\s+|"
        rf"about\s+)*(?P<n>{NUMBER})\s+{_THINGS}\b",
        0.9,
    ),
    (rf"^\s*(?:the\s+|just\s+)?(?P<n>{NUMBER})\s+{_THINGS}\b", 0.8),
    (
        rf"\b(?:most|least|fewest|biggest|heaviest|hungriest|lowest|highest|worst|best|latest|"
        rf"newest)\s+(?:[a-z]+\s+)?(?P<n>{NUMBER})\s+{_THINGS}\b",
        0.9,
    ),
    (
        rf"\b(?!(?:rest|test|latest|request|interest|west|"
        rf"guest)\b)[a-z]{{3,}}est\s+(?:[a-z]+\s+)?(?P<n>{NUMBER})\b(?!\s*(?:days?|weeks?|months?|"
        rf"hours?|gb|mb|gig|meg))",
        0.9,
    ),
    (rf"\b(?:only|just|max|maximum|limit)\s+(?P<n>{NUMBER})\s*(?:of\s+them|please|results?|rows?)?\W*$", 0.8),
    (rf"\b(?:last|latest|newest|first)\s+(?P<n>{NUMBER})\W*$", 0.8),
    (rf"\b(?:most|least)\s+[a-z]+\s+(?P<n>{NUMBER})\b(?!\s*(?:days?|weeks?|months?|hours?|gb|mb|gig|meg))", 0.9),
]
_LIMIT_PATTERNS: Final = [(re.compile(pattern, re.IGNORECASE), score) for pattern, score in _LIMITS]
_SINGULAR: Final = re.compile(
    r"(?:\b(?:the|my|our|which|what|single|one|a|is|whose|top|whos|who's)\s+|^\W*)(?:single\s+|"
    r"one\s+|very\s+|absolute\s+|number\s+one\s+)*"
    r"(?:(?:sim|card|line|device)\s+(?:that\s+|which\s+)?(?:is\s+|has\s+|uses\s+|used\s+|"
    r"using\s+|consumes\s+|consumed\s+|with\s+|"
    r"burns\s+|burned\s+|eats\s+|ate\s+|had\s+|consuming\s+)"
    r"(?:the\s+|up\s+)*(?:most|least|highest|lowest|biggest|largest|smallest|top|heaviest|fewest)|"
    r"(?:(?:most|least)\s+[a-z]+|[a-z]{3,}iest|biggest|largest|highest|lowest|smallest|top|worst|greatest)"
    r"(?:[\s-]+(?:using|usage|data|consuming|used|single))*\s+(?:sim|card|line|consumer|user|"
    r"talker|hog|eater|guzzler|offender|device|one|spender)(?!s))\b",
    re.IGNORECASE,
)


def find_limit(text: str, context: SlotContext) -> list[Found]:
    """How many things are asked for: "top 5", "the ten least used", "show 20 SIMs"; 1 for "the heaviest SIM"."""
    found = []
    for pattern, score in _LIMIT_PATTERNS:
        for match in pattern.finditer(text):
            number = read_number(match["n"])
            if number is not None and number == int(number) and 0 < number <= 500:
                found.append(Found(*match.span("n"), int(number), match["n"], score))
    if not found:
        found = [Found(m.start(), m.end(), 1, m[0], 0.5) for m in _SINGULAR.finditer(text)][:1]
    return found
