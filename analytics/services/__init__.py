"""Importing this package registers every service of analytics."""

from analytics.services import anomalies, charts, churn, costs, forecasts, models, nights, savings

__all__ = ["anomalies", "charts", "churn", "costs", "forecasts", "models", "nights", "savings"]
