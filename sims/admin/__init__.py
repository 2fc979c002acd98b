"""The fleet's tables in the admin: importing this package registers them."""

from sims.admin import alerts, fleet, reports

__all__ = ["alerts", "fleet", "reports"]
