"""As whom a run acts: whoever asked, with the rights they have now, and no more than the key had that asked."""

from typing import Final

from copilot.models import Run
from iotsim.core import impersonation
from iotsim.core.actor import Actor, Face
from iotsim.core.errors import Denied
from iotsim.core.models import ApiKey, Membership
from iotsim.core.roles import scopes_of

NO_MEMBER: Final = "You are no longer a member of this organisation, so the copilot cannot act for you."
NO_KEY: Final = "The API key that asked this was revoked or has expired, so the copilot does not act for it."


def actor_of(run: Run) -> Actor:
    """Who the run acts for. Raises Denied when they are no longer a member, or their key is good no more."""
    membership = (
        Membership.objects.select_related("user", "organization")
        .filter(organization_id=run.organization_id, user_id=run.thread.user_id, user__is_active=True)
        .first()
    )
    if membership is None:
        raise Denied(NO_MEMBER)
    if run.key_id is not None and not _is_good(run.key_id):
        raise Denied(NO_KEY)
    scopes = scopes_of(run.scopes)
    actor = Actor.for_membership(membership, face=Face.COPILOT, scopes=scopes, key_id=run.key_id)
    return impersonation.carried(actor, "run", run.pk)


def _is_good(key_id: int) -> bool:
    row = ApiKey.objects.filter(pk=key_id).first()
    return row is not None and row.state == "active"
