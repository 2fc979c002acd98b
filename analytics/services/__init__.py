"""Importing this package registers every service of analytics."""

from analytics.services import (
    anomalies,
    anomaly_settings,
    charts,
    churn,
    comparison,
    costs,
    forecasts,
    models,
    nights,
    reasons,
    savings,
    suggestions,
)

__all__ = [
    "anomalies",
    "anomaly_settings",
    "charts",
    "churn",
    "comparison",
    "costs",
    "forecasts",
    "models",
    "nights",
    "reasons",
    "savings",
    "suggestions",
]
