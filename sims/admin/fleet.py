"""The fleet in the admin. Lists stay quick at a million SIMs: they meet indexes and are never counted to the end."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from iotsim.core.admin.base import Offer, ReadOnlyAdmin, TenantAdmin
from iotsim.core.wording import money, size
from sims.models import (
    Customer,
    Device,
    Intake,
    Operator,
    Plan,
    RefusedRow,
    Sim,
    SimTag,
    StatusChange,
    Tag,
    UsageRecord,
)


class BySimAdmin(TenantAdmin):
    """Found by the SIM: its number, an ending or its label, through the search that reaches its index in the wall."""

    sim_field: ClassVar[str] = "sim_id"
    search_fields = ["id"]  # Django shows the box when there is one; what it finds is told below
    search_help_text = "A SIM's ICCID or its last digits, IMSI, phone number or label"

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        needle = " ".join(search_term.split())
        if len(needle) < 2:
            return (queryset.none() if needle else queryset), False
        return queryset.filter(**{f"{self.sim_field}__in": RawSQL("SELECT sims_matching(%s)", [needle])}), False


@admin.register(Sim)
class SimAdmin(BySimAdmin):
    sim_field = "pk"
    list_display = ["iccid", "label", "status", "customer", "plan", "operator", "country", "used", "last_seen_at"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("plan", AutocompleteSelectFilter),
        ("customer", AutocompleteSelectFilter),
        ("operator", AutocompleteSelectFilter),
    ]
    list_select_related = ["customer", "plan", "operator"]
    ordering = ["-pk"]
    sortable_by: Sequence[str] = []
    hidden = ["iccid_reversed", "label_lower"]
    offers = [
        Offer("toggle_sim_status", "Change status", of_row={"sim": "iccid"}),
        Offer("update_quota", "Change quota", of_row={"sim": "iccid", "quota": "quota_bytes"}, fields=("quota",)),
        Offer("retire_sim", "Retire", of_row={"sim": "iccid"}),
        *(
            Offer(
                "change_status_in_bulk",
                f"{verb.capitalize()} the ticked SIMs",
                {},
                {"action": verb},
                (),
                "sims",
                "iccid",
            )
            for verb in ("activate", "suspend", "resume", "deactivate")
        ),
        Offer("tag_sims", "Tag the ticked SIMs", selected="sims", key="iccid"),
    ]

    @admin.display(description="This cycle")
    def used(self, row: Sim) -> str:
        return size(row.cycle_bytes)


@admin.register(Customer)
class CustomerAdmin(TenantAdmin):
    list_display = ["name", "reference", "created_at"]
    search_fields = ["name", "reference__exact"]
    ordering = ["name", "pk"]
    offers = [
        Offer(
            "update_customer",
            "Change",
            of_row={"customer": "name", "name": "name", "reference": "reference"},
            fields=("name", "reference"),
        )
    ]
    list_offers = [Offer("create_customer", "Add customer", fields=("name", "reference"))]


PLAN_FIELDS = ("name", "quota", "price", "overage_price", "pooled", "billing_day")


@admin.register(Plan)
class PlanAdmin(TenantAdmin):
    list_display = ["name", "quota", "price", "overage_cents_per_mb", "pooled", "billing_day"]
    list_filter = ["pooled"]
    search_fields = ["name"]
    ordering = ["name", "pk"]
    offers = [
        Offer(
            "update_plan",
            "Change",
            of_row={"plan": "name", "name": "name", "quota": "quota_bytes"},
            fields=PLAN_FIELDS,
        )
    ]
    list_offers = [Offer("create_plan", "Add plan", fields=(*PLAN_FIELDS, "currency"))]

    @admin.display(description="Quota")
    def quota(self, row: Plan) -> str:
        return size(row.quota_bytes)

    @admin.display(description="A month")
    def price(self, row: Plan) -> str:
        return money(row.price_cents, row.currency)


@admin.register(Device)
class DeviceAdmin(TenantAdmin):
    list_display = ["name", "kind", "imei", "customer", "safety_critical"]
    list_select_related = ["customer"]
    search_fields = ["name__exact"]
    search_help_text = "The device's whole name"
    ordering = ["-pk"]
    sortable_by: Sequence[str] = []


@admin.register(Tag)
class TagAdmin(TenantAdmin):
    list_display = ["name"]
    search_fields = ["name"]
    ordering = ["name", "pk"]


@admin.register(SimTag)
class SimTagAdmin(BySimAdmin):
    list_display = ["sim", "tag"]
    list_filter = [("tag", AutocompleteSelectFilter)]
    list_select_related = ["sim", "tag"]
    ordering = ["-pk"]
    sortable_by: Sequence[str] = []


@admin.register(Operator)
class OperatorAdmin(ReadOnlyAdmin):
    """Reference data of this release, the same for everybody."""

    list_display = ["name", "country", "mcc", "mnc"]
    search_fields = ["name", "country__exact", "mcc__exact"]
    ordering = ["country", "name", "pk"]


@admin.register(StatusChange)
class StatusChangeAdmin(BySimAdmin):
    list_display = ["requested_at", "sim", "from_status", "to_status", "reason", "state", "who", "face"]
    list_select_related = ["sim"]
    list_filter = [("state", ChoicesDropdownFilter)]
    ordering = ["-pk"]
    sortable_by: Sequence[str] = []
    offers = [Offer("restore_status", "Take back the whole change", of_row={"batch": "batch"})]


@admin.register(Intake)
class IntakeAdmin(TenantAdmin):
    list_display = ["created_at", "name", "kind", "format", "state", "rows", "new", "duplicates", "refused", "who"]
    list_filter = [("kind", ChoicesDropdownFilter), ("state", ChoicesDropdownFilter)]
    search_fields = ["name"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]


@admin.register(RefusedRow)
class RefusedRowAdmin(TenantAdmin):
    list_display = ["intake", "row_number", "column", "reason"]
    list_select_related = ["intake"]
    search_fields = ["intake__id__exact"]
    search_help_text = "The number of an import"
    ordering = ["-pk"]
    sortable_by: Sequence[str] = []


@admin.register(UsageRecord)
class UsageRecordAdmin(BySimAdmin):
    """Of one SIM at a time: only its index leads to its records. Its days and hours are shown by the product."""

    list_display = ["started_at", "ended_at", "sim", "traffic", "up", "down", "count", "operator", "apn"]
    list_select_related = ["sim", "operator"]
    list_display_links = None
    ordering = ["-started_at"]
    sortable_by: Sequence[str] = []

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Nothing until a SIM is searched for, and never by id alone, which no index knows."""
        rows = super().get_queryset(request)
        return rows if len(request.GET.get("q", "").strip()) > 1 else rows.none()

    @admin.display(description="Up")
    def up(self, row: UsageRecord) -> str:
        return size(row.bytes_up)

    @admin.display(description="Down")
    def down(self, row: UsageRecord) -> str:
        return size(row.bytes_down)
