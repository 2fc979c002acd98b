"""Short answers that name an offer by what it does instead of by its place: "no, suspend it", "rather the other one".

Only sentences that are nothing but such an answer are read as one: "no, suspend truck-9" names another SIM and is a
question like any other.
"""

import re
from collections.abc import Sequence
from typing import Final

from copilot.planner.languages import language_of, understood
from copilot.replies import LONGEST, read_reply
from iotsim.core.names import words

_RATHER: Final = words(
    """rather instead better please just then but also i you would like want prefer to do no yes ok lieber besser
    stattdessen doch bitte dann sondern plutot alors mejor entonces en su lugar prefiero ich mochte je prefere"""
)
_THINGS: Final = words("it them they that this those these the one ones sim sims card cards all of for a an")
_OTHER: Final = words("other another andere anderen anderes autre otra otro")
_NEVER: Final = words("not dont never nicht nie pas jamais nunca tampoco")
_FIRST: Final = r"no|nope|nah|nein|nee|ne|non|yes|yep|ja|oui|sí|si|thanks|thank you|danke|merci|gracias"
_OF_OTHER: Final = words("the one das die den l le la el one option")


def meant_in_words(text: str, offered: Sequence[str]) -> int | None:
    """The place of the only offer that the answer means, or None. `offered` are the words of those that are open."""
    if len(text) > LONGEST or "?" in text or not offered:
        return None
    rest = _without_no(text)
    if _NEVER & set(_plain(rest.replace("'", "").replace("’", ""))):
        return None
    reply = read_reply(rest) if rest != text else None
    if reply is not None and len(reply.numbers) == 1 and not reply.no:
        place = reply.numbers[0] - 1 if reply.numbers[0] > 0 else len(offered) - 1
        return place if place < len(offered) else None
    said = [word for word in _plain(rest) if word not in _RATHER]
    if said and _OTHER & set(said) and all(word in _OTHER | _OF_OTHER for word in said):
        return 1 if len(offered) == 2 else None
    return _by_its_verb(_in_english(rest, text), offered)


def _by_its_verb(said: Sequence[str], offered: Sequence[str]) -> int | None:
    """The one whose words begin with the same verb; nothing else may be said than what stands in it."""
    if not said:
        return None
    fitting = [
        place
        for place, own in enumerate(_plain(one) for one in offered)
        if own[:1] == list(said[:1]) and all(word in _THINGS or word in own for word in said[1:])
    ]
    return fitting[0] if len(fitting) == 1 else None


def _in_english(rest: str, text: str) -> list[str]:
    english = understood(rest, before=[text]).english if language_of(text) != "en" else rest
    return [word for word in _plain(english) if word not in _RATHER]


def _without_no(text: str) -> str:
    """The sentence without the no, or the yes, that it begins with."""
    return re.sub(rf"^\W*(?:(?:{_FIRST})\b[\s,.;:–-]*)+", "", text, flags=re.IGNORECASE)


def _plain(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())
