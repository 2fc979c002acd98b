"""Files given to the copilot, in the admin."""

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from copilot.models import Attachment
from iotsim.core.admin.base import TenantAdmin


@admin.register(Attachment)
class AttachmentAdmin(TenantAdmin):
    list_display = ["created_at", "name", "kind", "rows", "known", "unknown", "user_id", "thread"]
    list_filter = [("kind", ChoicesDropdownFilter)]
    list_select_related = ["thread"]
    search_fields = ["thread__id__exact", "user_id__exact"]
    search_help_text = "The number of a conversation or person"
    ordering = ["-pk"]
