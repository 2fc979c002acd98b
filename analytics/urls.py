"""The addresses of the pages of analytics."""

from django.urls import path

from analytics import forecast_views, views

urlpatterns = [
    path("charts/", views.charts, name="charts"),
    path("charts/chart.csv", views.chart_csv, name="chart_csv"),
    path("forecasts/", forecast_views.forecasts, name="forecasts"),
    path("forecasts/few/", forecast_views.few, name="forecasts_few"),
    path("forecasts/fleet/", forecast_views.fleet, name="fleet_forecast"),
    path("sims/<str:sim>/forecast/", forecast_views.sim, name="sim_forecast"),
    path("customers/<int:number>/", forecast_views.customer, name="customer"),
]
