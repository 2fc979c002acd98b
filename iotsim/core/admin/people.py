"""Organisations, people and their keys: the tables outside of the tenant wall, shown across all organisations."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from iotsim.core.admin.base import Offer, ReadOnlyAdmin, organization_of
from iotsim.core.impersonation import is_fair_game, may_impersonate
from iotsim.core.models import ApiKey, IdempotencyKey, Impersonation, Invitation, Membership, Organization, User

OrganizationFilter = ("organization", AutocompleteSelectFilter)


@admin.register(Organization)
class OrganizationAdmin(ReadOnlyAdmin):
    """A new one is made here; its members and settings change by services, in its own audit log."""

    list_display = ["name", "slug", "time_zone", "currency", "created_at", "look_at"]
    search_fields = ["name", "slug__exact"]
    ordering = ["name", "pk"]
    fields = ["name", "slug", "time_zone", "currency", "created_at"]
    readonly_fields = ["created_at"]
    prepopulated_fields = {"slug": ["name"]}
    offers = [Offer("update_organization", "Change settings", fields=("name", "time_zone", "currency"))]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Model | None = None) -> dict[str, Sequence[str]]:
        return {} if obj else {"slug": ["name"]}

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:  # type: ignore[override]
        if change:
            raise PermissionDenied("The admin changes this through services only.")
        obj.save()

    @admin.display(description="Rows of it")
    def look_at(self, row: Organization) -> SafeString:
        return format_html('<a href="{}?q={}">Look at</a>', reverse("admin:choose_organization"), row.name)


class UserForm(ModelForm):  # type: ignore[type-arg]
    """Who may sign in, and who is staff. The last superuser stays one."""

    class Meta:
        model = User
        fields = ["first_name", "last_name", "is_active", "is_staff", "is_superuser", "groups", "user_permissions"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        stays = data.get("is_active") and data.get("is_superuser") and data.get("is_staff")
        others = User.objects.filter(is_superuser=True, is_staff=True, is_active=True).exclude(pk=self.instance.pk)
        if not stays and self.instance.is_superuser and not others.exists():
            self.add_error("is_superuser", "This is the last superuser: name another one first.")
        return data


@admin.register(User)
class UserAdmin(ModelAdmin):
    """Made by invitation, by sign-up or by `manage.py createsuperuser`; passwords are nobody's business but theirs."""

    form = UserForm
    list_fullwidth = True
    paginator = ReadOnlyAdmin.paginator
    show_full_result_count = False
    list_per_page = 50
    list_filter_submit = True
    list_display = ["email", "first_name", "last_name", "is_active", "is_staff", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["email"]
    readonly_fields = ["email", "last_login", "date_joined"]
    autocomplete_fields = ["groups"]
    filter_horizontal = ["user_permissions"]
    fieldsets = [
        (None, {"fields": ["email", "first_name", "last_name", "is_active", "last_login", "date_joined"]}),
        ("Staff of the platform", {"fields": ["is_staff", "is_superuser", "groups", "user_permissions"]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Only a superuser: whoever makes staff could make themselves anything."""
        return bool(getattr(request.user, "is_superuser", False))


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Who belongs where. Roles change by services; from here staff act as a member."""

    list_display = ["user", "organization", "role", "limited", "created_at"]
    list_filter = ["role", OrganizationFilter]
    list_select_related = ["user", "organization"]
    search_fields = ["user__email", "organization__name"]
    offers = [
        Offer("update_member", "Change role", of_row={"member": "user.email", "role": "role"}, fields=("role",)),
        Offer("remove_member", "Remove", of_row={"member": "user.email"}),
    ]
    list_offers = [Offer("invite_member", "Invite", fields=("email", "role"))]

    @admin.display(boolean=True, description="Some customers only")
    def limited(self, row: Membership) -> bool:
        return row.customer_ids is not None

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        row = self.get_object(request, object_id) if object_id else None
        more = {"support": _support(request, row)} if isinstance(row, Membership) else {}
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **more})


def _support(request: HttpRequest, row: Membership) -> dict[str, Any]:
    """What stands at the button with which support begins, or why there is none."""
    assert isinstance(request.user, User)
    if not may_impersonate(request.user):
        return {}
    if not is_fair_game(row.user):
        return {"why_not": "Nobody acts as one of the staff, nor as somebody who may not sign in."}
    address = f"{reverse('admin:begin_support')}?user={row.user.email}"
    chosen = organization_of(request)
    return {"url": address, "organization": row.organization, "is_chosen": chosen == row.organization}


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Keys without their secrets, of which only a hash exists."""

    hidden = ["secret_hash"]
    list_display = ["__str__", "name", "member", "created_at", "expires_at", "last_used_at", "revoked_at"]
    list_filter = ["revoked_at", "expires_at"]
    list_select_related = ["membership__user", "membership__organization"]
    search_fields = ["prefix__exact", "name", "membership__user__email"]

    @admin.display(description="Member")
    def member(self, row: ApiKey) -> str:
        return f"{row.membership.user} in {row.membership.organization}"


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    """Calls that clients may repeat; what was answered belongs to the tenant and is not shown here."""

    hidden = ["outcome"]
    list_display = ["key", "service", "organization", "user", "created_at"]
    list_filter = [OrganizationFilter]
    list_select_related = ["organization", "user"]
    search_fields = ["key__exact", "user__email"]


@admin.register(Impersonation)
class ImpersonationAdmin(ReadOnlyAdmin):
    """Who of the staff acted as whom, why and how long."""

    list_display = ["staff", "user", "organization", "reason", "started_at", "ends_at", "ended_at"]
    list_filter = [OrganizationFilter, "ended_at"]
    list_select_related = ["staff", "user", "organization"]
    search_fields = ["staff__email", "user__email", "reason"]
    date_hierarchy = "started_at"


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """Sessions by their end. Keys and contents are as good as passwords: not shown, not in an address either."""

    list_display = ["short_key", "expire_date"]
    list_display_links = None
    list_filter = ["expire_date"]
    ordering = ["-expire_date"]
    fields = ["short_key", "expire_date"]
    readonly_fields = ["short_key", "expire_date"]

    @admin.display(description="Session")
    def short_key(self, row: Session) -> str:
        return f"{row.session_key[:4]}…"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.defer("session_data")


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Who is asked in. What the link is made of stays hidden."""

    hidden = ["token_hash", "nonce"]
    list_display = ["email", "organization", "role", "created_at", "expires_at"]
    list_select_related = ["organization"]
    search_fields = ["email__exact"]
    ordering = ["-pk"]
