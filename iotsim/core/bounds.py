"""Sizes in a sentence with their bounds: "over 5GB", "between 1 and 3 GB", "no more than 500 MB", "unused". Pure."""

import re
from typing import Final

from iotsim.core.quantities import NUMBER, Size, find_sizes, read_number
from iotsim.core.slots import Found, SlotContext

_AT_LEAST: Final = re.compile(
    r"(?:more|greater|bigger|larger|higher|heavier|other|further)\s+than|over|above|exceed(?:s|"
    r"ed|ing)?|at\s+least|beyond|"
    r"upwards?\s+of|north\s+of|(?:in\s+)?excess\s+of|minimum(?:\s+of)?|min|>=?|≥|past|topp(?:ed|ing)|pass(?:ed|ing)|"
    r"cross(?:ed|es|ing)|surpass(?:ed|es|ing)?|(?:no|not)\s+(?:less|fewer|lower|smaller)\s+than|"
    r"(?:not|n't)\s+(?:below|under)|burn(?:ed|t|ing)?\s+through|broke|hit|reach(?:ed|ing)?|"
    r"starting\s+(?:at|from)|ate",
    re.IGNORECASE,
)
_AT_MOST: Final = re.compile(
    r"(?:less|fewer|lower|smaller|lighter)\s+than|under|below|beneath|at\s+most|up\s+to|"
    r"max(?:imum)?(?:\s+of)?|<=?|≤|within|"
    r"(?:no|not|n't|never)\s+(?:[a-z]+\s+){0,3}?(?:more|greater|higher|bigger|larger)\s+than|"
    r"(?:no|not|n't|never)\s+(?:[a-z]+\s+){0,2}?(?:over|above|exceed(?:ed|ing)?|pass(?:ed)?|"
    r"cross(?:ed)?|reach(?:ed)?|hit|"
    r"(?:use|used|using|consume|consumed)(?:\s+even)?)|"
    r"short\s+of|south\s+of",
    re.IGNORECASE,
)
_OR_MORE: Final = re.compile(
    r"\s*(?:or\s+(?:more|above|over|higher|greater|up|bigger)|and\s+(?:up|above|over|more|"
    r"higher)|upwards?|plus|minimum|min)\b|\s*\+",
    re.IGNORECASE,
)
_OR_LESS: Final = re.compile(
    r"\s*(?:or\s+(?:less|below|under|fewer|lower)|and\s+(?:below|under|less|lower)|max(?:imum)?|at\s+most|tops)\b",
    re.IGNORECASE,
)
_FILLER: Final = r"(?:\s+(?:the|a|about|around|roughly|of|data|usage|traffic|say|even|like|approximately))*\s*$"
_NOTHING: Final = re.compile(
    r"\b(?:(?:with(?:out)?|no|zero|not|never|any|used|using|use|have|has|had|n't|consumed|got|been)\s+)*"
    r"(?:(?:(?:no|zero|without(?:\s+any|\s+a\s+single|\s+a)?)\s+(?:mobile\s+|cellular\s+)?(?:data|usage|traffic|bytes?|"
    r"consumption)(?!\s+(?:limit|plan|cap|quota))"
    r"(?:\s+(?:usage|traffic|consumption|use|at\s+all|whatsoever))?)|"
    r"(?:(?:not|never|n't)\s+(?:been\s+)?(?:us(?:ed?|ing)|consum(?:ed?|ing)|sent|generated?)"
    r"(?:\s+(?:any|a\s+single|a)\s*(?:data|byte|bytes|traffic|bit|thing|mb|megabyte|kb)?|"
    r"\s+anything|\s+data)?(?!\s+(?:more|over|up|above|\d)))|"
    r"(?:us(?:ed?|ing)|consum(?:ed|es?|ing)|sent)\s+(?:nothing|zero|no\s+data|0)|"
    r"unused(?!\s+(?:stock|inventory))|zero[\s-]usage|zero\s+bytes)\b"
    r"(?!\s*(?:%|gb|mb|gig|meg|kb))",
    re.IGNORECASE,
)
_RANGE: Final = re.compile(
    r"(?P<from>\bfrom\s+)?(?P<between>\bbetween\s+|\bbetwixt\s+)?(?P<left>[\d.,]+|"
    r"[a-z]+(?:\s+and\s+a\s+half)?)\s*(?:-|–|—|to|and|until|till)\s*$",
    re.IGNORECASE,
)


def find_bytes(text: str, context: SlotContext) -> list[Found]:
    """Sizes, each with its role: "min" (over 5GB), "max" (under), "from"/"to" (from 1 to 2 GB), "by" (by 1 GB), ""."""
    sizes = find_sizes(text)
    pairs = _pairs(text, sizes)
    found = [_found_size(text, size, pairs.get(index)) for index, size in enumerate(sizes)]
    lefts = [_left_of(text, size) for index, size in enumerate(sizes) if index not in pairs]
    found += [left for left in lefts if left is not None]
    if not sizes:
        found += [Found(m.start(), m.end(), 0, m[0], 0.9, "max", telling=True) for m in _NOTHING.finditer(text)]
    return found


def _pairs(text: str, sizes: list[Size]) -> dict[int, str]:
    """The roles of sizes that belong together: "between 1GB and 2GB", "from 1GB to 2GB"."""
    roles: dict[int, str] = {}
    for index in range(len(sizes) - 1):
        left, right = sizes[index], sizes[index + 1]
        gap = text[left.end : right.start].strip().lower()
        before = text[: left.start].rstrip().lower()
        if gap in (
            "and",
            "to",
            "-",
            "–",
            "—",
            "up to",
            "and at most",
        ) and before.endswith("between"):
            roles |= {index: "min", index + 1: "max"}
        elif gap in ("to", "-", "–", "—", "up to", "->", "→"):
            roles |= {index: "from", index + 1: "to"}
    return roles


def _left_of(text: str, size: Size) -> Found | None:
    """The first number of "between 2 and 4 GB", "1-3 GB", in the unit of the second (see `_found_size`)."""
    match = _RANGE.search(text[: size.start])
    if match is None:
        return None
    number = read_number(match["left"])
    written = re.match(NUMBER, text[size.start : size.end], re.IGNORECASE)
    own = read_number(written[0]) if written else None
    if not number or not own or (not match["between"] and not match["from"] and " and" in match[0].lower()):
        return None
    if number > own:
        return None
    role = "min" if match["between"] else "from"
    value = int(number * size.size_bytes / own)
    return Found(match.start("left"), match.end("left"), value, match["left"], 1.0, role)


def _found_size(text: str, size: Size, role: str | None) -> Found:
    if role is None:
        pair = _left_of(text, size)
        role = {"min": "max", "from": "to"}[pair.role] if pair else _bound(text, size)
    if size.size_bytes == 0 and role in ("", "min"):
        role = "max"  # "used zero bytes"
    said = text[size.start : size.end]
    vague = said.lower().startswith(("a ", "an ")) and not role  # "what is a gigabyte"
    return Found(size.start, size.end, size.size_bytes, said, 1.0, role, telling=vague)


def _bound(text: str, size: Size) -> str:
    before, after = text[: size.start], text[size.end :]
    if size.plus or _OR_MORE.match(after):
        return "min"
    if _OR_LESS.match(after):
        return "max"
    low, high = (re.search(f"(?:{p.pattern}){_FILLER}", before, re.IGNORECASE) for p in (_AT_LEAST, _AT_MOST))
    if high and (not low or high.start() <= low.start()):
        return "max"
    if low:
        return "min"
    if re.search(rf"\bto(?:\s+(?:just|only))?{_FILLER}", before, re.IGNORECASE):
        return "to"
    return "by" if re.search(r"\b(?:by|additional|extra|another)\s*$", before, re.IGNORECASE) else ""
