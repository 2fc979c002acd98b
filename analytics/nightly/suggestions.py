"""The night's last step: what is worth doing, of all that the steps before it have found."""

from typing import TYPE_CHECKING

from analytics.suggesting.keeping import refresh
from iotsim.core.wording import counted

if TYPE_CHECKING:
    from analytics.nightly.history import History
    from iotsim.core.actor import Actor
    from iotsim.core.jobs import RunningJob


def run(actor: "Actor", history: "History", job: "RunningJob") -> str:
    """What was found, as a sentence; empty for nothing to say."""
    count = refresh(history.organization_id)
    return f"{counted(count, 'thing')} worth doing." if count else ""
