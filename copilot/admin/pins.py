"""Pinned widgets in the admin."""

from django.contrib import admin

from copilot.models import Pin
from iotsim.core.admin.base import TenantAdmin


@admin.register(Pin)
class PinAdmin(TenantAdmin):
    list_display = ["title", "service", "user_id", "place", "created_at"]
    search_fields = ["user_id__exact", "service__exact"]
    ordering = ["-pk"]
