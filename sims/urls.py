"""The addresses of the SIM pages."""

from django.urls import path

from sims import views

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("sims/", views.sim_list, name="sims"),
    path("sims/<str:sim>/", views.sim_detail, name="sim"),
    path("sims/<str:sim>/usage/", views.sim_usage, name="sim_usage"),
    path("alerts/", views.alerts, name="alerts"),
    path("alerts/few/", views.alerts_few, name="alerts_few"),
    path("alerts/rules/", views.alert_rules, name="alert_rules"),
    path("alerts/<int:alert>/", views.alert_detail, name="alert"),
    path("pools/", views.pools, name="pools"),
    path("nights/", views.newest_night, name="nights"),
    path("nights/<str:night>/", views.night, name="night"),
    path("imports/", views.imports, name="imports"),
    path("imports/<int:intake>/", views.import_detail, name="import"),
]
