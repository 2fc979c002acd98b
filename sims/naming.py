"""From what people call things to the things: SIMs, plans, customers, tags, operators.

Every refusal names what was said and, where there is one, the nearest that exists.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from django.db.models import Exists, OuterRef, Q

from iotsim.core.actor import Actor
from iotsim.core.errors import Ambiguous, Invalid, NotFound
from iotsim.core.named_sets import expanded
from sims.models import Customer, Operator, Plan, Sim, Tag
from sims.world import brands_of, operator_names

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from sims.models.fleet import SimQuerySet

N = TypeVar("N", Plan, Customer, Tag)

MIN_ENDING = 4
MAX_CANDIDATES = 8
MAX_NAMED_SIMS = 50_000

_NOISE = re.compile(r"[\s'\"().-]+")


def find_sim(actor: Actor, ref: str, *, lock: bool = False) -> Sim:
    """The one SIM that `ref` names: label, ICCID (with or without check digit), IMSI, MSISDN, or a unique ending.

    Raises NotFound, or Ambiguous with the candidates.
    """
    rows = Sim.objects.for_actor(actor)
    if lock:
        rows = rows.select_for_update(of=("self",))
    rows = rows.select_related("plan", "customer", "device", "operator")
    for wanted in _ways(ref):
        found = list(rows.filter(wanted).order_by("pk")[: MAX_CANDIDATES + 1])
        if len(found) == 1:
            return found[0]
        if found:
            raise _several(ref, found)
    raise NotFound(_nothing(ref), field="sim")


def sim_id(actor: Actor, ref: str) -> int:
    """The id of the one SIM that `ref` names."""
    return find_sim(actor, ref).pk


def _ways(ref: str) -> Iterable[Q]:
    """The readings of a reference, surest first."""
    text = ref.strip()
    if not text:
        return
    yield Q(label_lower=text.lower())
    digits = plain_digits(text)
    if not digits:
        return
    # Without the international prefix, unless nothing is left: an empty number is what SIMs without one have.
    yield Q(iccid__in=_iccids(digits)) | Q(imsi=digits) | Q(msisdn=digits.removeprefix("00") or digits)
    ending = digits.lstrip("*…")
    if len(ending) >= MIN_ENDING and re.fullmatch(r"[0-9A-F]+", ending):
        start = ending[::-1]
        yield Q(iccid_reversed__gte=start, iccid_reversed__lt=start + "~")


def plain_digits(text: str) -> str:
    """A number as people write it, without spaces, dashes, a leading + and the filler at its end."""
    bare = _NOISE.sub("", text).upper()
    return bare.removeprefix("+").removesuffix("F") if len(bare) > MIN_ENDING else bare


def _iccids(digits: str) -> list[str]:
    """The ICCIDs that a number may stand for: the number itself, without its last digit, and with any check digit."""
    return [digits, digits[:-1], *(f"{digits}{check}" for check in range(10))]


def _several(ref: str, found: Sequence[Sim]) -> Ambiguous:
    names = [f"{sim.iccid}{f' ({sim.label})' if sim.label else ''}" for sim in found[:MAX_CANDIDATES]]
    more = " and more" if len(found) > MAX_CANDIDATES else ""
    return Ambiguous(
        f"Several SIMs fit {ref}: {', '.join(names)}{more}. Give more digits.", candidates=names, field="sim"
    )


def _nothing(ref: str) -> str:
    bare = _NOISE.sub("", ref)
    if bare.isdecimal() and len(bare) < MIN_ENDING:
        return f"{ref} is too short to name a SIM: give at least its last {MIN_ENDING} digits."
    return f"No SIM is called {ref}: there is none with that label, ICCID, ending, IMSI or MSISDN."


def find_sims_named(actor: Actor, refs: Sequence[str], *, lock: bool = False) -> list[Sim]:
    """The SIMs of a list of names, each once, in order of id. Plain ICCIDs cost one query for all of them.

    A name may stand for a whole set ("attachment:12"); SIMs of it that are not the actor's (any more) are left out.
    """
    given = expanded(actor, refs)
    if len(given.names) > MAX_NAMED_SIMS:
        raise Invalid(
            f"{len(given.names):,} SIMs are too many for one call; {MAX_NAMED_SIMS:,} may be named.", field="sims"
        )
    rows = Sim.objects.for_actor(actor)
    if lock:
        rows = rows.select_for_update(of=("self",))
    rows = rows.select_related("plan", "customer", "device", "operator")
    wanted = [*given.names, *given.members]
    found = {sim.iccid: sim for sim in rows.filter(iccid__in=wanted).order_by("pk")}
    for ref in given.names:
        if ref not in found:
            sim = find_sim(actor, ref, lock=lock)
            found[sim.iccid] = sim
    if not found and given.members:
        raise NotFound("None of the SIMs of the file is there any more.", field="sims")
    return sorted({sim.pk: sim for sim in found.values()}.values(), key=lambda sim: sim.pk)


def find_plan(actor: Actor, name: str) -> Plan:
    """The plan of that name, in any case. Raises NotFound with the nearest names."""
    return _named(plans_of(actor), name, "plan")


def find_customer(actor: Actor, name: str) -> Customer:
    """The customer of that name, in any case, or of a number ("#17"), among those the actor may see."""
    numbered = re.fullmatch(r"#(\d{1,18})", name)
    if numbered is None:
        return _named(customers_of(actor), name, "customer")
    found = customers_of(actor)
    row = found.filter(pk=int(numbered[1])).first() or found.filter(name=name).first()
    if row is None:
        raise NotFound(f"There is no customer with the number {numbered[1]}.", field="customer")
    return row


def find_tag(actor: Actor, name: str) -> Tag:
    """The tag of that name, in any case."""
    return _named(tags_of(actor), name, "tag")


def plans_of(actor: Actor) -> "QuerySet[Plan]":
    """The plans the actor may know of: all, or those of the SIMs of their customers."""
    rows = Plan.objects.filter(organization_id=actor.organization_id)
    return rows if actor.customer_ids is None else rows.filter(Exists(_theirs(actor, plan=OuterRef("pk"))))


def tags_of(actor: Actor) -> "QuerySet[Tag]":
    """The tags the actor may know of, likewise: a tag may well be another customer's name."""
    rows = Tag.objects.filter(organization_id=actor.organization_id)
    return rows if actor.customer_ids is None else rows.filter(Exists(_theirs(actor, sim_tags__tag=OuterRef("pk"))))


def customers_of(actor: Actor) -> "QuerySet[Customer]":
    """The customers the actor may know of."""
    rows = Customer.objects.filter(organization_id=actor.organization_id)
    return rows if actor.customer_ids is None else rows.filter(pk__in=actor.customer_ids)


def customer_names(actor: Actor) -> dict[int, str]:
    """What those customers are called, by id."""
    return dict(customers_of(actor).values_list("pk", "name"))


def customer_ids_named(actor: Actor, names: Sequence[str]) -> list[int]:
    """The ids of the customers of these names. Raises NotFound."""
    return sorted({find_customer(actor, name).pk for name in names})


def _theirs(actor: Actor, **wanted: OuterRef) -> "SimQuerySet":
    return Sim.objects.for_actor(actor).filter(**wanted)


def _named(rows: "QuerySet[N]", name: str, kind: str) -> N:
    found = list(rows.filter(name__iexact=name)[:2])
    if not found:  # people leave the dull end of a name away: "Acme" for "Acme Logistics GmbH"
        found = list(rows.filter(name__istartswith=name)[: MAX_CANDIDATES + 1])
    if len(found) == 1:
        return found[0]
    if found:
        names = [str(row) for row in found[:MAX_CANDIDATES]]
        raise Ambiguous(f"Several {kind}s fit {name}: {', '.join(names)}.", candidates=names, field=kind)
    known = rows.order_by("name").values_list("name", flat=True)[:2000]
    raise NotFound(f"There is no {kind} called {name}.{_nearest(name, known)}", field=kind)


def find_operator_ids(name: str) -> list[int]:
    """The networks of an operator or group, by any of its names ("Deutsche Telekom", "O2")."""
    brands = brands_of(name) or (name,)
    wanted = Q()
    for brand in brands:
        wanted |= Q(name__iexact=brand)
    ids = list(Operator.objects.filter(wanted).values_list("pk", flat=True))
    if not ids:
        raise NotFound(f"No operator is called {name}.{_nearest(name, operator_names())}", field="operator")
    return ids


def _nearest(name: str, names: Iterable[str]) -> str:
    from rapidfuzz import fuzz, process, utils

    close = process.extract(
        name, list(names), scorer=fuzz.WRatio, processor=utils.default_process, score_cutoff=60, limit=3
    )
    return f" Did you mean {' or '.join(one for one, _, _ in close)}?" if close else ""
