"""A finding's figures as evidence: plain JSON that `analytics.findings.words` makes words of."""

import math
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from analytics.anomalies.shapes import CohortEvent
from analytics.nightly.signals import Signals

if TYPE_CHECKING:
    import numpy as np

LATELY: Final = 14  # days back in which a change of device or country belongs to a finding


def evidence_of(kind: str, day: int, place: int, figures: "np.void", signals: Signals) -> dict[str, Any]:
    """Of the SIM at `place` on the day with that ordinal; `figures` is one row of FIGURES."""
    facts: dict[str, Any] = {
        "day": date.fromordinal(day).isoformat(),
        "bytes": _number(figures["value"]),
        "usual_bytes": _number(figures["usual"]),
        "spread_bytes": _number((figures["high"] - figures["low"]) / 2),
        "sessions": _number(figures["sessions"]),
        "usual_sessions": _number(figures["usual_sessions"]),
    }
    if kind == "silent":
        facts |= {"silent_days": int(figures["idle_days"]), "silent_odds": float(figures["idle_odds"])}
    if kind == "leak":
        facts |= {"doubling_days": _number(figures["doubling_days"]), "weeks": int(figures["weeks"])}
    if kind == "throttled":
        facts |= _throttled(place, figures, signals)
    if kind == "policy":
        facts |= _bound(figures)
    facts |= _device(day, place, figures, signals) | _place(day, place, signals)
    return {name: value for name, value in facts.items() if value is not None}


def _number(value: Any) -> float | None:
    """Whole from 10 on; None for what is unknown."""
    found = float(value)
    return (round(found) if found >= 10 else round(found, 2)) if math.isfinite(found) else None


def _throttled(place: int, figures: "np.void", signals: Signals) -> dict[str, Any]:
    usual, quota = float(figures["usual"]), float(signals.quota[place])
    share = round(float(figures["value"]) / usual, 3) if usual > 0 and math.isfinite(usual) else None
    return {"quota_bytes": round(quota) if math.isfinite(quota) else None, "left_share": share}


def _bound(figures: "np.void") -> dict[str, Any]:
    """Of the two limits of the policy, the one that was passed."""
    limit = _number(figures["limit"])
    if limit is None:
        return {}
    return {"bound_bytes": limit} if float(figures["value"]) > limit else {"bound_sessions": limit}


def _device(day: int, place: int, figures: "np.void", signals: Signals) -> dict[str, Any]:
    if int(figures["imei_age"]) < 0:
        return {}
    swap = signals.swap_before(place, day, LATELY)
    if swap is None:
        return {}
    hours = _number(figures["imei_hours"])
    at = swap.at.astimezone(signals.history.zone)
    return {"imei_before": swap.before, "imei_after": swap.after, "imei_at": at.isoformat(), "imei_hours": hours}


def _place(day: int, place: int, signals: Signals) -> dict[str, Any]:
    visit = signals.visit_before(place, day, 1)
    if visit is not None:
        return {"country": visit.country, "home": visit.home}
    days = range(day, day - LATELY, -1)
    country = next((signals.new_places[place, one] for one in days if (place, one) in signals.new_places), None)
    return {"country": country} if country else {}


# What a cohort's movement is called. More use together is new firmware; silence of most of it an outage.
COHORT_KINDS: Final = {"up": "spike", "sessions": "retry_storm", "silent": "silent"}
MOST, MANY = 0.5, 0.2  # of a cohort


def weight_of_cohort(event: CohortEvent) -> tuple[str, float]:
    """Severity and score: an outage or storm of most of a cohort is pressing, that of a few is told and no more."""
    share = event.moved / max(event.size, 1)
    if event.way == "up" or share < MANY:
        return "low", -0.3
    return ("high", -0.85) if share >= MOST else ("medium", -0.6)


def evidence_of_cohort(event: CohortEvent) -> dict[str, Any]:
    facts: dict[str, Any] = {"moved": event.moved, "cohort_sims": event.size, "way": event.way}
    if event.excess > 0:
        facts["excess_bytes"] = round(event.excess)
    return facts


def day_of(ordinal: int) -> date:
    return date.fromordinal(int(ordinal))


DAY: Final = timedelta(days=1)
