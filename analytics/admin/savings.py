"""Savings in the admin: to be read, since each night makes the advice anew."""

from django.contrib import admin

from analytics.models import Recommendation, SavingsRun
from iotsim.core.admin.base import TenantAdmin


@admin.register(Recommendation)
class RecommendationAdmin(TenantAdmin):
    list_display = [
        "kind", "state", "sim_id", "customer_id", "from_plan_id", "to_plan_id", "saving_cents", "currency",
        "confidence", "night", "decided_by",
    ]  # fmt: skip
    list_filter = ["state", "kind", "confidence"]
    ordering = ["-pk"]


@admin.register(SavingsRun)
class SavingsRunAdmin(TenantAdmin):
    list_display = ["night", "sims", "open", "seconds", "as_of"]
    ordering = ["-pk"]
