"""Operators, plans, tags, customers and search words in a sentence. Pure functions over text."""

import re
from dataclasses import replace
from typing import Final

from iotsim.core.names import find_beside, unquote, words
from iotsim.core.slots import Found, SlotContext
from sims.speech import parse_state
from sims.world import OperatorMention, brands_of, find_operators

_BESIDE_OPERATOR: Final = re.compile(
    r"(?:\b(?:on|via|with|by|over|through|operator|network|carrier|provider|from|using|"
    r"roaming\s+(?:on|in|with)|and|or|is)\s*[:=]?\s*(?:the\s+)?)$",
    re.I,
)
_ON_OPERATOR: Final = re.compile(r"\b(?:on|via|over|operator|network|carrier|provider)\s+(?:the\s+)?$", re.IGNORECASE)
_OPERATOR_NOUN: Final = re.compile(r"\s*(?:'s\s+)?(?:network|sims?|cards?|operator|carrier|customers)\b", re.I)
_POPULAR: Final = (
    "Vodafone", "Telefónica", "Telefonica", "T-Mobile", "Orange", "Swisscom", "Telekom", "Movistar",
    "Verizon", "Bouygues", "Proximus", "Telenor", "Telstra", "Vodacom", "Airtel", "Elisa", "Tele2",
    "Sunrise", "Deutsche Telekom", "China Mobile", "Telcel", "Rogers", "Etisalat", "Softbank", "KPN", "SFR",
    "TIM", "O2", "EE", "AT&T", "DNA", "TDC", "MTN", "Docomo", "Optus", "Claro", "Megafon", "Beeline",
    "Turkcell", "Odido", "Telia",
)  # fmt: skip


def find_operator(text: str, context: SlotContext) -> list[Found]:
    """Operators by the world's brand names; everyday words ("three", "smart") only beside "on", "operator", ..."""
    found = []
    for one in find_operators(text):
        cued = _BESIDE_OPERATOR.search(text[: one.start]) or _OPERATOR_NOUN.match(text, one.end)
        if (one.sure and not _everyday(one)) or (cued and (_capital(one) or _named_operator(text, one))):
            sure = 1.25 if _ON_OPERATOR.search(text[: one.start]) else 1.0
            found.append(Found(one.start, one.end, one.name, one.text, sure))
    return found + _misspelt_operators(text, found)


def _everyday(one: OperatorMention) -> bool:
    """A short word in small letters that most people mean as a word ("life", "claro" is not one)."""
    return one.text.islower() and one.text.isalpha() and len(one.text) < 6 and one.name not in _POPULAR


def _capital(one: OperatorMention) -> bool:
    return one.text[:1].isupper() and one.start > 0


def _named_operator(text: str, one: OperatorMention) -> bool:
    return bool(
        re.search(r"(?:operator|network|carrier|provider|on|roaming (?:on|with)|via)\s*$", text[: one.start], re.I)
    ) and (one.sure or bool(re.search(r"(?:operator|network|carrier|provider)\s*$", text[: one.start], re.I)))


_NOT_BRANDS: Final = words("version versions organs arrange range ranges strange change oranges sunrises")


def _misspelt_operators(text: str, found: list[Found]) -> list[Found]:
    from rapidfuzz.distance import OSA

    near = []
    for match in re.finditer(r"[^\W\d_][\w-]{4,}", text):
        word = match[0].lower()
        if word in _NOT_BRANDS:
            continue
        limit = 1 if len(word) < 7 else 2
        for brand in _POPULAR:
            close = brand[0].lower() == word[0] and OSA.distance(word, brand.lower(), score_cutoff=limit) <= limit
            if close and not any(match.start() < one.end and one.start < match.end() for one in found):
                known = brands_of(brand)
                near.append(Found(match.start(), match.end(), known[0] if len(known) == 1 else brand, match[0], 0.85))
                break
    return near


def find_plan(text: str, context: SlotContext) -> list[Found]:
    """Plans: "plan Gold", "on the Gold plan", "tariff X", or a name the organisation has; the one left as "from"."""
    found = find_beside(
        text,
        before=r"(?:rate\s+|data\s+|tariff\s+|service\s+)?(?:plan|tariff|rateplan|bundle|package|subscription)",
        after=r"(?:rate\s+|data\s+|tariff\s+|service\s+)?(?:plan|tariff|bundle|package)s?",
        known=context.names("plan"),
    )
    found.sort(key=lambda one: one.start)
    if len(found) == 2 and _MOVED_TO.search(text[found[0].end : found[1].start]):
        found[0] = replace(found[0], role="from")
    elif len(found) == 2 and _LEFT.search(text[found[0].end : found[1].start]):
        found[1] = replace(found[1], role="from")
    return found


_MOVED_TO: Final = re.compile(r"\b(?:to|onto|into)\b", re.IGNORECASE)
_LEFT: Final = re.compile(r"\b(?:from|instead\s+of|rather\s+than|off)\b", re.IGNORECASE)

_QUOTED_TAG: Final = r"\"[^\"]+\"|'[^']+'|“[^”]+”"
_NO_TAG: Final = (
    r"(?:sims?|cards?|the|an?|all|it|its|them|this|that|my|their|new|every|any|more|of|to|from|"
    r"on|off|for|with|as|and|or|is|please|tags?|labels?)\b"
)
_TAG: Final = rf"(?P<v>{_QUOTED_TAG}|(?!{_NO_TAG})[\w][\w:./-]*)"
_WORD_TAG: Final = rf"(?P<v>{_QUOTED_TAG}|(?!{_NO_TAG})[A-Za-z][\w:./-]*)"
_PLAIN_TAG: Final = rf"(?P<v>{_QUOTED_TAG}|(?!{_NO_TAG})[^\W\d]+(?:[:./-][^\W\d]+)*)"
_PUT_OR_TAKE: Final = (
    r"\b(?:add|put|attach|apply|assign|give|set|stick|slap|remove|delete|drop|take|strip|clear|"
    r"detach|pull|get\s+rid\s+of|unset|no\s+longer\s+needs?|(?:does|do)\s+not\s+need|can\s+lose)\b"
)
_NEW_TAG: Final = [
    re.compile(pattern, re.I)
    for pattern in (
        # tag X as blue; label X with the tag blue
        rf"\b(?:tag|label|mark|flag|annotate|classify)\b(?!s|ged|led)[^.?!]*?\b(?:as|"
        rf"with)\s+(?:the\s+)?(?:tags?\s+|label\s+)?(?:of\s+|named\s+|called\s+)?{_TAG}",
        # add the tag blue to X; add the blue tag to X
        rf"{_PUT_OR_TAKE}[^.?!]*?\b(?:tags?|labels?)\s+(?:of\s+|named\s+|called\s+|:\s*)?{_TAG}",
        rf"{_PUT_OR_TAKE}[^.?!]*?(?:\b|(?<=\s))(?:the\s+|a\s+|an\s+|its\s+|their\s+)?{_TAG}\s+(?:tag|label)\b",
        # untag blue from X; remove blue from X; tag blue on X
        rf"\buntag\s+(?!(?:these|those|them|this|that|it)\b){_PLAIN_TAG}\s+(?:from|off|on)\b",
        rf"\b(?:remove|drop|strip|take|clear|delete)\s+(?:the\s+)?{_WORD_TAG}\s+(?:from|off)\b",
        rf"\btag\s+{_WORD_TAG}\s+(?:on|onto|to)\b",
        # untag X from blue; tag X blue; untag X: blue
        rf"\buntag\b[^.?!]*?\b(?:as|from)\s+{_WORD_TAG}",
        rf"\b(?:un)?(?:tag|label)\s+[^.?!]*?\d{{3,}}[\s:]+{_WORD_TAG}\s*[.!]?$",
        rf"\buntag\s+\S+\s*[:,]\s*(?:(?:remove|take|drop)\s+)?(?:the\s+)?{_WORD_TAG}(?:\s+off)?\s*[.!]?$",
        # add blue as a tag to X
        rf"\b(?:add|put|give|set|use|stick)\s+{_WORD_TAG}\s+as\s+(?:a|the|its|their)\s+(?:new\s+)?(?:tag|label)\b",
        # add blue to X, where X is plainly a SIM
        rf"\b(?:add|put|stick|slap|attach)\s+{_WORD_TAG}\s+(?:to|on|onto)\s+(?:the\s+|"
        rf"all\s+)?(?:sims?|cards?|\d{{4,}}|…|\.\.|\*)",
        rf"\btag\s+(?:the\s+)?(?:sim\s+|card\s+)?\S*\d\S*[\s:]+{_WORD_TAG}\s*[.!]?$",
        rf"\b(?:tag|mark|flag|label)\s+(?:it|them|that|this|those|these|the(?=\s+(?:selected|chosen|marked|ticked)))"
        rf"(?:\s+(?:selected|chosen|marked|ticked))?(?:\s+(?:sims?|cards?|ones?|lines?|devices?))?\s+(?:all\s+)?"
        rf"{_WORD_TAG}\s*[.!]?$",
    )
]


_NO_SIMS: Final = re.compile(r"\b(?:alerts?|alarms?|warnings?|anomal\w+|notifications?|requests?)\b", re.IGNORECASE)


_NO_TAGS: Final = frozenset(("so", "it", "that", "this", "please", "now", "again", "read", "unread", "seen"))


def find_new_tag(text: str, context: SlotContext) -> list[Found]:
    """The tag to put on or take off: "tag X with blue", "add the tag blue to X", "remove blue from X"."""
    for pattern in _NEW_TAG:
        match = pattern.search(text)
        marked = match is not None and re.match(r"(?:mark|flag)", match[0], re.I)
        if match and match["v"].lower() in _NO_TAGS:
            continue
        if match and not (marked and (parse_state(unquote(match["v"])) or _NO_SIMS.search(match[0]))):
            return [Found(*match.span("v"), unquote(match["v"]), match["v"], 1.25)]
    return []


def find_tag(text: str, context: SlotContext) -> list[Found]:
    """The tag SIMs have: "tagged blue", "with tag X", "the X tag", "blue-tagged", or a name the organisation has."""
    found = find_beside(
        text,
        before=r"(?<!who )(?<!has )(?<!have )(?<!anyone )(?:tagged(?:\s+(?:as|with|by))?|(?:with|have|has|"
        r"having|carrying|bearing|under|by|wearing|carry|carries|bear)\s+"
        r"(?:the\s+|a\s+)?(?:tags?|labels?)(?:\s+of)?|tags?\s*(?=[:=\"'“])|"
        r"(?<=\w\s)(?<!please )(?<!and )(?<!to )(?<!you )(?<!then )\btag)",
        after=r"(?:tag(?:ged)?)",
        known=context.names("tag"),
    )
    found += [Found(*m.span("v"), m["v"], m["v"], 1.0) for m in re.finditer(r"\b(?P<v>\w+)-tagged\b", text, re.I)]
    return [one for one in found if not re.fullmatch(r"\d{4,}.*", str(one.value))]


_OWNER: Final = (
    r"(?:belong(?:s|ing)?\s+to|owned\s+by|assigned\s+to|(?:for|of|at|from|by|to|"
    r"with)\s+(?:the\s+|our\s+|my\s+)?(?:customer|client|account|company)|"
    r"customer|client|account(?!\s+manager)|company)"
)
_POSSESSIVE: Final = re.compile(
    r"(?<!\w)(?P<v>[A-Z][\w&-]*(?:\s+[A-Z][\w&-]*){0,3})['’]s?\s+(?=(?i:[\w\s]*\b(?:sims?|cards?|"
    r"fleet|lines?|devices?|usage|health|churn|risk)\b))"
)
_HAVING: Final = re.compile(
    r"\b(?:does|do|did|has)\s+(?P<v>[A-Z][\w&-]*(?:\s+[A-Z][\w&-]*){0,3})\s+(?:have|own|hold|run|"
    r"operate|use|got|still)\b"
)
_STAYING: Final = re.compile(
    r"\b(?:[Ii]s|[Ww]ill|[Mm]ight|[Mm]ay|[Cc]ould|[Ww]ould|that|why|come|if|makes?|lose|odds|[Ee]xplain|behind|"
    r"[Cc]heck|[Ii]t['’]s|[Ww]hat['’]s)\s+"
    r"(?P<v>[A-Z][\w&-]*(?:\s+[A-Z][\w&-]*){0,3})(?:['’]s)?\s+(?=(?i:is|will|might|may|could|would|cancel\w*|leav\w*|churn\w*|"
    r"likely|at\s+risk|going|about|okay|a\s+healthy|doing|customer\s+health|health|account\s+health)\b)"
)
_PROPER: Final = re.compile(r"\b(?:of|for|from|at)\s+(?P<v>[A-Z][\w&-]*(?:\s+[A-Z][\w&-]*){0,3})(?!\w)")
_AND_THEN: Final = re.compile(
    r"^\W*(?i:and|what\s+about|how\s+about|and\s+(?:what|how)\s+about)\s+(?P<v>[A-Z][a-z][\w&-]*(?:\s+[A-Z][\w&-]*){0,3})\s*\?*$"
)


def find_customer(text: str, context: SlotContext) -> list[Found]:
    """Customers: "customer ACME", "owned by ACME", "ACME's SIMs", "SIMs of ACME", or a name the organisation has."""
    found = find_beside(text, before=_OWNER, known=context.names("customer"), lead=r"(?:named|called|=|:|is)?")
    for pattern, score in ((_POSSESSIVE, 0.85), (_HAVING, 0.85), (_STAYING, 0.85), (_PROPER, 0.65), (_AND_THEN, 0.75)):
        for match in pattern.finditer(text):
            one = Found(*match.span("v"), unquote(match["v"]), match["v"], score)
            ordinary = match["v"].lower() in (
                "i",
                "we",
                "any",
                "anyone",
                "somebody",
                "anybody",
                "what",
                "who",
                "that",
                "it",
                "let",
                "here",
                "there",
                "sim",
                "sims",
                "today",
                "yesterday",
                "how",
                "where",
            )
            if not ordinary and not any(one.overlaps(other) for other in found):
                found.append(one)
    found += _shortened(text, context.names("customer"), found)
    moved = _MOVED.search(text) is not None
    found = [replace(one, role="from") if moved and _FROM.search(text[: one.start]) else one for one in found]
    return [one for one in found if not parse_state(str(one.value))]


_MOVED: Final = re.compile(
    r"\b(?:move|transfer|reassign|shift|hand|switch|change|book)\b.*\bfrom\b.*\bto\b", re.IGNORECASE
)
_FROM: Final = re.compile(r"\bfrom\s+(?:(?:the\s+)?(?:customer|client|account)\s+)?[\"“']?$", re.IGNORECASE)


def _shortened(text: str, names: list[str], found: list[Found]) -> list[Found]:
    """The first words of a longer name, as people say it: "Acme" or "Acme Logistics" for "Acme Logistics GmbH"."""
    known: dict[str, list[list[str]]] = {}
    for name in names:
        first, *rest = name.split()
        if rest:
            known.setdefault(first, []).append(rest)
    shortened = []
    for match in re.finditer(r"\b[A-Z][\w-]{3,}\b", text):
        end = max((_reach(text, match.end(), rest) for rest in known.get(match[0], ())), default=0)
        if end and not any(match.start() < one.end and one.start < end for one in found):
            said = text[match.start() : end]
            shortened.append(Found(match.start(), end, said, said, 0.8))
    return shortened


def _reach(text: str, at: int, rest: list[str]) -> int:
    """Where the words of the name that stand there one after the other end."""
    for word in rest:
        match = re.compile(rf"\s+{re.escape(word)}(?!\w)", re.IGNORECASE).match(text, at)
        if match is None:
            break
        at = match.end()
    return at


_OFF: Final = re.compile(
    r"\b(?:un-?tag|un-?label|un-?mark|un-?flag|remov(?:e|ing)|delete|drop|strip|clear|detach|"
    r"take|pull|get\s+rid\s+of|unset|no\s+longer\s+(?:tag|needs?)|(?:does|do)\s+not\s+need|lose|without|erase)\b",
    re.I,
)


def find_removal(text: str, context: SlotContext) -> list[Found]:
    """True where a tag is to be taken off: "untag", "remove the tag", "take the tag off"."""
    return [Found(m.start(), m.start(), True, m[0], 0.5) for m in list(_OFF.finditer(text))[:1]]


_SEARCH: Final = re.compile(
    r"\b(?:(?:search(?:ing)?(?:\s+(?:for|by))?(?:\s+(?:sims?|cards?|anything|"
    r"everything))?(?:\s+(?:for|by|with|called|named))?|look(?:ing)?\s+up|look(?:ing)?\s+for|"
    r"lookup)(?!\s+(?:the\s+|all\s+|for\s+)?(?:labels?|names?)\b)|"
    r"(?:sims?|cards?|labels?|names?|ones|iccids?|devices?|anything|everything|"
    r"something)\s+(?:that\s+|which\s+|whose\s+)?(?:(?:label|name)s?\s+)?(?:that\s+)?"
    r"(?:contain(?:s|ing)?|with(?=\s+[\"'“])|match(?:es|ing)?|includ(?:es|ing)|start(?:s|"
    r"ing)?\s+with|begin(?:s|ning)?\s+with|like|called(?:\s+like)?|named(?:\s+like)?|label?led|mention(?:s|ing)?)|"
    r"\bcontaining|\bwith(?=\s+\S+\s+in\s+(?:the\s+|its\s+|their\s+)?(?:label|name)))"
    r"(?:\s+|\s*[:=]\s*)(?:the\s+(?:word|text|string|term|name)\s+|something\s+like\s+|"
    r"anything\s+(?:with|like)\s+)?(?P<v>\"[^\"]+\"|“[^”]+”|'[^']+'|[\w][\w./:-]*)",
    re.I,
)
_NOT_SEARCHED: Final = words(
    """
    containing contain contains whose what labels label names name
    numbers number a an the my our sims sim cards all any which that with for in
    on over under active inactive suspended retired me usage data
    """
)


def find_search(text: str, context: SlotContext) -> list[Found]:
    """Words to look for in labels and numbers: "search for pump", "labels containing 'depot'"."""
    return [
        Found(*match.span("v"), unquote(match["v"]), match["v"], 1.15 if match["v"][0] in "\"'“" else 0.9)
        for match in _SEARCH.finditer(text)
        if unquote(match["v"]).lower() not in _NOT_SEARCHED
    ][:1]
