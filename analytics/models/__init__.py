"""What analytics keeps."""

from analytics.models.anomalies import Anomaly, AnomalyFeedback, AnomalySettings, AnomalyState
from analytics.models.churn import CustomerSnapshot
from analytics.models.forecasts import GroupForecast, SimForecast
from analytics.models.savings import AdviceKind, AdviceState, Confidence, Recommendation, SavingsRun
from analytics.models.suggestions import Suggestion, SuggestionDismissal, SuggestionKind
from analytics.models.versions import ModelVersion, Stage

__all__ = [
    "AdviceKind",
    "AdviceState",
    "Anomaly",
    "AnomalyFeedback",
    "AnomalySettings",
    "AnomalyState",
    "Confidence",
    "CustomerSnapshot",
    "GroupForecast",
    "ModelVersion",
    "Recommendation",
    "SavingsRun",
    "SimForecast",
    "Stage",
    "Suggestion",
    "SuggestionDismissal",
    "SuggestionKind",
]
