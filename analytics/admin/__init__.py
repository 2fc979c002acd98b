"""What analytics keeps, in the admin: importing this package registers it."""

from analytics.admin import anomalies, forecasts

__all__ = ["anomalies", "forecasts"]
