"""What people say around a request: greetings, courtesies, who wants to know. It is taken off before all else.

Only what changes nothing: moods that make a command none ("I wonder whether to ...", "should I ...") stay.
"""

import re
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Final

_IDIOMS: Final = Path(__file__).resolve().parent / "data" / "idioms.txt"
_ASKS: Final = r"(?=(?:what|how|which|who|whose|why|when|where|whether|if)\b)"
_LEADS: Final = (
    r"(?:hi|hello|hey|hiya|heya|howdy|yo|good\s+(?:morning|afternoon|evening|day)|morning|afternoon|evening)"
    r"(?:\s+(?:there|all|team|mate|folks|copilot|again|guys|everyone))?\s*[,!.:–—-]+",
    r"(?:hi|hello|hey|hiya)(?:\s+(?:there|team|mate|folks|copilot|guys|everyone))?\s+(?=\w)",
    r"(?:just\s+a\s+|a\s+|one\s+)?quick\s+(?:one|question|q|check|favou?r|thing)\s*[,:;.–—-]+",
    r"(?:sorry|apologies|excuse\s+me)(?:\s+(?:to|for)\s+(?:bother(?:ing)?|nag(?:ging)?|disturb(?:ing)?)(?:\s+you)?)?(?:\s+again)?"
    r"\s*[,!.:;–—-]+(?:\s*but\b)?",
    r"(?:ok(?:ay)?|so|right|well|um+|uh+|erm?|hm+|ah|oh|alright|btw|by\s+the\s+way|anyway|listen|look|fyi|great|cool|thanks|"
    r"thank\s+you|cheers|yes|yeah|yep|one\s+more(?:\s+thing)?|next(?:\s+up)?|last\s+thing)\s*[,!.:;–—-]+(?:\s*(?:so|and|but)\b)?",
    r"(?:when(?:ever)?|if|once)\s+you\s+(?:have|get|got|find|can\s+spare)\s+(?:a|the|some)\s+(?:spare\s+|free\s+)?"
    r"(?:minute|min|moment|mo|sec|second|chance|time)\s*[,:;–—-]*",
    r"(?:if\s+(?:it\s+is\s+not\s+too\s+much\s+trouble|you\s+do\s+not\s+mind|you\s+(?:can|could|would)(?:\s+please)?)|"
    r"no\s+rush,?(?:\s+but)?)\s*[,:;–—-]+",
    r"(?:can|could|will)\s+(?:you|we|somebody|someone|anyone)\s+(?:please\s+|kindly\s+|possibly\s+|maybe\s+|perhaps\s+|just\s+|"
    r"quickly\s+|also\s+)*(?!explain|tell\s+me\s+how\s+to|do\b|be\b|help\b|see\b|ever\b|also\b)(?=[a-z]{3,})",
    r"would\s+you\s+(?:please|kindly|be\s+so\s+kind\s+(?:as\s+to|and))\s+",
    r"(?:any|is\s+there\s+(?:any|a))\s+chance\s+(?:that\s+)?(?:you|we|i|somebody)\s+(?:can|could)\s+",
    r"(?:i\s+was|i\s+am|we\s+were|we\s+are)\s+hoping\s+(?:that\s+)?(?:you|we|to)\s+(?:can\s+|could\s+|get\s+to\s+)?",
    r"(?:do\s+me\s+a\s+favou?r(?:\s+and|\s*[,:–-])|be\s+so\s+(?:kind|good)(?:\s+as\s+to|\s+and)|be\s+a\s+(?:dear|star|love|pal)\s+and|"
    r"go\s+ahead\s+and|feel\s+free\s+to|kindly)\s+",
    r"(?:i|we)\s+(?:would\s+|will\s+|really\s+|just\s+|only\s+|urgently\s+|quickly\s+|also\s+)*(?:need|like|love|want|have)\s+(?:you\s+)?to\s+"
    rf"(?:know|see|find\s+out|understand|check|be\s+told|figure\s+out|work\s+out)\s+{_ASKS}",
    r"(?:i|we)\s+(?:would\s+|really\s+|just\s+|urgently\s+)*(?:need|like|want)\s+you\s+to\s+",
    rf"(?:please\s+)?(?:tell\s+(?:me|us)|let\s+(?:me|us)\s+know|find\s+out|do\s+(?:you|we)\s+(?:happen\s+to\s+)?know|remind\s+me|(?:have\s+you\s+|have\s+we\s+)?(?:got\s+)?any\s+(?:idea|clue)|"
    rf"i\s+am\s+(?:curious|interested\s+in)|curious|wondering|i\s+was\s+wondering|(?:i\s+)?need\s+to\s+know)(?:\s+please)?\s*[,:]?\s+{_ASKS}",
    r"(?:my\s+|our\s+|the\s+)?(?:boss|manager|finance(?:\s+(?:team|people|department))?|accounting|sales|management|customer|client|cfo|ceo|cto|"
    r"board|colleagues?|team)\s+(?:is|are|keeps?|was|were|has\s+been)?\s*(?:asking|asks?|wants?\s+to\s+(?:know|see)|wonders?|wondering|"
    rf"would\s+like\s+to\s+know|needs?\s+to\s+know)\s*(?:me\s+|us\s+)?[,:]?\s*{_ASKS}",
)
_TAILS: Final = (
    r"[\s,.!–—-]*\b(?:thanks|thank\s+you|thx|ta|cheers|many\s+thanks|much\s+appreciated|appreciated|kthx)(?:\s+(?:a\s+lot|so\s+much|in\s+advance|mate|very\s+much))?\s*[.!]*$",
    r"[\s,–—-]*\b(?:if\s+(?:you\s+(?:can|could|would|do\s+not\s+mind)|possible|that\s+is\s+ok(?:ay)?)|"
    r"when(?:ever)?\s+you\s+(?:have|get)\s+(?:a|the)\s+(?:minute|moment|sec|second|chance))\s*[.!?]*$",
    r"[\s,–—-]*\b(?:asap|a\.s\.a\.p\.|right\s+away|straight\s+away|at\s+once|mate|would\s+you|will\s+you|could\s+you|can\s+you|"
    r"can\s+you\s+(?:do|change|fix|sort)\s+(?:that|it|this))\s*[.!?]*$",
    r"\s*[,–—-]+\s*(?:my\s+|our\s+|the\s+)?(?:boss|manager|finance(?:\s+(?:team|people|department))?|accounting|management|customer|client)\s+"
    r"(?:is|are|keeps?)\s+(?:asking|waiting|nagging)(?:\s+for\s+it|\s+about\s+it)?\s*[.!]*$",
)
_SEEN_TO: Final = re.compile(
    r"^\W*(?:please\s+)?(?:see\s+to\s+it|make\s+sure|ensure|take\s+care|make\s+certain)\s+(?:that\s+)?"
    r"(?P<what>(?!(?:no|nobody|nothing|none)\b)[^.?!]*?)\s+(?:is|are|gets?|be)\s+(?P<done>\w+(?:ed|en|nt|ut|off|on)\b)",
    re.IGNORECASE,
)
_ASIDE: Final = re.compile(
    r"\s*(?:[,;]|\s[-–—]+)\s+(?:(?:the|its?|they|he|she|we|our|their|just|only|this|there|nobody|someone|somebody|no\s+longer|never)\b|"
    r"(?!(?:what|who|which|when|how|where|why|that|and|or|but|please)\b)[a-z]+\s+(?:is|was|are|were|has|have|had|got|broke|needs|keeps|"
    r"seems|does|did|died|moved|left)\b)(?![^?]*\?)(?![^.]*\b\d)[^.?]*[.!]*$",
    re.IGNORECASE,
)
_FOR_ME: Final = re.compile(r"\s+for\s+(?:me|us)(?=\s*(?:[,.!?]|$|and\b|to\b))", re.IGNORECASE)
_GIVES: Final = re.compile(r"\b(?:assign|give|put|take|hand)\b", re.IGNORECASE)
_LEAD: Final = re.compile(rf"^\W*(?:{'|'.join(_LEADS)})\s*", re.IGNORECASE)
_TAIL: Final = re.compile("|".join(_TAILS), re.IGNORECASE)
_MOST: Final = 5  # courtesies in a row
_LEAST: Final = 3  # letters that must be left


def bared(text: str) -> str:
    """The sentence without the courtesies around it; the same when nothing else would be left."""
    for pattern in (_LEAD, _TAIL):
        for _ in range(_MOST):
            shorter = pattern.sub("", text, count=1).strip()
            if shorter == text or len(re.findall(r"\w", shorter)) < _LEAST:
                break
            text = shorter
    if not _GIVES.search(text):
        text = _FOR_ME.sub("", text)
    return _SEEN_TO.sub(r"\g<what> should be \g<done>", text)


@cache
def _idioms() -> tuple[tuple[re.Pattern[str], str], ...]:
    found = []
    for line in _IDIOMS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            said, _, plain = line.rpartition(" = ")
            found.append((re.compile(rf"(?<![\w-]){said.replace(' ', chr(92) + 's+')}(?![\w-])", re.IGNORECASE), plain))
    return tuple(found)


def plainly(masked: str, masks: Collection[str]) -> str:
    """A sentence with `masks` for its values, idioms put plainly ("shelling out" is "pay"), without a reason told at
    its end."""
    for pattern, plain in _idioms():
        masked = pattern.sub(plain, masked)
    told = _ASIDE.search(masked)
    if told is None or any(one in told[0] for one in masks):
        return masked
    kept = masked[: told.start()]
    return kept if " " in kept else masked


_CLAUSE: Final = re.compile(
    r"\s*(?:[,;:]|\s[-–—]+|[.!?](?=\s)|\s+and\s+(?=(?:wants?|needs?|asks?|would\s+like)\s+to\s+know))\s*"
)


def clauses_of(masked: str) -> list[str]:
    """The parts of a sentence that tells a story first and asks then; none when it is of one piece."""
    parts = [bared(part) for part in _CLAUSE.split(masked)]
    return [part for part in parts if part.count(" ") >= 1] if len(parts) > 1 else []
