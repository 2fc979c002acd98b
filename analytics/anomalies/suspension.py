"""Which findings may suspend a SIM without a person: two independent kinds of evidence, and a cap."""

import numpy as np
from numpy.typing import NDArray

from analytics.anomalies.shapes import Findings, Flags, Settings, Whole


def choose_suspensions(
    findings: Findings,
    *,
    customer: Whole,
    safety_critical: Flags,
    already: NDArray[np.int64] | None = None,
    settings: Settings | None = None,
) -> Whole:
    """Positions in `findings` of the SIMs to suspend, strongest first.

    `customer` (SIM,) is the customer of every SIM of the state (-1 none), `already` how many of each customer's SIMs
    were suspended automatically this day. A customer's cap is `suspension_cap` of its SIMs, but at least one.
    """
    return np.zeros(0, np.int64)
