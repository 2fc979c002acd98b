"""The addresses of the SIM pages."""

from django.urls import path

from sims import views

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("sims/", views.sim_list, name="sims"),
    path("sims/<str:sim>/", views.sim_detail, name="sim"),
    path("sims/<str:sim>/usage/", views.sim_usage, name="sim_usage"),
    path("imports/", views.imports, name="imports"),
    path("imports/mappings/", views.mappings, name="usage_mappings"),
    path("imports/<int:intake>/", views.import_detail, name="import"),
    path("imports/<int:intake>/refused.csv", views.refused_rows, name="refused_rows"),
    path("imports/<int:intake>/mapping/", views.mapping, name="usage_mapping"),
]
