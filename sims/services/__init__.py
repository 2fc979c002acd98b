"""The domain's front door: importing this package registers every service of the fleet."""

from sims.services import (
    choices,
    customers,
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
    "fleet",
    "history",
    "intake",
    "organization",
    "plans",
    "quota",
    "status",
    "tags",
]
from sims.services import editing

__all__ = ["choices", "editing", "fleet", "history", "intake", "quota", "status", "tags"]
