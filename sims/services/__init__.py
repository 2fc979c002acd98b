"""The domain's front door: importing this package registers every service of the fleet."""

from sims.services import (
    alert_rules,
    alerts,
    choices,
    fleet,
    history,
    intake,
    limits,
    nightly,
    quota,
    status,
    tags,
)

__all__ = [
    "alert_rules",
    "alerts",
    "choices",
    "fleet",
    "history",
    "intake",
    "limits",
    "nightly",
    "quota",
    "status",
    "tags",
]
