"""Suggestions as one person sees them: what concerns them, what they have not dismissed, what fits their page."""

from datetime import date
from typing import TYPE_CHECKING, Final

from django.db.models import (
    Case,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    IntegerField,
    OuterRef,
    Q,
    Value,
    When,
    Window,
)
from django.db.models.functions import RowNumber
from django.utils import timezone

from analytics.models import Suggestion, SuggestionDismissal
from analytics.schemas.suggestions import SuggestionOut
from analytics.suggesting.fitting import Page
from analytics.suggesting.words import words_of
from iotsim.core.actor import Actor
from iotsim.core.offers import Offer
from iotsim.core.roles import Permission
from iotsim.core.services import list_approvals
from sims.models import Sim

if TYPE_CHECKING:
    from django.db.models import QuerySet

OF_A_KIND: Final = 3  # of one kind in a short list, unless it is at home on the page
GREW: Final = 1.25  # what was dismissed comes back when it is so much larger
NAMED: Final = 3
APPROVALS: Final = "approvals"


def visible(actor: Actor) -> "QuerySet[Suggestion]":
    """Those that hold and concern what the actor may see; who brought a file hears of it, whatever it is about."""
    rows = Suggestion.objects.filter(organization_id=actor.organization_id, expires_at__gt=timezone.now())
    if actor.customer_ids is None:
        return rows.filter(for_all=True)
    theirs = Sim.objects.for_actor(actor).filter(pk=OuterRef("sim_id"))
    own_file = Q(kind="intake", user_id=actor.user_id or 0)
    of_customer = Q(customer_id__in=actor.customer_ids, sim_id=None, for_all=False)
    return rows.filter(own_file | of_customer | (Q(sim_id__isnull=False) & Exists(theirs)))


def wanted(actor: Actor) -> "QuerySet[Suggestion]":
    """Of these, those that the person has not dismissed, or whose fact has changed materially since."""
    lasting = SuggestionDismissal.objects.annotate(
        up_to=ExpressionWrapper(F("weight") * GREW, output_field=FloatField())
    ).filter(
        organization_id=actor.organization_id, user_id=actor.user_id or 0, key=OuterRef("key"),
        stamp=OuterRef("stamp"), up_to__gt=OuterRef("weight"),
    )  # fmt: skip
    return visible(actor).exclude(Exists(lasting))


def suggestions(actor: Actor, page: Page, *, kind: str | None, limit: int, today: date) -> list[SuggestionOut]:
    """What fits the page first, then the most urgent ones, of each kind only a few."""
    rows = wanted(actor).filter(kind=kind) if kind else wanted(actor)
    fit = _fit(page)
    ranked = rows.annotate(fit=fit, place=Window(RowNumber(), partition_by=[F("kind"), fit], order_by=["rank", "pk"]))
    most = max(OF_A_KIND, limit // 4)
    few = ranked.filter(Q(place__lte=most) | Q(fit__lt=NOWHERE)) if not kind else ranked
    found = [(row.fit, row.rank, _out(actor, row, today)) for row in few.order_by("fit", "rank", "pk")[:limit]]
    if kind in (None, "approval") and (waiting := _approvals(actor, today)):
        found.append((AT_HOME if page.kind == "approval" else NOWHERE, 0, waiting))
    return [one for _, _, one in sorted(found, key=lambda each: each[:2])][:limit]


ABOUT_IT, AT_HOME, NOWHERE = 0, 1, 2


def _fit(page: Page) -> Case:
    """How well a suggestion fits the page: about its object, of the kind that is at home there, or neither."""
    about = Q(pk=None)
    if page.sim_id:
        about |= Q(sim_id=page.sim_id)
    if page.customer_id:
        about |= Q(customer_id=page.customer_id)
    if page.object_id:
        about |= Q(object_id=page.object_id, kind=page.kind)
    whens = [When(about, then=Value(ABOUT_IT)), *([When(kind=page.kind, then=Value(AT_HOME))] if page.kind else [])]
    return Case(*whens, default=Value(NOWHERE), output_field=IntegerField())


def _out(actor: Actor, row: Suggestion, today: date) -> SuggestionOut:
    subject, number = _subject(row)
    offer = Offer.model_validate(row.offer) if row.offer and actor.may(Permission.MONEY) else None
    return SuggestionOut(
        key=row.key,
        kind=row.kind,
        severity=row.severity,
        words=words_of(row.kind, row.facts, today),
        button=row.button if offer or not row.offer else "Open the SIM",
        link=row.link,
        offer=offer,
        subject=subject,
        subject_id=number,
        as_of=row.as_of,
        expires_at=row.expires_at,
    )


def _subject(row: Suggestion) -> tuple[str, int | None]:
    if row.kind in ("anomaly", "intake"):
        return row.kind, row.object_id
    return ("sim", row.sim_id) if row.sim_id else ("customer" if row.customer_id else "", row.customer_id)


def _approvals(actor: Actor, today: date) -> SuggestionOut | None:
    """What waits for this person's decision: asked for at once, since it is another one for each of them."""
    if not actor.may(Permission.MONEY) or actor.user_id is None:
        return None
    items = list_approvals.call(actor, {"state": "pending"}).result.items  # type: ignore[attr-defined]
    if not items or _is_dismissed(actor, str(items[0].id)):
        return None
    first = [one.proposal.summary if one.proposal else one.title for one in items[:NAMED]]
    words = words_of("approval", {"count": len(items), "first": first}, today)
    return SuggestionOut(
        key=APPROVALS, kind="approval", severity="high", words=words,
        button="Open the requests", link="/approvals/", as_of=items[0].created_at,
        expires_at=min(one.expires_at for one in items),
    )  # fmt: skip


def _is_dismissed(actor: Actor, newest: str) -> bool:
    rows = SuggestionDismissal.objects.filter(organization_id=actor.organization_id, user_id=actor.user_id or 0)
    return rows.filter(key=APPROVALS, stamp=newest).exists()


def mark_of(actor: Actor, key: str) -> tuple[str, float] | None:
    """The stamp and weight of what the person sees under that key, to be dismissed; None when there is none."""
    if key == APPROVALS:
        if not actor.may(Permission.MONEY):
            return None
        items = list_approvals.call(actor, {"state": "pending", "limit": 1}).result.items  # type: ignore[attr-defined]
        return (str(items[0].id), 1.0) if items else None
    row = visible(actor).filter(key=key).first()
    return (row.stamp, row.weight) if row else None
