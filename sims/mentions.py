"""How people mention SIMs: by ICCID, its last digits, IMSI, phone number or label. Pure functions over text."""

import re
from typing import Final

from iotsim.core.names import ENDS, QUOTED, run_of_words, unquote, words
from iotsim.core.slots import Found, SlotContext

# --- which SIM ---

_NUMBERED_OTHERS: Final = (
    r"(?:job|jobs|task|approval|approvals|request|requests|proposal|event|entry|upload|file|"
    r"intake|import|invoice|ticket|"
    r"order|undo|approve|reject|deny|accept|version|error|top|last|first|next|year|row|line\s+number)"
)
_NOT_UNIT: Final = (
    r"(?!\s*(?:%|percent|[kmgt]i?b\b|gigs?\b|megs?\b|bytes?\b|giga|mega|kilo|days?\b|weeks?\b|"
    r"months?\b|hours?\b|years?\b|"
    r"times\b|sims\b|new\b|more\b|euros?\b|dollars?\b|usd\b|eur\b|€|records\b|rows\b))(?![.,:/]\d)(?!-\d)"
)
_ENDING: Final = (
    r"(?:that\s+)?(?:(?:end(?:s|ing|ed)?|finish(?:es|ing)?|terminat(?:es|ing)|"
    r"w/)\s*(?:up\s+)?(?:in|with|on|by|at|:)?|"
    r"with\s+(?:the\s+)?(?:last|final)(?:\s+(?:\w+\s+)?(?:digits?|numbers?))?|(?:the\s+)?(?:last|"
    r"final)\s+(?:\w+\s+)?(?:digits?|numbers?)|"
    r"with\s+(?:the\s+)?(?:ending|suffix|tail)|suffix|tail)"
    r"\s*(?:the\s+)?(?:(?:last\s+)?(?:\w+\s+)?(?:digits?|numbers?)\s*)?(?:are|is|being|of|=|:)?\s*[\"'“#*.…-]*"
)
_NAMES: Final = (
    r"(?:sim(?:\s*-?\s*card)?|e-?sim|icc-?id|icc|imsi|msisdn|card|phone\s+number|number|"
    r"subscriber|line|eid|asset|unit|device)"
)
_PATTERNS: Final = [
    (re.compile(r"(?<![\w+])(?P<v>89(?:[\s-]?\d){16,20}f?)(?!\w)", re.I), 1.5, "digits"),
    (re.compile(r"(?<![\w+])(?P<v>\d{14,22}f?)(?!\w)", re.I), 1.4, "digits"),
    (re.compile(r"(?<!\w)(?P<v>\+\s?\d(?:[\s()./-]{0,2}\d){6,14})(?!\w)"), 1.5, "phone"),
    (re.compile(rf"\b{_ENDING}(?P<v>\d(?:[\s-]?\d){{1,18}}(?!\s?[gmk]i?b))(?!\w)", re.I), 1.4, "digits"),
    (re.compile(r"(?:\.{2,}|…|\*+|#|\bx{2,})\s?(?P<v>\d{3,19})(?!\w)", re.I), 1.2, "digits"),
    (
        re.compile(
            rf"\b{_NAMES}s?\s*(?:(?:number|no\.?|nr\.?|id|card|num)\s*)?(?:is|"
            rf"=)?\s*[:#'\"“]?\s*(?P<v>\d{{3,22}}f?)(?!\w){_NOT_UNIT}",
            re.I,
        ),
        1.3,
        "digits",
    ),
    (re.compile(r"(?<![\w+./:,-])(?P<v>0\d{6,14}|\d{4,13})(?![\w/])" + _NOT_UNIT, re.I), 0.7, "bare"),
    (
        re.compile(r"(?<![\w+./:-])(?P<v>\d{4,22})\s+(?:at\s+the\s+end|is\s+the\s+ending)\b", re.I),
        1.3,
        "digits",
    ),
]
_LABEL: Final = re.compile(
    r"(?<![\w./@#+-])(?P<v>(?!(?:top|last|first|past|next|q|covid|iso|utf|sha|md|version|v|lte|"
    r"rfc|o|a|m|day|mp|web|cat|nb|gpt|ipv|b|r|t)-?\d)"
    r"[A-Za-z][A-Za-z]*(?:[-_][A-Za-z0-9]+)*[-_]?\d+[A-Za-z]?(?:[-_][A-Za-z0-9]+)*)(?![\w@])(?!\.\w)",
)
# A word with a hyphen and no figure may be anything, unless it goes on a list of SIMs: "van-03 and depot-gate".
_PLAIN_LABEL: Final = re.compile(r"(?<![\w./@#+-])(?P<v>[A-Za-z]{2,}(?:[-_][A-Za-z]{2,})+)(?![\w@-])")
_LISTED: Final = re.compile(r"\s*(?:,\s*and|,|and|&|\+|plus)\s*", re.IGNORECASE)
_CALLED: Final = re.compile(
    r"\b(?:sim|card|device|one|asset|line)\s+(?:that\s+is\s+|which\s+is\s+)?(?:called|named|"
    r"label?led|with\s+(?:the\s+)?(?:label|name)|known\s+as)"
    r"(?=[\s\"'“])|\b(?:label|name)\s*[:=](?=[\s\"'“])|\b(?:sim|card)\s+(?=[\"'“])|\bthe\s+label\s+(?=[\"'“])",
    re.I,
)
_TWO_WORDS: Final = re.compile(
    r"\b(?P<v>(?P<noun>[A-Za-z]{3,})\s+(?:no\.?\s*|#)?\d{1,3}[A-Za-z]?)(?![\w%])" + _NOT_UNIT, re.I
)
_NOT_LABELS: Final = ENDS | words(
    """
    between past next limit page q quarter week month day jan feb mar apr may jun jul aug sep sept oct
    nov dec january february march april june july august september october november december about
    around approx than least most approval request job task upload file event entry change undo revert
    approve reject accept deny decline stop cancel get number no id import intake exactly maximum
    minimum max min beyond exceeding hit reached worst best biggest largest latest recent highest lowest
    lte version windows ios android world iphone covid chapter level step phase region zone customer
    client tier smart basic gold silver standard premium pro plus iot flex mega giga tariff bundle
    package ending finishing digits digit code part section season episode formula boeing area pick
    choose order buy dial call text email translate add multiply divide minus times within besides
    roughly nearly whole entire first second third action need want see pull fetch name another other
    new extra some few fewer bring make keep set raise lower bump increase reduce double cap allowance
    allow row rows score proposal ticket invoice show me results these those just only roll reverse
    decide sign off ok okay veto grant authorise authorize card line sims anomaly alert alarm rule report warning
    """
)
_QUOTED: Final = re.compile(rf"(?P<v>{QUOTED})")


def find_sims(text: str, context: SlotContext) -> list[Found]:
    """SIMs by ICCID, ending, IMSI, MSISDN or label, as the person named them (digits without spaces)."""
    found: list[Found] = []
    for pattern, score, how in _PATTERNS:
        for match in pattern.finditer(text):
            if how == "bare" and _belongs_elsewhere(text, match):
                continue
            keep(found, Found(*match.span("v"), _clean(match["v"], how), match["v"], score))
    for match in _CALLED.finditer(text):
        run = run_of_words(text, start=match.end(), most=3)
        if run is not None:
            keep(found, Found(run.start, run.end, run.value, run.text, 1.3))
    for match in _LABEL.finditer(text):
        if _is_label(match["v"]):
            keep(found, Found(*match.span("v"), match["v"], match["v"], 1.0))
    for match in _PLAIN_LABEL.finditer(text):
        if any(_LISTED.fullmatch(text[one.end : match.start("v")]) for one in found):
            keep(found, Found(*match.span("v"), match["v"], match["v"], 0.9))
    found = [_with_noun(text, one) for one in found]
    return sorted(found + _weak_labels(text, found), key=lambda one: one.start)


_BEFORE_SIM: Final = re.compile(
    rf"(?:\b(?:the|my|our|this|that|a)\s+)?(?:\b(?:{_NAMES}|one)\s*(?:(?:with|number|no\.?|id|"
    rf"iccid|whose|that|which|is|has|having)\s*){{0,3}})?"
    rf"(?:\b{_ENDING})?(?:label\s+|[#*.…\"'(:-]\s?)*$",
    re.I,
)


def _with_noun(text: str, found: Found) -> Found:
    """The same, spreading over the words that announce it ("the SIM ending in ...")."""
    match = _BEFORE_SIM.search(text[: found.start])
    start = match.start() if match else found.start
    return Found(start, found.end, found.value, text[start : found.end], found.score)


def keep(found: list[Found], one: Found) -> None:
    """Add one unless it is empty or shares words with an earlier one."""
    if one.value and not any(one.overlaps(other) for other in found):
        found.append(one)


def _clean(text: str, how: str) -> str:
    digits = re.sub(r"[\s().,/-]", "", text)
    return digits.rstrip("fF") if how == "digits" and len(digits) > 17 else digits


def _belongs_elsewhere(text: str, match: re.Match[str]) -> bool:
    """Years in dates and numbers of other things ("job 1234", "in 2026") are no SIMs."""
    before = text[: match.start("v")].rstrip().lower()
    if re.search(rf"\b{_NUMBERED_OTHERS}\s*(?:number|no\.?|id|#)?$", before):
        return True
    year = len(match["v"]) == 4 and match["v"][:2] in ("19", "20")
    return year and bool(
        re.search(
            r"(?:in|of|since|during|for|until|till|q[1-4]|[a-z]{3,9}\.?\s\d{1,2},?|january|february|"
            r"march|april|may|june|july|"
            r"august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)$",
            before,
        )
    )


def _is_label(text: str) -> bool:
    letters = re.match(r"[A-Za-z]+", text)
    if letters is None or (
        letters[0].lower() in ("sim", "sims", "iccid", "usage", "top", "past", "last") and "-" not in text
    ):
        return False
    if re.fullmatch(r"(?i)(?:q[1-4]|[kmgt]i?b\d*|x+\d+|o2|a1|m1|d[12]|e\d|s\d|mp3|h264|p\d\d?)", text):
        return False
    return "-" in text or "_" in text or len(letters[0]) >= 2


def _weak_labels(text: str, found: list[Found]) -> list[Found]:
    """Quoted words, and a noun with a small number ("truck 17"): SIMs only when nothing else claims them."""
    weak: list[Found] = []
    for match in _QUOTED.finditer(text):
        keep(weak, Found(*match.span("v"), unquote(match["v"]), match["v"], 0.6))
    for match in _TWO_WORDS.finditer(text):
        if match["noun"].lower() not in _NOT_LABELS:
            keep(weak, Found(*match.span("v"), match["v"], match["v"], 0.5))
    return [one for one in weak if not any(one.overlaps(other) for other in found)]
