"""Finding numbers and addresses that name a card, a device or a person in a text. Pure.

Rather too much than too little: what is masked by mistake comes back by itself. Check digits and prefixes tell kinds
apart (ITU-T E.118, E.164, E.212; 3GPP TS 23.003), they never let a number through.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from stdnum import luhn


@dataclass(frozen=True)
class Span:
    """`text[start:end]` is of this kind; `value` is how it is kept: numbers without spaces."""

    start: int
    end: int
    kind: str
    value: str


_EMAIL: Final = re.compile(r"[\w.+'-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_IPV4: Final = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\w)")
_IPV6: Final = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_CARD: Final = re.compile(r"(?<![\w.])(?:89(?:[ -]?[0-9A-F]){16,20}|\d{18,22}|\d(?:[ -]?\d){31})(?![0-9A-Za-z]|\.\d)")
_LONG: Final = re.compile(r"(?<![\w.,])\d(?:[ -]?\d){13,15}(?![\w]|[.,]\d)")
_ABROAD: Final = re.compile(r"(?<![\w.])(?:\+|00)\s?[1-9](?:[ ().\-/]{0,2}\d){6,13}(?!\d)")
_HOME: Final = re.compile(
    r"(?<![\w.,+:/-])(?:0\d{2,4}[ /-]\d{2,4}(?:[ -]?\d{2,6}){1,3}|0[1-9]\d{8,10}|\(0?\d{2,4}\)\s?\d{3}[ -]?\d{3,5}"
    r"|\d{3}-\d{3}-\d{4})(?![\d:]|[.,]\d)"
)
_BARE: Final = re.compile(
    r"(?<![\w.,:/+-])[1-9]\d{10,12}(?![\w:/]|[.,]\d|\s?(?:[kKMGT]?i?B\b|bytes?\b|SIMs?\b|ms\b|%))"
)

_CITY: Final = r"(?:,?\s+(?:[A-Z]{1,2}-)?\d{4,5}\s+[A-ZÄÖÜÉ][\w'’-]+(?:[ -][A-ZÄÖÜÉ][\w'’-]+){0,2})?"
_PLACES: Final = [
    re.compile(
        r"\b\d{1,5}[A-Za-z]?\s+(?:[A-Z][\w'.-]+\s+){1,4}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|"
        r"Way|Court|Ct|Square|Sq|Place|Pl|Terrace|Highway|Hwy)\b\.?" + _CITY
    ),
    re.compile(
        r"\b[A-ZÄÖÜ][\wäöüß.-]*(?:[ -][A-ZÄÖÜ][\wäöüß.-]*)?[ -]?(?:[Ss]tra(?:ß|ss)e|[Ss]tr\.|[Ww]eg|[Pp]latz|[Aa]llee|"
        r"[Gg]asse|[Rr]ing|[Dd]amm|[Uu]fer)\s+\d{1,4}\s?[a-z]?\b" + _CITY
    ),
    re.compile(
        r"\b\d{1,4}(?:\s?(?:bis|ter))?,?\s+(?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Pp]lace|[Cc]hemin|[Aa]llée|[Ii]mpasse|[Qq]uai|"
        r"[Rr]oute)\s+(?:(?:de|du|des|la|le|les|d'|l'|l’|d’)\s?)*[A-ZÉÈÀ][\w'’-]+(?:[ -][A-ZÉÈÀ][\w'’-]+){0,3}" + _CITY
    ),
    re.compile(
        r"\b(?:Calle|C/|Avenida|Avda\.?|Plaza|Paseo|Carrera)\s+(?:(?:de|del|la|las|los|el)\s+)*[A-ZÁÉÍÓÚÑ][\w-]+"
        r"(?:\s+[A-ZÁÉÍÓÚÑ][\w-]+){0,3},?\s+(?:n[ºo.]*\s*)?\d{1,4}\b" + _CITY
    ),
    re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b"),  # a postcode of Britain
    re.compile(r"\bP\.?\s?O\.?\s?Box\s+\d+\b", re.IGNORECASE),
]  # fmt: skip


def find(text: str) -> Iterator[Span]:
    """All of them; where two overlap, the one found first here is meant."""
    yield from (Span(*one.span(), "EMAIL", one.group()) for one in _EMAIL.finditer(text))
    yield from _addresses_of_machines(text)
    if any(one.isdigit() for one in text):
        yield from (_number(one, _card_kind) for one in _CARD.finditer(text))
        yield from (_phone(one) for one in _ABROAD.finditer(text))
        yield from (_number(one, _long_kind) for one in _LONG.finditer(text))
        yield from (_phone(one) for one in _HOME.finditer(text) if not _is_date(one.group()))
        yield from (_phone(one) for one in _BARE.finditer(text))
        yield from (Span(*one.span(), "ADDRESS", one.group()) for place in _PLACES for one in place.finditer(text))


def _addresses_of_machines(text: str) -> Iterator[Span]:
    for pattern in (_IPV4, _IPV6):
        for one in pattern.finditer(text):
            try:
                ip_address(one.group())
            except ValueError:
                continue
            if len(one.group()) > 2:
                yield Span(*one.span(), "IP", one.group())


def _number(found: re.Match[str], kind: Callable[[str], str]) -> Span:
    digits = re.sub(r"[ -]", "", found.group())
    return Span(*found.span(), kind(digits), digits)


def _phone(found: re.Match[str]) -> Span:
    return Span(*found.span(), "PHONE", found.group())


def _card_kind(digits: str) -> str:
    return "EID" if len(digits) == 32 else "ICCID"


def _long_kind(digits: str) -> str:
    """15 digits with a fitting check digit are a device, a known country in front a subscriber."""
    if len(digits) == 15 and not luhn.is_valid(digits) and digits[0] in "234567":
        return "IMSI"
    return "IMEI"


def _is_date(text: str) -> bool:
    return re.fullmatch(r"\d{1,4}[-/]\d{1,2}[-/]\d{1,4}", text) is not None
