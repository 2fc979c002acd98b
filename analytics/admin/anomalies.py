"""Anomalies in the admin: to be read; they are marked by their services."""

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from analytics.models import Anomaly, AnomalyFeedback, AnomalySettings, AnomalyState
from iotsim.core.admin.base import Offer, TenantAdmin


@admin.register(Anomaly)
class AnomalyAdmin(TenantAdmin):
    list_display = [
        "pk",
        "kind",
        "severity",
        "score",
        "sim_id",
        "cohort",
        "first_day",
        "last_day",
        "status",
        "alert_id",
    ]
    list_filter = [
        ("kind", ChoicesDropdownFilter), ("severity", ChoicesDropdownFilter), ("status", ChoicesDropdownFilter),
    ]  # fmt: skip
    search_fields = ["id__exact", "sim_id__exact"]
    search_help_text = "The number of an anomaly or of a SIM"
    ordering = ["-pk"]
    offers = [Offer("mark_anomaly", "Mark", of_row={"anomaly": "pk"}, fields=("mark", "until", "note"))]


@admin.register(AnomalyFeedback)
class AnomalyFeedbackAdmin(TenantAdmin):
    list_display = ["sim_id", "kind", "bound", "expected_until", "updated_at"]
    ordering = ["-pk"]


@admin.register(AnomalySettings)
class AnomalySettingsAdmin(TenantAdmin):
    list_display = ["alerts_per_10k", "min_severity", "suspension", "daily_cap_percent", "updated_at"]
    ordering = ["-pk"]


@admin.register(AnomalyState)
class AnomalyStateAdmin(TenantAdmin):
    list_display = ["block", "first_sim", "last_sim", "day", "updated_at"]
    exclude = ["sim_ids", "state"]
    ordering = ["-pk"]
