"""Customers: whose SIMs they are, with their figures."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import Coalesce
from pydantic import BaseModel, Field

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Denied, Invalid
from iotsim.core.models import Membership, Organization
from iotsim.core.paging import Cursor
from iotsim.core.parameters import Limit
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted, size
from sims.examples import EXAMPLES
from sims.filters import NEARLY_OVER, OVER_QUOTA, QUOTA, silent
from sims.lifecycle import Status
from sims.models import Customer, Device, Sim
from sims.naming import customers_of, find_customer
from sims.parameters import CustomerName
from sims.renaming import NEW_CUSTOMER
from sims.schemas.accounts import CustomerChange, CustomerDetails, CustomerPage, CustomerRow
from sims.services.status import BILLED

if TYPE_CHECKING:
    from django.db.models import QuerySet

NewName = Annotated[
    str, Field(min_length=1, max_length=120, description="The customer's name, once in an organisation"), NEW_CUSTOMER
]
Reference = Annotated[str, Field(max_length=60, description="Your own number for the customer")]
LeftOn = Annotated[
    date | Literal[""] | None,
    Field(
        description="The day the customer left, as YYYY-MM-DD; empty: it has not", json_schema_extra={"x-blank": True}
    ),
]


def figures_by(actor: Actor, field: str, ids: list[int]) -> dict[int, dict[str, Any]]:
    """SIMs, active ones, usage of the cycle and monthly price, by customer or plan: those of a page in one query."""
    rows = Sim.objects.for_actor(actor).filter(**{f"{field}__in": ids}).order_by().values(field)
    found = rows.annotate(
        sims=Count("pk"),
        active=Count("pk", filter=Q(status=Status.ACTIVE)),
        usage_bytes=Coalesce(Sum("cycle_bytes"), 0),
        monthly_cents=Coalesce(Sum("plan__price_cents", filter=Q(status__in=BILLED)), 0),
    )
    return {row.pop(field): row for row in found}


NOTHING = {"sims": 0, "active": 0, "usage_bytes": 0, "monthly_cents": 0}


def page_by_name(rows: "QuerySet[Any]", cursor: str | None, limit: int) -> tuple[list[Any], str | None]:
    """A page in order of names, which are unique; the cursor is the last name of the page before."""
    if cursor:
        rows = rows.filter(name__gt=cursor)
    found = list(rows.order_by("name")[: limit + 1])
    return found[:limit], found[limit - 1].name if len(found) > limit else None


@service(
    permission=Permission.VIEW, risk=Risk.READ, path="customers", examples=EXAMPLES["list_customers"], title="Customers"
)
def list_customers(actor: Actor, *, limit: Limit = 50, cursor: Cursor = None) -> CustomerPage:
    """List customers by name, each with its SIMs, usage of the cycle and monthly price."""
    page, following = page_by_name(customers_of(actor), cursor, limit)
    figures = figures_by(actor, "customer", [row.pk for row in page])
    items = [
        CustomerRow(
            id=row.pk, name=row.name, reference=row.reference, left_on=row.left_on, **figures.get(row.pk, NOTHING)
        )
        for row in page
    ]
    currency = Organization.objects.values_list("currency", flat=True).get(pk=actor.organization_id)
    return CustomerPage(
        sentence=f"{counted(len(items), 'customer')}." if items else "No customers.",
        items=items,
        currency=currency,
        next_cursor=following,
    )


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="customers/{customer}/details",
    examples=EXAMPLES["get_customer"],
    title="Customer",
)
def get_customer(actor: Actor, *, customer: CustomerName) -> CustomerDetails:
    """Show one customer: its SIMs by state, their usage of the cycle against their quotas, what they cost a month."""
    row = find_customer(actor, customer)
    sims = Sim.objects.for_actor(actor).filter(customer=row)
    counts = dict(sims.order_by().values_list("status").annotate(count=Count("pk")))
    figures = sims.annotate(quota=QUOTA).aggregate(
        over_quota=Count("pk", filter=OVER_QUOTA),
        near_quota=Count("pk", filter=NEARLY_OVER),
        silent=Count("pk", filter=silent()),
        as_of=Max("cycle_as_of"),
    )
    own = figures_by(actor, "customer", [row.pk]).get(row.pk, NOTHING)
    used = f"They have used {size(own['usage_bytes'])} in their billing cycles so far."
    return CustomerDetails(
        sentence=f"{row.name} has {counted(own['sims'], 'SIM')}. {used}"
        if own["sims"]
        else f"{row.name} has no SIMs yet.",
        id=row.pk,
        name=row.name,
        reference=row.reference,
        by_status={status.value: counts[status.value] for status in Status if counts.get(status.value)},
        currency=Organization.objects.values_list("currency", flat=True).get(pk=actor.organization_id),
        **own,
        **figures,
    )


def _must_see_all(actor: Actor, doing: str) -> None:
    if actor.customer_ids is not None:
        raise Denied(f"You look after some customers only, so you may not {doing}.")


def _must_be_new(actor: Actor, name: str, *, besides: int | None = None) -> None:
    same = Customer.objects.filter(organization_id=actor.organization_id, name__iexact=name)
    if same.exclude(pk=besides or 0).exists():
        raise Conflict(f"There is a customer called {name} already.")


def _undo_create(actor: Actor, arguments: BaseModel, result: CustomerChange) -> Undo:
    return Undo("delete_customer", {"customer": result.name})


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="customers",
    examples=EXAMPLES["create_customer"],
    title="Add customer",
    undo=_undo_create,
)
def create_customer(actor: Actor, *, name: NewName, reference: Reference = "") -> CustomerChange:
    """Add a customer; SIMs are given to it when they are brought in."""
    _must_see_all(actor, "add others")
    _must_be_new(actor, name)
    row = Customer.objects.create(organization_id=actor.organization_id, name=name, reference=reference)
    touch("customer", [row.pk])
    return CustomerChange(sentence=f"The customer {name} was added.", name=name, reference=reference)


def _undo_update(actor: Actor, arguments: BaseModel, result: CustomerChange) -> Undo:
    return Undo("update_customer", {"customer": result.name, **result.before, "expected_reference": result.reference})


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="customers/{customer}",
    examples=EXAMPLES["update_customer"],
    title="Change customer",
    undo=_undo_update,
)
def update_customer(
    actor: Actor,
    *,
    customer: CustomerName,
    name: Annotated[NewName | None, Field(description="Its new name")] = None,
    reference: Annotated[Reference | None, Field(description="Your own number for it")] = None,
    expected_reference: Annotated[
        Reference | None, Field(description="Refuse unless its reference is this now (somebody may have changed it)")
    ] = None,
    left_on: LeftOn = None,
) -> CustomerChange:
    """Rename a customer, change your number for it, or note the day it left. What is not given stays as it is."""
    row = find_customer(actor, customer)
    row = Customer.objects.select_for_update().get(pk=row.pk)
    before = _noted(row)
    if expected_reference is not None and expected_reference != row.reference:
        raise Conflict(f"The reference of {row.name} is {row.reference or 'empty'} by now, so it was left as it is.")
    if name is not None and name != row.name:
        _must_be_new(actor, name, besides=row.pk)
    row.name, row.reference = name or row.name, row.reference if reference is None else reference
    row.left_on = row.left_on if left_on is None else left_on or None
    if before == _noted(row):
        raise Invalid(f"{row.name} is like that already: change the name or the reference.", field="name")
    row.save(update_fields=["name", "reference", "left_on"])
    touch("customer", [row.pk])
    was = f"; it was {before['name']}" if before["name"] != row.name else ""
    left = f" It left on {row.left_on:%d %b %Y}." if row.left_on else " It has not left." if before["left_on"] else ""
    sentence = f"The customer is called {row.name} now, with the reference {row.reference or 'left empty'}{was}.{left}"
    return CustomerChange(sentence=sentence, name=row.name, reference=row.reference, left_on=row.left_on, before=before)


def _noted(row: Customer) -> dict[str, str]:
    return {"name": row.name, "reference": row.reference, "left_on": row.left_on.isoformat() if row.left_on else ""}


def _undo_delete(actor: Actor, arguments: BaseModel, result: CustomerChange) -> Undo:
    return Undo("create_customer", {"name": result.name, "reference": result.reference})


@service(
    permission=Permission.OPERATE,
    risk=Risk.WRITE,
    path="customers/{customer}/delete",
    examples=EXAMPLES["delete_customer"],
    title="Delete customer",
    undo=_undo_delete,
)
def delete_customer(actor: Actor, *, customer: CustomerName) -> CustomerChange:
    """Delete a customer that has neither SIMs nor devices nor members limited to it."""
    _must_see_all(actor, "delete any")
    row = Customer.objects.select_for_update().get(pk=find_customer(actor, customer).pk)
    mine = {"organization_id": actor.organization_id}
    if Sim.objects.filter(**mine, customer=row).exists() or Device.objects.filter(**mine, customer=row).exists():
        raise Conflict(f"{row.name} has SIMs or devices. Give them to another customer first.")
    if Membership.objects.filter(**mine, customer_ids__contains=[row.pk]).exists():
        raise Conflict(f"There are members who look after {row.name} only. Change that first.")
    touch("customer", [row.pk])
    row.delete()
    return CustomerChange(sentence=f"The customer {row.name} was deleted.", name=row.name, reference=row.reference)
