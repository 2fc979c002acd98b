"""The ids of programs that speak AG-UI, in the admin."""

from django.contrib import admin

from copilot.models import ClientRun, ClientThread
from iotsim.core.admin.base import TenantAdmin


@admin.register(ClientThread)
class ClientThreadAdmin(TenantAdmin):
    list_display = ["client_id", "user_id", "thread", "created_at"]
    list_select_related = ["thread"]
    search_fields = ["client_id__exact", "user_id__exact"]
    ordering = ["-pk"]


@admin.register(ClientRun)
class ClientRunAdmin(TenantAdmin):
    list_display = ["client_id", "user_id", "run", "created_at"]
    list_select_related = ["run"]
    search_fields = ["client_id__exact", "user_id__exact"]
    ordering = ["-pk"]
