"""Many values at once, out of files, photos and pages, to the SIMs that they name: a query a kind, not one a value.

What one value names is decided as for a single SIM (naming.py), but for endings: a few digits in a file of thousands
name nothing safely.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from django.db.models import Q

from iotsim.core.actor import Actor
from iotsim.core.errors import Ambiguous, NotFound
from sims.identifiers import iccid_forms
from sims.models import Sim
from sims.naming import find_sim, plain_digits

CHUNK: Final = 5000
FEW: Final = 20  # values that may also be endings or hardware numbers, as a person or a photo gives them

Named = dict[str, list[Sim]]
Way = tuple[str, Callable[[str], list[str]]]


def _number(value: str) -> list[str]:
    digits = plain_digits(value)
    return [digits.removeprefix("00") or digits] if digits.isdecimal() else []


WAYS: Final[tuple[Way, ...]] = (
    ("iccid", lambda value: [plain_digits(value)]),
    ("iccid", lambda value: iccid_forms(plain_digits(value))),  # with the check digit, or without it
    ("label_lower", lambda value: [value.strip().lower()]),
    ("imsi", _number),
    ("msisdn", _number),
)
OF_HARDWARE: Final[tuple[Way, ...]] = (("imei", _number), ("eid", _number))  # no index: for a few values only


def sims_named(actor: Actor, values: Sequence[str]) -> Named:
    """For each value the SIMs that it names, among those the actor may see: none, one, or several."""
    found: Named = {value: [] for value in values}
    few = len(found) <= FEW
    for field, forms in (*WAYS, *(OF_HARDWARE if few else ())):
        for chunk in _chunks(value for value, sims in found.items() if not sims):
            _look(actor, found, chunk, field, forms)
    if few:
        for value in [one for one, sims in found.items() if not sims]:
            found[value] = _by_ending(actor, value)
    return found


def _look(actor: Actor, found: Named, values: list[str], field: str, forms: Callable[[str], list[str]]) -> None:
    meant: dict[str, list[str]] = defaultdict(list)
    for value in values:
        for form in forms(value):
            if form:
                meant[form].append(value)
    rows = Sim.objects.for_actor(actor).filter(Q(**{f"{field}__in": list(meant)})) if meant else Sim.objects.none()
    for sim in rows.only("iccid", "label", "status", field).order_by("pk"):
        for value in meant[getattr(sim, field)]:
            found[value].append(sim)


def _by_ending(actor: Actor, value: str) -> list[Sim]:
    try:
        return [find_sim(actor, value)]
    except Ambiguous:
        return list(Sim.objects.for_actor(actor).filter(iccid_reversed__startswith=plain_digits(value)[::-1])[:2])
    except NotFound:
        return []


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(list(values))
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
