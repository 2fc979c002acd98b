"""Plans: what SIMs cost and how much they may use. Changing one moves money, so it is shown before it is done."""

from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Denied, Invalid
from iotsim.core.models import Organization
from iotsim.core.paging import Cursor
from iotsim.core.parameters import Bytes, Limit
from iotsim.core.proposals import FIRST_ROWS, Change, Proposal, digest_of
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted, money, size
from sims.examples import EXAMPLES
from sims.following import changed
from sims.models import Plan, Sim
from sims.naming import find_plan, plans_of
from sims.parameters import PlanName
from sims.schemas.accounts import PlanChange, PlanFacts, PlanPage, PlanRow
from sims.services.customers import NOTHING, figures_by, page_by_name
from sims.services.quota import MAX_QUOTA
from sims.services.status import BILLED

FACTS: Final = tuple(PlanFacts.model_fields)
MOST_FOLLOWED: Final = 5_000  # SIMs of which forecasts follow a new quota at once; those of more do it at night
MOVES_MONEY: Final = ("quota", "price", "overage_price", "pooled", "billing_day")

NewPlanName = Annotated[
    str, Field(min_length=1, max_length=120, description="The plan's name, once in an organisation")
]
PlanQuota = Annotated[Bytes, Field(le=MAX_QUOTA, description='Quota of a SIM for a billing cycle, such as "500 MB"')]
Price = Annotated[
    Decimal, Field(ge=0, le=1_000_000, decimal_places=2, description="Price a SIM and month, such as 3.50")
]
OveragePrice = Annotated[
    Decimal, Field(ge=0, le=10_000, decimal_places=8, description="Price of a megabyte beyond the quota, such as 0.02")
]
Pooled = Annotated[bool, Field(description="Its SIMs share their quotas")]
BillingDay = Annotated[int, Field(ge=1, le=31, description="Day of the month on which the cycle begins")]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217, such as EUR")]


@service(permission=Permission.VIEW, risk=Risk.READ, path="plans", examples=EXAMPLES["list_plans"], title="Plans")
def list_plans(actor: Actor, *, limit: Limit = 50, cursor: Cursor = None) -> PlanPage:
    """List plans by name, each with quota, prices, its SIMs and their usage of the cycle."""
    page, following = page_by_name(plans_of(actor), cursor, limit)
    figures = figures_by(actor, "plan", [row.pk for row in page])
    items = [PlanRow(id=row.pk, **_facts(row).model_dump(), **figures.get(row.pk, NOTHING)) for row in page]
    sentence = f"{counted(len(items), 'plan')}." if items else "No plans."
    return PlanPage(sentence=sentence, items=items, next_cursor=following)


def _facts(row: Plan) -> PlanFacts:
    return PlanFacts(**{name: getattr(row, name) for name in FACTS})


def _must_see_all(actor: Actor) -> None:
    if actor.customer_ids is not None:
        raise Denied("You look after some customers only, and plans are shared by all, so you may not change them.")


def _must_be_new(actor: Actor, name: str, *, besides: int | None = None) -> None:
    same = Plan.objects.filter(organization_id=actor.organization_id, name__iexact=name)
    if same.exclude(pk=besides or 0).exists():
        raise Conflict(f"There is a plan called {name} already.")


def _changed(row: Plan, wanted: dict[str, Any]) -> PlanFacts:
    """The plan as it would be: what is None stays. Prices come in whole money and are kept in cents."""
    after = _facts(row).model_dump()
    price, overage = wanted.pop("price", None), wanted.pop("overage_price", None)
    quota = wanted.pop("quota", None)
    after |= {name: value for name, value in wanted.items() if value is not None}
    after |= {"price_cents": int(price * 100)} if price is not None else {}
    after |= {"overage_cents_per_mb": overage * 100} if overage is not None else {}
    after |= {"quota_bytes": quota} if quota is not None else {}
    return PlanFacts(**after)


def _words(facts: PlanFacts, name: str) -> str:
    value = getattr(facts, name)
    match name:
        case "quota_bytes":
            return size(value)
        case "price_cents":
            return f"{money(value, facts.currency)} a month"
        case "overage_cents_per_mb":
            return f"{value / 100:.8f}".rstrip("0").rstrip(".") + f" {facts.currency} a MB"
        case "pooled":
            return "shared" if value else "not shared"
    return str(value)


LABELS: Final = {
    "quota_bytes": "quota",
    "price_cents": "price",
    "overage_cents_per_mb": "beyond the quota",
    "pooled": "quotas",
    "billing_day": "billing day",
}


def _undo_create(actor: Actor, arguments: BaseModel, result: PlanChange) -> Undo:
    return Undo("delete_plan", {"plan": result.plan.name})


@service(
    permission=Permission.MONEY,
    risk=Risk.WRITE,
    path="plans",
    examples=(),
    title="Add plan",
    undo=_undo_create,
)
def create_plan(
    actor: Actor,
    *,
    name: NewPlanName,
    quota: PlanQuota,
    price: Price = Decimal(0),
    overage_price: OveragePrice = Decimal(0),
    pooled: Pooled = False,
    billing_day: BillingDay = 1,
    currency: Annotated[
        Currency | None, Field(description="ISO 4217, such as EUR; the organisation's if not given")
    ] = None,
) -> PlanChange:
    """Add a plan. It costs nothing before SIMs are on it."""
    _must_see_all(actor)
    _must_be_new(actor, name)
    own = Organization.objects.values_list("currency", flat=True).get(pk=actor.organization_id)
    row = Plan.objects.create(
        organization_id=actor.organization_id,
        name=name,
        quota_bytes=quota,
        price_cents=int(price * 100),
        overage_cents_per_mb=overage_price * 100,
        pooled=pooled,
        billing_day=billing_day,
        currency=currency or own,
    )
    touch("plan", [row.pk])
    facts = _facts(row)
    what = f"{_words(facts, 'quota_bytes')} for {_words(facts, 'price_cents')}"
    return PlanChange(sentence=f"The plan {name} was added: {what}.", plan=facts)


def _risk(actor: Actor, arguments: BaseModel) -> Risk:
    given = (getattr(arguments, name) for name in MOVES_MONEY)
    return Risk.DANGER if any(value is not None for value in given) else Risk.WRITE


def propose_plan(actor: Actor, *, plan: str, **wanted: Any) -> Proposal:
    row = find_plan(actor, plan)
    before = _facts(row)
    after = _changed(row, wanted)
    sims = Sim.objects.filter(organization_id=actor.organization_id, plan=row)
    count, paid = sims.count(), sims.filter(status__in=BILLED).count()
    warnings = [f"{counted(count, 'SIM')} are on this plan and change with it."] if count > 1 else []
    return Proposal(
        summary=f"Change the plan {row.name}",
        count=max(count, 1),
        changes=_changes(row, list(sims.order_by("pk")[:FIRST_ROWS]), before, after),
        monthly_cost_change_cents=(after.price_cents - before.price_cents) * paid,
        currency=before.currency,
        warnings=warnings,
        digest=digest_of([row.pk, before.model_dump(mode="json"), after.model_dump(mode="json"), count, paid]),
    )


def _changes(row: Plan, sims: list[Sim], before: PlanFacts, after: PlanFacts) -> list[Change]:
    """What each of the first SIMs on it sees change; without any, the plan itself."""
    moved = [name for name in FACTS if getattr(before, name) != getattr(after, name)]
    words = {
        "field": ", ".join(LABELS.get(name, name) for name in moved),
        "before": ", ".join(_words(before, name) for name in moved),
        "after": ", ".join(_words(after, name) for name in moved),
    }
    if not sims:
        return [Change(label=row.name, **words)]
    return [Change(label=str(sim), link=f"/sims/{sim.iccid}/", **words) for sim in sims]


def _undo_update(actor: Actor, arguments: BaseModel, result: PlanChange) -> Undo | None:
    if result.before is None:
        return None
    before, now = result.before.model_dump(mode="json"), result.plan.model_dump(mode="json")
    return Undo("restore_plan", {"plan": result.plan.name, "before": before, "expected": now})


@service(
    permission=Permission.MONEY,
    risk=_risk,
    path="plans/{plan}",
    examples=(),
    title="Change plan",
    proposal=propose_plan,
    undo=_undo_update,
)
def update_plan(
    actor: Actor,
    *,
    plan: PlanName,
    name: Annotated[NewPlanName | None, Field(description="Its new name")] = None,
    quota: Annotated[
        PlanQuota | None, Field(description='Quota of a SIM for a billing cycle, such as "500 MB"')
    ] = None,
    price: Annotated[Price | None, Field(description="Price a SIM and month, such as 3.50")] = None,
    overage_price: Annotated[OveragePrice | None, Field(description="Price of a megabyte beyond the quota")] = None,
    pooled: Annotated[Pooled | None, Field(description="Whether its SIMs share their quotas")] = None,
    billing_day: Annotated[BillingDay | None, Field(description="Day on which the cycle begins, 1 to 31")] = None,
) -> PlanChange:
    """Change a plan for all SIMs on it. What is not given stays as it is."""
    _must_see_all(actor)
    row = Plan.objects.select_for_update().get(pk=find_plan(actor, plan).pk)
    before = _facts(row)
    wanted = {"name": name, "quota": quota, "price": price, "overage_price": overage_price}
    after = _changed(row, {**wanted, "pooled": pooled, "billing_day": billing_day})
    if after == before:
        raise Invalid(f"{row.name} is like that already: give what should change.", field="name")
    if after.name != before.name:
        _must_be_new(actor, after.name, besides=row.pk)
    return _keep(actor, row, before, after)


def _keep(actor: Actor, row: Plan, before: PlanFacts, after: PlanFacts) -> PlanChange:
    for name in FACTS:
        setattr(row, name, getattr(after, name))
    row.save(update_fields=list(FACTS))
    touch("plan", [row.pk])
    moved = [name for name in FACTS if getattr(before, name) != getattr(after, name)]
    words = ", ".join(f"{LABELS.get(name, name)} {_words(after, name)} (was {_words(before, name)})" for name in moved)
    sims = Sim.objects.filter(organization_id=actor.organization_id, plan=row)
    if {"quota_bytes", "pooled"} & set(moved):
        changed("cycle", actor.organization_id, list(sims.values_list("pk", flat=True)[:MOST_FOLLOWED]))
    return PlanChange(
        sentence=f"The plan {before.name} was changed: {words}.", plan=after, before=before, sims=sims.count()
    )


@service(permission=Permission.MONEY, risk=Risk.WRITE, path="plans/{plan}/restore", examples=(), title="Restore plan")
def restore_plan(
    actor: Actor,
    *,
    plan: PlanName,
    before: Annotated[PlanFacts, Field(description="The plan as it was")],
    expected: Annotated[PlanFacts, Field(description="Refuse unless it is this now (somebody may have changed it)")],
) -> PlanChange:
    """Bring a plan back to what it was before a change, unless something has changed it since."""
    _must_see_all(actor)
    row = Plan.objects.select_for_update().get(pk=find_plan(actor, plan).pk)
    now = _facts(row)
    if now != expected:
        raise Conflict(f"The plan {row.name} was changed again since, so it was left as it is.")
    if before.name != now.name:
        _must_be_new(actor, before.name, besides=row.pk)
    return _keep(actor, row, now, before)


def _undo_delete(actor: Actor, arguments: BaseModel, result: PlanChange) -> Undo:
    facts = result.plan
    return Undo(
        "create_plan",
        {
            "name": facts.name,
            "quota": facts.quota_bytes,
            "price": str(Decimal(facts.price_cents) / 100),
            "overage_price": str(facts.overage_cents_per_mb / 100),
            "pooled": facts.pooled,
            "billing_day": facts.billing_day,
            "currency": facts.currency,
        },
    )


@service(
    permission=Permission.MONEY,
    risk=Risk.WRITE,
    path="plans/{plan}/delete",
    examples=(),
    title="Delete plan",
    undo=_undo_delete,
)
def delete_plan(actor: Actor, *, plan: PlanName) -> PlanChange:
    """Delete a plan that no SIM is on."""
    _must_see_all(actor)
    row = Plan.objects.select_for_update().get(pk=find_plan(actor, plan).pk)
    if Sim.objects.filter(organization_id=actor.organization_id, plan=row).exists():
        raise Conflict(f"There are SIMs on the plan {row.name}. Give them another plan first.")
    facts = _facts(row)
    touch("plan", [row.pk])
    row.delete()
    return PlanChange(sentence=f"The plan {facts.name} was deleted.", plan=facts)
