"""For whom suggestions are worked out: the customers that some members are limited to."""

from dataclasses import replace
from typing import Final

from iotsim.core.actor import Actor
from iotsim.core.models import Membership, Organization

MOST: Final = 200  # customers of limited members that get suggestions of their own


def limited_customers(organization_id: int) -> list[int]:
    """The customers that members are limited to, the first of them."""
    limits = Membership.objects.filter(organization_id=organization_id, customer_ids__isnull=False)
    return sorted({one for ids in limits.values_list("customer_ids", flat=True) for one in ids or ()})[:MOST]


def whole_fleet(organization_id: int) -> Actor:
    """Whoever sees everything."""
    return Actor.system(Organization.objects.get(pk=organization_id))


def limited_to(actor: Actor, customers: list[int]) -> Actor:
    """Whoever sees these customers only."""
    return replace(actor, customer_ids=frozenset(customers))
