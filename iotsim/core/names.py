"""Finding proper names in a sentence: "plan Gold", "on the Gold plan", "tagged 'north fleet'", "ACME's SIMs".

A name is quoted, or known to the organisation, or a run of words beside its noun up to a word that ends it.
"""

import re
from collections.abc import Iterable
from typing import Final

from iotsim.core.slots import Found

QUOTED: Final = r"\"[^\"]{1,80}\"|“[^”]{1,80}”|(?<!\w)'[^']{1,80}'(?!\w)|`[^`]{1,80}`"


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


# Words that never belong to a name, so a run of words ends before them.
ENDS: Final = words(
    """
    that which who whose with without and or but to from in on at by for of is are was were be been has
    have had do does did not no using used use uses consuming consumed over under above below more less
    than between exceeding please pls plz now today yesterday since last this these those the a an all
    any every each my our your their his its it them they he she we i me us if when while because due as
    so then there here where what how why can could would should will shall may might must only just
    also too sim sims card cards line lines device devices plan plans tag tags customer customers client
    clients account accounts data usage quota limit status show list give find get display tell active
    inactive suspended retired suspend activate deactivate resume retire remove add take put off onto
    into ending ends sorted sort ordered order top first per during until before after up down out right
    away back again immediately asap still currently ever went gone got burning burned near users user
    people everyone everybody anyone anybody fleet network networks operator country
    another other cheaper better best wrong recommended suggested backtest simulate against cost costs
    belong belongs change changes health healthy
    churn churns churning risk cancel cancels leave leaves leaving doing going likely
    """
)
_WORD: Final = r"[^\W_][\w&.+/'’-]*"


def unquote(text: str) -> str:
    """A name without its quotes, spaces and closing punctuation."""
    return text.strip().strip("\"“”'`").strip().rstrip(".,;:!?").strip()


def find_known(text: str, names: Iterable[str], *, score: float = 1.0) -> list[Found]:
    """Names of the organisation that stand in the text, in any case; the longest first."""
    found: list[Found] = []
    for name in sorted(names, key=len, reverse=True):
        if len(name) < 3 or name.lower() in ENDS:
            continue
        for match in re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE):
            hit = Found(match.start(), match.end(), name, match[0], score)
            if not any(hit.overlaps(other) for other in found):
                found.append(hit)
    return found


def run_of_words(text: str, *, start: int, most: int = 4, score: float = 1.0) -> Found | None:
    """The name that begins at or after `start`: quoted, or up to `most` words before one that ends it."""
    quoted = re.compile(rf"\s*(?P<name>{QUOTED})").match(text, start)
    if quoted:
        return Found(*quoted.span("name"), unquote(quoted["name"]), quoted["name"], 1.2)
    begin = end = None
    position = start
    for _ in range(most):
        word = re.compile(rf"\s*(?P<word>{_WORD})").match(text, position)
        if word is None or _ends(word["word"], first=begin is None):
            break
        begin = word.start("word") if begin is None else begin
        position = end = word.end("word")
        if text[end - 1] in ".,;:!?":
            break
    if begin is None or end is None:
        return None
    return Found(begin, end, unquote(text[begin:end]), text[begin:end], score)


def _ends(word: str, *, first: bool) -> bool:
    bare = word.lower().rstrip(".,;:!?")
    if re.fullmatch(r"(?:.*['’]s)", bare) and not first:
        return False
    return bare in ENDS


def words_before(text: str, *, end: int, most: int = 3) -> Found | None:
    """The name that ends right before `end`: quoted, or up to `most` words after one that ends a name."""
    quoted = re.search(rf"(?P<name>{QUOTED})\s*$", text[:end])
    if quoted:
        return Found(*quoted.span("name"), unquote(quoted["name"]), quoted["name"], 1.2)
    words = list(re.finditer(_WORD, text[:end]))
    begin = None
    for word in reversed(words[-most:]):
        if _ends(word[0], first=False) or not text[word.end() : begin if begin is not None else end].isspace():
            break
        begin = word.start()
    if begin is None:
        return None
    last = text[begin:end].rstrip()
    return Found(begin, begin + len(last), unquote(last), last, 0.9)


def find_beside(
    text: str,
    *,
    before: str,
    after: str | None = None,
    known: Iterable[str] = (),
    lead: str = r"(?:named|called|=|:)?",
) -> list[Found]:
    """Names that follow a cue (`before`, a pattern: "plan", "tagged") or stand before a noun (`after`: "plan").

    `known` names are found without a cue too, with a lower score (a name of one word may be any word).
    """
    cue = re.compile(rf"\b(?:{before})\s*{lead}(?=[\s\"'“`:=])", re.IGNORECASE)
    nouns = list(re.finditer(rf"(?<=[\s\"'”`])(?:{after})\b", text, re.IGNORECASE)) if after else []
    named = find_known(text, known)
    theirs = {noun.end() for noun in nouns if any(_stands_before(text, one, noun) for one in named)}
    cues = [one for one in cue.finditer(text) if not theirs.intersection(range(one.start(), one.end() + 1))]
    found = [_surer(text, one, cues, nouns) for one in named]
    for match in cues:
        _add(found, run_of_words(text, start=match.end(), score=1.15))
    for noun in nouns:
        _add(found, words_before(text, end=noun.start()))
    return [nearest_known(one, known) for one in found]


def _stands_before(text: str, found: Found, noun: re.Match[str]) -> bool:
    """The noun of "the Gold plan" is the known name's, and begins no other ("plan consume")."""
    return found.end <= noun.start() and not text[found.end : noun.start()].strip(" \"'”`")


def _surer(text: str, found: Found, cues: list[re.Match[str]], nouns: list[re.Match[str]]) -> Found:
    """A known name right beside its cue is sure; else it is as sure as it is long."""
    cued = any(
        match.end() <= found.start and not text[match.end() : found.start].strip(" \"'“`:=") for match in cues
    ) or any(_stands_before(text, found, noun) for noun in nouns)
    plain = found.text.isalpha() and found.text.islower()  # "check" may be a tag, and any word
    score = 1.3 if cued else (1.1 if " " in found.text else 0.65 if plain else 0.85)
    return Found(found.start, found.end, found.value, found.text, score)


def _add(found: list[Found], one: Found | None) -> None:
    if one is not None and one.value and not any(one.overlaps(other) for other in found):
        found.append(one)


def nearest_known(found: Found, known: Iterable[str]) -> Found:
    """The same, with a misspelt name put right when exactly one known name is a slip away."""
    names = list(known)
    if not names or not isinstance(found.value, str) or found.value in names:
        return found
    from rapidfuzz import fuzz, process

    near = process.extractOne(
        found.value.lower(),
        [name.lower() for name in names],
        scorer=fuzz.ratio,
        score_cutoff=87,
    )
    if near is None:
        return found
    return Found(found.start, found.end, names[near[2]], found.text, found.score)
