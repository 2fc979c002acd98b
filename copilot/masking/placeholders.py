"""What stands for a masked value: [ICCID_3]; and how one is found again, also slightly garbled. Pure.

Plain ASCII in brackets: models copy it faithfully, and where they do not (other brackets, lower case, a backslash of
Markdown before the underscore, the brackets left out) it is still found. What already looks like one in a text of ours
is masked itself, so that nobody can write one that is taken for a real one.
"""

import re
from typing import Final

KINDS: Final = (
    "ICCID", "EID", "IMSI", "IMEI", "PHONE", "EMAIL", "IP", "ADDRESS", "CUSTOMER", "PERSON", "LABEL", "TEXT",
)  # fmt: skip

_KIND: Final = "|".join(KINDS)
_OPEN, _CLOSE = r"[\[⟦{<(〈《【]", r"[\]⟧}>)〉》】]"
PLACEHOLDER: Final = re.compile(
    rf"{_OPEN}{{1,2}}\s*(?P<kind>{_KIND})\s*\\?[_\-:# ]\s*(?P<number>\d{{1,6}})\s*{_CLOSE}{{1,2}}"
    rf"|(?<![A-Za-z0-9_])(?P<bare>{_KIND})\\?_(?P<digits>\d{{1,6}})(?![A-Za-z0-9_])",
    re.IGNORECASE,
)
_BEGUN: Final = re.compile(
    rf"(?:{_OPEN}{{1,2}}\s*[A-Za-z]{{0,8}}|(?<![A-Za-z0-9_])[A-Za-z]{{1,8}})"
    rf"\s*\\?[_\-:# ]?\s*\d{{0,6}}\s*{_CLOSE}{{0,2}}$"
)
LONGEST: Final = 32


def written(kind: str, number: int) -> str:
    return f"[{kind}_{number}]"


def parts_of(found: re.Match[str]) -> tuple[str, int]:
    """Kind and number of a placeholder that was found."""
    return (found["kind"] or found["bare"]).upper(), int(found["number"] or found["digits"])


def safe_length(text: str) -> int:
    """How much of a text that goes on can be handed on: what may be the beginning of a placeholder stays back."""
    tail = text[-LONGEST:]
    begun = _BEGUN.search(tail)
    if begun is None or not _may_be_one(begun.group()):
        return len(text)
    return len(text) - len(tail) + begun.start()


def _may_be_one(begun: str) -> bool:
    word = re.sub(r"[^A-Za-z]", "", begun).upper()
    return any(kind.startswith(word) for kind in KINDS)
