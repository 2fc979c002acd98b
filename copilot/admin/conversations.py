"""What people said, and what they think of the answers, in the admin."""

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from copilot.models import Feedback, RunText
from iotsim.core.admin.base import TenantAdmin


@admin.register(Feedback)
class FeedbackAdmin(TenantAdmin):
    list_display = ["created_at", "verdict", "question", "comment", "model", "user_id"]
    list_filter = [("verdict", ChoicesDropdownFilter)]
    search_fields = ["run__id__exact", "user_id__exact"]
    search_help_text = "The number of a run or person"
    ordering = ["-pk"]


@admin.register(RunText)
class RunTextAdmin(TenantAdmin):
    list_display = ["run", "thread", "text"]
    list_select_related = ["run", "thread"]
    search_fields = ["thread__id__exact", "run__id__exact"]
    search_help_text = "The number of a conversation or run"
    ordering = ["-pk"]
