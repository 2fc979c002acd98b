"""Figures, dates and joined words of German, French and Spanish, put so that the English rules can read them. Pure."""

import re
from typing import Final

_UNIT: Final = r"\s*(?:[kmgt]i?b|[kmgt]o|%|€|\$|eur|euros?|prozent|gigabytes?|megabytes?|gigas?|megas?)\b"
_DECIMAL: Final = re.compile(r"(?<![\d.,])(\d+),(\d{1,3})(?![\d,.])")
_THOUSANDS: Final = re.compile(r"(?<![\d.,])(\d{1,3})[. ](\d{3})(?![\d.,])(?=\s)")
_FRENCH_UNIT: Final = re.compile(r"(\d)\s*([KkMmGgTt])o\b")
_DAY_DOT: Final = re.compile(
    r"\b(\d{1,2})\.(?=\s*(?:und|bis|zum|–|-|januar|februar|märz|maerz|april|mai|juni|juli|august|september|oktober|"
    r"november|dezember|jan|feb|mär|apr|jun|jul|aug|sep|okt|nov|dez)\b)",
    re.IGNORECASE,
)
_AGO: Final = {
    "de": re.compile(r"\bvor\s+(\w+)\s+(tag|woche|monat)(?:en|e|n)?\b", re.IGNORECASE),
    "fr": re.compile(r"\bil\s+y\s+a\s+(\w+)\s+(jour|semaine|mois)s?\b", re.IGNORECASE),
    "es": re.compile(r"\bhace\s+(\w+)\s+(d[ií]a|semana|mes)(?:es|s)?\b", re.IGNORECASE),
}
_AGO_UNIT: Final = {
    "tag": "days", "woche": "weeks", "monat": "months", "jour": "days", "semaine": "weeks", "mois": "months",
    "día": "days", "dia": "days", "semana": "weeks", "mes": "months",
}  # fmt: skip
_RANGE: Final = {
    "de": re.compile(r"\bvo[nm]\s+(\d{1,2})\.?\s+bis\s+(?:zum\s+)?(?=\d)", re.IGNORECASE),
    "fr": re.compile(r"\bdu\s+(\d{1,2})(?:er)?\s+au\s+(?=\d)", re.IGNORECASE),
    "es": re.compile(r"\bdel\s+(\d{1,2})\s+al\s+(?=\d)", re.IGNORECASE),
}
_WOULD: Final = re.compile(r"\bw(?:ü|ue)rde(st|n|t)?\b", re.IGNORECASE)  # not "wurde", which is "was"
_FIRST: Final = re.compile(r"\b1er\b", re.IGNORECASE)
_ELISION: Final = re.compile(r"\b([cdjlmnst]|qu|jusqu|lorsqu|puisqu)'(?=\w)", re.IGNORECASE)
_INVERTED: Final = re.compile(
    r"(?<=[^\W\d_])-(?:t-)?(?=(?:moi|toi|nous|vous|le|la|les|lui|leur|je|tu|il|elle|on|ils|elles|ce|y|en)\b)",
    re.IGNORECASE,
)


_JOINED: Final = re.compile(r"\b([^\W\d_]{3,})-(karten?|sims?|kunden?|flotte)\b", re.IGNORECASE)  # "Vodafone-Karten"
_OPERATORS: Final = (
    "vodafone|telekom|orange|telef[oó]nica|movistar|swisscom|sunrise|proximus|kpn|telia|telenor|bouygues|sfr|verizon"
)
_JOINED_TO_NAMES: Final = re.compile(rf"\b({_OPERATORS})-?(karten?|sims?|kunden?|flotte|netz)\b", re.IGNORECASE)
_TOLD_TO: Final = re.compile(r"(?<=[^\W\d_])-(?:les|le|la)\b", re.IGNORECASE)  # "marque-les", "suspends-la"


def english_figures(text: str, language: str) -> str:
    """ "1,5 GB" as "1.5 GB", "10.000" as "10,000", "3 Go" as "3 GB", "3. Oktober" as "3 Oktober"."""
    text = _DECIMAL.sub(r"\1.\2", text)
    text = _THOUSANDS.sub(r"\1,\2", text)
    text = _RANGE[language].sub(r"from the \1 to the ", text)
    text = _AGO[language].sub(lambda match: f"{match[1]} {_AGO_UNIT[match[2].lower()]} ago", text)
    if language == "fr":
        text = _FIRST.sub("1", _FRENCH_UNIT.sub(lambda match: f"{match[1]} {match[2].upper()}B", text))
    if language == "de":
        text = _WOULD.sub(r"woulde\1", text)
        text = _DAY_DOT.sub(r"\1", text)
    return text


def taken_apart(text: str, language: str) -> str:
    """Words joined by an apostrophe or a hyphen, each by itself: "l'alerte", "montre-moi", "Vodafone-Karten"."""
    if language == "de":
        return _JOINED.sub(r"\1 \2", _JOINED_TO_NAMES.sub(r"\1 \2", text))
    if language != "fr":
        return text
    text = _TOLD_TO.sub(lambda match: " eux" if match[0].lower() == "-les" else " ça", text)
    return _INVERTED.sub(" ", _ELISION.sub(r"\1' ", text))
