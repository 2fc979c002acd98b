"""What analytics keeps."""

from analytics.models.churn import CustomerSnapshot
from analytics.models.forecasts import GroupForecast, SimForecast
from analytics.models.versions import ModelVersion, Stage

__all__ = ["CustomerSnapshot", "GroupForecast", "ModelVersion", "SimForecast", "Stage"]
