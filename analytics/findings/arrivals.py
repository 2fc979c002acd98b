"""SIMs with new records are looked at as soon as those are committed, by a worker."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from django.db import transaction

from iotsim.core.jobs import send_task

AT_ONCE: Final = 2_000  # SIMs in one message
TASK: Final = "analytics.look_at_arrivals"


def look(organization_id: int, sim_ids: Sequence[int]) -> None:
    """Called by the intake, inside its transaction."""
    for start in range(0, len(sim_ids), AT_ONCE):
        transaction.on_commit(partial(send_task, TASK, organization_id, *sim_ids[start : start + AT_ONCE]))
