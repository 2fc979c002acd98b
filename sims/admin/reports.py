"""Reports in the admin."""

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from iotsim.core.admin.base import TenantAdmin
from sims.models import Report


@admin.register(Report)
class ReportAdmin(TenantAdmin):
    list_display = ["created_at", "title", "format", "per", "start_date", "end_date", "who", "rows", "expires_at"]
    list_filter = [("format", ChoicesDropdownFilter)]
    search_fields = ["title"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
