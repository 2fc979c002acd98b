"""Our admin site: one transaction a request, for the chosen organisation, and the response rendered inside of it.

Signing in and out is the product's own way (django-allauth), with its second factor and its limits on guessing.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import update_wrapper
from typing import Any

from allauth.account.views import logout as sign_out
from csp.constants import UNSAFE_EVAL
from django.contrib.admin import ModelAdmin as DjangoModelAdmin
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.db.models import Model
from django.db.models.base import ModelBase
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from unfold.sites import UnfoldAdminSite

from iotsim.core.errors import Denied

READS = {"GET", "HEAD", "OPTIONS"}
ORGANIZATION = "admin_organization"  # the session's key for the id of the organisation that staff look at
# Unfold's Alpine reads the expressions in its templates with `new Function`. Only the admin's own answers allow it;
# scripts still come from our own files, and styles need nothing more (its inline colours stand in static/admin.css).
POLICY = {"script-src": [UNSAFE_EVAL]}

View = Callable[..., HttpResponseBase]


class Site(UnfoldAdminSite):
    site_title = site_header = "iotsim admin"
    index_title = "Everything on this platform"
    enable_nav_sidebar = True

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: "type[DjangoModelAdmin[Any]] | None" = None,
        **options: Any,
    ) -> None:
        """As Django does; what other packages register takes our look, and shows no secret."""
        from iotsim.backoffice.foreign import ours

        models = [model_or_iterable] if isinstance(model_or_iterable, ModelBase) else list(model_or_iterable)
        for model in models:
            super().register(model, ours(model, admin_class), **options)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        inner = super().admin_view(view, cacheable)

        def within(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.has_permission(request):
                refused: HttpResponseBase = inner(request, *args, **kwargs)
                return refused
            with _transaction(request):
                response: HttpResponseBase = inner(request, *args, **kwargs)
                if hasattr(response, "render"):
                    response.render()
            response._csp_update = POLICY  # type: ignore[attr-defined]
            return response

        return update_wrapper(within, inner)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        from iotsim.backoffice import views

        own = [
            path("organization/", self.admin_view(views.choose_organization), name="choose_organization"),
            path("act/<slug:name>/", self.admin_view(views.act), name="act"),
            path("support/", self.admin_view(views.begin_support), name="begin_support"),
        ]
        return [*own, *super().get_urls()]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        from iotsim.core.admin.base import organization_of

        context: dict[str, Any] = super().each_context(request)
        context["colors"] = None  # Unfold writes them as a style element; ours stand in static/admin.css
        return {**context, "chosen": organization_of(request)}

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """There is one sign-in. Somebody signed in who does not belong here is told so."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise Denied("The admin is for the platform's own staff. Your account is not one of them.")
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return sign_out(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_change_password")


@contextmanager
def _transaction(request: HttpRequest) -> Iterator[None]:
    """The chosen organisation's transaction, which only reads when the request only asks; else one without."""
    from iotsim.core.models import Organization
    from iotsim.core.tenancy import tenant

    chosen = Organization.objects.filter(pk=request.session.get(ORGANIZATION) or 0).first()
    request.iotsim_organization = chosen  # type: ignore[attr-defined]
    if chosen is None:
        with transaction.atomic():
            yield
        return
    timezone.activate(chosen.time_zone)
    with tenant(chosen.pk, read_only=request.method in READS):
        yield
