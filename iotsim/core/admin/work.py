"""What was done and what goes on in one organisation: audit log, approvals, jobs, files."""

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from iotsim.core.admin.base import Offer, TenantAdmin
from iotsim.core.models import Approval, AuditEvent, AuditSubject, ImpersonatedWork, Job, Notification, Upload
from iotsim.core.wording import size


@admin.register(AuditEvent)
class AuditEventAdmin(TenantAdmin):
    """Nobody changes it: the database itself refuses. What can be taken back, is by the service that undoes."""

    list_display = ["at", "who", "face", "service", "outcome", "sentence", "approved_by"]
    list_filter = ["at"]
    search_fields = ["who__exact", "service__exact", "outcome__exact", "face__exact", "request_id__exact"]
    search_help_text = "A person's e-mail, a service, an outcome, a door or a request, each in full"
    ordering = ["-pk"]
    offers = [Offer("undo_call", "Undo", of_row={"event": "pk"})]


@admin.register(AuditSubject)
class AuditSubjectAdmin(TenantAdmin):
    list_display = ["kind", "object_id", "event"]
    list_select_related = ["event"]
    search_fields = ["object_id__exact"]
    search_help_text = "The id of an object"
    ordering = ["-pk"]


@admin.register(Approval)
class ApprovalAdmin(TenantAdmin):
    """Decided by members on their page; staff may decide as an owner may."""

    list_display = ["created_at", "service", "requester", "why", "state", "decided_by", "expires_at"]
    list_filter = [("state", ChoicesDropdownFilter)]
    search_fields = ["requester__exact", "service__exact", "decided_by__exact"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    offers = [
        Offer("approve_call", "Approve", of_row={"approval": "pk"}),
        Offer("reject_call", "Reject", of_row={"approval": "pk"}, fields=("reason",)),
    ]


@admin.register(Job)
class JobAdmin(TenantAdmin):
    list_display = ["created_at", "service", "who", "state", "done", "total", "note", "attempts", "finished_at"]
    list_filter = [("state", ChoicesDropdownFilter)]
    search_fields = ["id__exact", "service__exact", "who__exact"]
    ordering = ["-pk"]
    offers = [Offer("stop_job", "Stop", of_row={"job": "pk"})]


@admin.register(Upload)
class UploadAdmin(TenantAdmin):
    """That a file was brought; where it is kept is nobody's business, so the file itself has no link."""

    hidden = ["file"]
    list_display = ["name", "file_size", "sha256", "created_at"]
    search_fields = ["name__exact", "sha256__exact"]
    ordering = ["-pk"]

    @admin.display(description="Size")
    def file_size(self, row: Upload) -> str:
        return size(row.size_bytes)


@admin.register(ImpersonatedWork)
class ImpersonatedWorkAdmin(TenantAdmin):
    list_display = ["kind", "object_id", "impersonation"]
    list_select_related = ["impersonation__staff", "impersonation__user", "impersonation__organization"]
    search_fields = ["object_id__exact"]
    ordering = ["-pk"]


@admin.register(Notification)
class NotificationAdmin(TenantAdmin):
    list_display = ["created_at", "kind", "sentence", "user_id", "read_at"]
    search_fields = ["user_id__exact", "kind__exact"]
    search_help_text = "The number of a person, or a kind: alert, approval, job, nightly"
    ordering = ["-pk"]
