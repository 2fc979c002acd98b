"""Evaluations in the admin."""

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from copilot.models import AddedCase, EvaluationCase, EvaluationRun
from iotsim.core.admin.base import TenantAdmin


@admin.register(EvaluationRun)
class EvaluationRunAdmin(TenantAdmin):
    list_display = ["started_at", "model", "state", "passed", "done", "total", "suite_hash", "version", "cost", "who"]
    list_filter = [("state", ChoicesDropdownFilter)]
    search_fields = ["model__exact"]
    ordering = ["-pk"]


@admin.register(EvaluationCase)
class EvaluationCaseAdmin(TenantAdmin):
    list_display = ["created_at", "name", "category", "attempt", "passed", "duration_ms", "cost"]
    list_select_related = ["run"]
    search_fields = ["run__id__exact", "name__exact"]
    ordering = ["-pk"]


@admin.register(AddedCase)
class AddedCaseAdmin(TenantAdmin):
    list_display = ["created_at", "name", "who", "thread_id", "run_id"]
    search_fields = ["run_id__exact"]
    ordering = ["-pk"]
