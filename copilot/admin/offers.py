"""What the copilot offered to do, in the admin."""

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from copilot.models import KeptOffer
from iotsim.core.admin.base import TenantAdmin


@admin.register(KeptOffer)
class KeptOfferAdmin(TenantAdmin):
    list_display = ["created_at", "words", "service", "source", "state", "settled_run_id"]
    list_filter = [("state", ChoicesDropdownFilter)]
    list_select_related = ["run", "thread"]
    search_fields = ["thread__id__exact", "service__exact"]
    search_help_text = "The number of a conversation, or a service"
    ordering = ["-pk"]
