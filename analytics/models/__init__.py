"""What analytics keeps."""

from analytics.models.forecasts import GroupForecast, SimForecast
from analytics.models.savings import AdviceKind, AdviceState, Confidence, Recommendation, SavingsRun

__all__ = ["AdviceKind", "AdviceState", "Confidence", "GroupForecast", "Recommendation", "SavingsRun", "SimForecast"]
