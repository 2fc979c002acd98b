"""The domain's front door: importing this package registers every service of the fleet."""

from sims.services import choices, customers, fleet, history, intake, plans, quota, status, tags

__all__ = ["choices", "customers", "fleet", "history", "intake", "plans", "quota", "status", "tags"]
from sims.services import organization

__all__ = ["choices", "fleet", "history", "intake", "organization", "quota", "status", "tags"]
