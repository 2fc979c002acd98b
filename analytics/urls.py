"""The addresses of the pages of analytics."""

from django.urls import path

from analytics import anomaly_views, forecast_views, model_views, savings_views, suggestion_views, views

urlpatterns = [
    path("charts/", views.charts, name="charts"),
    path("charts/chart.csv", views.chart_csv, name="chart_csv"),
    path("anomalies/", anomaly_views.anomalies, name="anomalies"),
    path("anomalies/few/", anomaly_views.anomalies_few, name="anomalies_few"),
    path("anomalies/settings/", anomaly_views.anomaly_settings, name="anomaly_settings"),
    path("anomalies/<int:anomaly>/", anomaly_views.anomaly, name="anomaly"),
    path("anomalies/<int:anomaly>/chart/", anomaly_views.anomaly_chart, name="anomaly_chart"),
    path("savings/", savings_views.savings, name="savings"),
    path("savings/costs/", savings_views.costs, name="savings_costs"),
    path("savings/sim/", savings_views.cost_of_sim, name="savings_sim"),
    path("suggestions/", suggestion_views.suggestions, name="suggestions"),
    path("suggestions/near/", suggestion_views.near, name="suggestions_near"),
    path("suggestions/few/", suggestion_views.few, name="suggestions_few"),
    path("models/", model_views.models, name="models"),
    path("models/<str:name>/", model_views.model, name="model"),
    path("customers/risk/", model_views.customers_at_risk, name="customers_at_risk"),
    path("customers/health/", model_views.customer_health, name="customer_health"),
    path("customers/health/cells/", model_views.health_cells, name="customer_health_cells"),
    path("forecasts/", forecast_views.forecasts, name="forecasts"),
    path("forecasts/few/", forecast_views.few, name="forecasts_few"),
    path("forecasts/fleet/", forecast_views.fleet, name="fleet_forecast"),
    path("sims/<str:sim>/forecast/", forecast_views.sim, name="sim_forecast"),
    path("customers/<int:number>/", forecast_views.customer, name="customer"),
]
