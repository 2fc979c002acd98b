"""What analytics keeps."""

from analytics.models.forecasts import GroupForecast, SimForecast

__all__ = ["GroupForecast", "SimForecast"]
