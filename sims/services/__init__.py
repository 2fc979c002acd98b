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
    "status",
    "tags",
]
from sims.services import reports

__all__ = ["choices", "fleet", "history", "intake", "quota", "reports", "status", "tags"]
