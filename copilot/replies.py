"""Reading a short answer to an offer: yes, no, which one; in English, German, French and Spanish. Pure.

Only sentences that are nothing but such an answer are read as one: "yes, but make it 20 GB" is a question like any
other.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from iotsim.core.names import words

LONGEST: Final = 80  # characters


@dataclass(frozen=True)
class Reply:
    """`numbers` are those named, from 1; -1 is the last. `everything`: both, all. `no`: none of them."""

    language: str
    no: bool = False
    everything: bool = False
    numbers: tuple[int, ...] = ()


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(sorted((one.strip() for one in text.split("|")), key=len, reverse=True))


YES: Final = {
    "en": _phrases(
        "yes|yep|yeah|yup|y|sure|ok|okay|do it|do that|please do|go ahead|go for it|make it so|sounds good|alright|"
        "all right|of course|absolutely|fine|agreed|do so|let us do it|lets do it|good idea|why not"
    ),
    "de": _phrases(
        "ja|jawohl|jep|jo|klar|gerne|gern|mach das|mach es|machs|tu es|tu das|einverstanden|in ordnung|"
        "los|nur zu|genau|passt|leg los|ausfuhren"
    ),
    "fr": _phrases(
        "oui|ouais|daccord|vas y|allez y|fais le|faites le|fais ca|bien sur|volontiers|entendu|cest bon|parfait"
    ),
    "es": _phrases("si|claro|vale|hazlo|hagalo|adelante|de acuerdo|dale|por supuesto|esta bien|perfecto|venga"),
}
NO: Final = {
    "en": _phrases(
        "no|nope|nah|no thanks|no thank you|not now|dont|do not|dont do it|do not do it|leave it|never mind|"
        "rather not|better not|neither|none of them|none"
    ),
    "de": _phrases("nein|nein danke|ne|nee|lass es|lass das|nicht jetzt|lieber nicht|besser nicht|keins|keine|keines"),
    "fr": _phrases("non|non merci|laisse|laisse tomber|pas maintenant|surtout pas|aucun|aucune"),
    "es": _phrases("no|no gracias|dejalo|ahora no|mejor no|ninguno|ninguna"),
}
POLITE: Final = {  # a yes when nothing else is said
    "en": _phrases("please"),
    "de": _phrases("bitte"),
    "fr": _phrases("sil te plait|sil vous plait"),
    "es": _phrases("por favor"),
}
ALL: Final = {
    "en": _phrases("both|all|all of them|both of them|everything|the lot"),
    "de": _phrases("beide|beides|alle|alles"),
    "fr": _phrases("les deux|tous|toutes|tout"),
    "es": _phrases("ambos|ambas|los dos|las dos|todos|todas|todo"),
}
WHICH: Final = {
    "en": (("first", "1st"), ("second", "2nd", "two"), ("third", "3rd", "three"), ("fourth", "4th", "four")),
    "de": (("erste", "ersten", "erstes"), ("zweite", "zweiten", "zweites"), ("dritte", "dritten", "drittes"),
           ("vierte", "vierten", "viertes")),
    "fr": (("premier", "premiere"), ("deuxieme", "second", "seconde"), ("troisieme",), ("quatrieme",)),
    "es": (("primero", "primera", "primer"), ("segundo", "segunda"), ("tercero", "tercera", "tercer"),
           ("cuarto", "cuarta")),
}  # fmt: skip
LAST: Final = {"last": "en", "letzte": "de", "letzten": "de", "derniere": "fr", "dernier": "fr", "ultimo": "es",
               "ultima": "es"}  # fmt: skip
FILL: Final = {
    "en": words("the one ones do take number option offer and then it that this of them only just with go for to"),
    "de": words("das die der den dem nummer option und nimm mach nur dann"),
    "fr": words("le la les numero option et prends fais seulement"),
    "es": words("el la lo los las numero opcion y toma haz solo"),
}


def read_reply(text: str) -> Reply | None:
    """The answer to an offer, or None when the sentence is more than that."""
    if len(text) > LONGEST or "?" in text:
        return None
    said = _plain(text)
    found = [one for language in YES if (one := _in(said, language)) is not None]
    return max(found, key=lambda one: one[0])[1] if found else None


def _plain(text: str) -> list[str]:
    """Small letters without accents, apostrophes and punctuation."""
    flat = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    bare = "".join(one for one in flat if not unicodedata.combining(one))
    return re.sub(r"[^a-z0-9 ]+", " ", re.sub(r"['’`´]", "", bare)).split()


def _in(sentence: list[str], language: str) -> tuple[int, Reply] | None:
    """(how many words speak this language, the answer), when every word has its place in it."""
    rest, known = f" {' '.join(sentence)} ", 0
    said = {}
    for kind, table in (("no", NO), ("all", ALL), ("yes", YES), ("polite", POLITE)):
        rest, count = _without(rest, table[language])
        said[kind], known = count > 0, known + count
    numbers = []
    for word in rest.split():
        number = _number(word, language)
        if number is not None:
            numbers.append(number)
            known += not word.isdigit()
        elif word not in FILL[language]:
            return None
    if not (numbers or any(said.values())) or (said["no"] and (numbers or said["all"] or said["yes"])):
        return None
    return known, Reply(language, said["no"], said["all"], tuple(dict.fromkeys(numbers)))


def _without(text: str, phrases: tuple[str, ...]) -> tuple[str, int]:
    count = 0
    for phrase in phrases:
        while f" {phrase} " in text:
            text, count = text.replace(f" {phrase} ", " ", 1), count + 1
    return text, count


def _number(word: str, language: str) -> int | None:
    if word == "one":
        return None  # "the second one"
    if word.isdigit():
        return int(word) if 0 < int(word) < 10 else None
    if LAST.get(word) == language:
        return -1
    return next((place for place, names in enumerate(WHICH[language], 1) if word in names), None)
