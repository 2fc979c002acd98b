"""Text on its way into a sheet: a spreadsheet must read it as text and never as a formula. Pure.

The rule is OWASP's (CSV Injection): a cell that begins with = + - @, a tab or a line break may be run when a sheet
is opened. Every export of ours passes its text cells through `defused`; real numbers are written as numbers and so
are never touched.
"""

import re
from typing import Final

# Spreadsheets skip spaces and what is not seen, and take the full-width signs of East Asian keyboards for the others.
_UNSEEN: Final = r"\s\x00-\x1f\u00ad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
_FORMULA: Final = re.compile(rf"[{_UNSEEN}]*[=+\-@＝＋－﹣﹢﹦﹫＠−]|[\t\r\n]")
_NUMBER: Final = re.compile(r"[+\-]?\d+(?:[.,]\d+)*")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might run this text. A plain number with its sign is harmless."""
    return _FORMULA.match(text) is not None and _NUMBER.fullmatch(text) is None


def defused(text: str) -> str:
    """The text as a sheet may hold it: what might be run gets an apostrophe before it, all else stays as it is."""
    return f"'{text}" if is_formula(text) else text
