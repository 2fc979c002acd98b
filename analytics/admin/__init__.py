"""What analytics keeps, in the admin: importing this package registers it."""

from analytics.admin import anomalies, churn, forecasts, savings, suggestions, versions

__all__ = ["anomalies", "churn", "forecasts", "savings", "suggestions", "versions"]
