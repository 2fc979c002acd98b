"""What every table's place in the admin rests on: it shows, and changes nothing by itself.

A row of the domain changes through a service (`offers`), so that guard, audit log and undo apply. To show a new
model: `@admin.register(Model) class ModelAdmin(TenantAdmin): list_display = [...]`, in its application's admin.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NoReturn
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.admin import ModelAdmin

from iotsim.core import registry
from iotsim.core.admin.paging import BoundedList, BoundedPaginator
from iotsim.core.models import Organization

MOST_AT_ONCE = 200  # selected rows travel in an address


@dataclass(frozen=True)
class Offer:
    """A service offered beside a row or a list.

    `of_row` maps its parameters to attributes of the row, `fixed` gives others; `fields` are asked for, filled with
    what is there. `selected` names the parameter that takes the rows ticked in a list (then `key` of each).
    """

    service: str
    label: str
    of_row: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    fields: Sequence[str] = ()
    selected: str = ""
    key: str = "pk"

    @property
    def exists(self) -> bool:
        return self.service in {one.name for one in registry.all_services()}

    def address(self, row: Model | None = None, rows: Sequence[Model] = ()) -> str:
        """Where the service is asked for, with all that is known already."""
        pairs = list(self.fixed.items())
        pairs += [(name, _text(row, path)) for name, path in self.of_row.items() if row is not None]
        pairs += [(self.selected, _text(one, self.key)) for one in rows]
        pairs += [("fields", " ".join(self.fields)), ("edit", "1")] if self.fields else []
        return f"{reverse('admin:act', args=[self.service])}?{urlencode([pair for pair in pairs if pair[1] != ''])}"


def _text(row: Model | None, path: str) -> str:
    value: Any = row
    for part in path.split("."):
        value = getattr(value, part, None)
    return "" if value is None else str(value)


def organization_of(request: HttpRequest) -> Organization | None:
    """The organisation that the staff person has chosen to look at; its transaction is open."""
    return getattr(request, "iotsim_organization", None)


class ReadOnlyAdmin(ModelAdmin):
    """Shows rows and changes none, by whatever address it is asked."""

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    list_fullwidth = True
    list_filter_submit = True
    show_facets = 0  # admin.ShowFacets.NEVER: facets count whole tables
    change_form_outer_before_template = "backoffice/offers.html"
    list_before_template = "backoffice/list_offers.html"
    hidden: ClassVar[Sequence[str]] = ()  # fields with secrets, never shown
    offers: ClassVar[Sequence[Offer]] = ()
    list_offers: ClassVar[Sequence[Offer]] = ()

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[BoundedList]:
        return BoundedList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_exclude(self, request: HttpRequest, obj: Model | None = None) -> Sequence[str]:
        return self.hidden

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> NoReturn:
        raise PermissionDenied("The admin changes this through services only.")

    def delete_model(self, request: HttpRequest, obj: Model) -> NoReturn:
        raise PermissionDenied("The admin changes this through services only.")

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> NoReturn:
        raise PermissionDenied("The admin changes this through services only.")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        links = [{"label": one.label, "url": one.address()} for one in self._may(request, self.list_offers)]
        return super().changelist_view(request, {**(extra_context or {}), "list_offers": links})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        row = self.get_object(request, object_id) if object_id else None
        singles = [one for one in self._may(request, self.offers) if not one.selected or one.of_row]
        links = [{"label": one.label, "url": one.address(row)} for one in singles] if row else []
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), "offers": links})

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The offers for ticked rows; `delete_selected` goes with the right to delete."""
        actions: dict[str, Any] = super().get_actions(request)
        for number, offer in enumerate(one for one in self._may(request, self.offers) if one.selected):
            name = f"offer_{number}"
            actions[name] = (_action(offer), name, offer.label)
        return actions

    def _may(self, request: HttpRequest, offers: Sequence[Offer]) -> list[Offer]:
        """Those that there are, for whom the guard lets change something."""
        allowed = getattr(request.user, "is_superuser", False) and organization_of(request) is not None
        return [one for one in offers if allowed and one.exists]


def _action(offer: Offer) -> Any:
    def ask(admin: ModelAdmin, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponse | None:
        rows = list(queryset[: MOST_AT_ONCE + 1])
        if len(rows) > MOST_AT_ONCE:
            sentence = f"At most {MOST_AT_ONCE} rows can be ticked at once. Filter them in the product instead."
            messages.error(request, sentence)
            return None
        return redirect(offer.address(rows=rows))

    return ask


class TenantAdmin(ReadOnlyAdmin):
    """A table behind the tenant wall: the rows of the organisation chosen at the top, nothing without one."""

    of_tenant = True

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        rows: QuerySet[Any] = super().get_queryset(request)
        chosen = organization_of(request)
        return rows.filter(organization_id=chosen.pk) if chosen else rows.none()

    def get_exclude(self, request: HttpRequest, obj: Model | None = None) -> Sequence[str]:
        return ["organization", *self.hidden]
