"""The domain's front door: importing this package registers every service of the fleet."""

from sims.services import (
    choices,
    customers,
    editing,
    fleet,
    history,
    intake,
    organization,
    plans,
    quota,
    reports,
    status,
    tags,
)

__all__ = [
    "choices",
    "customers",
    "editing",
    "fleet",
    "history",
    "intake",
    "organization",
    "plans",
    "quota",
    "reports",
    "status",
    "tags",
]
