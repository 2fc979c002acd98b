"""What an organisation taught the intake: its own mappings, monthly totals, files of its watched folder."""

from collections.abc import Sequence

from django.contrib import admin

from iotsim.core.admin.base import TenantAdmin
from sims.models import UsageMapping, UsageMonthly, WatchedFile


@admin.register(UsageMapping)
class UsageMappingAdmin(TenantAdmin):
    list_display = ["name", "columns", "who", "created_at", "deleted_at"]
    search_fields = ["name"]
    ordering = ["-pk"]


@admin.register(UsageMonthly)
class UsageMonthlyAdmin(TenantAdmin):
    list_display = ["month", "iccid", "imsi", "sim", "bytes_up", "bytes_down", "sms", "cost", "currency"]
    list_select_related = ["sim"]
    search_fields = ["iccid__exact", "imsi__exact"]
    ordering = ["-pk"]
    sortable_by: Sequence[str] = []


@admin.register(WatchedFile)
class WatchedFileAdmin(TenantAdmin):
    list_display = ["taken_at", "name", "size_bytes", "job_id", "done", "note", "settled_at"]
    search_fields = ["name"]
    ordering = ["-pk"]
