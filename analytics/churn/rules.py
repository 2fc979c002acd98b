"""A customer's health by rules, as long as nothing can be learned: every point that is taken off is named.

It is no learned model and no probability. 100 points, less what follows; each share is counted from the first to the
second figure, and what is not known takes nothing off.

| what | nothing off at | all off at | points |
|---|---|---|---|
| use fell in 30 days | 10 % | 60 % | 35 |
| active SIMs that used nothing for 14 days | 5 % | 50 % | 20 |
| fewer active SIMs than 30 days ago | 2 % | 40 % | 20 |
| SIMs inactive or suspended | 20 % | 80 % | 10 |
| open alerts on 100 SIMs | 5 | 30 | 8 |
| SIMs over their quota | 5 % | 40 % | 7 |
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from analytics.churn.reasons import Reason, describe

Band = Literal["healthy", "watch", "at risk"]
FULL: Final = 100
HEALTHY: Final = 75
WATCH: Final = 50


@dataclass(frozen=True)
class Rule:
    """Takes `points` off, in proportion, where the feature times `sign` goes from `begins` to `full`."""

    feature: str
    sign: int
    begins: float
    full: float
    points: int


RULES: Final = (
    Rule("usage_change_30", -1, 0.10, 0.60, 35),
    Rule("silent_share", 1, 0.05, 0.50, 20),
    Rule("active_change_30", -1, 0.02, 0.40, 20),
    Rule("stopped_share", 1, 0.20, 0.80, 10),
    Rule("open_alerts_per_100", 1, 5, 30, 8),
    Rule("over_quota_share", 1, 0.05, 0.40, 7),
)


@dataclass(frozen=True)
class Health:
    """`score` 0 to 100, what was taken off as reasons (weight: points), the heaviest first."""

    score: int
    band: Band
    reasons: tuple[Reason, ...]


def health_of(features: Mapping[str, float | None]) -> Health:
    """The health by the table above."""
    found = []
    for rule in RULES:
        value = features.get(rule.feature)
        if value is not None and (points := _points(rule, value)) >= 0.5:
            found.append(Reason(rule.feature, describe(rule.feature, value), round(points, 1)))
    found.sort(key=lambda one: -one.weight)
    score = round(FULL - sum(one.weight for one in found))
    return Health(score, band_of(score), tuple(found))


def _points(rule: Rule, value: float) -> float:
    if not math.isfinite(value):
        return 0.0
    share = (value * rule.sign - rule.begins) / (rule.full - rule.begins)
    return rule.points * min(max(share, 0.0), 1.0)


def band_of(score: int) -> Band:
    """75 and more is healthy, below 50 at risk."""
    return "healthy" if score >= HEALTHY else "watch" if score >= WATCH else "at risk"
