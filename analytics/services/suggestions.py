"""Suggestions: what is worth doing now, and what one does not want to see."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from analytics.examples import EXAMPLES
from analytics.models import SuggestionDismissal
from analytics.schemas.suggestions import SuggestionChange, SuggestionPage
from analytics.suggesting.fitting import page_at
from analytics.suggesting.shown import mark_of, suggestions
from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import NotFound
from iotsim.core.parameters import Limit
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission
from sims.usage import local_today

OFFERED: Final = 3

Address = Annotated[
    str | None, Field(description="Address of the page that is open; what fits it comes first", max_length=500)
]
Kind = Literal["quota", "savings", "anomaly", "intake", "approval"]
Key = Annotated[str, Field(description="Name of the suggestion, such as quota:17", min_length=1, max_length=80)]


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="suggestions",
    examples=EXAMPLES["list_suggestions"],
    title="Worth doing",
)
def list_suggestions(
    actor: Actor,
    *,
    page: Address = None,
    kind: Annotated[
        Kind | None, Field(description="Only quota, savings, anomaly, intake or approval suggestions")
    ] = None,
    limit: Limit = 10,
) -> SuggestionPage:
    """Say what is worth doing now: quotas that run out, savings, new anomalies, failed imports, waiting requests.

    The most urgent first, few of each kind, without what one has dismissed.
    """
    today = local_today(actor)
    items = suggestions(actor, page_at(actor, page), kind=kind, limit=limit, today=today)
    return SuggestionPage(
        sentence=" ".join(one.words for one in items[:OFFERED]) if items else "Nothing needs doing now.",
        items=items,
        offers=[one.offer for one in items if one.offer][:OFFERED],
        as_of=max((one.as_of for one in items if one.as_of), default=None),
    )


def _undo_dismissal(actor: Actor, arguments: BaseModel, result: SuggestionChange) -> Undo:
    return Undo("restore_suggestion", {"suggestion": result.suggestion})


@service(
    permission=Permission.VIEW,
    risk=Risk.WRITE,
    path="suggestions/dismiss",
    examples=(),
    title="Dismiss suggestion",
    undo=_undo_dismissal,
    people_only=True,
)
def dismiss_suggestion(actor: Actor, *, suggestion: Key) -> SuggestionChange:
    """Dismiss a suggestion for oneself. It comes back only when the fact behind it has changed much."""
    mark = mark_of(actor, suggestion)
    if mark is None:
        raise NotFound("That suggestion is gone: what it said does not hold any more.", field="suggestion")
    SuggestionDismissal.objects.update_or_create(
        organization_id=actor.organization_id,
        user_id=actor.user_id or 0,
        key=suggestion,
        defaults={"stamp": mark[0], "weight": mark[1]},
    )
    touch("suggestion", [])
    return SuggestionChange(
        sentence="Dismissed; you will hear of it again only when it changes much.", suggestion=suggestion
    )


@service(
    permission=Permission.VIEW,
    risk=Risk.WRITE,
    path="suggestions/restore",
    examples=(),
    title="Bring a suggestion back",
    people_only=True,
)
def restore_suggestion(actor: Actor, *, suggestion: Key) -> SuggestionChange:
    """Bring a suggestion back that one has dismissed."""
    mine = SuggestionDismissal.objects.filter(organization_id=actor.organization_id, user_id=actor.user_id or 0)
    if not mine.filter(key=suggestion).delete()[0]:
        raise NotFound("You have not dismissed that suggestion.", field="suggestion")
    touch("suggestion", [])
    return SuggestionChange(sentence="The suggestion is back.", suggestion=suggestion)
