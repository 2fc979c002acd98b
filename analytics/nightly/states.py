"""What the detector remembers, in and out of the database: blocks of SIMs as bytes, so that a night has few rows."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from django.db.models import Max
from numpy.typing import NDArray

from analytics.anomalies.detector import new_state
from analytics.anomalies.shapes import STATE, State
from analytics.models import AnomalyState

BLOCK: Final = 2048  # SIMs a row: some 300 kB
LAYOUT: Final = hashlib.sha256(repr(STATE.descr).encode()).hexdigest()


@dataclass(frozen=True)
class Remembered:
    """The states of some SIMs (ascending ids) at the end of `day`; `mark` changes whenever the rows do."""

    day: date
    sim_ids: NDArray[np.int64]
    state: State
    mark: str

    def of(self, sim_ids: NDArray[np.int64]) -> tuple[State, NDArray[np.bool_]]:
        """The states of these SIMs, fresh ones where there is none, and which are known."""
        state = new_state(sim_ids.size)
        if not self.sim_ids.size:
            return state, np.zeros(sim_ids.size, np.bool_)
        place = np.searchsorted(self.sim_ids, sim_ids).clip(max=self.sim_ids.size - 1)
        known = self.sim_ids[place] == sim_ids
        state[known] = self.state[place[known]]
        return state, known


def read_states(organization_id: int, sim_ids: Sequence[int] | None = None) -> Remembered | None:
    """All blocks, or those that hold these SIMs; None when there is nothing to go on from. In the tenant's transaction.

    Blocks of another layout, or of different days, are no memory: the fleet is then gone through anew.
    """
    rows = AnomalyState.objects.filter(organization_id=organization_id)
    mark = mark_of(organization_id)
    if sim_ids:
        rows = rows.filter(first_sim__lte=max(sim_ids), last_sim__gte=min(sim_ids))
    blocks = list(rows.order_by("first_sim"))
    if not blocks or {one.layout for one in blocks} != {LAYOUT} or len({one.day for one in blocks}) > 1:
        return None
    ids = np.concatenate([np.frombuffer(one.sim_ids, np.int64) for one in blocks])
    state = np.concatenate([np.frombuffer(one.state, STATE) for one in blocks])
    return Remembered(blocks[0].day, ids, state, mark)


def mark_of(organization_id: int) -> str:
    """Tells whether the states were written since. In the tenant's transaction."""
    return str(AnomalyState.objects.filter(organization_id=organization_id).aggregate(at=Max("updated_at"))["at"])


def write_states(organization_id: int, day: date, sim_ids: NDArray[np.int64], state: State) -> None:
    """Put these in place of all that was remembered. In the tenant's transaction."""
    AnomalyState.objects.filter(organization_id=organization_id).delete()
    AnomalyState.objects.bulk_create(
        (
            AnomalyState(
                organization_id=organization_id,
                block=number,
                day=day,
                layout=LAYOUT,
                first_sim=int(sim_ids[start]),
                last_sim=int(sim_ids[min(start + BLOCK, sim_ids.size) - 1]),
                sim_ids=sim_ids[start : start + BLOCK].tobytes(),
                state=state[start : start + BLOCK].tobytes(),
            )
            for number, start in enumerate(range(0, sim_ids.size, BLOCK))
        ),
        batch_size=20,
    )
