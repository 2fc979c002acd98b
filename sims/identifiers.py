"""SIM and device identifiers: text, never numbers (pure; no Django).

Lenient in what is read, strict in what is kept: spaces, quotes, dashes and fillers go, digits stay as they are.
The arithmetic is python-stdnum's. Sources: ITU-T E.118 (ICCID), E.164 (MSISDN), E.212 (IMSI),
GSMA SGP.02 (EID), 3GPP TS 23.003 (IMEI, IMEISV).
"""

import re

from stdnum import luhn
from stdnum.iso7064 import mod_97_10

ROUNDED = "a spreadsheet has rounded this number; export the column as text"

_NOISE = str.maketrans("", "", " \t\u00a0\u202f\u200b\ufeff\"'`=-")
_PHONE_NOISE = str.maketrans("", "", "().+/")
_ROUNDED = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE][+-]?\d+|\d{10,}[.,]\d*")
_ICCID = re.compile(r"[0-9A-F]{18,22}")
_DIGITS = re.compile(r"[0-9]+")
SHORTEST_IMSI = 6


class NotAnIdentifier(ValueError):
    """The text is not the identifier it should be; the message says why, without repeating the text."""


def is_rounded(text: str) -> bool:
    """Whether it is a long number as a spreadsheet shows it: its last digits are lost."""
    return _ROUNDED.fullmatch(text.strip().strip("\"'= ")) is not None


def _compact(text: str) -> str:
    if is_rounded(text):
        raise NotAnIdentifier(ROUNDED)
    return text.translate(_NOISE).upper()


def _digits(text: str, shortest: int, longest: int, name: str) -> str:
    if not text:
        raise NotAnIdentifier(f"{name} is empty")
    if not _DIGITS.fullmatch(text) or not text.isascii():
        raise NotAnIdentifier(f"{name} has characters other than digits")
    if not shortest <= len(text) <= longest:
        wanted = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
        raise NotAnIdentifier(f"{name} has {len(text)} digits; it should have {wanted}")
    return text


def parse_iccid(text: str) -> str:
    """An ICCID of 18 to 22 characters (hex digits are seen in the field), without filler. Raises NotAnIdentifier."""
    value = _compact(text)
    if value.endswith("F"):
        value = value.rstrip("F")
    if not value:
        raise NotAnIdentifier("ICCID is empty")
    if _ICCID.fullmatch(value):
        return value
    if not 18 <= len(value) <= 22:
        raise NotAnIdentifier(f"ICCID has {len(value)} characters; it should have 18 to 22")
    raise NotAnIdentifier("ICCID has characters that are not digits")


def iccid_warning(iccid: str) -> str:
    """Why an accepted ICCID looks odd, empty when it does not. Never a reason to refuse it."""
    if not iccid.isdigit():
        return "ICCID has letters in it"
    if not iccid.startswith("89"):
        return "ICCID does not begin with 89 (telecommunications)"
    if len(iccid) >= 19 and not luhn.is_valid(iccid):
        return "the check digit of the ICCID does not fit, or is left out"
    return ""


def iccid_forms(iccid: str) -> list[str]:
    """How the same card may be written elsewhere, itself first: with the check digit, or without it."""
    if not iccid.isdigit():
        return [iccid]
    longer = iccid + luhn.calc_check_digit(iccid)
    forms = [iccid, longer] if len(longer) <= 22 else [iccid]
    return [*forms, iccid[:-1]] if len(iccid) > 18 and luhn.is_valid(iccid) else forms


def parse_imsi(text: str) -> str:
    """An IMSI of up to 15 digits, leading zeros kept. Raises NotAnIdentifier."""
    return _digits(_compact(text), SHORTEST_IMSI, 15, "IMSI")


def parse_msisdn(text: str) -> str:
    """An E.164 number of up to 15 digits without + or 00. Raises NotAnIdentifier."""
    value = _compact(text).translate(_PHONE_NOISE)
    return _digits(value.removeprefix("00"), 5, 15, "MSISDN")


def parse_eid(text: str) -> str:
    """An EID: 32 digits whose remainder by 97 is 1. Raises NotAnIdentifier."""
    value = _digits(_compact(text), 32, 32, "EID")
    if not mod_97_10.is_valid(value):
        raise NotAnIdentifier("the check digits of the EID do not fit: a digit was mistyped")
    return value


def parse_imei(text: str) -> str:
    """The IMEI of 15 digits from an IMEI (with or without check digit) or a 16-digit IMEISV. Raises NotAnIdentifier.

    Networks send the check digit as 0 (TS 23.003, 6.2.1) or the software version instead; both are mended.
    """
    value = _compact(text)
    value = value.rstrip("F") if value.endswith("F") else value
    value = _digits(value, 14, 16, "IMEI")
    body = value[:14]
    if not body.strip("0"):
        raise NotAnIdentifier("IMEI is all zeros")
    if len(value) == 15 and value[14] != "0" and not luhn.is_valid(value):
        raise NotAnIdentifier("the check digit of the IMEI does not fit: a digit was mistyped")
    return body + luhn.calc_check_digit(body)


def tac(imei: str) -> str:
    """The type allocation code: another one means another device model."""
    return imei[:8]
