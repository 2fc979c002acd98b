"""What analytics keeps, in the admin: importing this package registers it."""

from analytics.admin import churn, forecasts, savings, versions

__all__ = ["churn", "forecasts", "savings", "versions"]
