"""Savings that are worth a look: more than so much a month, in one currency."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from django.db.models import Count, Sum
from django.utils import timezone

from analytics.models import SavingsRun
from analytics.savings.chosen import standing, visible
from analytics.suggesting.audience import limited_customers, limited_to, whole_fleet
from analytics.suggesting.found import Found
from iotsim.core.models import Organization
from sims.models import Customer

if TYPE_CHECKING:
    from iotsim.core.actor import Actor

MUCH: Final = 5_000  # cents a month; less is not worth saying
LASTS: Final = timedelta(days=3)  # without a further night that says so


def find(organization_id: int) -> list[Found]:
    """Of the whole fleet, and of each customer that somebody is limited to."""
    actor = whole_fleet(organization_id)
    found = list(_of(actor, None))
    customers = limited_customers(organization_id)
    names = dict(Customer.objects.filter(organization_id=organization_id, pk__in=customers).values_list("pk", "name"))
    for number, name in names.items():
        found += _of(limited_to(actor, [number]), (number, name))
    return found


def _of(actor: "Actor", customer: tuple[int, str] | None) -> Iterator[Found]:
    rows = standing(visible(actor)).order_by().values("currency")
    main = Organization.objects.values_list("currency", flat=True).get(pk=actor.organization_id)
    run = SavingsRun.objects.filter(organization_id=actor.organization_id).order_by("-night").first()
    for one in rows.annotate(count=Count("pk"), cents=Sum("saving_cents")):
        if one["cents"] > MUCH:
            number, name = customer or (None, "")
            query = {"customer": name} if name else {} if one["currency"] == main else {"currency": one["currency"]}
            yield Found(
                key=f"savings:{one['currency']}" + (f":{number}" if number else ""),
                kind="savings", severity="medium", order=0 if one["currency"] == main else 1,
                facts={**one, "customer": name}, button="View recommendations",
                link=f"/savings/?{urlencode(query)}" if query else "/savings/",
                for_all=number is None, customer_id=number, stamp=one["currency"], weight=float(one["cents"]),
                as_of=run.as_of if run else None, expires_at=timezone.now() + LASTS,
            )  # fmt: skip
