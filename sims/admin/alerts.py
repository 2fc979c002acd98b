"""Alerts, the rules behind them and the nightly checks in the admin."""

from collections.abc import Sequence

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from iotsim.core.admin.base import Offer, TenantAdmin
from sims.models import Alert, AlertRule, NightlyRun, SimCountry


@admin.register(Alert)
class AlertAdmin(TenantAdmin):
    list_display = ["last_at", "kind", "severity", "status", "sim", "customer", "count", "assignee", "first_at"]
    list_select_related = ["sim", "customer"]
    list_filter = [
        ("severity", ChoicesDropdownFilter),
        ("status", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
    ]
    search_fields = ["id__exact", "assignee__exact"]
    search_help_text = "The number of an alert, or the e-mail of whom it is given to"
    ordering = ["-pk"]
    sortable_by: Sequence[str] = []
    offers = [
        Offer("acknowledge_alert", "Acknowledge", of_row={"alert": "pk"}),
        Offer("resolve_alert", "Resolve", of_row={"alert": "pk"}, fields=("note",)),
    ]


@admin.register(AlertRule)
class AlertRuleAdmin(TenantAdmin):
    list_display = ["name", "kind", "severity", "enabled", "percent", "hours", "customer", "tag", "plan", "rearm_hours"]
    list_select_related = ["customer", "tag", "plan"]
    list_filter = [("kind", ChoicesDropdownFilter), "enabled"]
    search_fields = ["name"]
    ordering = ["pk"]
    offers = [Offer("delete_alert_rule", "Delete", of_row={"rule": "pk"})]


@admin.register(NightlyRun)
class NightlyRunAdmin(TenantAdmin):
    list_display = ["night", "job_id", "created_at", "finished_at"]
    search_fields = ["job_id__exact"]
    ordering = ["-night"]


@admin.register(SimCountry)
class SimCountryAdmin(TenantAdmin):
    """Where each SIM was seen first, by country: what a new country is told by."""

    list_display = ["sim", "country", "first_at"]
    list_select_related = ["sim"]
    search_fields = ["country__exact"]
    ordering = ["-pk"]
    sortable_by: Sequence[str] = []
