"""How an organisation wants anomalies, for the detector, for the alerts, and in figures."""

import math
from typing import Final

from analytics.anomalies.shapes import Settings
from analytics.models import AnomalySettings
from analytics.models.anomalies import BUDGET

WEEK: Final = 7
FEWEST: Final = 5  # alerts a week that every fleet may have, however small
WIDE: Final = 5.0  # how many times the alert budget is found and listed: the rest would be noise
FEWEST_LISTED: Final = 30  # a month, however small the fleet


def settings_of(organization_id: int, *, lock: bool = False) -> AnomalySettings:
    """Its row, or the defaults. Inside the tenant's transaction."""
    rows = AnomalySettings.objects.filter(organization_id=organization_id)
    found = (rows.select_for_update() if lock else rows).first()
    return found or AnomalySettings(organization_id=organization_id)


def for_detector(wanted: AnomalySettings, sims: int) -> Settings:
    """What the detector looks for in so many SIMs. All kinds are found; which are told is the alerts' matter."""
    enough = FEWEST_LISTED * 10_000 / (30 * max(sims, 1))
    return Settings(
        budget=max(wanted.alerts_per_10k * WIDE, BUDGET * WIDE, enough),
        limit_bytes=wanted.policy_day_bytes,
        limit_sessions=wanted.policy_day_sessions,
        suspension_cap=wanted.daily_cap_percent / 100,
    )


def alerts_a_week(wanted: AnomalySettings, sims: int) -> int:
    """What the budget comes to for so many SIMs; none when it is 0."""
    if wanted.alerts_per_10k <= 0:
        return 0
    return max(FEWEST, math.ceil(sims * WEEK * wanted.alerts_per_10k / 10_000))
