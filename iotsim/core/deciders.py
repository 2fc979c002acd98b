"""Who may decide a request: by permission, by name, or "you"."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from iotsim.core import registry
from iotsim.core.actor import Actor
from iotsim.core.errors import NotFound
from iotsim.core.models import Approval, Membership
from iotsim.core.roles import PERMISSIONS, Permission, Role

NAMED: Final = 3  # people; further ones are counted


@dataclass(frozen=True)
class Decider:
    """A member who may decide at all. `limited`: only what was asked in their own name."""

    user_id: int
    name: str
    permissions: frozenset[Permission]
    limited: bool

    def may(self, row: Approval, wanted: frozenset[Permission]) -> bool:
        return wanted <= self.permissions and (not self.limited or self.user_id == row.requester_user_id)


def deciders_of(organization_id: int) -> list[Decider]:
    """Everybody who may approve something, the longest members first."""
    roles = [role.value for role in Role if Permission.MONEY in PERMISSIONS[role]]
    rows = Membership.objects.select_related("user").filter(
        organization_id=organization_id, user__is_active=True, role__in=roles
    )
    return [
        Decider(one.user_id, one.user.email, PERMISSIONS[Role(one.role)], one.customer_ids is not None)
        for one in rows.order_by("pk")
    ]


def wanted_for(row: Approval) -> frozenset[Permission] | None:
    """What one must be allowed, to decide it; None when this version has no such service any more."""
    try:
        return frozenset({Permission.MONEY, registry.get(row.service).permission})
    except NotFound:
        return None


def may_decide(actor: Actor, row: Approval) -> bool:
    """Whether the guard would take this person's click; machines and support never decide."""
    wanted = wanted_for(row)
    if wanted is None or actor.is_machine or actor.impersonation_id is not None:
        return False
    mine = actor.customer_ids is None or row.requester_user_id == actor.user_id
    return mine and wanted <= actor.permissions


def who_may(actor: Actor, row: Approval, people: Sequence[Decider]) -> str:
    """Who may decide it, as a sentence for this person."""
    wanted = wanted_for(row)
    if wanted is None:
        return "This version of the platform no longer has what was asked for."
    others = [one.name for one in people if one.user_id != actor.user_id and one.may(row, wanted)]
    if may_decide(actor, row):
        return f"You may decide it; so may {_named(others, 'and')}." if others else "You may decide it."
    if actor.impersonation_id is not None:
        return f"Support decides nothing in a member's name. {_others(others)}"
    return _others(others)


def _others(names: Sequence[str]) -> str:
    return f"It is for {_named(names, 'or')} to decide." if names else "Nobody here may decide it at the moment."


def _named(names: Sequence[str], word: str) -> str:
    shown = [*names[:NAMED], f"{len(names) - NAMED} more"] if len(names) > NAMED else list(names)
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {word} {shown[-1]}"
