"""Calls of machines that wait for a person: filing them, deciding them."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from pydantic import BaseModel

from iotsim.core import impersonation
from iotsim.core.actor import Actor, Face
from iotsim.core.effects import announce
from iotsim.core.errors import Conflict, Denied, NotFound
from iotsim.core.idempotency import arguments_hash
from iotsim.core.models import Approval, ApprovalState, Membership
from iotsim.core.notifications import notify, who_may
from iotsim.core.proposals import Proposal
from iotsim.core.roles import Permission, names_of, scopes_of
from iotsim.core.schemas import ApprovalOut

if TYPE_CHECKING:
    from iotsim.core.registry import Service

MAX_WHY = 300
MAX_ERROR = 500


def file(
    service: "Service[..., Any]",
    actor: Actor,
    arguments: BaseModel,
    proposal: Proposal | None,
    why: str,
    *,
    replaces: Approval | None = None,
    edited_by: str = "",
) -> ApprovalOut:
    """Keep the call until a person decides; the same call asked twice waits once.

    `replaces` is the request that this one is made of: whoever waited for that one waits for this one now.
    """
    asked = {
        "organization_id": actor.organization_id,
        "state": ApprovalState.PENDING.value,
        "arguments_hash": arguments_hash(service, arguments),
        "requester_user_id": actor.user_id,
        "run_id": actor.run.id,
    }
    facts = proposal.model_dump(mode="json") if proposal else None
    waiting = Approval.objects.filter(**asked, expires_at__gt=timezone.now()).order_by("pk")
    row = next((one for one in waiting if one.proposal == facts), None)
    if row is None:
        row = Approval.objects.create(
            **asked,
            proposal=facts,
            service=service.name,
            arguments=arguments.model_dump(mode="json", exclude_unset=True),
            why=why[:MAX_WHY],
            requester=actor.name,
            requester_face=actor.face.value,
            scopes=names_of(actor.scopes),
            replaces_id=replaces.pk if replaces else None,
            edited_by=edited_by,
            expires_at=timezone.now() + timedelta(hours=settings.APPROVAL_HOURS),
        )
        impersonation.remember(actor, "approval", row.pk)
        announce(actor.organization_id, {"approval": [row.pk]})
        _tell(actor, row, proposal.summary if proposal else service.title)
    return ApprovalOut.of(row, title=service.title)


def _tell(actor: Actor, row: Approval, what: str) -> None:
    """Those who may decide hear of it, with whoever asked: they may be the same person."""
    asked = f"{actor.name} asks by {actor.face.value} for your decision: {what}."
    notify(
        actor,
        user_ids=who_may(actor.organization_id, Permission.MONEY),
        kind="approval",
        sentence=asked,
        path=path_of(row),
        object_id=row.pk,
    )


def path_of(row: Approval) -> str:
    """Where it is shown, whatever became of it."""
    return f"/approvals/{row.pk}/"


def what(row: Approval) -> str:
    """The act in a few words, as its proposal says it."""
    return str((row.proposal or {}).get("summary") or row.service.replace("_", " ").capitalize())


def visible(actor: Actor) -> "QuerySet[Approval]":
    """Whoever is limited to some customers sees and decides only what was asked in their own name."""
    rows = Approval.objects.all()
    return rows if actor.customer_ids is None else rows.filter(requester_user_id=actor.user_id)


def lock_pending(actor: Actor, approval_id: int) -> Approval:
    """The approval under a row lock, sure to be undecided. Raises NotFound or Conflict."""
    row = visible(actor).select_for_update().filter(pk=approval_id).first()
    if row is None:
        raise NotFound(f"There is no request {approval_id}.", field="approval")
    if row.state == ApprovalState.SUPERSEDED:
        raise Conflict(f"Request {approval_id} was changed; request {row.replaced_by_id} waits in its place.")
    if row.state not in (ApprovalState.PENDING, ApprovalState.EXPIRED):
        by = f" by {row.decided_by}" if row.decided_by else ""
        raise Conflict(f"Request {approval_id} was decided already{by}: {row.get_state_display()}.")
    if row.expires_at <= timezone.now() or row.state == ApprovalState.EXPIRED:
        raise Conflict(f"Request {approval_id} expired on {row.expires_at:%d %B %Y at %H:%M} UTC. Ask again.")
    return row


def settle(row: Approval, actor: Actor, state: ApprovalState, **fields: Any) -> None:
    """Write down who decided what."""
    row.state = state.value
    row.decided_by, row.decided_by_user_id, row.decided_at = (
        actor.name,
        actor.user_id,
        timezone.now(),
    )
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()
    if row.requester_user_id not in (None, actor.user_id) and state is not ApprovalState.SUPERSEDED:
        _tell_requester(row, actor.name)


def _tell_requester(row: Approval, decider: str) -> None:
    """Whoever asked hears what another person made of it."""
    sentence = ApprovalOut.of(row, title=what(row)).sentence
    done = row.state == ApprovalState.DONE
    notify(
        row.organization_id,
        user_ids=[row.requester_user_id or 0],
        kind="approval",
        sentence=f"{decider} approved: {what(row)}. {sentence}" if done else sentence,
        path=path_of(row),
        object_id=row.pk,
    )


def newest_of(approval_id: int) -> Approval:
    """The request itself, or the last of those that took its place one after the other."""
    row = Approval.objects.get(pk=approval_id)
    while row.replaced_by_id is not None:
        row = Approval.objects.get(pk=row.replaced_by_id)
    return row


def and_replaced(ids: Iterable[int]) -> set[int]:
    """These requests and all that they took the place of, inside the tenant's transaction."""
    found, fresh = set(ids), set(ids)
    while fresh:
        before = Approval.objects.filter(replaced_by_id__in=fresh).values_list("pk", flat=True)
        fresh = set(before) - found
        found |= fresh
    return found


def asked_by(member: Membership) -> "QuerySet[Approval]":
    """What a member has asked for and nobody has decided."""
    return Approval.objects.filter(state=ApprovalState.PENDING, requester_user_id=member.user_id)


def reject_all_of(member: Membership, *, decider: Actor) -> None:
    """Whoever leaves takes their open wishes along."""
    rows = list(asked_by(member).select_for_update())
    for row in rows:
        settle(row, decider, ApprovalState.REJECTED, reason=f"{member.user.email} is no longer a member.")
    announce(member.organization_id, {"approval": [row.pk for row in rows]} if rows else {})


def requester_of(row: Approval) -> Actor:
    """Whoever asked, with the rights they have now and no more than their key had.

    Raises Denied when they are no longer a member.
    """
    membership = (
        Membership.objects.select_related("user", "organization")
        .filter(
            organization_id=row.organization_id,
            user_id=row.requester_user_id or 0,
            user__is_active=True,
        )
        .first()
    )
    if membership is None:
        raise Denied(f"{row.requester}, who asked for this, is no longer a member.")
    actor = Actor.for_membership(membership, face=Face(row.requester_face), scopes=scopes_of(row.scopes))
    return impersonation.carried(actor, "approval", row.pk)
