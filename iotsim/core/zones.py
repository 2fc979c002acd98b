"""Time zones and currencies as people write them: "Europe/Berlin", "Berlin", "US dollars". Pure."""

import re
import zoneinfo
from functools import cache
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from iotsim.core.slots import Found, Slot, SlotContext

# ISO 4217, the currencies in use.
CURRENCIES: Final = tuple(
    re.findall(
        r"[A-Z]{3}",
        """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP
    CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR
    IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU
    MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG
    SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV
    WST XAF XCD XOF XPF YER ZAR ZMW ZWG
    """,
    )
)
_SPOKEN: Final = {
    "EUR": r"euros?",
    "USD": r"(?:us[\s-]|american\s+)?dollars?",
    "GBP": r"(?:british\s+)?pounds?(?:\s+sterling)?",
    "CHF": r"swiss\s+francs?|francs?",
    "JPY": r"(?:japanese\s+)?yen",
    "SEK": r"swedish\s+kron(?:a|or)",
    "NOK": r"norwegian\s+kroner?",
    "DKK": r"danish\s+kroner?",
    "PLN": r"(?:polish\s+)?z(?:l|ł)oty",
    "INR": r"(?:indian\s+)?rupees?",
    "CAD": r"canadian\s+dollars?",
    "AUD": r"australian\s+dollars?",
}
_CURRENCY: Final = re.compile(
    "|".join(rf"(?P<{code}>\b(?:{words})\b)" for code, words in reversed(_SPOKEN.items())), re.IGNORECASE
)
_CODE: Final = re.compile(r"\b[A-Z]{3}\b")


@cache
def zones() -> list[str]:
    """The zones people choose from: Region/City of the IANA database, and UTC."""
    regions = (
        "Africa/",
        "America/",
        "Antarctica/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    )
    return ["UTC", *sorted(name for name in zoneinfo.available_timezones() if name.startswith(regions))]


@cache
def _names() -> dict[str, str]:
    """What people call a zone, in lower case: its name, and its city unless two zones share it."""
    cities: dict[str, list[str]] = {}
    for zone in zones():
        cities.setdefault(zone.rpartition("/")[2].replace("_", " ").lower(), []).append(zone)
    known = {name.lower(): name for name in zoneinfo.available_timezones()}
    return {city: found[0] for city, found in cities.items() if len(found) == 1} | known


def parse_zone(value: Any) -> Any:
    """A zone's IANA name from that or from its city, in any case. Raises ValueError with a sentence."""
    if not isinstance(value, str):
        raise ValueError("A time zone is a name such as Europe/Berlin.")
    found = _names().get(value.strip().lower()) or _names().get(value.strip().lower().replace(" ", "_"))
    if found is None:
        raise ValueError(f"{value[:60]!r} is not a time zone of the IANA database, such as Europe/Berlin.")
    return found


def find_zones(text: str, context: SlotContext) -> list[Found]:
    """Zones by name; cities only where the sentence speaks of time zones."""
    found = [
        Found(match.start(), match.end(), parse_zone(match[0]), match[0])
        for match in re.finditer(r"\b[A-Za-z]+/[A-Za-z_]+(?:/[A-Za-z_]+)?\b", text)
        if match[0].lower() in _names()
    ]
    if found or not re.search(r"\b(?:time\s*)?zone\b", text, re.IGNORECASE):
        return found
    words = [(match.start(), match.end()) for match in re.finditer(r"[^\W\d_]+(?:-[^\W\d_]+)*", text)]
    for length in (3, 2, 1):
        for first in range(len(words) - length + 1):
            start, end = words[first][0], words[first + length - 1][1]
            name = text[start:end]
            if name.lower() in _names() and (name[0].isupper() or name.lower() == "utc"):
                return [Found(start, end, _names()[name.lower()], name, 0.9)]
    return []


def parse_currency(value: Any) -> Any:
    """An ISO 4217 code in any case. Raises ValueError with a sentence."""
    code = str(value).strip().upper()
    if code not in CURRENCIES:
        raise ValueError(f"{str(value)[:20]!r} is not a currency code of ISO 4217, such as EUR or USD.")
    return code


def find_currency(text: str, context: SlotContext) -> list[Found]:
    """Currencies by code in capitals or by everyday name."""
    codes = [Found(m.start(), m.end(), m[0], m[0]) for m in _CODE.finditer(text) if m[0] in CURRENCIES]
    return codes or [Found(m.start(), m.end(), str(m.lastgroup), m[0], 0.9) for m in _CURRENCY.finditer(text)]


TimeZone = Annotated[
    str,
    BeforeValidator(parse_zone),
    Field(max_length=60, description="A time zone of the IANA database, such as Europe/Berlin"),
    Slot("time_zone", find_zones, cues=("time zone", "timezone"), mask="Europe/Berlin", noun="a time zone"),
]
Currency = Annotated[
    str,
    BeforeValidator(parse_currency),
    Field(max_length=3, description="A currency, by its code of ISO 4217, such as EUR"),
    Slot("currency", find_currency, cues=("currency",), mask="USD", noun="a currency"),
]
