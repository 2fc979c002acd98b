"""Forecasts in the admin: to be read, since each night writes them anew."""

from django.contrib import admin

from analytics.models import GroupForecast, SimForecast
from iotsim.core.admin.base import TenantAdmin

COLUMNS = ["cycle_end_date", "used_bytes", "cycle_p50_bytes", "quota_bytes", "exhausts_on", "model", "as_of"]


@admin.register(SimForecast)
class SimForecastAdmin(TenantAdmin):
    list_display = ["sim_id", *COLUMNS]
    ordering = ["-pk"]


@admin.register(GroupForecast)
class GroupForecastAdmin(TenantAdmin):
    list_display = ["scope", "customer_id", "plan_id", "sims", *COLUMNS]
    ordering = ["-pk"]
