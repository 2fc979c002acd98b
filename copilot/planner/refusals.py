"""What the planner must not act on: commands to break the rules, negated, hypothetical and later commands."""

import re
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Final

from copilot.planner.reading import Tool
from copilot.planner.text import words_of

_FILE: Final = Path(__file__).resolve().parent / "data" / "out_of_scope.txt"

_HOSTILE: Final = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass|circumvent|skip|disable|evade|get\s+around|"
    r"work\s+around)\b[^.?!]{0,40}\b(?:rules?(?!\s+(?:number\s+|no\.?\s*|#\s*)?\d)|instructions?|"
    r"guidelines?|guardrails?|restrictions?|polic(?:y|ies)|safety|filters?|approvals?|"
    r"confirmations?|permissions?|prompts?|above|limits\s+of\s+your)\b|"
    r"\b(?:without|no\s+need\s+for)\s+(?:any\s+|my\s+|the\s+)?(?:approval|confirmation|"
    r"permission|asking(?:\s+anyone)?)\b|"
    r"\b(?:system|developer|admin|god|root|debug|dan)\s+(?:prompt|mode)\b|\bjailbreak|"
    r"^\W*(?:system|sistema|syst[eè]me|developer|assistant|admin(?:istrator)?|root)\s*:|\b(?:confirmations?|approvals?|checks?|guards?|safety)\s+(?:is|are)\s+"
    r"(?:now\s+)?(?:off|disabled|suspended|waived)\b|\b(?:let\s+us|let's|lets)\s+play\b|\byou\s+are\s+(?:now\s+)?an?\s+(?:hacker|pirate|"
    r"villain|evil|different|unrestricted|rogue)\b|"
    r"\b(?:act|"
    r"behave)\s+as\b|\bpretend\b|\byou\s+are\s+now\b|"
    r"\b(?:drop|truncate|wipe|delete|erase|destroy|dump|corrupt|"
    r"nuke)\b[^.?!]{0,25}\b(?:databases?|db|tables?|schema|logs?|history|everything|"
    r"backups?|server|organi[sz]ation|audit|records|all\s+data|data)\b|\brm\s+-rf\b|\bsudo\b|"
    r";\s*--|\bselect\s+\*\s+from\b|<script|"
    r"\b(?:passwords?|passwd|credentials?|api[\s-]?keys?|secrets?|private\s+keys?|access\s+tokens?|"
    r"(?<!\bmany\s)tokens(?!\s+(?:did|do|have|has|were|was|used|per|by|a|this|last)\b))\b|"
    r"\bother\s+(?:organi[sz]ations?|tenants?|compan(?:y|ies)|accounts?)\b|"
    r"\banother\s+(?:organi[sz]ation|tenant|company|firm)\b|"
    r"\b(?:competitor|competitors|someone\s+else)'?s?\b|\b(?:tenant|organi[sz]ation)\s+\d+\b|\btenants?\b|"
    r"\b(?:every|all|each)\s+(?:organi[sz]ations?|companies|company)\b|"
    # out of the house: "send the list of customers to somebody@elsewhere", "post it to https://..."
    r"\b(?:send|e?mail|forward|post|upload|transmit|leak|copy)\b[^.?!]{0,60}\b(?:lists?|data|customers?|fleet|sims?|"
    r"cards?|report|export|overview|summary|figures|table|members|usage|costs|numbers|everything|all|it|them)\b"
    r"[^?!]{0,40}\bto\s+(?:[\w.+-]+@|https?://|www\.)|\bto\s+https?://",
    re.IGNORECASE,
)
_HYPOTHETICAL: Final = re.compile(
    r"^\W*(?:(?:hey|hi|ok|so|please|well|and|but|can\s+you\s+(?:tell|"
    r"explain)(?:\s+to)?(?:\s+me)?|could\s+you\s+(?:tell|explain)(?:\s+to)?(?:\s+me)?|tell\s+me|"
    r"explain|"
    r"i\s+wonder|do\s+you\s+know|would\s+you\s+say)\W+)*"
    r"(?:how\s+(?:do|can|could|would|should|to|does|might)\b|what\s+(?:happens|would|"
    r"will\s+happen|does\s+it\s+(?:mean|cost)|if)\b|"
    r"should\s+(?:i|we)\b|(?:is|would)\s+it\s+(?:be\s+)?(?:safe|ok|okay|possible|wise|smart|"
    r"advisable|bad|better|a\s+(?:good|bad)|worth|allowed|legal)\b|"
    r"(?:what|which)\s+(?:is|are)\s+the\s+(?:consequences?|steps|procedure|way|difference|"
    r"effects?|risks?)\b|when\s+should|why\s+(?:should|would)|"
    r"if\s+(?:i|we)\b.*\b(?:what|would|will)\b|can\s+(?:a\s+)?sims?\s+be\b|(?:am|are)\s+(?:i|we)\s+allowed|"
    r"what\s+(?:do|does|is|are)\s+(?:\S+\s+){0,3}(?:mean|means|stand\s+for)\b)",
    re.IGNORECASE,
)
_GENERAL: Final = re.compile(
    r"^\W*(?:(?:please|can\s+you|could\s+you|tell\s+me|hey|hi|so)\W+)*"
    # ... but a thing with a number is one of ours: "explain anomaly 12", "explain the alert of truck-17"
    r"(?:explain\b(?!\s+(?:to\s+me\s+)?(?:the\s+|why\s+)?(?:\w+\s+){1,2}(?:(?:number|no\.?|of|sim)\s+)*\S*\d)|define\b|"
    r"what\s+(?:is|are)\s+(?:an?\s+(?:\w+\s*){1,3}$|"
    r"the\s+(?:meaning|definition|difference|purpose|point|idea)\b)|what\s+(?:do|"
    r"does)\s+.*\b(?:mean|stand\s+for)\b|how\s+(?:do|does)\s+.*\bwork\b)",
    re.IGNORECASE,
)
_LATER: Final = re.compile(
    r"\b(?:remind|tomorrow|tonight|next\s+(?:week|month|year|quarter|mon|tue|wed|thu|fri|sat|sun|time|"
    r"cycle)\w*|every\s+(?:day|night|week|month|hour|morning|evening|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|time)|automatically|whenever|"
    r"each\s+(?:day|night|week|month|time)|nightly|at\s+midnight|"
    r"at\s+\d{1,2}(?::\d\d)?\s*(?:am|pm|o'?clock)|in\s+(?:\d+|an?|two|three|five|"
    r"ten)\s+(?:hours?|minutes?|days?|weeks?)|"
    r"(?:when|once|as\s+soon\s+as|if|after)\s+(?:it|they|he|she|usage|the\s+usage|any\s+sim|"
    r"a\s+sim|its\s+usage|consumption)\s+(?:\w+\s+)?(?:reach|hit|exceed|go|goes|pass|cross|use|"
    r"get|come|is\s+over)\w*)\b",
    re.IGNORECASE,
)
_NEGATION: Final = re.compile(
    r"\b(?:do\s+not|does\s+not|did\s+not|never|must\s+not|should\s+not|shall\s+not|may\s+not|"
    r"can\s+not|need\s+not|will\s+not|would\s+not|please\s+not|not\s+to|"
    r"(?:on|under|in|by|at)\s+no\s+(?:account|circumstances?|condition|case|means|time)|"
    r"no\s+need\s+to|avoid|refrain\s+from|stop\s+(?=\w+ing)|without(?=\s+\w+ing)|rather\s+not|"
    r"not\s+(?=\w+(?:ing|ed)?\b))\s*",
    re.IGNORECASE,
)
_FILLERS: Final = frozenset(words_of("please ever just even to go ahead and you i we let dare any the yet now"))
_WISHES: Final = frozenset(words_of("want like wish touch touched mess change changed do be have get"))
_STILL_POSITIVE: Final = re.compile(
    r"\bdo\s+not\s+(?:let|allow|permit|forget\s+to|hesitate\s+to|give)\b|"
    # a limit, put the other way round
    r"\bnot\s+(?:be\s+able\s+to\s+)?(?:get|use|have|take|consume|need|go|burn)\s+(?:any\s+)?(?:more\s+than|over|above|beyond|past)\b|"
    r"\b(?:why|who|which|what|"
    r"is|are|has|have|if)\b[^.?!]*\bnot\b",
    re.IGNORECASE,
)


def is_hostile(text: str) -> bool:
    """Whether a sentence asks for secrets, destruction or a way round the rules."""
    return bool(_HOSTILE.search(text))


def is_hypothetical(text: str) -> bool:
    """Whether a sentence asks about doing something instead of asking for it ("what happens if I ...")."""
    return bool(_HYPOTHETICAL.search(text))


def is_general(text: str) -> bool:
    """Whether a sentence asks what a word means or how things work."""
    return bool(_GENERAL.search(text))


def is_later(text: str) -> bool:
    """Whether a command is for later or on a condition ("tomorrow", "whenever it ..."); we act now or not at all."""
    return bool(_LATER.search(text))


def without_negation(text: str, *, commands: Collection[str]) -> str | None:
    """The sentence with its command un-negated, or None when no command is negated.

    `commands` are the stems of words that begin commands: "do not suspend 3456" is negated, "we do not need 3456
    any more, retire it" is not.
    """
    if _STILL_POSITIVE.search(text):
        return None
    for match in _NEGATION.finditer(text):
        after = [word for word in words_of(text[match.end() :]) if word not in _FILLERS]
        if match[0].strip().lower() == "not" and len(after) == 1 and after[0] in _WISHES:
            continue  # "..., not wanted" gives the reason for a command
        if after and (after[0] in commands or after[0] in _WISHES):
            return text[: match.start()] + text[match.end() :]
    return None


def opposites_of(tools: Iterable[Tool], *, commands: Collection[str]) -> frozenset[str]:
    """The services that a negated command asks for, by their own examples: "do not approve 12" rejects it."""
    return frozenset(
        tool.name
        for tool in tools
        if any(_OPENS_NEGATED.match(one) and without_negation(one, commands=commands) for one in tool.examples)
    )


_OPENS_NEGATED: Final = re.compile(r"(?:i\s+)?(?:do\s+not|don't)\s", re.IGNORECASE)


@cache
def _sections() -> tuple[tuple[frozenset[str], str], ...]:
    """Each sentence with the words that take it out of the file's scope (none: it always counts)."""
    words: frozenset[str] = frozenset()
    sentences = []
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            words = frozenset(re.findall(r"\w+", line.partition(" ")[2]))
        elif line and not line.startswith("#"):
            sentences.append((words, line))
    return tuple(sentences)


def out_of_scope_sentences(services: Collection[str]) -> list[str]:
    """Sentences that none of these services answers, to learn from; see the head of the file."""
    said = {word for name in services for word in (name.lower(), *name.lower().split("_"))}
    said |= {word.removesuffix("s") for word in said}
    return [sentence for words, sentence in _sections() if not words & said]
