"""What the filters of a list offer."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef

from iotsim.core.actor import Actor
from iotsim.core.countries import country_name
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from sims.models import Operator, Sim
from sims.naming import customers_of, plans_of, tags_of
from sims.schemas.choices import Country, FilterChoices

if TYPE_CHECKING:
    from django.db.models import QuerySet

MOST = 500


@service(permission=Permission.VIEW, risk=Risk.READ, path="fleet/choices", examples=(), title="Filters for SIMs")
def list_filter_choices(actor: Actor) -> FilterChoices:
    """List the operators, countries, plans, tags and customers that SIMs can be filtered by."""
    return FilterChoices(
        operators=_operators(actor),
        countries=sorted(
            (Country(code=code, name=country_name(code)) for code in _countries(actor)),
            key=lambda one: one.name,
        ),
        plans=_names(plans_of(actor)),
        tags=_names(tags_of(actor)),
        customers=_names(customers_of(actor)),
        billing_day=_billing_day(actor),
    )


def _billing_day(actor: Actor) -> int:
    days = Counter(plans_of(actor).values_list("billing_day", flat=True))
    return min(days, key=lambda day: (-days[day], day)) if days else 1


def _names(rows: "QuerySet[Any]") -> list[str]:
    return list(rows.order_by("name").values_list("name", flat=True)[:MOST])


def _operators(actor: Actor) -> list[str]:
    """Asked per operator, of which the world has some thousand, so that the cost does not grow with the fleet."""
    used = Sim.objects.for_actor(actor).filter(operator=OuterRef("pk"))
    return _names(Operator.objects.filter(Exists(used)).distinct("name"))


def _countries(actor: Actor) -> list[str]:
    used = Sim.objects.for_actor(actor).filter(country=OuterRef("country"))
    rows = Operator.objects.order_by("country").distinct("country").values("country")
    return list(rows.filter(Exists(used)).values_list("country", flat=True))
