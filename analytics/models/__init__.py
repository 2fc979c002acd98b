"""What analytics keeps."""

from analytics.models.anomalies import Anomaly, AnomalyFeedback, AnomalySettings, AnomalyState
from analytics.models.forecasts import GroupForecast, SimForecast

__all__ = ["Anomaly", "AnomalyFeedback", "AnomalySettings", "AnomalyState", "GroupForecast", "SimForecast"]
