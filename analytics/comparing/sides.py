"""The sides of a comparison and what each used: one statement for each kind of thing, however large the fleet."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.db.models import Count, F, Q, Sum

from sims.lifecycle import AT_REST
from sims.models import Sim, UsageDaily
from sims.naming import find_customer, find_operator_ids, find_sim

if TYPE_CHECKING:
    from iotsim.core.actor import Actor
    from sims.models.fleet import SimQuerySet

Span = tuple[date, date]


@dataclass(frozen=True)
class Side:
    """A thing to compare: what it is called, where its page is, by which values of the SIMs' column it is known."""

    name: str
    kind: str
    link: str
    values: tuple[int, ...] = ()


@dataclass(frozen=True)
class Used:
    """Bytes in the period and in the one before, and how many SIMs there are now that may use any."""

    now: int
    before: int
    sims: int


COLUMNS: Final = {"sim": "pk", "customer": "customer_id", "operator": "operator_id"}


def sides_of(actor: "Actor", sims: Sequence[str], customers: Sequence[str], operators: Sequence[str]) -> list[Side]:
    """Each thing once. Raises NotFound or Ambiguous for a name that names nothing, or several."""
    found = [find_sim(actor, one) for one in sims]
    named = [find_customer(actor, one) for one in customers]
    sides = [
        *(Side(one.short_name, "sim", f"/sims/{one.iccid}/", (one.pk,)) for one in found),
        *(Side(one.name, "customer", f"/customers/{one.pk}/", (one.pk,)) for one in named),
        *(
            Side(one, "operator", f"/sims/?{urlencode({'operator': one})}", tuple(find_operator_ids(one)))
            for one in operators
        ),
    ]
    return list({(one.kind, one.values): one for one in sides}.values())


def used_by(actor: "Actor", sides: Sequence[Side], now: Span, before: Span) -> list[Used]:
    """What each side used, in their order."""
    if not sides:
        return []
    kind = sides[0].kind
    values = [value for one in sides for value in one.values]
    rows = _of_kind(actor, kind, values)
    sums = {one: _sums(actor, kind, rows, one) for one in (now, before)}
    counted = rows if kind == "sim" else rows.exclude(status__in=AT_REST)
    counts = Counter(dict(counted.order_by().values_list(COLUMNS[kind]).annotate(count=Count("pk"))))

    def bytes_of(side: Side, span: Span) -> int:
        return sum(sums[span].get(value, 0) for value in side.values)

    return [
        Used(bytes_of(one, now), bytes_of(one, before), sum(counts[value] for value in one.values)) for one in sides
    ]


def used_by_all(actor: "Actor", now: Span, before: Span) -> Used:
    """The same of all SIMs that the actor may see."""
    rows = Sim.objects.for_actor(actor)
    total = Sum(F("bytes_up") + F("bytes_down"))
    both = [_days(actor, rows, span).aggregate(sum=total)["sum"] for span in (now, before)]
    return Used(int(both[0] or 0), int(both[1] or 0), rows.exclude(status__in=AT_REST).order_by().count())


def _of_kind(actor: "Actor", kind: str, values: Sequence[int]) -> "SimQuerySet":
    return Sim.objects.for_actor(actor).filter(Q(**{f"{COLUMNS[kind]}__in": list(values)}))


def _days(actor: "Actor", rows: "SimQuerySet", span: Span) -> Any:
    mine = rows.order_by().values("pk")
    return UsageDaily.objects.filter(organization_id=actor.organization_id, day__range=span, sim_id__in=mine)


def _sums(actor: "Actor", kind: str, rows: "SimQuerySet", span: Span) -> dict[int, int]:
    column = "sim_id" if kind == "sim" else f"sim__{COLUMNS[kind]}"
    days = _days(actor, rows, span)
    if kind != "sim":  # the join stands behind the wall as well
        days = days.filter(sim__organization_id=actor.organization_id)
    found = days.values_list(column).annotate(sum=Sum(F("bytes_up") + F("bytes_down")))
    return {value: int(amount or 0) for value, amount in found}
