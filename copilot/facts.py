"""What the cards and Undo buttons of a conversation must show now."""

from collections.abc import Iterable, Sequence

from copilot.conversation import Item, approvals_of
from copilot.render import Facts, number_of
from copilot.versions import ratings_of, versions_of
from iotsim.core import registry
from iotsim.core.actor import Actor
from iotsim.core.errors import NotFound
from iotsim.core.models import AuditEvent
from iotsim.core.schemas import ApprovalOut
from iotsim.core.tenancy import tenant


def facts_of(actor: Actor, items: Sequence[Item]) -> Facts:
    """The facts for these items, read as the person."""
    cards = sorted({number for item in items for number in approvals_of(item)})
    undos = [item.data["undo_event"] for item in items if item.data.get("undo_event")]
    if not needs_facts(items):
        return Facts()
    with tenant(actor.organization_id, read_only=True):
        taken_back = AuditEvent.objects.filter(undoes__in=undos, outcome="done").values_list("undoes", flat=True)
        undone = {one for one in taken_back if one is not None}
        versions = versions_of([number_of(one) for one in items if one.kind == "said"])
        ratings = ratings_of(actor, [number_of(one) for one in items if one.data.get("final")])
    approvals = {number: found for number in cards if (found := _newest(actor, number))}
    return Facts(approvals, undone, versions, ratings)


def needs_facts(items: Iterable[Item]) -> bool:
    """Whether how these items look depends on more than their events."""
    return any(
        approvals_of(one) or one.data.get("undo_event") or one.kind == "said" or one.data.get("final") for one in items
    )


def _newest(actor: Actor, number: int) -> ApprovalOut | None:
    """The request as it is now: the one in its place, when it was changed or overtaken."""
    found = _approval(actor, number)
    while found is not None and found.replaced_by_id is not None:
        found = _approval(actor, found.replaced_by_id)
    return found


def _approval(actor: Actor, number: int) -> ApprovalOut | None:
    try:
        found = registry.get("get_approval").call(actor, {"approval": number}).result
    except NotFound:
        return None
    return found if isinstance(found, ApprovalOut) else None
