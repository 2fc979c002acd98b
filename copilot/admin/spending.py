"""What models were asked for and took, how organisations want their copilot, and what conversations remember."""

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from copilot.models import CopilotSettings, ModelCall, ThreadMemory
from iotsim.core.admin.base import TenantAdmin


@admin.register(ModelCall)
class ModelCallAdmin(TenantAdmin):
    list_display = ["created_at", "model", "state", "purpose", "user_id", "input_tokens", "output_tokens", "cost"]
    list_filter = [("state", ChoicesDropdownFilter)]
    search_fields = ["run_id__exact", "user_id__exact", "model__exact"]
    search_help_text = "The number of a run or person, or a model"
    ordering = ["-pk"]


@admin.register(CopilotSettings)
class CopilotSettingsAdmin(TenantAdmin):
    list_display = ["model", "masking", "budget_month", "user_budget_month", "updated_at"]
    ordering = ["pk"]


@admin.register(ThreadMemory)
class ThreadMemoryAdmin(TenantAdmin):
    """What the masks of a conversation stand for is not shown."""

    list_display = ["thread", "covers", "updated_at"]
    list_select_related = ["thread"]
    search_fields = ["thread__id__exact"]
    search_help_text = "The number of a conversation"
    hidden = ["placeholders"]
    ordering = ["-pk"]
