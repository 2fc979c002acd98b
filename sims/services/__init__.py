"""The domain's front door: importing this package registers every service of the fleet."""

from sims.services import choices, fleet, history, intake, mappings, quota, records, status, tags

__all__ = ["choices", "fleet", "history", "intake", "mappings", "quota", "records", "status", "tags"]
