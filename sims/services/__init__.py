"""The domain's front door: importing this package registers every service of the fleet."""

from sims.services import (
    alert_rules,
    alerts,
    choices,
    customers,
    editing,
    fleet,
    history,
    intake,
    limits,
    nightly,
    organization,
    plans,
    quota,
    reports,
    status,
    tags,
)

__all__ = [
    "alert_rules",
    "alerts",
    "choices",
    "customers",
    "editing",
    "fleet",
    "history",
    "intake",
    "limits",
    "nightly",
    "organization",
    "plans",
    "quota",
    "reports",
    "status",
    "tags",
]
