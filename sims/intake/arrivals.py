"""Who wants to know at once that SIMs have new usage: what stands above `sims` fills this port when it starts."""

from collections.abc import Callable, Sequence
from typing import Final

# (organisation, SIMs): called inside the tenant's transaction, after the SIMs show the usage. Quick; what takes longer
# is done after commit.
Callback = Callable[[int, Sequence[int]], None]

_callbacks: Final[list[Callback]] = []


def fill(callback: Callback) -> None:
    """Have `callback` told from now on, once however often it is said."""
    if callback not in _callbacks:
        _callbacks.append(callback)


def tell(organization_id: int, sim_ids: Sequence[int]) -> None:
    """These SIMs have new usage."""
    for callback in _callbacks:
        callback(organization_id, sim_ids)
