"""Whoever keeps something worked out of SIMs' usage or quotas is told when these change.

The applications above this one fill the port at start-up; this one knows none of them.
"""

from collections.abc import Callable, Sequence

Follower = Callable[[int, Sequence[int]], None]

_followers: list[Follower] = []


def follow(follower: Follower) -> None:
    """Register `follower(organization_id, sim_ids)`: called inside of the tenant's transaction that changed them."""
    if follower not in _followers:
        _followers.append(follower)


def changed(organization_id: int, sim_ids: Sequence[int]) -> None:
    """The cycle, its usage or the quota of these SIMs is another one now."""
    for follower in _followers if sim_ids else ():
        follower(organization_id, sim_ids)
