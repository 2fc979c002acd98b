"""What holds of memberships, whoever changes them: nobody gives more than they have, the last owner stays."""

from typing import TYPE_CHECKING

from iotsim.core.actor import Actor
from iotsim.core.errors import Ambiguous, Conflict, Denied, NotFound
from iotsim.core.models import Membership, Organization
from iotsim.core.roles import PERMISSIONS, Permission, Role

if TYPE_CHECKING:
    from django.db.models import QuerySet

UNLIMITED = frozenset({Role.OWNER, Role.ADMIN})  # who runs the organisation sees all of it


def lock(actor: Actor) -> Organization:
    """The organisation, locked: its memberships change one after the other."""
    return Organization.objects.select_for_update(no_key=True).get(pk=actor.organization_id)


def find_member(actor: Actor, ref: str) -> Membership:
    """The member whom an e-mail address or a name means. Raises NotFound or Ambiguous."""
    rows = members_of(actor).select_related("user", "organization")
    found = list(rows.filter(user__email__iexact=ref)) or list(rows.filter(user__name__iexact=ref)[:5])
    if not found:
        raise NotFound(f"{ref} is not a member. Give the e-mail address of one.", field="member")
    if len(found) > 1:
        emails = [one.user.email for one in found]
        sentence = f"Several members are called {ref}: {', '.join(emails)}. Give the e-mail address."
        raise Ambiguous(sentence, candidates=emails, field="member")
    return found[0]


def members_of(actor: Actor) -> "QuerySet[Membership]":
    """The members whom the actor may know of; whoever is limited to some customers knows of themselves only."""
    rows = Membership.objects.filter(organization_id=actor.organization_id)
    return rows if actor.customer_ids is None else rows.filter(user_id=actor.user_id or 0)


def require_whole_organization(actor: Actor) -> None:
    """Raise Denied for somebody whose own access is limited to some customers."""
    if actor.customer_ids is not None:
        raise Denied("Your own access is limited to some customers, so you cannot manage members.")


def require_may_touch(actor: Actor, member: Membership) -> None:
    """Raise Denied unless the actor may change that member: only owners change owners."""
    require_whole_organization(actor)
    if not PERMISSIONS[Role(member.role)] <= actor.permissions:
        raise Denied(f"{member.user.email} is {role_words(member.role)}, and has more rights than you have here.")


def require_may_grant(actor: Actor, role: Role) -> None:
    """Raise Denied for a role that allows more than the actor (or the key that asks) may do."""
    require_whole_organization(actor)
    if not PERMISSIONS[role] <= actor.permissions:
        raise Denied(f"You cannot make anybody {role_words(role)}: that role may do more than you may here.")


def require_another_owner(member: Membership, *, doing: str) -> None:
    """Raise Conflict when nobody else owns the organisation. Call it under the lock."""
    others = Membership.objects.filter(organization_id=member.organization_id, role=Role.OWNER, user__is_active=True)
    if member.role == Role.OWNER and not others.exclude(pk=member.pk).exists():
        raise Conflict(f"{member.user.email} is the last owner and cannot {doing}. Make somebody else an owner first.")


def require_fitting_limit(role: Role, customer_ids: list[int] | None) -> None:
    """Raise Conflict for an owner or admin who would see some customers only."""
    if customer_ids is not None and role in UNLIMITED:
        raise Conflict(
            f"{role_words(role).capitalize()} runs the whole organisation and cannot be limited to customers."
        )


def role_words(role: str) -> str:
    """A role with its article: an owner, a viewer."""
    return f"{'an' if role[0] in 'aeiou' else 'a'} {role}"


def may_touch(actor: Actor, member: Membership) -> bool:
    return (
        actor.may(Permission.ADMINISTER)
        and actor.customer_ids is None
        and PERMISSIONS[Role(member.role)] <= actor.permissions
    )
