"""What analytics keeps, in the admin: importing this package registers it."""

from analytics.admin import forecasts, savings

__all__ = ["forecasts", "savings"]
