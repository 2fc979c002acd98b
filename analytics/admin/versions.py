"""Versions of models in the admin: to be read; they change by training, promotion and rolling back."""

from django.contrib import admin

from analytics.models import ModelVersion
from iotsim.core.admin.base import TenantAdmin


@admin.register(ModelVersion)
class ModelVersionAdmin(TenantAdmin):
    list_display = ["model", "version", "stage", "trained_at", "trained_by", "promoted_at", "promoted_by", "sha256"]
    list_filter = ["model", "stage"]
    ordering = ["-pk"]
