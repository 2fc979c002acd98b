"""SIMs that are paid for and used by nobody."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

CYCLE_DAYS: Final = 30
CYCLES: Final = 3  # without any use, before giving a SIM up is advised


def unused_cycles(used: NDArray[np.float32], sessions: NDArray[np.float32]) -> NDArray[np.int64]:
    """How many whole cycles of 30 days each SIM has been without a byte and a session, up to the last day.

    The arrays have the shape (days, SIMs), NaN where unknown. Days that nobody knows of prove nothing: a cycle counts
    only if most of its days are known, and a SIM is idle no longer than it is known.
    """
    days = used.shape[0]
    cycles = np.zeros(used.shape[1], np.int64)
    going = np.ones(used.shape[1], bool)
    for number in range(days // CYCLE_DAYS):
        rows = slice(days - (number + 1) * CYCLE_DAYS, days - number * CYCLE_DAYS)
        quiet = (np.nansum(used[rows], axis=0) == 0) & (np.nansum(sessions[rows], axis=0) == 0)
        known = np.isfinite(used[rows]).sum(axis=0) > CYCLE_DAYS // 2
        going &= quiet & known
        cycles += going
    return cycles
