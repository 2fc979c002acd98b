"""The copilot's tables in the admin."""

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from copilot.models import QueuedRun, Run, RunEvent, Thread, ToolCall
from iotsim.core.admin.base import ReadOnlyAdmin, TenantAdmin


@admin.register(Thread)
class ThreadAdmin(TenantAdmin):
    list_display = ["title", "user_id", "created_at", "updated_at"]
    search_fields = ["user_id__exact", "title"]
    ordering = ["-pk"]


@admin.register(Run)
class RunAdmin(TenantAdmin):
    list_display = ["created_at", "question", "state", "model", "input_tokens", "output_tokens", "cost", "error"]
    list_filter = [("state", ChoicesDropdownFilter)]
    list_select_related = ["thread"]
    search_fields = ["thread__id__exact", "request_id__exact"]
    search_help_text = "The number of a conversation or request"
    ordering = ["-pk"]


@admin.register(RunEvent)
class RunEventAdmin(TenantAdmin):
    list_display = ["at", "thread", "run", "seq", "kind"]
    list_select_related = ["thread", "run"]
    search_fields = ["thread__id__exact"]
    search_help_text = "The number of a conversation"
    ordering = ["-pk"]

    @admin.display(description="Event")
    def kind(self, row: RunEvent) -> str:
        return str(row.payload.get("type", ""))


@admin.register(ToolCall)
class ToolCallAdmin(TenantAdmin):
    list_display = ["created_at", "name", "state", "sentence", "approval_id", "event_id"]
    list_filter = [("state", ChoicesDropdownFilter)]
    list_select_related = ["run"]
    search_fields = ["run__id__exact", "name__exact"]
    ordering = ["-pk"]


@admin.register(QueuedRun)
class QueuedRunAdmin(ReadOnlyAdmin):
    """Ids and leases of every organisation: what the runners have before them."""

    list_display = ["run_id", "organization_id", "worker", "lease_until", "created_at"]
    search_fields = ["run_id__exact", "organization_id__exact"]
    ordering = ["pk"]
