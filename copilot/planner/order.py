"""Putting translated words into an order that the English rules read: verbs first, adjectives, negations. Pure."""

import re
from collections.abc import Sequence
from typing import Final, Protocol

from iotsim.core.names import words as word_set


class Settling(Protocol):
    """A translated word: what stands there now, and whether it is a verb or a value that stays."""

    is_verb: bool
    kept: bool

    @property
    def shown(self) -> str: ...


_LEADING: Final = word_set(
    """please can could you i we want to would like must should shall never not now hello and then me us just also hey
    is it possible"""
)
_ENDS: Final = frozenset(",.;?!")
_OF_A_CLAUSE: Final = frozenset(("who", "which", "that", "what"))
_LATER_NAMES: Final = (
    r"(?:day|week|month|quarter|year|night|weekend|monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
)
_NUMBER: Final = r"(?:\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|twenty|thirty)"
_MENDED: Final = [
    (re.compile(pattern, re.IGNORECASE), better)
    for pattern, better in (
        (r"\b(?:the\s+)?(the|my|our)\s+(?=the\b)", r""),
        (rf"(?<![\w.,-])({_NUMBER})\s+(last|next|past|coming)\s+(?=\w)", r"\2 \1 "),
        (rf"\b({_LATER_NAMES})\s+(last|next|past|previous)\b", r"\2 \1"),
        (r"\b(?:the|SIM)\s+(?=(?:SIM\s+)?\d{4,}\b)", "SIM "),
        (r"\bSIM SIM\b", "SIM"),
        (r"\bof the last\b", "of last"),
        (r"\b(in|on|at|during|for)\s+the\s+(last|this|next)\s+(week|month|quarter|year|cycle)\b", r"\1 \2 \3"),
        (r"\bthe\s+(last|next)\s+(week|month|quarter|year)\b", r"\1 \2"),
        (r"\b(alerts?|anomal(?:y|ies)|alarms?)\s+(critical|open|new|unread)\b", r"\2 \1"),
        (r"\b(notifications?|messages?)\s+(unread|not read)\b", r"unread \1"),
        (r"\b(SIMs?|cards?)\s+(suspended|active|inactive|retired|silent)\b", r"\2 \1"),
        (r"\b(recommendations?|savings)\s+(?:of\s+|with\s+)?(high|medium|low)?\s*confidence\s*(high|medium|low)?\b",
         r"\1 with \2\3 confidence"),
        (r"\bconfidence\s+(high|medium|low)\b", r"\1 confidence"),
        (r"\b(consumers|users)\s+(biggest|heaviest)\b", r"\2 \1"),
        (r"\b(biggest|heaviest|largest)\s+consumers?\b", r"\1 users"),
        (r"\bthat\s+more than\s+(\S+\s+[GMKT]B)\s+(?:have\s+)?used(?:\s+have|\s+has)?\b", r"that used more than \1"),
        (r"\bmore than\s+(\S+\s+[GMKT]B)\s+used(?:\s+(?:have|has))?\b", r"used more than \1"),
        (r"\b(used|suspended|paid|activated|changed|done)\s+(?:have|has|was|were)(?=\s*(?:[.,;?!]|$))", r"\1"),
        (r"\b(when(?:ever)?|if|as soon as)\s+(a|any|the|one)\s+(SIM|card)\s+used\b", r"\1 \2 \3 uses"),
        (rf"\bthe\s+({_NUMBER})\s+(?=with\s+the\s+(?:highest|most|lowest)\b)", r"the \1 SIMs "),
        (rf"\bhave\s+been\s+((?:an?|{_NUMBER})\s+(?:day|week|month|hour)s?)\s+silent\b", r"have been silent for \1"),
        (r"\b(SIMs?|cards?|usage)\s+((?:over|above|under)\s+\d\S*(?:\s+[GMKT]B)?)\s+(goes|go)\b", r"\1 \3 \2"),
        (r"\b(has|have)\s+(SIM \S+)\s+(last|since|in|on|yesterday|today)\b(.*)\bused\b", r"\1 \2 used \3\4"),
        (r"\b(tag|label|mark|invite|put)\b([^,.?!]*?)\bhow\b", r"\1\2as"),
        (rf"\bsince\s+((?:an?|{_NUMBER})\s+(?:day|week|month|hour)s?)\b(?!\s+ago)", r"for \1"),
        (rf"\b(for\s+(?:an?|{_NUMBER})\s+(?:day|week|month|hour)s?)\s+gone\s+silent\b", r"gone silent \1"),
        (r"^(?:who|the ones that)\s+(?=(?:\S+\s+){0,4}(?:silent|over\s+(?:the|their)\s+quota)\b)", r"which SIMs "),
        (r"\b(of|with|in)\s+(?:the\s+|a\s+)?severity\s+(critical|high|medium|low)\b", r"with \2 severity"),
        (r"^(?:who|which)\s+(?:is|are)\s+(?:all\s+)?in\s+(our|the)\s+(organisation|team|company)\b",
         r"who are the members of \1 \2"),
        (r"\b(when(?:ever)?|if|as soon as)\s+(an?|any|the|one)\s+(SIM|card)\s+(?:the\s+|over\s+)?(\S+\s+[GMKT]B)\s+"
         r"(?:exceed|use|reach|pass)\w*", r"\1 \2 \3 uses more than \4"),
        (rf"\bchart\s+(?:of|with)\s+the\s+({_NUMBER})\s+(?:heaviest|biggest|top)\s+(?:users|SIMs)\b",
         r"chart of the top \1 SIMs by usage"),
        (r"\b(?:in|on)\s+the\s+network\s+of\s+", r"with operator "),
        (r"[¿¡]\s*", r""),
        (r"^\s*[,;]\s*", r""),
        (r"\bexplain\s+(?:to\s+)?me\s+(?:the\s+)?", r"explain "),
        (r"\bI\s+(?:want|would\s+like)\s+(?:to\s+)?(?:that\s+)?notify\s+me,?", r"notify me"),
        (r"\b(is|are|has|have)\s+(?:already\s+)?(its|their|the)\s+quota\s+(?:already\s+)?(?:exceeded|over\s+quota)\b",
         r"is over its quota"),
        (r"\s+([,.;:?!])", r"\1"),
        (r" {2,}", " "),
    )
]  # fmt: skip


_FIGURES: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_COUNTED: Final = re.compile(
    rf"\b(rule|alert|anomaly|request|report|job|upload|import|invitation|version|number)\s+({'|'.join(_FIGURES[1:])})\b"
    r"(?!\s+(?:days?|weeks?|hours?|months?|SIMs?|of|GB|MB|percent))",
    re.IGNORECASE,
)  # "the rule four"
_NUMBER_ALONE: Final = re.compile(
    r"(?P<before>\S+\s+)?(?<![\w.,:/-])(?P<number>\d{4,6})(?![\w.:/-])(?!,\d)(?!\s*(?:[GMKT]B|%|days|hours|euros|percent)\b)"
)
_NUMBERED: Final = re.compile(
    r"(?:SIMs?|alerts?|requests?|rules?|jobs?|reports?|uploads?|imports?|anomal\w+|events?|changes?|invitations?|"
    r"recommendations?|versions?|number|and|or|in|since|until|of|January|February|March|April|May|June|July|August|"
    r"September|October|November|December|.*,)$",
    re.IGNORECASE,
)


def _as_sim(match: "re.Match[str]") -> str:
    """A number that nothing names is a SIM's: "how much will 7310 use"."""
    before = (match["before"] or "").strip()
    is_year = len(match["number"]) == 4 and match["number"][:2] in ("19", "20")
    if before and (_NUMBERED.match(before) or is_year):
        return match[0]
    return f"{match['before'] or ''}SIM {match['number']}"


def settled(words: "Sequence[Settling]", language: str) -> str:
    """The sentence of these words."""
    kept = [one for one in words if one.shown]
    negated = _without_negation(kept, language)
    if language == "de":
        kept = _verb_first(kept)
    text = _COUNTED.sub(
        lambda match: f"{match[1]} {_FIGURES.index(match[2].lower())}", " ".join(one.shown for one in kept)
    )
    text = _NUMBER_ALONE.sub(_as_sim, text)
    for pattern, better in _MENDED:
        text = pattern.sub(better, text)
    return f"do not {text.strip()}" if negated else text.strip()


def _clause(words: list["Settling"]) -> int:
    """Where the first clause ends."""
    return next((place for place, one in enumerate(words) if one.shown in _ENDS and place > 0), len(words))


def _without_negation(words: list["Settling"], language: str) -> bool:
    """Whether the command itself is negated; the word that negates it is taken out."""
    end = _clause(words)
    start = _lead(words)
    if start >= len(words):
        return False
    place = next((at for at, one in enumerate(words[:end]) if one.shown in ("not", "do not", "never")), None)
    if place is None:
        return False
    if any(one.shown.lower() in _OF_A_CLAUSE for one in words[start + 1 : place]):
        return False  # "deactivate all SIMs that have not used anything"
    begins = words[start].is_verb or place in (start, start - 1) or (language == "de" and words[end - 1].is_verb)
    asks = words[0].shown.split(" ")[0].lower() in ("which", "who", "what", "how", "why", "when", "where", "are", "is")
    if begins and not asks:
        words.pop(place)
        return True
    return False


def _lead(words: list["Settling"]) -> int:
    """How many words stand before the sentence's own: please, can you, I want to."""
    place = 0
    while place < len(words) and all(part.lower() in _LEADING for part in words[place].shown.split()):
        place += 1
    return place


def _verb_first(words: list["Settling"]) -> list["Settling"]:
    """ "kannst du die Karte 6620 sperren": the verb at the end of the clause goes where English has it."""
    end, start = _clause(words), _lead(words)
    last = end - 1
    while last > start and words[last].shown.lower() in ("please", "again", "now", "have", "will", "would"):
        last -= 1
    if last <= start or not words[last].is_verb or words[start].is_verb:
        return words
    if words[start].shown.split(" ")[0].lower() in ("which", "who", "what", "how", "why", "when", "where"):
        return words
    verb = words.pop(last)
    return [*words[:start], verb, *words[start:]]
