"""Isolation Forest as a second opinion over the SIMs that the scan has flagged."""

from dataclasses import dataclass

from analytics.anomalies.shapes import Day, Findings, State


@dataclass(frozen=True)
class Opinion:
    """Of one finding: whether the forest finds it odd too, its score (-1 .. 1, below 0 odd), and what mattered."""

    agrees: bool
    score: float
    reasons: tuple[str, ...]


def ask_forest(state: State, day: Day, findings: Findings, *, seed: int = 0) -> list[Opinion]:
    """An opinion of each finding, against a sample of the SIMs without one."""
    return []
