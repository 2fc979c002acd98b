"""The addresses of the pages of analytics."""

from django.urls import path

from analytics import model_views, views

urlpatterns = [
    path("charts/", views.charts, name="charts"),
    path("charts/chart.csv", views.chart_csv, name="chart_csv"),
    path("models/", model_views.models, name="models"),
    path("models/<str:name>/", model_views.model, name="model"),
    path("customers/risk/", model_views.customers_at_risk, name="customers_at_risk"),
    path("customers/health/", model_views.customer_health, name="customer_health"),
    path("customers/health/cells/", model_views.health_cells, name="customer_health_cells"),
]
