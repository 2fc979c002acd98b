"""What analytics keeps, in the admin: importing this package registers it."""

from analytics.admin import forecasts

__all__ = ["forecasts"]
