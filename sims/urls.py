"""The addresses of the SIM pages."""

from django.urls import path

from sims import views

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("sims/", views.sim_list, name="sims"),
    path("sims/<str:sim>/", views.sim_detail, name="sim"),
    path("sims/<str:sim>/usage/", views.sim_usage, name="sim_usage"),
    path("customers/", views.customers, name="customers"),
    path("plans/", views.plans, name="plans"),
    path("settings/organization/", views.organization_settings, name="organization_settings"),
    path("alerts/", views.alerts, name="alerts"),
    path("alerts/few/", views.alerts_few, name="alerts_few"),
    path("alerts/rules/", views.alert_rules, name="alert_rules"),
    path("alerts/<int:alert>/", views.alert_detail, name="alert"),
    path("pools/", views.pools, name="pools"),
    path("nights/", views.newest_night, name="nights"),
    path("nights/<str:night>/", views.night, name="night"),
    path("imports/", views.imports, name="imports"),
    path("imports/mappings/", views.mappings, name="usage_mappings"),
    path("imports/<int:intake>/", views.import_detail, name="import"),
    path("reports/", views.reports, name="reports"),
    path("reports/<int:report>/file/", views.report_file, name="report_file"),
    path("shared/reports/", views.shared_report, name="shared_report"),
    path("imports/<int:intake>/refused.csv", views.refused_rows, name="refused_rows"),
    path("imports/<int:intake>/mapping/", views.mapping, name="usage_mapping"),
]
