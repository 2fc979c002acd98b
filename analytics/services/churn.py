"""Customer health: dated snapshots and the risk that a customer leaves.

Everything here reads what the night wrote, so that pages, API and copilot give the same figures.
"""

from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Max, Q

from analytics.churn.features import LEFT_OUT
from analytics.churn.rules import band_of
from analytics.examples import EXAMPLES
from analytics.models import CustomerSnapshot
from analytics.nightly.leaving import left_on
from analytics.schemas.churn import (
    ChurnExplanation,
    ChurnPage,
    ChurnRow,
    CustomerHealth,
    HealthFacts,
    HealthPage,
    ReasonOut,
)
from analytics.training.keeping import champion_row
from analytics.training.trainer import missing
from analytics.training.trainers import trainer_of
from iotsim.core.actor import Actor
from iotsim.core.errors import Invalid
from iotsim.core.paging import Cursor
from iotsim.core.parameters import Limit
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted, kept_apart
from sims.models import Customer
from sims.naming import customers_of, find_customer
from sims.parameters import CustomerName
from sims.services.customers import page_by_name

LIKELY: Final = 0.5
MONTH: Final = timedelta(days=30)
SHOWN: Final = 3  # reasons in a sentence


def _snapshots(actor: Actor) -> Any:
    rows = CustomerSnapshot.objects.filter(organization_id=actor.organization_id)
    return rows if actor.customer_ids is None else rows.filter(customer_id__in=actor.customer_ids)


def _newest_day(actor: Actor) -> date | None:
    rows = CustomerSnapshot.objects.filter(organization_id=actor.organization_id)
    found: date | None = rows.aggregate(day=Max("day"))["day"]
    return found


def _facts(customer: Customer, row: CustomerSnapshot | None, left: dict[int, date]) -> dict[str, Any]:
    gone = left.get(customer.pk)
    band = "left" if gone else band_of(row.score) if row else "unknown"
    return {
        "customer": customer.name,
        "customer_id": customer.pk,
        "day": row.day if row else None,
        "score": row.score if row else None,
        "band": band,
        "probability": row.probability if row else None,
        "model_version": row.model_version if row else None,
        "reasons": _reasons(row.reasons) if row else [],
        "left_on": gone,
    }


def _reasons(kept: list[dict[str, Any]]) -> list[ReasonOut]:
    return [ReasonOut(**one) for one in kept]


def _left(actor: Actor) -> dict[int, date]:
    return left_on(actor.organization_id, ZoneInfo(actor.time_zone))


def _basis(actor: Actor, version: int | None) -> str:
    """What a risk rests on, and what would be needed for more."""
    without = f"Not known to iotsim and therefore left out: {' and '.join(LEFT_OUT)}."
    if version is not None:
        return f"Learned model of churn, version {version}. {without}"
    if champion_row(actor.organization_id, "churn") is not None:
        return f"By rules: the model in use has not judged this day. {without}"
    lacking = missing(trainer_of("churn").needs(actor.organization_id))
    why = f"churn cannot be learned yet: {lacking}" if lacking else "no version of the churn model was promoted yet"
    return f"A score by rules, no learned model ({why}). {without}"


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="customers/{customer}/health",
    examples=EXAMPLES["get_customer_health"],
    title="Customer health",
)
def get_customer_health(actor: Actor, *, customer: CustomerName) -> CustomerHealth:
    """How well a customer does: a score from 0 to 100 by rules, every point taken off with its reason."""
    found = find_customer(actor, customer)
    row = _newest(actor, found)
    facts = _facts(found, row, _left(actor))
    before = _snapshots(actor).filter(customer_id=found.pk, day__lte=row.day - MONTH).order_by("-day") if row else None
    earlier = before.first() if before is not None else None
    return CustomerHealth(
        sentence=_health_sentence(found, row, facts),
        score_before=earlier.score if earlier else None,
        basis=_basis(actor, row.model_version if row else None),
        **facts,
    )


def _newest(actor: Actor, customer: Customer) -> CustomerSnapshot | None:
    found: CustomerSnapshot | None = _snapshots(actor).filter(customer_id=customer.pk).order_by("-day").first()
    return found


def _health_sentence(customer: Customer, row: CustomerSnapshot | None, facts: dict[str, Any]) -> str:
    name = kept_apart(customer.name)
    if facts["left_on"]:
        return f"{name} left on {facts['left_on']:%d %b %Y}."
    if row is None:
        return f"{name} was not looked at yet: the health of customers with SIMs in use is worked out each night."
    why = "; ".join(one["words"] for one in row.reasons[:SHOWN])
    return f"{name} has a health of {row.score} of 100 ({facts['band']}){f': {why}' if why else ''}."


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="customer-health",
    examples=EXAMPLES["list_customer_health"],
    title="Health of customers",
)
def list_customer_health(actor: Actor, *, limit: Limit = 50, cursor: Cursor = None) -> HealthPage:
    """List the health of customers by name, in the same pages as the customers."""
    page, following = page_by_name(customers_of(actor), cursor, limit)
    rows = _on_newest_day(actor, [one.pk for one in page])
    left = _left(actor)
    items = [HealthFacts(**_facts(one, rows.get(one.pk), left)) for one in page]
    return HealthPage(sentence=f"{counted(len(items), 'customer')}.", items=items, next_cursor=following)


def _on_newest_day(actor: Actor, ids: list[int]) -> dict[int, CustomerSnapshot]:
    rows = _snapshots(actor).filter(day=_newest_day(actor), customer_id__in=ids)
    return {row.customer_id: row for row in rows}


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="churn",
    examples=EXAMPLES["predict_churn"],
    title="Churn",
)
def predict_churn(
    actor: Actor, *, customer: CustomerName | None = None, limit: Limit = 50, cursor: Cursor = None
) -> ChurnPage:
    """Which customers may leave within 30 days, the riskiest first, each with its reasons; or the risk of one.

    The learned model says so with a probability. Until there is one, a score by rules orders them, and says so.
    """
    day = _newest_day(actor)
    left = _left(actor)
    rows = _snapshots(actor).filter(day=day).exclude(customer_id__in=left)
    if customer is not None:
        rows = rows.filter(customer_id=find_customer(actor, customer).pk)
    page, following = _page(rows, cursor, limit)
    customers = Customer.objects.in_bulk([row.customer_id for row in page])
    items = [_row(customers[row.customer_id], row, left) for row in page if row.customer_id in customers]
    version = next((row.model_version for row in page if row.model_version is not None), None)
    basis = _basis(actor, version)
    return ChurnPage(
        sentence=_churn_sentence(items, basis, customer),
        items=items,
        is_learned=version is not None,
        basis=basis,
        day=day,
        next_cursor=following,
    )


def _page(rows: Any, cursor: str | None, limit: int) -> tuple[list[CustomerSnapshot], str | None]:
    """A page by risk, the highest first; the cursor is the risk and the customer of the last row."""
    if cursor:
        try:
            risk, pk = cursor.split(":")
            after = Q(risk__lt=float(risk)) | Q(risk=float(risk), customer_id__gt=int(pk))
        except ValueError as error:
            raise Invalid("The cursor is not one of ours; start without it.", field="cursor") from error
        rows = rows.filter(after)
    found = list(rows.order_by("-risk", "customer_id")[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return found[:limit], f"{last.risk!r}:{last.customer_id}" if last else None


def _row(customer: Customer, row: CustomerSnapshot, left: dict[int, date]) -> ChurnRow:
    kept = row.risk_reasons if row.probability is not None else row.reasons
    heaviest = [one["words"] for one in kept if one["weight"] > 0][:SHOWN]
    return ChurnRow(**_facts(customer, row, left), why="; ".join(heaviest) or "nothing speaks for leaving")


def _churn_sentence(items: list[ChurnRow], basis: str, customer: str | None) -> str:
    if not items:
        none = f"{customer} was not looked at yet, or has left." if customer else "No customer was looked at yet."
        return f"{none} Customers with SIMs in use are looked at each night."
    first = items[0]
    name = kept_apart(first.customer)
    risk = f"{first.probability:.0%}" if first.probability is not None else f"health {first.score} of 100"
    if customer is not None:
        said = f"{name} leaves within 30 days with a probability of {risk}" if first.probability is not None else (
            f"{name} has a {risk} ({first.band})"
        )  # fmt: skip
        return f"{said}: {first.why}. {basis}"
    if first.probability is not None:
        likely = sum((one.probability or 0) >= LIKELY for one in items)
        return (
            f"{counted(likely, 'customer')} likely to leave within 30 days; the riskiest: {name}, {risk}: {first.why}."
        )
    at_risk = sum(one.band == "at risk" for one in items)
    return f"{counted(at_risk, 'customer')} at risk; the riskiest: {name}, {risk}: {first.why}. {basis}"


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="churn/{customer}/explanation",
    examples=EXAMPLES["explain_prediction"],
    title="Why a customer may leave",
)
def explain_prediction(actor: Actor, *, customer: CustomerName) -> ChurnExplanation:
    """Why a customer is thought to leave or to stay: every feature in words, with how much it weighs and which way."""
    found = find_customer(actor, customer)
    row = _newest(actor, found)
    facts = _facts(found, row, _left(actor))
    is_learned = row is not None and row.probability is not None
    parts = _reasons((row.risk_reasons if is_learned else row.reasons) if row else [])
    return ChurnExplanation(
        sentence=_explanation(found, row, facts, parts),
        is_learned=is_learned,
        basis=_basis(actor, row.model_version if row else None),
        parts=parts,
        **facts,
    )


def _explanation(
    customer: Customer, row: CustomerSnapshot | None, facts: dict[str, Any], parts: list[ReasonOut]
) -> str:
    if row is None or facts["left_on"]:
        return _health_sentence(customer, row, facts)
    name = kept_apart(customer.name)
    against = "; ".join(one.words for one in parts if one.raises)[:300] or "nothing speaks for leaving"
    if row.probability is None:
        return f"{name} has a health of {row.score} of 100 by rules. What took points off: {against}."
    stay = "; ".join([one.words for one in parts if not one.raises][:SHOWN])
    lowers = f" What speaks for staying: {stay}." if stay else ""
    chance = f"{row.probability:.0%}"
    return f"{name} leaves within 30 days with a probability of {chance}. What speaks for it: {against}.{lowers}"
