"""A service's answer as a chart in the conversation: kept whole in its events, drawn by the service's own template."""

from typing import Any

from pydantic import BaseModel

from iotsim.core.charts import Chart
from iotsim.core.registry import Service


def chart_of(service: Service[Any, Any], result: BaseModel, *, chart_id: str) -> dict[str, Any] | None:
    """The chart as plain JSON, or None when the answer is none or has nothing to draw.

    It is recorded as it was answered: what was said stays true of what is shown, however often it is read again. Its
    page shows the numbers of today.
    """
    if not isinstance(result, Chart) or result.is_empty:
        return None
    return {"id": chart_id, "service": service.name, "result": result.model_dump(mode="json")}
