"""Members: who belongs to an organisation, in which role, limited to which customers. And finding one by e-mail."""

from typing import Annotated, Any

from django.db.models import Max
from pydantic import BaseModel, Field

from iotsim.core import approvals, invitations, limits, membership
from iotsim.core.actor import Actor
from iotsim.core.effects import touch
from iotsim.core.errors import Ambiguous, Conflict, Invalid, NotFound
from iotsim.core.examples import EXAMPLES
from iotsim.core.models import Membership, Organization
from iotsim.core.people import (
    Left,
    LimitChanged,
    MemberList,
    MemberOut,
    MemberRef,
    RoleChanged,
    RoleName,
    limit_of,
)
from iotsim.core.proposals import Change, Proposal, digest_of
from iotsim.core.registry import Risk, Undo, service
from iotsim.core.roles import Permission, Role
from iotsim.core.said import word_slot
from iotsim.core.schemas import Answer
from iotsim.core.wording import counted


def risk_for_people(actor: Actor, arguments: BaseModel) -> Risk:
    """Who belongs to the organisation is for people to decide: a machine's wish always waits for one."""
    return Risk.DANGER if actor.is_machine else Risk.WRITE


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="members",
    examples=EXAMPLES["list_members"],
    title="Members",
)
def list_members(actor: Actor, *, role: RoleName | None = None) -> MemberList:
    """List the members of the organisation with their roles, and the customers they are limited to."""
    rows = membership.members_of(actor).select_related("user", "organization")
    if role is not None:
        rows = rows.filter(role=role)
    found = list(rows.order_by("user__email"))
    requires = Organization.objects.values_list("requires_second_factor", flat=True).get(pk=actor.organization_id)
    return MemberList(sentence=_list_sentence(found, role), items=_rows(actor, found), requires_second_factor=requires)


def _list_sentence(found: list[Membership], role: Role | None) -> str:
    noun = role.value if role else "member"
    named = ", ".join(f"{one.user.name or one.user.email} ({one.role})" for one in found[:5])
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return f"{counted(len(found), noun)}: {named}{more}." if found else f"There is no {noun}."


def _rows(actor: Actor, found: list[Membership]) -> list[MemberOut]:
    names = limits.customer_names(actor)
    manages = actor.may(Permission.ADMINISTER) and actor.customer_ids is None
    ids = [one.user_id for one in found]
    guarded, seen = (_with_second_factor(ids), _last_seen(ids)) if manages else (set(), {})
    return [
        MemberOut(
            user_id=one.user_id,
            email=one.user.email,
            name=one.user.name,
            role=one.role,
            customers=limit_of(one, names),
            has_second_factor=one.user_id in guarded if manages else None,
            joined_at=one.created_at,
            last_seen_at=seen.get(one.user_id),
            is_you=one.user_id == actor.user_id,
            may_change=membership.may_touch(actor, one),
        )
        for one in found
    ]


def _with_second_factor(user_ids: list[int]) -> set[int]:
    from allauth.mfa.models import Authenticator

    from iotsim.core.second_factor import FACTORS

    return set(Authenticator.objects.filter(user__in=user_ids, type__in=FACTORS).values_list("user_id", flat=True))


def _last_seen(user_ids: list[int]) -> dict[int, Any]:
    from allauth.usersessions.models import UserSession

    return dict(
        UserSession.objects.filter(user__in=user_ids)
        .values("user")
        .annotate(at=Max("last_seen_at"))
        .values_list("user", "at")
    )


def propose_role(actor: Actor, *, member: str, role: Role, expected_role: Role | None = None) -> Proposal:
    """From which role to which."""
    found = membership.find_member(actor, member)
    return Proposal(
        summary=f"Make {found.user.email} {membership.role_words(role)}",
        count=1,
        noun="member",
        changes=[Change(label=found.user.email, field="role", before=found.role, after=role)],
        digest=digest_of([found.pk, found.role, role]),
    )


def _undo_role(actor: Actor, arguments: Any, result: RoleChanged) -> Undo:
    back = {"member": result.member, "role": result.before.value, "expected_role": result.after.value}
    return Undo("change_member_role", back)


@service(
    permission=Permission.ADMINISTER,
    risk=risk_for_people,
    path="members/role",
    examples=EXAMPLES["change_member_role"],
    title="Change role",
    proposal=propose_role,
    undo=_undo_role,
)
def change_member_role(
    actor: Actor,
    *,
    member: MemberRef,
    role: RoleName,
    expected_role: Annotated[
        Role | None, Field(description="Refuse when the member has another role than this")
    ] = None,
) -> RoleChanged:
    """Give a member another role. Nobody can give a role with more rights than their own; the last owner stays one."""
    membership.lock(actor)
    found = membership.find_member(actor, member)
    membership.require_may_touch(actor, found)
    membership.require_may_grant(actor, role)
    before = Role(found.role)
    if expected_role is not None and before != expected_role:
        raise Conflict(f"{found.user.email} is {membership.role_words(before)} by now, so this was not changed.")
    if before == role:
        raise Conflict(f"{found.user.email} is {membership.role_words(role)} already.")
    membership.require_fitting_limit(role, found.customer_ids)
    if role != Role.OWNER:
        membership.require_another_owner(found, doing="become anything else")
    found.role = role.value
    found.save(update_fields=["role"])
    touch("member", [found.user_id])
    sentence = f"{found.user.email} is now {membership.role_words(role)}, no longer {membership.role_words(before)}."
    return RoleChanged(sentence=sentence, member=found.user.email, before=before, after=role)


def propose_limit(
    actor: Actor, *, member: str, customers: list[str] | None = None, all_customers: bool = False
) -> Proposal:
    """From which customers to which."""
    found = membership.find_member(actor, member)
    before = limit_of(found, limits.customer_names(actor))
    after = None if all_customers else sorted(customers or [])
    what = "all customers" if after is None else ", ".join(after)
    return Proposal(
        summary=f"Limit {found.user.email} to {what}" if after is not None else f"Show {found.user.email} {what}",
        count=1,
        noun="member",
        changes=[Change(label=found.user.email, field="customers", before=_limit_words(before), after=what)],
        digest=digest_of([found.pk, before, after]),
    )


def _limit_words(names: list[str] | None) -> str:
    return "all customers" if names is None else ", ".join(names) or "no customer"


def _undo_limit(actor: Actor, arguments: Any, result: LimitChanged) -> Undo | None:
    if result.before == []:
        return None
    rest = {"all_customers": True} if result.before is None else {"customers": result.before}
    return Undo("limit_member_to_customers", {"member": result.member, **rest})


@service(
    permission=Permission.ADMINISTER,
    risk=risk_for_people,
    path="members/customers",
    examples=EXAMPLES["limit_member_to_customers"],
    title="Limit to customers",
    proposal=propose_limit,
    undo=_undo_limit,
)
def limit_member_to_customers(
    actor: Actor,
    *,
    member: MemberRef,
    customers: limits.CustomerNames | None = None,
    all_customers: Annotated[
        bool,
        Field(description="Lift the limit: the member sees all customers again"),
        word_slot("all_customers", {True: r"(?:all|every|any)\s+(?:the\s+|our\s+)?customers?|everything(?:\s+again)?"}),
    ] = False,
) -> LimitChanged:
    """Let a member see and change only the SIMs of some customers, or of all again. Owners and admins see all."""
    if bool(customers) == all_customers:
        raise Invalid("Name the customers, or say that it is all of them.", field="customers")
    membership.lock(actor)
    found = membership.find_member(actor, member)
    membership.require_may_touch(actor, found)
    ids = None if all_customers else limits.customer_ids(actor, customers or [])
    membership.require_fitting_limit(Role(found.role), ids)
    names = limits.customer_names(actor)
    before = limit_of(found, names)
    found.customer_ids = ids
    found.save(update_fields=["customer_ids"])
    touch("member", [found.user_id])
    after = limit_of(found, names)
    sentence = f"{found.user.email} now sees {'only ' if after is not None else ''}{_limit_words(after)}."
    return LimitChanged(sentence=sentence, member=found.user.email, before=before, after=after)


def propose_removal(actor: Actor, *, member: str) -> Proposal:
    """Who would go, and what goes with them."""
    found = membership.find_member(actor, member)
    membership.require_may_touch(actor, found)
    membership.require_another_owner(found, doing="be removed")
    return _departure(found, summary="Remove {}")


def _departure(found: Membership, *, summary: str) -> Proposal:
    keys = found.api_keys.filter(revoked_at__isnull=True).count()
    waiting = approvals.asked_by(found).count()
    warnings = [
        f"{counted(keys, 'API key')} of theirs stops working at once." if keys == 1 else
        f"{counted(keys, 'API key')} of theirs stop working at once." if keys else "",
        f"{counted(waiting, 'request')} of theirs will be rejected." if waiting else "",
    ]  # fmt: skip
    return Proposal(
        summary=summary.format(found.user.email),
        count=1,
        noun="member",
        changes=[Change(label=found.user.email, field="role", before=found.role, after="no member")],
        reversible=False,
        warnings=[one for one in warnings if one],
        digest=digest_of([found.pk, found.role]),
    )


@service(
    permission=Permission.ADMINISTER,
    risk=Risk.DANGER,
    path="members/remove",
    examples=EXAMPLES["remove_member"],
    title="Remove member",
    proposal=propose_removal,
)
def remove_member(actor: Actor, *, member: MemberRef) -> Answer:
    """Take somebody out of the organisation: their API keys die, what they asked machines for is rejected."""
    membership.lock(actor)
    found = membership.find_member(actor, member)
    membership.require_may_touch(actor, found)
    membership.require_another_owner(found, doing="be removed")
    keys = _take_out(actor, found)
    died = f" Their {counted(keys, 'API key')} no longer {'works' if keys == 1 else 'work'}." if keys else ""
    return Answer(sentence=f"{found.user.email} is no longer a member.{died}")


def _take_out(actor: Actor, found: Membership) -> int:
    """End a membership with all that hangs on it. Returns how many of its keys worked until now."""
    keys = found.api_keys.filter(revoked_at__isnull=True).count()
    approvals.reject_all_of(found, decider=actor)
    invitations.withdraw_all_by(found)
    found.delete()
    touch("member", [found.user_id])
    return keys


def propose_leaving(actor: Actor) -> Proposal:
    """That one goes oneself."""
    own = _own(actor)
    membership.require_another_owner(own, doing="leave")
    return _departure(own, summary=f"Leave {own.organization}")


@service(
    permission=Permission.VIEW,
    risk=Risk.DANGER,
    path="members/leave",
    examples=(),
    title="Leave organisation",
    proposal=propose_leaving,
    people_only=True,
)
def leave_organization(actor: Actor) -> Left:
    """Leave the organisation oneself. The last owner cannot: somebody else must be made an owner first."""
    organization = membership.lock(actor)
    found = _own(actor)
    membership.require_another_owner(found, doing="leave")
    _take_out(actor, found)
    return Left(sentence=f"You have left {organization}.", go_to="/")


def _own(actor: Actor) -> Membership:
    rows = Membership.objects.select_related("user", "organization").filter(organization_id=actor.organization_id)
    found = rows.filter(user_id=actor.user_id or 0).first()
    if found is None:
        raise NotFound("Only a member can do this, and you are none.")
    return found


def propose_transfer(actor: Actor, *, member: str) -> Proposal:
    """Who would be owner, and that one is not any more."""
    own, found = _own(actor), membership.find_member(actor, member)
    rows = [(found, Role.OWNER), (own, Role.ADMIN)]
    return Proposal(
        summary=f"Hand {own.organization} over to {found.user.email}",
        count=2,
        noun="member",
        changes=[Change(label=one.user.email, field="role", before=one.role, after=role) for one, role in rows],
        reversible=False,
        warnings=["Only they can give it back to you."],
        digest=digest_of([own.pk, own.role, found.pk, found.role]),
    )


@service(
    permission=Permission.OWN,
    risk=Risk.DANGER,
    path="members/transfer",
    examples=(),
    title="Hand over the organisation",
    proposal=propose_transfer,
    people_only=True,
    sensitive=True,
)
def transfer_ownership(actor: Actor, *, member: MemberRef) -> Answer:
    """Hand the organisation over: the member becomes an owner, and you become an admin."""
    membership.require_whole_organization(actor)
    membership.lock(actor)
    own, found = _own(actor), membership.find_member(actor, member)
    if own.pk == found.pk:
        raise Conflict("It is yours already. Name somebody else.")
    membership.require_fitting_limit(Role.OWNER, found.customer_ids)
    found.role, own.role = Role.OWNER.value, Role.ADMIN.value
    found.save(update_fields=["role"])
    own.save(update_fields=["role"])
    touch("member", [found.user_id, own.user_id])
    return Answer(sentence=f"{found.user.email} owns {own.organization} now, and you are an admin.")


def membership_of(email: str, slug: str | None = None) -> Membership:
    """The membership of a person, in the organisation `slug` if they have several.

    Raises NotFound, or Ambiguous with the organisations.
    """
    rows = Membership.objects.filter(user__email=email.strip().lower()).select_related("user", "organization")
    found = list(rows.filter(organization__slug=slug) if slug else rows)
    if not found:
        where = f" of {slug}" if slug else " of any organisation"
        raise NotFound(f"{email} is not a member{where}.")
    if len(found) > 1:
        slugs = sorted(one.organization.slug for one in found)
        raise Ambiguous(f"{email} is a member of {', '.join(slugs)}: say which with --org.", candidates=slugs)
    return found[0]


def organization_named(slug: str) -> Organization:
    """The organisation with that slug. Raises NotFound with those there are."""
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        slugs = ", ".join(Organization.objects.order_by("slug").values_list("slug", flat=True)[:10])
        raise NotFound(f"There is no organisation {slug}. There are: {slugs or 'none yet'}.")
    return found
