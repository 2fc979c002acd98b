"""Support acts as a member: who does, until when, and how every call made meanwhile carries both names.

The session keeps the number of an Impersonation and stays the staff person's own: whoever forgets to ask here
acts as the staff person, who is usually a member of nothing, and never as the member without a trace.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from iotsim.core.actor import Actor, Face
from iotsim.core.errors import Conflict, Denied, NotFound
from iotsim.core.models import ImpersonatedWork, Impersonation, Membership, User
from iotsim.core.tenancy import tenant

KEY: Final = "impersonation"  # the session's key for the number of the support session
LONGEST: Final = timedelta(hours=1)
PERMISSION: Final = "core.add_impersonation"
MAX_NAME: Final = 118  # two of them and the words between fit where a name is kept


def may_impersonate(user: User) -> bool:
    return user.is_active and user.is_staff and user.has_perm(PERMISSION)


def of_session(session: SessionBase, user: User | AnonymousUser) -> Impersonation | None:
    """The support session under way. Raises Denied, once, when it is over or no longer allowed."""
    number = session.get(KEY)
    if number is None or not isinstance(user, User):
        return None
    rows = Impersonation.objects.select_related("staff", "user", "organization")
    row = rows.filter(pk=number, staff_id=user.pk).first()
    if row is not None and not row.is_over and may_impersonate(user) and is_fair_game(row.user):
        return row
    session.pop(KEY, None)
    whom = f" as {row.user.email}" if row else ""
    raise Denied(f"Your support session{whom} is over. Start another one in the admin if you need it.")


def is_fair_game(user: User) -> bool:
    """Nobody acts as one of the staff, nor as somebody who may not sign in themselves."""
    return user.is_active and not user.is_staff and not user.is_superuser


def actor_for(row: Impersonation, *, face: Face, request_id: str = "") -> Actor:
    """The member, with the rights they have now and both names. Raises Denied when they are a member no more."""
    return _both(Actor.for_membership(membership_of(row), face=face, request_id=request_id), row)


def membership_of(row: Impersonation) -> Membership:
    rows = Membership.objects.select_related("user", "organization")
    found = rows.filter(user_id=row.user_id, organization_id=row.organization_id).first()
    if found is None:
        raise Denied(f"{row.user.email} is no longer a member of {row.organization}. End the support session.")
    return found


def _both(actor: Actor, row: Impersonation) -> Actor:
    name = f"{_short(row.staff.email)} (support) as {_short(actor.name)}"
    return replace(actor, name=name, impersonation_id=row.pk)


def _short(email: str) -> str:
    return email if len(email) <= MAX_NAME else f"{email[: MAX_NAME - 1]}…"


def remember(actor: Actor, kind: str, object_id: int) -> None:
    """Note, in the tenant's transaction, that this work was asked for by support; nothing for anybody else."""
    if actor.impersonation_id is not None:
        ImpersonatedWork.objects.create(
            organization_id=actor.organization_id,
            impersonation_id=actor.impersonation_id,
            kind=kind,
            object_id=object_id,
        )


def pass_on(organization_id: int, kind: str, from_id: int, to_id: int) -> None:
    """Work that goes on from other work was asked for by the same people; in the tenant's transaction."""
    for asked in ImpersonatedWork.objects.filter(organization_id=organization_id, kind=kind, object_id=from_id):
        ImpersonatedWork.objects.create(
            organization_id=organization_id, impersonation_id=asked.impersonation_id, kind=kind, object_id=to_id
        )


def carried(actor: Actor, kind: str, object_id: int) -> Actor:
    """The actor of work that runs later: with both names if support had asked for it."""
    with tenant(actor.organization_id, read_only=True):
        asked = ImpersonatedWork.objects.filter(
            organization_id=actor.organization_id, kind=kind, object_id=object_id
        ).first()
    if asked is None:
        return actor
    return _both(actor, Impersonation.objects.select_related("staff").get(pk=asked.impersonation_id))


def begin(staff: Actor, email: str, reason: str) -> Impersonation:
    """A new support session of one of the staff; one that they still had open ends. Raises Denied or NotFound."""
    person = User.objects.filter(pk=staff.user_id or 0).first()
    if staff.face is not Face.ADMIN or person is None or not may_impersonate(person):
        raise Denied("Only staff of the platform who may do so act as a member, and they begin at the admin.")
    member = Membership.objects.select_related("user").filter(
        organization_id=staff.organization_id, user__email=email.strip().lower()
    )
    found = member.first()
    if found is None:
        raise NotFound(f"{email} is not a member of this organisation.", field="user")
    if not is_fair_game(found.user):
        raise Denied(f"{email} is one of the staff, or may not sign in: nobody acts as them.")
    now = timezone.now()
    if Impersonation.objects.filter(staff=person, ended_at=None, ends_at__gt=now).exists():
        raise Conflict("You have a support session under way. End it first.")
    return Impersonation.objects.create(
        staff=person,
        user=found.user,
        organization_id=staff.organization_id,
        reason=reason,
        ends_at=now + LONGEST,
    )


def finish(actor: Actor, number: int) -> Impersonation:
    """End a support session of this organisation: by whoever began it, or by the platform when time is up."""
    rows = Impersonation.objects.select_for_update(of=("self",)).select_related("staff", "user", "organization")
    row = rows.filter(pk=number, organization_id=actor.organization_id).first()
    if actor.face not in {Face.ADMIN, Face.SYSTEM}:
        raise Denied("A support session is ended at its banner, or at the admin.")
    if row is None:
        raise NotFound(f"There is no support session {number}.", field="impersonation")
    if row.ended_at is not None:
        raise Conflict(f"Support session {number} ended already.")
    row.ended_at = timezone.now()
    row.save(update_fields=["ended_at"])
    return row
