"""What somebody (a model) says that stands on a label: a number counts only when it is one. Pure.

ICCID, EID and IMEI carry check digits, so they are believed wherever they stand. An IMSI and a phone number carry none:
they count only where they were named as such, and at full length.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from iotsim.core.brought import Code
from sims.formats.photo import identifiers_in
from sims.identifiers import NotAnIdentifier, parse_imsi, parse_msisdn

CHECKED: Final = ("ICCID", "EID", "IMEI")
SHORTEST_IMSI: Final = 14
SHORTEST_PHONE: Final = 9


def identify(said: Mapping[str, Sequence[str]], text: str) -> list[Code]:
    """The identifiers among what was said, each once: those with check digits first."""
    named = [one for kind in CHECKED for one in said.get(kind.lower(), ())]
    found = sorted(identifiers_in([*named, text]), key=lambda one: CHECKED.index(one.kind))
    found += _unchecked("IMSI", said.get("imsi", ()), parse_imsi, SHORTEST_IMSI)
    found += _unchecked("MSISDN", said.get("msisdn", ()), parse_msisdn, SHORTEST_PHONE)
    return list({one.text: one for one in reversed(found)}.values())[::-1]


def _unchecked(kind: str, values: Iterable[str], parse: Callable[[str], str], shortest: int) -> list[Code]:
    found = []
    for one in values:
        try:
            number = parse(one)
        except NotAnIdentifier:
            continue
        if len(number) >= shortest:
            found.append(Code(kind, number))
    return found
