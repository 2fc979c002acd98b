"""The fleet's tables in the admin: importing this package registers them."""

from sims.admin import alerts, fleet, mappings, reports

__all__ = ["alerts", "fleet", "mappings", "reports"]
