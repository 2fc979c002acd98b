"""The addresses of the pages of analytics."""

from django.urls import path

from analytics import views

urlpatterns = [
    path("charts/", views.charts, name="charts"),
    path("charts/chart.csv", views.chart_csv, name="chart_csv"),
]
