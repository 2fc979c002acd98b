"""The night's forecasts."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analytics.nightly.history import History
    from iotsim.core.actor import Actor
    from iotsim.core.jobs import RunningJob


def run(actor: "Actor", history: "History", job: "RunningJob") -> str:
    """What was found, as a sentence; empty for nothing to say."""
    return ""
