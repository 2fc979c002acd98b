"""One alert for one lasting anomaly: opening, going on, ending; scores and severities; the budget."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.anomalies.columns import Columns
from analytics.anomalies.shapes import (
    CRITICAL_BELOW,
    ENDED,
    GOES_ON,
    HIGH_BELOW,
    KINDS,
    LEAK,
    LOW_BELOW,
    MEDIUM_BELOW,
    NEW_COUNTRY,
    OPENED,
    POLICY,
    RETRY_STORM,
    ROAMING,
    SILENT,
    SPIKE,
    THEFT,
    THROTTLED,
    Day,
    Findings,
    Flags,
    Floats,
    Settings,
    Whole,
)
from analytics.anomalies.weighing import SIDE_DAYS, Evidence

# The more exact kind names the anomaly when several are strong enough: first in this order.
PRECEDENCE: Final = (THEFT, POLICY, RETRY_STORM, ROAMING, THROTTLED, LEAK, SILENT, SPIKE, NEW_COUNTRY)
STAYS: Final = 0.6  # strength that keeps an anomaly open
QUIET: Final = 5  # days without a sign after which it has ended
OVERWHELMING: Final = 4.0  # strength of one day alone that counts as an evidence for suspension
BUDGET_DAYS: Final = 30
FEWEST: Final = 3  # a fleet of a few SIMs may have so many in that time too


def score_of(strength: Floats) -> Floats:
    """1 for nothing unusual, 0 at the threshold, toward -1 beyond: -0.5 at 1.5, -0.8 at 2, -0.95 at 2.7 times it."""
    above: Floats = np.where(strength < 1, 1 - strength, -np.tanh(1.1 * (strength - 1)))
    return above


def severity_of(score: Floats, lasting: Flags) -> NDArray[np.uint8]:
    """Index in SEVERITIES. Critical only what lasts two days or has a side signal: `lasting`."""
    severity = np.zeros(score.shape, np.uint8)
    for level, below in enumerate((LOW_BELOW, MEDIUM_BELOW, HIGH_BELOW), 1):
        severity[score < below] = level
    severity[(score < CRITICAL_BELOW) & lasting] = 4
    return severity


def update(state: Columns, day: Day, evidence: Evidence, weekly: bool, settings: Settings) -> Findings:
    """Open, carry on and end the anomalies of the SIMs at `evidence.sims`."""
    sims = evidence.sims
    raised = np.array([name in settings.kinds for name in KINDS])
    strength = np.where(raised[:, None], evidence.strength, 0)
    if day.expected is not None:
        strength[:, day.expected[sims]] = 0
    best = strength.max(axis=0, initial=0)
    kind = _name(strength)
    state["score"][sims] = score_of(best)
    opened_before = state["kind"][sims] > 0
    opens = ~opened_before & (best >= 1)
    opens, withheld = _within_budget(state, day, sims, opens, best + 10 * (kind != SPIKE), settings)
    _open(state, day, sims[opens], kind[opens], best[opens])
    seen = opened_before & (best >= STAYS)
    _carry_on(state, sims[seen], kind[seen], best[seen])
    unseen = opened_before & ~seen & ((state["kind"][sims] != LEAK) | weekly)
    state["quiet"][sims[unseen]] += 7 if weekly else 1
    ended = unseen & (state["quiet"][sims] > QUIET)
    changed = opens | seen | ended
    phase = np.select([opens, seen], [OPENED, GOES_ON], ENDED)
    found = _findings(state, day, evidence, changed, phase, withheld)
    state["kind"][sims[ended]] = 0
    return found


def _name(strength: NDArray[np.float32]) -> NDArray[np.uint8]:
    kind = np.zeros(strength.shape[1], np.uint8)
    for one in reversed(PRECEDENCE):
        kind[strength[one] >= 1] = one
    return kind


def _within_budget(
    state: Columns, day: Day, sims: Whole, opens: Flags, rank: Floats, settings: Settings
) -> tuple[Flags, int]:
    """The first of what would open by `rank`, as many as the last thirty days leave."""
    wanted = np.flatnonzero(opens)
    if not wanted.size:
        return opens, 0
    judged = int((state["spread"] > 0).sum())
    spent = int((state["first_day"] > day.ordinal - BUDGET_DAYS).sum())
    left = max(int(settings.budget * judged * BUDGET_DAYS / 10_000), FEWEST) - spent
    order = wanted[np.argsort(-rank[wanted], kind="stable")]
    kept = np.zeros_like(opens)
    kept[order[: max(left, 0)]] = True
    return kept, int(wanted.size - kept.sum())


def _open(state: Columns, day: Day, sims: Whole, kind: NDArray[np.uint8], strength: Floats) -> None:
    state["kind"][sims], state["first_day"][sims] = kind, day.ordinal
    state["peak"][sims], state["days"][sims], state["quiet"][sims] = score_of(strength), 1, 0


def _carry_on(state: Columns, sims: Whole, kind: NDArray[np.uint8], strength: Floats) -> None:
    """The kind becomes more exact, never less."""
    rank = np.zeros(len(KINDS), np.int64)
    rank[list(PRECEDENCE)] = np.arange(len(PRECEDENCE), 0, -1)
    state["kind"][sims] = np.where(rank[kind] > rank[state["kind"][sims]], kind, state["kind"][sims])
    state["peak"][sims] = np.minimum(state["peak"][sims], score_of(strength))
    state["days"][sims] += 1
    state["quiet"][sims] = 0


def _lately(age: NDArray[np.int16]) -> Flags:
    return (age >= 0) & (age <= SIDE_DAYS)


def _findings(
    state: Columns, day: Day, evidence: Evidence, changed: Flags, phase: NDArray[np.int64], withheld: int
) -> Findings:
    sims, figures = evidence.sims[changed], evidence.figures[changed]
    beside = _lately(figures["imei_age"]) | _lately(figures["country_age"])
    score = np.minimum(state["peak"][sims], 0)
    traffic = evidence.strength[[SPIKE, RETRY_STORM]][:, changed].max(axis=0, initial=0)
    lasting = state["days"][sims] >= 2
    certain = (traffic >= 1) & (lasting | (traffic >= OVERWHELMING))
    return Findings(
        sim=sims,
        day=np.full(sims.size, day.ordinal, np.int32),
        kind=state["kind"][sims],
        phase=phase[changed].astype(np.uint8),
        score=score,
        severity=severity_of(score, beside | lasting),
        first_day=state["first_day"][sims],
        days=state["days"][sims],
        figures=figures,
        two_evidences=certain & beside & ~state["moved"][sims],
        withheld=withheld,
    )
