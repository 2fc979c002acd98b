"""Numbers and sizes as people write them: "five", "a dozen", "2k", "1.5 GiB", "half a gig".

Pure functions. Sizes are bytes (int) inside; decimal units unless an i is written (GB = 10**9, GiB = 2**30).
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

UNITS: Final = {
    w: n
    for n, w in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
TENS: Final = {
    w: 10 * n
    for n, w in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2)
}
COUNTS: Final = {
    "half a dozen": 6,
    "a dozen": 12,
    "dozen": 12,
    "a couple of": 2,
    "a couple": 2,
    "couple of": 2,
    "a hundred": 100,
    "a thousand": 1000,
    "fourty": 40,
}

_SMALL = "|".join(sorted((*UNITS, *TENS, "fourty"), key=len, reverse=True))
_SPELT = (
    rf"(?:(?:{_SMALL})(?:[\s-]+(?:{_SMALL}))?"
    rf"(?:\s+(?:hundred|thousand)(?:\s+and\s+(?:{_SMALL})(?:[\s-]+(?:{_SMALL}))?)?)?(?:\s+and\s+a\s+half)?)"
)
_DIGITS = r"(?:\d{1,3}(?:[,\u202f\u00a0' ]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)"
_FRACTION = (
    r"(?:half\s+(?:an?|of\s+an?)|an?\s+half|half|an?\s+quarter(?:\s+of\s+an?)?|quarter\s+of\s+an?|"
    r"three\s+quarters\s+of\s+an?)"
)
_COUNT = "|".join(re.escape(c).replace(r"\ ", r"\s+") for c in sorted(COUNTS, key=len, reverse=True))
NUMBER: Final = rf"(?:{_DIGITS}|(?:{_COUNT})\b|{_SPELT}\b)"

_PREFIXES = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_LONG = {
    "kilo": "k",
    "mega": "m",
    "giga": "g",
    "tera": "t",
    "peta": "p",
    "meg": "m",
    "gig": "g",
}
_LONG_BINARY = {"kibi": "k", "mebi": "m", "gibi": "g", "tebi": "t"}
UNIT: Final = (
    r"(?:(?:kilo|mega|giga|tera|peta|kibi|mebi|gibi|tebi)[\s-]?b(?:y|i)t(?:e|es)?|"
    r"megs?|gigs?|giga|mega|tera|[kmgtp]i?b?s?|bytes?|b)"
)
SIZE: Final = re.compile(
    rf"(?<![\w.,])(?P<number>{_FRACTION}|{NUMBER}(?:\s+and\s+a\s+half)?|an?)\s*-?\s*(?P<unit>{UNIT})"
    r"(?P<half>\s+and\s+a\s+half)?(?P<plus>\s?\+)?(?![\w])",
    re.IGNORECASE,
)


MAX_TEXT = 100  # no size is longer; what is longer is not read


@dataclass(frozen=True)
class Size:
    """A size found at `text[start:end]`."""

    start: int
    end: int
    size_bytes: int
    plus: bool = False


def read_number(text: str) -> Decimal | None:
    """The number written in `text` as digits or words, or None: "2,000", "1,5", "two and a half", "a dozen"."""
    words = " ".join(text.lower().replace("-", " ").split())
    half = words.endswith(" and a half")
    words = words.removesuffix(" and a half")
    value = _digits(words) if words[:1].isdigit() or words[:1] == "." else _spelt(words)
    return value + Decimal("0.5") if value is not None and half else value


def _digits(text: str) -> Decimal | None:
    if re.fullmatch(r"\d{1,3}(?:[,\u202f\u00a0' ]\d{3})+(?:\.\d+)?", text):
        return Decimal(re.sub(r"[^\d.]", "", text))
    if re.fullmatch(r"\d*[.,]?\d+", text):
        return Decimal(text.replace(",", "."))
    return None


def _fraction(words: str) -> Decimal | None:
    if words.startswith(("half", "a half", "an half")) and "dozen" not in words:
        return Decimal("0.5")
    if words.startswith("three quarters"):
        return Decimal("0.75")
    return Decimal("0.25") if "quarter" in words else None


def _spelt(words: str) -> Decimal | None:
    if words in ("a", "an"):
        return Decimal(1)
    if words in COUNTS:
        return Decimal(COUNTS[words])
    fraction = _fraction(words)
    return fraction if fraction is not None else _spelt_whole(words.split())


def _spelt_whole(words: list[str]) -> Decimal | None:
    total = None
    for word in words:
        if word in UNITS or word in TENS or word in COUNTS:
            total = (total or 0) + (UNITS.get(word) or TENS.get(word) or COUNTS.get(word) or 0)
        elif word == "and":
            continue
        elif word in ("hundred", "thousand") and total is not None:
            total *= 100 if word == "hundred" else 1000
        else:
            return None
    return None if total is None else Decimal(total)


def unit_bytes(unit: str) -> int:
    """Bytes in one unit: "GB" 10**9, "GiB" 2**30, "gigs" 10**9, "kilobyte" 1000."""
    name = re.sub(r"[\s-]", "", unit.lower())
    for word, prefix in _LONG_BINARY.items():
        if name.startswith(word):
            return int(1024 ** _PREFIXES[prefix])
    for word, prefix in _LONG.items():
        if name.startswith(word):
            return int(1000 ** _PREFIXES[prefix])
    if name.startswith("byte") or name == "b":
        return 1
    return int((1024 if name[1:2] == "i" else 1000) ** _PREFIXES[name[0]])


def find_sizes(text: str) -> list[Size]:
    """Every size in the text, in order. A bare "5g" or "5m" counts only in lower case, or with a gap ("5 G")."""
    sizes = []
    for match in SIZE.finditer(text):
        unit, number = match["unit"], match["number"]
        if not _is_size(number, unit):
            continue
        value = read_number(number)
        if value is not None:
            total = int((value + (Decimal("0.5") if match["half"] else 0)) * unit_bytes(unit))
            sizes.append(Size(match.start(), match.end(), total, plus=bool(match["plus"])))
    return sizes


def _is_size(number: str, unit: str) -> bool:
    """Radio generations ("5G", "4G"), "2m" as metres and "a b" are not sizes."""
    if number.lower() in ("a", "an"):
        return len(unit) > 2
    if unit.lower() == "b" or (len(unit) == 1 and unit.lower() == "p"):
        return False
    if unit in ("G", "Gs"):
        return number not in ("2", "3", "4", "5", "6")
    return not (unit.lower() in ("m", "ms", "ts", "ps", "ks", "t") and not number[:1].isdigit())


def parse_bytes(value: object) -> int:
    """Bytes from an int or a size in words ("5GB", "1.5 GiB", "500 mb"). Raises ValueError with a sentence."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is not a size. Write it like 5GB, 500 MB or 1.5 GiB.")
    if isinstance(value, int):
        return _checked(value, value)
    text = str(value).strip()
    if re.fullmatch(r"\d+(?:\.0+)?", text):
        return _checked(int(Decimal(text)), value)
    sizes = find_sizes(text) if len(text) <= MAX_TEXT else []
    if len(sizes) != 1 or (sizes[0].start, sizes[0].end) != (0, len(text)):
        raise ValueError(f"{value!r} is not a size. Write it like 5GB, 500 MB or 1.5 GiB.")
    return _checked(sizes[0].size_bytes, value)


def _checked(size: int, said: object) -> int:
    if not 0 <= size <= 2**63 - 1:
        raise ValueError(f"{said!r} is out of range: a size is between 0 bytes and 9.2 EB.")
    return size
