"""Suggestions in the admin: to be read, since they are made anew."""

from django.contrib import admin

from analytics.models import Suggestion, SuggestionDismissal
from iotsim.core.admin.base import TenantAdmin


@admin.register(Suggestion)
class SuggestionAdmin(TenantAdmin):
    list_display = ["key", "kind", "severity", "rank", "sim_id", "customer_id", "for_all", "as_of", "expires_at"]
    list_filter = ["kind", "severity"]
    search_fields = ["key__exact"]
    ordering = ["-pk"]


@admin.register(SuggestionDismissal)
class SuggestionDismissalAdmin(TenantAdmin):
    list_display = ["key", "user_id", "stamp", "weight", "created_at"]
    search_fields = ["key__exact", "user_id__exact"]
    ordering = ["-pk"]
