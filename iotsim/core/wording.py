"""How figures read in a sentence or on a page: sizes, counts, money. Pure."""

import unicodedata
from decimal import Decimal

SPACE = "\u00a0"
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}
UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")


def three_figures(value: Decimal) -> str:
    """`value` (0 <= value) to three significant figures, with a separator for thousands: 4.12, 41.2, 4,120."""
    if value == 0:
        return "0"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= Decimal("9.995") else f"{value:.2f}"


def size(value: int | None) -> str:
    """Bytes in decimal units and three significant figures: 4120000000 is "4.12 GB"."""
    if value is None:
        return "–"
    amount, sign = Decimal(abs(value)), "−" if value < 0 else ""
    if amount < 1000:
        return f"{sign}{amount}{SPACE}B"
    units = list(UNITS)
    amount /= 1000
    while amount >= Decimal("999.5") and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{sign}{three_figures(amount)}{SPACE}{units[0]}"


def money(cents: float | None, currency: str = "EUR") -> str:
    """Cents with their currency: 123450 is "€1,234.50"; a currency without a sign of its own comes as its code."""
    if cents is None:
        return "–"
    sign = "−" if cents < 0 else ""
    symbol = SYMBOLS.get(currency, f"{currency}{SPACE}")
    return f"{sign}{symbol}{abs(Decimal(cents)) / 100:,.2f}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 SIM", "2,000 SIMs"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def kept_apart(text: str) -> str:
    """A name from outside for a place that knows no <bdi>, so that it turns nothing round but itself.

    Direction marks are left out; what reads from right to left is isolated (Unicode UAX 9).
    """
    plain = "".join(one for one in text if one not in _DIRECTIONS)
    leftwards = any(unicodedata.bidirectional(one) in ("R", "AL", "AN") for one in plain)
    return f"\u2068{plain}\u2069" if leftwards else plain


_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
