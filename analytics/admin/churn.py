"""Snapshots of customers in the admin: to be read, since each night writes its own."""

from django.contrib import admin

from analytics.models import CustomerSnapshot
from iotsim.core.admin.base import TenantAdmin


@admin.register(CustomerSnapshot)
class CustomerSnapshotAdmin(TenantAdmin):
    list_display = ["customer_id", "day", "score", "probability", "model_version", "is_backfilled"]
    ordering = ["-pk"]
