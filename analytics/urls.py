"""The addresses of the pages of analytics."""

from django.urls import path

from analytics import savings_views, views

urlpatterns = [
    path("charts/", views.charts, name="charts"),
    path("charts/chart.csv", views.chart_csv, name="chart_csv"),
    path("savings/", savings_views.savings, name="savings"),
    path("savings/costs/", savings_views.costs, name="savings_costs"),
    path("savings/sim/", savings_views.cost_of_sim, name="savings_sim"),
]
