"""Whoever keeps something worked out of SIMs' usage or quotas is told when these change.

The applications above this one fill the port at start-up; this one knows none of them.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal

Kind = Literal["usage", "cycle"]
Follower = Callable[[int, Sequence[int]], None]

_followers: Final[dict[Kind, list[Follower]]] = {"usage": [], "cycle": []}


def follow(follower: Follower, *kinds: Kind) -> None:
    """Register `follower(organization_id, sim_ids)`: called inside of the tenant's transaction that changed them.

    Quick; what takes longer it does after commit.
    """
    for kind in kinds:
        if follower not in _followers[kind]:
            _followers[kind].append(follower)


def changed(kind: Kind, organization_id: int, sim_ids: Sequence[int]) -> None:
    """These SIMs have other usage, or another billing cycle, plan or quota."""
    for follower in _followers[kind] if sim_ids else ():
        follower(organization_id, sim_ids)
