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
    if run.key_id is not None:
        return _of_key(run, run.key_id)
    actor = Actor.for_membership(_membership(run), face=Face.COPILOT, scopes=scopes_of(run.scopes))
    return impersonation.carried(actor, "run", run.pk)


def _membership(run: Run) -> Membership:
    rows = Membership.objects.select_related("user", "organization").filter(user__is_active=True)
    found = rows.filter(organization_id=run.organization_id, user_id=run.thread.user_id).first()
    if found is None:
        raise Denied(NO_MEMBER)
    return found


def _of_key(run: Run, key_id: int) -> Actor:
    """Support never asks with a key, so nobody stands behind its holder."""
    keys = ApiKey.objects.select_related("membership__user", "membership__organization")
    key = keys.filter(pk=key_id, membership__organization_id=run.organization_id).first()
    if key is None or key.membership.user_id != run.thread.user_id or not key.membership.user.is_active:
        _membership(run)  # one who has left hears that, and not of their key
        raise Denied(NO_KEY)
    if key.state != "active":
        raise Denied(NO_KEY)
    return Actor.for_membership(key.membership, face=Face.COPILOT, scopes=scopes_of(run.scopes), key_id=key_id)
