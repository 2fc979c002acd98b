"""Which findings may suspend a SIM without a person: two independent kinds of evidence, and a cap.

A change of device alone is legitimate seven times out of eight; with traffic far beyond the usual it hardly ever is.
"""

import numpy as np
from numpy.typing import NDArray

from analytics.anomalies.shapes import ENDED, Findings, Flags, Settings, Whole


def choose_suspensions(
    findings: Findings,
    *,
    customer: Whole,
    safety_critical: Flags,
    already: NDArray[np.int64] | None = None,
    settings: Settings | None = None,
) -> Whole:
    """Positions in `findings` (of one day) of the SIMs to suspend, strongest first.

    A finding counts when traffic beyond the usual, for two days or by four times the threshold, meets a change of
    device or a new country within a week, its cohort does not move too, and it has not ended
    (`Findings.two_evidences`). Safety-critical SIMs are never suspended.
    `customer` (SIM,) is the customer of every SIM of the state (-1 none), `already` (customer,) how many of each
    customer's SIMs were suspended automatically this day. A customer's cap is `suspension_cap` of its
    SIMs, at least one.
    """
    chosen = findings.two_evidences & (findings.phase != ENDED) & ~safety_critical[findings.sim]
    wanted = np.flatnonzero(chosen)
    wanted = wanted[np.argsort(findings.score[wanted], kind="stable")]
    owner = customer[findings.sim[wanted]] + 1
    size = np.bincount(customer + 1, minlength=int(customer.max(initial=-1)) + 2)
    cap = np.maximum((settings or Settings()).suspension_cap * size, 1).astype(np.int64)
    if already is not None:
        cap[1 : already.size + 1] -= already
    kept: Whole = wanted[_turn(owner) < cap[owner]]
    return kept


def _turn(owner: Whole) -> Whole:
    """How many with the same number stand before each."""
    order = np.argsort(owner, kind="stable")
    ranked = owner[order]
    start = np.maximum.accumulate(np.where(np.append(True, ranked[1:] != ranked[:-1]), np.arange(ranked.size), 0))
    turn = np.empty(owner.size, np.int64)
    turn[order] = np.arange(owner.size) - start
    return turn
