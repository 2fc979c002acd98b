"""What goes in and out of the forecasts: array types, the classes of devices, and the answer for a fleet."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]  # (SIM,)
Matrix = NDArray[np.float32]  # (day, SIM) outside this package, (SIM, day) inside
Matrix3 = NDArray[np.float32]  # (10/50/90 %, day, SIM)
Flags = NDArray[np.bool_]

CLASSES: Final = ("regular", "variable", "bursty", "sparse", "silent")
REGULAR, VARIABLE, BURSTY, SPARSE, SILENT = range(len(CLASSES))
BANDS: Final = (0.1, 0.5, 0.9)
WEEK: Final = 7
MONTH_DAYS: Final = 30
PRIOR_BELOW_DAYS: Final = 14  # with fewer known days a SIM is forecast from its cohort


@dataclass(frozen=True)
class Forecasts:
    """The forecasts of N series; bytes.

    `curve` (3, horizon, N): 10, 50 and 90 % of each day, from the day after the last. `rest` (3, N): the same of the
    SUM of the next `remaining` days (0 days: 0), `month` (3, N) of the next 30 days. `exhausts_in` (N,): after how
    many days the middle passes the allowance; 0: it already is used up, -1: not within the horizon or no allowance.
    `probability` (N,): that the sum of the remaining days passes the allowance; NaN without one. `history_days` (N,):
    known days. `is_prior` (N,): fewer than 14 of them, so the cohort's usual use fills in. `device_class` (N,): index
    in CLASSES.
    """

    curve: Matrix3
    rest: Matrix
    month: Matrix
    exhausts_in: NDArray[np.int16]
    probability: Vector
    history_days: NDArray[np.int16]
    is_prior: Flags
    device_class: NDArray[np.uint8]


def beside(parts: Sequence[Forecasts]) -> Forecasts:
    """Forecasts of several lots of series as one, in that order."""
    return Forecasts(
        **{one.name: np.concatenate([getattr(part, one.name) for part in parts], axis=-1) for one in fields(Forecasts)}
    )
