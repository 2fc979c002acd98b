"""How people speak of the states of SIMs, of what to do with them, of order and of what needs attention. Pure."""

import re
from typing import Final

from iotsim.core.slots import Found, SlotContext
from sims.mentions import keep

# --- which state ---

_STATES: Final = {
    "inventory": r"(?:in\s+)?(?:the\s+)?inventory|(?:in|on)[\s-](?:stock|the\s+shelf|the\s+warehouse|store|"
    r"storage|the\s+drawer)|in[\s-]stock|stock(?:ed)?|"
    r"(?:not(?:\s+yet)?|never|un)[\s-]?(?:deployed|shipped|issued|installed|provisioned|"
    r"been\s+activated|activated)|warehoused?|spares?|brand[\s-]?new|"
    r"un(?:assigned|allocated)|in\s+reserve",
    "test_ready": r"test[\s_-]?ready|ready\s+(?:for|to)\s+(?:be\s+)?test(?:ing|ed)?|"
    r"in\s+test(?:ing)?(?:\s+(?:mode|state))?|"
    r"test(?:ing)?[\s-](?:mode|state|phase|status)|"
    r"(?:being|under)\s+test(?:ed|ing)?|test[\s-]sims?",
    "inactive": r"in-?active|in-?activated|deactivated|de-activated|disabled|dormant|switched[\s-]off|"
    r"turned[\s-]off|powered[\s-]down|shut[\s-](?:off|down)|"
    r"(?:not|non|no\s+longer)[\s-]+(?:currently\s+)?(?:active|enabled|activated|switched\s+on)|"
    r"off(?=\s*(?:$|\?|\.|right\s+now|now|currently))",
    "suspended": r"suspended|paused|blocked|frozen|barred|on[\s-]hold|cut[\s-]off(?=\s*(?:$|\?|\.|sims?|"
    r"cards?|right|at|in|on|by|for))|"
    r"halted|locked|quarantined|parked|in\s+suspension|under\s+suspension|suspension\s+(?:state|status)",
    "retired": r"retired|terminated|decommissioned|scrapped|cancelled|canceled|end[\s-]of[\s-]life|eol|"
    r"written\s+off|dead|disposed(?:\s+of)?|"
    r"permanently\s+(?:off|closed|disabled|gone|deactivated)|discarded",
    "active": r"active|activated|enabled|live|in[\s-](?:service|use|operation)|up\s+and\s+running|working|"
    r"operational|switched[\s-]on|turned[\s-]on|"
    r"operating|alive",
}
_STATE_PATTERN: Final = re.compile(
    "|".join(rf"(?P<{name}>(?<![\w-])(?:{words})(?![\w-]))" for name, words in _STATES.items()), re.I
)
_NOT_A_STATE: Final = re.compile(
    r"\b(?:(?:most|least|more|less|recently|last|longest|very|highly)\s+(?:recently\s+)?active|"
    r"when\s+was|who(?:ever)?\s+(?:has\s+)?\w+ed)$",
    re.I,
)
_NEGATED: Final = re.compile(
    r"\b(?:not|never|non|no\s+longer|is\s?n't|are\s?n't|except|excluding|other\s+than)[\s-]+(?:\w+\s+){0,1}$",
    re.I,
)


def find_states(text: str, context: SlotContext) -> list[Found]:
    """States by their names and everyday words, as the names; a negated one ("not suspended") is left out."""
    found = []
    for match in _STATE_PATTERN.finditer(text):
        if _NOT_A_STATE.search(text[: match.end()]) or _NEGATED.search(text[: match.start()]):
            continue
        weak = match[0].lower() in (
            "working",
            "dead",
            "alive",
            "live",
            "locked",
            "operating",
            "stock",
            "new",
            "off",
            "in use",
            "spare",
        )
        found.append(Found(match.start(), match.end(), match.lastgroup, match[0], 0.7 if weak else 1.0))
    return found


def parse_state(text: str) -> str | None:
    """The state named by one word or phrase ("in stock", "paused", "test ready"), or None."""
    match = _STATE_PATTERN.fullmatch(text.strip())
    return match.lastgroup if match else None


# --- what to do ---

_OBJECT: Final = r"(?:(?:[\w#*+….'\"“”-]+\s+){1,6}?)"
_ACTIONS: Final = {
    "resume": rf"un-?(?:suspend|pause|block|freeze|bar|lock|park|hold|mute)|resume|re-?instate|restore|"
    rf"re-?connect|revive|release|"
    rf"lift\s+(?:the\s+)?(?:suspension|block|hold|pause|bar|freeze)|wake(?:\s+{_OBJECT}?up)?|rouse|"
    rf"(?:turn|switch|bring|put|get|take|flip|power)\s+{_OBJECT}?(?:back(?:\s+(?:on|online|up|"
    rf"to\s+life|in(?:to)?\s+(?:service|action|use|operation)|live|alive))?|off\s+hold)|"
    rf"let\s+{_OBJECT}?(?:back\s+on|run\s+again|go\s+again)|(?:turn|"
    rf"switch)\s+{_OBJECT}?on\s+again|start\s+{_OBJECT}?again",
    "deactivate": rf"de-?activate|in-?activate|disable|(?:switch|turn|shut|power)\s+{_OBJECT}?(?:off|down)|"
    rf"(?:take|bring|pull|put)\s+{_OBJECT}?(?:offline|out\s+of\s+(?:service|use|action|operation)|"
    rf"to\s+sleep|to\s+rest)",
    "suspend": rf"suspend|pause|block|freeze|bar|cut\s+{_OBJECT}?off|kill|halt|hold|(?:put|"
    rf"place)\s+{_OBJECT}?(?:on|under)\s+(?:hold|pause|ice|suspension|a\s+hold)|"
    rf"lock|quarantine|park|disconnect|shut\s+out|pull\s+the\s+plug\s+on|cut|stop|mute|put\s+{_OBJECT}?on\s+ice|"
    r"(?:put|place)\s+a\s+(?:hold|block|bar|freeze|stop)\s+on",
    "activate": rf"re-?activate|activate|re-?enable|enable|(?:switch|turn|power|fire|light|"
    rf"start)\s+{_OBJECT}?(?:on|up)|start|"
    rf"(?:bring|put|take|get)\s+{_OBJECT}?(?:online|live|into\s+(?:service|use|operation|action)|"
    rf"in\s+service)|make\s+{_OBJECT}?(?:live|work)|launch|kick\s+off",
}
_BARE: Final = [
    (
        "resume",
        re.compile(
            r"^\W*(?:please\s+)?(?:the\s+)?(?:sim\s+|card\s+)?\S*\d\S*\s+(?P<v>back\s+on)(?:\s+please)?\W*$", re.I
        ),
    ),
    (
        "deactivate",
        re.compile(
            r"^\W*(?:please\s+)?(?:the\s+)?(?:sim\s+|card\s+)?\S*\d\S*\s+(?P<v>off)(?:\s+please)?\W*$|"
            r"\b(?P<w>(?:turn|switch|shut)\s+of)(?=\s+(?:the|sims?|cards?|all|every|\S*\d))",
            re.I,
        ),
    ),
    (
        "activate",
        re.compile(r"^\W*(?:please\s+)?(?:the\s+)?(?:sim\s+|card\s+)?\S*\d\S*\s+(?P<v>on)(?:\s+please)?\W*$", re.I),
    ),
]
_ACTION_PATTERN: Final = re.compile(
    "|".join(rf"(?P<{name}>(?<![\w-])(?:{words})(?![\w-]))" for name, words in _ACTIONS.items()), re.I
)
_DONE: Final = {
    "resume": r"un-?(?:suspended|paused|blocked|frozen|barred|locked)|resumed|re-?instated|restored|"
    r"back\s+(?:on|online|up)|re-?connected|brought\s+back",
    "deactivate": r"de-?activated|disabled|(?:switched|turned|shut)\s+(?:off|down)|inactive|offline",
    "suspend": r"suspended|paused|blocked|frozen|barred|cut\s+off|on\s+hold|killed|halted|stopped|locked|"
    r"disconnected|parked",
    "activate": r"re-?activated|activated|enabled|re-?enabled|(?:switched|turned)\s+on|active|live|online",
}
_WISH: Final = (
    r"\b(?:want|wants|need|needs|get|have|like|must|should|please|ought\s+to|wish|require|"
    r"requires|can|could|make|set|mark|change|move|flip|put|switch|update|turn|"
    r"place|bring)\b[^.?!]*?"
)
_WISHED: Final = [
    (action, re.compile(rf"{_WISH}\b(?:be|being|get|to|as|into|=|:)?\s*(?P<v>{words})(?![\w-])", re.I))
    for action, words in _DONE.items()
]
_QUESTION: Final = re.compile(
    r"^\s*(?:which|what|who|how|when|why|where|do|does|did|is|are|show|list|find|give|display|"
    r"any(?![^?]*\b(?:must|should|shall|needs?\s+to|has\s+to|have\s+to)\b)|all\s+\w+\s+sims$)\b",
    re.I,
)
_ASKED: Final = re.compile(r"\b(?:if|whether)\s+(?!an?\b|any\b)[^.?!]*\b(?:is|are|was|were|has|have)\b", re.I)
_DESCRIBES: Final = re.compile(r"\b(?:that|which|who)\s+(?:are|is|were|was)\s+$", re.I)
_GERUND: Final = {
    "suspend": r"suspending|pausing|blocking|freezing|suspension",
    "deactivate": r"deactivating|deactivation|disabling",
    "activate": r"(?:re-?)?activating|(?:re-?)?activation|enabling",
    "resume": r"resuming|reinstating|resumption|unsuspending|unblocking",
}


def find_actions(text: str, context: SlotContext) -> list[Found]:
    """What to do with SIMs: verbs ("cut off", "wake up"), wishes ("I want it paused", "set it to inactive")."""
    found = [
        Found(match.start(), match.end(), _meant(text, match), match[0], _strength(text, match))
        for match in _ACTION_PATTERN.finditer(text)
    ]
    if not found and not _QUESTION.search(text) and not _ASKED.search(text):
        for action, pattern in _WISHED:
            match = pattern.search(text)
            if match and not _DESCRIBES.search(text[: match.start("v")]):
                found.append(Found(*match.span("v"), action, match["v"], 1.05))
    if not found:
        found = [
            Found(*match.span(match.lastgroup or 0), action, match[match.lastgroup or 0], 1.0)
            for action, pattern in _BARE
            for match in pattern.finditer(text)
        ]
    if not found:
        found = [
            Found(m.start(), m.end(), action, m[0], 0.6)
            for action, words in _GERUND.items()
            for m in re.finditer(rf"\b(?:{words})\b", text, re.I)
        ]
    return found[:1] if found and found[0].score >= 1.0 else found


def _meant(text: str, match: re.Match[str]) -> str:
    """What "reactivate" and "turn back on" mean hangs on the state named: suspended is resumed, inactive started."""
    action = str(match.lastgroup)
    verb = match[0].lower()
    states = {state for state, words in _STATES.items() if re.search(rf"(?<![\w-])(?:{words})(?![\w-])", text, re.I)}
    if action == "activate" and verb.startswith("re") and "suspended" in states:
        return "resume"
    if (
        action == "resume"
        and re.match(r"turn|switch|bring|put|get|power|wake|start|flip|revive", verb)
        and "inactive" in states
    ):
        return "activate"
    return action


def _strength(text: str, match: re.Match[str]) -> float:
    """Verbs that are also plain words ("stop", "hold", "start", "cut") count less unless they open the sentence."""
    plain = match[0].lower() in (
        "stop",
        "hold",
        "start",
        "cut",
        "kill",
        "lock",
        "park",
        "release",
        "bar",
        "launch",
        "restore",
        "halt",
        "mute",
    )
    opens = re.fullmatch(
        r"\W*(?:(?:please|pls|plz|kindly|just|now|ok|and|then|hey|can|could|would|will|you|to|i|want|"
        r"need|let|us|go|ahead)\W+)*",
        text[: match.start()],
        re.I,
    )
    return 1.0 if not plain or opens else 0.7


# --- in which order ---

_ORDERS: Final = [
    (
        "usage",
        r"(?:least|lowest|lightest|smallest|quietest|fewest|bottom|minimal|thriftiest|slowest|"
        r"laziest)(?:\s+(?:data\s+)?(?:used|using|usage|active|data|hungry|consuming|consumers?|"
        r"users?))?|"
        r"lowest\s+(?:usage\s+)?first|ascending|asc\b|from\s+(?:low|least|smallest|lowest)|"
        r"low\s+to\s+high|smallest\s+first|light(?:est)?\s+(?:users|eaters|consumers)|least\s+first|"
        r"(?:using|used|uses|consum\w+)\s+(?:the\s+)?least|in\s+increasing\s+order|increasing",
    ),
    (
        "-last_seen",
        r"(?:most\s+)?recently\s+(?:seen|active|connected|online)|(?:by\s+|on\s+)?last[\s_-]seen|"
        r"latest\s+(?:seen|activity|connection)|most\s+recent\s+(?:activity|connection)",
    ),
    (
        "last_seen",
        r"longest\s+(?:silent|offline|unseen|quiet|without)|(?:silent|offline|quiet|"
        r"unseen)\s+(?:the\s+)?longest|not\s+been\s+seen\s+(?:for\s+)?(?:the\s+)?longest|"
        r"oldest\s+(?:seen|activity)",
    ),
    ("label", r"alphabetical(?:ly)?|(?:by|on)\s+(?:label|name)|a\s+to\s+z|a-z"),
    (
        "iccid",
        r"(?:sort(?:ed)?|order(?:ed)?)\s+(?:by|on)\s+icc-?id|by\s+icc-?id|(?:sort(?:ed)?|"
        r"order(?:ed)?)\s+by\s+number",
    ),
    ("status", r"(?:sort(?:ed)?|order(?:ed)?|group(?:ed)?)\s+(?:by|on)\s+(?:status|state)"),
    (
        "-usage",
        r"top|most(?!\s+(?:of|sims|likely|recent))(?:\s+(?:data|used|active|hungry|usage|traffic|"
        r"consum\w+))*|heav(?:y|iest)(?:\s+(?:data\s+)?(?:users?|consumers?|usage|hitters?))?|"
        r"biggest|largest|highest|"
        r"hungriest|greediest|(?:data|bandwidth|traffic)[\s-]+(?:hogs?|guzzlers?|eaters?|monsters?|"
        r"gluttons?|vampires?)|hogs?|guzzlers?|top\s+talkers|talkers|"
        r"big\s+(?:spenders|users|consumers|eaters)|worst\s+offenders?|worst|"
        r"offenders|power\s+users|by\s+(?:data\s+)?(?:usage|consumption|traffic|volume|data)|"
        r"descending|desc\b|high\s+to\s+low|biggest\s+first|"
        r"chattiest|busiest|greatest|leaders|leading|number\s+one|number\s+1|hottest|thirstiest|"
        r"ranked|ranking|leaderboard",
    ),
]
_ORDER_PATTERNS: Final = [(order, re.compile(rf"(?<![\w-])(?:{words})(?![\w])", re.I)) for order, words in _ORDERS]


def find_order(text: str, context: SlotContext) -> list[Found]:
    """How a list is ordered: "top", "heavy users" (-usage), "least used" (usage), "recently seen" (-last_seen), ..."""
    found: list[Found] = []
    for order, pattern in _ORDER_PATTERNS:
        for match in pattern.finditer(text):
            if not re.search(r"\bat\s+$", text[: match.start()], re.I):
                keep(found, Found(match.start(), match.end(), order, match[0], 0.9))
    lowest = next((one for one in found if one.value == "usage"), None)
    return [lowest] if lowest else found[:1]


# --- what needs attention ---

_OWN_LIMIT: Final = (
    r"(?:(?:their|its|the|his|her|monthly|data|own|whole|entire|full|complete|contracted|included|usual)\s+)*(?:quotas?|"
    r"limits?|allowances?|caps?|bundles?|data\s+volume)"
)
_ATTENTION: Final = [
    (
        "near_quota",
        rf"(?:near(?:ing|ly|\s+to)?|close\s+to|approach(?:ing|es)?|almost|about\s+to|soon|"
        rf"just\s+under|on\s+the\s+verge\s+of)(?:\s+\w+){{0,3}}?\s+{_OWN_LIMIT}|"
        rf"running\s+(?:low|out)|80\s?%\s+of\s+{_OWN_LIMIT}",
    ),
    (
        "over_quota",
        rf"(?:over|above|beyond|past|exceed(?:s|ed|ing)?|bust(?:ed)?|blew|blown|broke|out\s+of|"
        rf"used\s+up|used\s+all\s+of|went\s+over|hit|ha[sv]e?\s+reached|more\s+than)"
        rf"(?:\s+through)?\s+{_OWN_LIMIT}(?!\s+of\s+\d)(?!\s+\d)|over[\s-]?(?:quota|limit|usage)|overage",
    ),
    (
        "silent",
        r"silent|gone\s+(?:quiet|dark|silent)|(?:not|never|n't|no\s+longer)\s+(?:been\s+)?(?:seen|heard|reported|"
        r"checked\s+in|connected|online|sent\s+a\s+signal|talked|spoken|phoned\s+home|pinged|shown\s+up|turned\s+up|"
        r"been\s+in\s+touch|made\s+a\s+(?:sound|peep))|"
        r"unseen|lost\s+contact|no\s+(?:longer\s+)?(?:\w+\s+)?(?:contact|signs?\s+of\s+life)|out\s+of\s+reach|unreachable|"
        r"went\s+(?:quiet|dark)|offline",
    ),
]


def find_attention(text: str, context: SlotContext) -> list[Found]:
    """Why SIMs want looking at: "over their quota", "close to the limit", "not seen lately"."""
    for kind, words in _ATTENTION:
        match = re.search(rf"(?<![\w-])(?:{words})(?![\w])", text, re.I)
        if match:
            return [Found(match.start(), match.end(), kind, match[0], 0.85)]
    return []


# --- how fine usage is shown ---

_RESOLUTION: Final = {
    "hour": r"hourly|(?:by(?:\s+the)?|per|an|each|every)\s+hour|hour[\s-]by[\s-]hour|in\s+hours",
    "month": r"monthly|(?:by(?:\s+the)?|per|each|every)\s+month|month[\s-]by[\s-]month|in\s+months",
    "day": r"daily|(?:by(?:\s+the)?|per|each|every)\s+day|day[\s-]by[\s-]day",
}
_RESOLUTION_PATTERN: Final = re.compile(
    "|".join(rf"(?P<{name}>\b(?:{words})\b)" for name, words in _RESOLUTION.items()), re.IGNORECASE
)


def find_resolution(text: str, context: SlotContext) -> list[Found]:
    """How fine usage is wanted: "hourly", "per day", "month by month"."""
    return [
        Found(match.start(), match.end(), str(match.lastgroup), match[0], 0.5)
        for match in _RESOLUTION_PATTERN.finditer(text)
    ][:1]


# --- the organisation's name ---

_NEW_NAME: Final = re.compile(
    r"\b(?:rename|call|name)\s+(?:the\s+|our\s+|my\s+|this\s+|us\b\s*)?"
    r"(?:organi[sz]ation|company|workspace|tenant|account)?\s*(?:name\s+)?(?:to\s+|as\s+)?"
    r"(?P<name>[\"'\u201c]?[A-Z0-9].{0,118}?)[\"'\u201d]?\s*[.!]?$|"
    r"\b(?:organi[sz]ation|company|workspace)(?:(?:'s)?\s+name\s+(?:to|should\s+be|is\s+now)|"
    r"\s+(?:is\s+now|is|should\s+(?:now\s+)?be|has\s+been|was)\s+(?:now\s+)?(?:called|renamed(?:\s+to)?|named))\s+"
    r"[\"'\u201c]?(?P<other>\S.{0,118}?)[\"'\u201d]?\s*(?:,[^,\"]*)?[.!]?$"
)


def find_organization_name(text: str, context: SlotContext) -> list[Found]:
    """The new name in "rename the organisation to Acme"; only where the organisation is spoken of."""
    if not re.search(r"\b(?:organi[sz]ation|company|workspace)\b", text, re.IGNORECASE):
        return []
    match = _NEW_NAME.search(text)
    if match is None:
        return []
    group = "name" if match["name"] else "other"
    name = match[group].strip("\"'\u201c\u201d ")
    return [Found(*match.span(group), name, match[group])] if name else []
