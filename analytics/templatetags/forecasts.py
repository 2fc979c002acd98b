"""A forecast as a figure, for the places that have only its answer."""

from typing import TYPE_CHECKING

from django import template

from analytics.charts.ahead import figure_of, usual_look

if TYPE_CHECKING:
    from analytics.schemas.forecasts import UsageForecast
    from sims.axes import Figure

register = template.Library()


@register.filter
def forecast_figure(forecast: "UsageForecast") -> "Figure":
    """The figure in the look that fits: with a quota the cycle added up against it, else use a day; with a band."""
    return figure_of(forecast, usual_look(forecast))
