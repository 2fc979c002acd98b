"""Invitations: made by a member, mailed by a worker, taken up once by whoever the address belongs to.

The link's token is an HMAC of the invitation's nonce under SECRET_KEY: a worker can mail it and nothing has to
carry it there, and the table, which keeps only its SHA-256, tells nobody what it is.
"""

import base64
import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from pydantic import Field

from iotsim.core import limits, membership
from iotsim.core.actor import Actor, Face
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Denied, NotFound
from iotsim.core.examples import EXAMPLES
from iotsim.core.jobs import send_task
from iotsim.core.models import Invitation, Membership, User
from iotsim.core.people import (
    EmailAddress,
    InvitationId,
    InvitationList,
    InvitationOut,
    RoleName,
)
from iotsim.core.proposals import Change, Proposal, digest_of
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission, Role
from iotsim.core.schemas import Answer
from iotsim.core.wording import counted

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from pydantic import BaseModel

MAIL_TASK = "iotsim.mail_invitation"


def _risk(actor: Actor, arguments: "BaseModel") -> Risk:
    """Who comes in is for people to decide: a machine's wish always waits for one."""
    return Risk.DANGER if actor.is_machine else Risk.WRITE


# --- tokens ---


def token_of(row: Invitation, *, key: str | None = None) -> str:
    """The token in the invitation's link."""
    digest = salted_hmac("iotsim.invitation", row.nonce, secret=key, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def link_of(row: Invitation) -> str:
    """Where it is accepted. The token stands in the query, which our logs leave out."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]  # one made before the key was changed stays good
    token = next((one for key in keys if _hash(one := token_of(row, key=key)) == row.token_hash), "")
    return f"{settings.SITE_URL}{reverse('accept_invitation')}?token={token}"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _renew(row: Invitation) -> None:
    """A new token, good from now on; an earlier link is worth nothing any more."""
    row.nonce = secrets.token_hex(16)
    row.token_hash = _hash(token_of(row))
    row.expires_at = timezone.now() + timedelta(days=settings.INVITATION_DAYS)
    row.mailed_at = None
    row.save()
    transaction.on_commit(lambda: send_task(MAIL_TASK, row.pk))
    touch("invitation", [row.pk])


# --- inviting ---


def propose_invitation(actor: Actor, *, email: str, role: Role, customers: list[str] | None = None) -> Proposal:
    """Who would come in, and with which rights."""
    where = f", limited to {', '.join(customers)}" if customers else ""
    return Proposal(
        summary=f"Invite {email} as {role}{where}",
        count=1,
        noun="person",
        changes=[Change(label=email, field="role", before="no member", after=role)],
        digest=digest_of([email, role, customers]),
    )


@service(
    permission=Permission.ADMINISTER,
    risk=_risk,
    path="invitations/new",
    examples=EXAMPLES["invite_member"],
    title="Invite",
    proposal=propose_invitation,
)
def invite_member(
    actor: Actor, *, email: EmailAddress, role: RoleName, customers: limits.CustomerNames | None = None
) -> InvitationOut:
    """Invite somebody into the organisation by e-mail, in a role that has no more rights than yours."""
    membership.require_may_grant(actor, role)
    ids = limits.customer_ids(actor, customers) if customers else None
    membership.require_fitting_limit(role, ids)
    organization = membership.lock(actor)
    if Membership.objects.filter(organization=organization, user__email=email).exists():
        raise Conflict(f"{email} is a member already.")
    if _open(actor).filter(email=email, expires_at__gt=timezone.now()).exists():
        raise Conflict(f"{email} is invited already. Send that invitation again, or withdraw it first.")
    _open(actor).filter(email=email).update(withdrawn_at=timezone.now())  # what has expired makes room
    row = Invitation(
        organization=organization, email=email, role=role.value, customer_ids=ids, invited_by_id=actor.user_id
    )
    _renew(row)
    return _told(actor, row, f"{email} is invited as {role}.")


def _told(actor: Actor, row: Invitation, sentence: str) -> InvitationOut:
    until = f" The link is good once, until {row.expires_at:%d %B %Y}, and is mailed to them."
    return InvitationOut.of(row, names=limits.customer_names(actor), sentence=sentence + until, link=link_of(row))


@service(
    permission=Permission.ADMINISTER,
    risk=Risk.READ,
    path="invitations",
    examples=EXAMPLES["list_invitations"],
    title="Invitations",
)
def list_invitations(
    actor: Actor,
    *,
    only_open: Annotated[bool, Field(description="Leave out those that were accepted or withdrawn")] = True,
) -> InvitationList:
    """List who is invited and has not come yet, with the role and until when; or every invitation ever made."""
    membership.require_whole_organization(actor)
    rows = _open(actor) if only_open else Invitation.objects.filter(organization_id=actor.organization_id)
    names = limits.customer_names(actor)
    found = rows.select_related("invited_by").order_by("-pk")[:200]
    items = [InvitationOut.of(row, names=names) for row in found]
    return InvitationList(sentence=_list_sentence(items), items=items)


def _list_sentence(items: list[InvitationOut]) -> str:
    if not items:
        return "Nobody is invited at the moment."
    return f"{counted(len(items), 'invitation')}: {', '.join(map(_words, items[:5]))}."


def _words(one: InvitationOut) -> str:
    return f"{one.email} ({one.role}{'' if one.state == 'open' else f', {one.state}'})"


def _open(actor: Actor) -> "QuerySet[Invitation]":
    rows = Invitation.objects.filter(organization_id=actor.organization_id)
    return rows.filter(accepted_at__isnull=True, withdrawn_at__isnull=True)


def _find(actor: Actor, number: int) -> Invitation:
    """An invitation that nobody has accepted or withdrawn, locked."""
    rows = Invitation.objects.filter(organization_id=actor.organization_id).select_for_update(of=("self",))
    row = rows.select_related("organization", "invited_by").filter(pk=number).first()
    if row is None:
        raise NotFound(f"There is no invitation {number}.", field="invitation")
    if row.state in {"accepted", "withdrawn"}:
        raise Conflict(f"The invitation of {row.email} was {row.state} already.")
    membership.require_may_grant(actor, Role(row.role))
    return row


@service(
    permission=Permission.ADMINISTER,
    risk=Risk.WRITE,
    path="invitations/{invitation}/withdraw",
    examples=EXAMPLES["withdraw_invitation"],
    title="Withdraw invitation",
)
def withdraw_invitation(actor: Actor, *, invitation: InvitationId) -> Answer:
    """Withdraw an invitation that was not accepted yet: its link stops working."""
    row = _find(actor, invitation)
    row.withdrawn_at = timezone.now()
    row.save(update_fields=["withdrawn_at"])
    touch("invitation", [row.pk])
    return Answer(sentence=f"The invitation of {row.email} is withdrawn; its link no longer works.")


@service(
    permission=Permission.ADMINISTER,
    risk=Risk.WRITE,
    path="invitations/{invitation}/resend",
    examples=(),
    title="Send invitation again",
    people_only=True,
)
def resend_invitation(actor: Actor, *, invitation: InvitationId) -> InvitationOut:
    """Send an invitation again, with a new link; the old link stops working."""
    row = _find(actor, invitation)
    _renew(row)
    return _told(actor, row, f"{row.email} is invited again as {row.role}.")


def withdraw_all_by(member: Membership) -> None:
    """Whoever goes leaves no door open behind them."""
    rows = Invitation.objects.filter(organization_id=member.organization_id, invited_by_id=member.user_id)
    rows.filter(accepted_at__isnull=True, withdrawn_at__isnull=True).update(withdrawn_at=timezone.now())


# --- accepting ---


def find_invitation(token: str) -> Invitation:
    """The invitation that a link names. Raises NotFound, or Conflict when it is good no more."""
    rows = Invitation.objects.select_related("organization", "invited_by")
    row = rows.filter(token_hash=_hash(token[:200])).first()
    if row is None:
        raise NotFound("This invitation is not known. Open the newest link you got, or ask for another one.")
    _require_open(row)
    return row


def _require_open(row: Invitation) -> None:
    ask = f"Ask somebody of {row.organization} for another one."
    match row.state:
        case "accepted":
            raise Conflict("This invitation was accepted already. It is good once; sign in as usual.")
        case "withdrawn":
            raise Conflict(f"This invitation was withdrawn. {ask}")
        case "expired":
            raise Conflict(f"This invitation expired on {row.expires_at:%d %B %Y}. {ask}")


def waiting_for(email: str) -> "QuerySet[Invitation]":
    """The invitations that an address can still accept."""
    rows = Invitation.objects.select_related("organization").filter(email=email.lower(), expires_at__gt=timezone.now())
    return rows.filter(accepted_at__isnull=True, withdrawn_at__isnull=True)


def take_up(row: Invitation, user: User) -> Answer:
    """Make the person a member, as the invitation says. Raises Denied for somebody else, Conflict when too late."""
    member = Membership(user=user, organization=row.organization, role=row.role, customer_ids=row.customer_ids)
    return join_organization(Actor.for_membership(member, face=Face.WEB), invitation=row.pk)


@service(
    permission=Permission.VIEW,
    risk=Risk.WRITE,
    path="invitations/{invitation}/accept",
    examples=(),
    title="Accept invitation",
    people_only=True,
)
def join_organization(actor: Actor, *, invitation: InvitationId) -> Answer:
    """Accept one's own invitation and become a member. It is good once, and for the invited address only."""
    rows = Invitation.objects.filter(organization_id=actor.organization_id).select_for_update(of=("self",))
    row = rows.select_related("organization").filter(pk=invitation).first()
    if row is None or row.email != actor.name.lower():
        raise Denied("This invitation is for somebody else.")
    _require_open(row)
    made: Any = {"role": row.role, "customer_ids": row.customer_ids}
    _, is_new = Membership.objects.get_or_create(
        organization_id=row.organization_id, user_id=actor.user_id or 0, defaults=made
    )
    row.accepted_at = timezone.now()
    row.save(update_fields=["accepted_at"])
    touch("member", [actor.user_id or 0])
    if not is_new:
        return Answer(sentence=f"You are a member of {row.organization} already.")
    return Answer(sentence=f"Welcome: you are {membership.role_words(row.role)} of {row.organization} now.")
