"""The admin's own pages: choosing an organisation, running a service for its staff, beginning to act as a member."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from iotsim.backoffice.site import ORGANIZATION
from iotsim.core import impersonation, registry
from iotsim.core.actor import Actor
from iotsim.core.admin.base import organization_of
from iotsim.core.errors import Conflict, Denied
from iotsim.core.models import Organization, User
from iotsim.core.registry import Outcome, Service
from iotsim.web import Dialog, carry_out

MOST = 50


class Form(Dialog):
    """A service's dialog as a page of the admin."""

    template = "backoffice/act.html"

    def frame(self) -> dict[str, Any]:
        return {**admin.site.each_context(self.request), "title": self.service.title}


def _staff(request: HttpRequest) -> Actor:
    """The staff person in the organisation they have chosen. Raises Conflict without one."""
    chosen = organization_of(request)
    if chosen is None:
        raise Conflict("Choose an organisation at the top of the admin first.")
    assert isinstance(request.user, User)
    return Actor.for_staff(request.user, chosen, request_id=getattr(request, "id", ""))


@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, name: str) -> HttpResponseBase:
    """Any service, by the staff person: through the guard, into the organisation's audit log, with its undo."""
    return carry_out(request, _staff(request), registry.get(name), Form, _told)


def _told(request: HttpRequest, service: Service[..., Any], outcome: Outcome) -> HttpResponse:
    messages.success(request, outcome.sentence or f"{service.title}: done.")
    if outcome.event_id:
        return redirect("admin:core_auditevent_change", outcome.event_id)
    return redirect("admin:index")


@require_http_methods(["GET", "POST"])
def begin_support(request: HttpRequest) -> HttpResponseBase:
    """Ask for the reason, then act as a member of the chosen organisation."""
    assert isinstance(request.user, User)
    if not impersonation.may_impersonate(request.user):
        raise Denied("Your account may not act as a member: it takes the right to add impersonations.")
    return carry_out(request, _staff(request), registry.get("start_impersonation"), Form, _begun)


def _begun(request: HttpRequest, service: Service[..., Any], outcome: Outcome) -> HttpResponse:
    request.session[impersonation.KEY] = outcome.result.model_dump()["id"]
    return redirect("/")


@require_http_methods(["GET", "POST"])
def choose_organization(request: HttpRequest) -> HttpResponseBase:
    """Which organisation's rows the admin shows, kept for the session; none is a choice too."""
    if request.method == "POST":
        return _chosen(request, request.POST)
    wanted = " ".join(request.GET.get("q", "").split())
    fits = Q(name__icontains=wanted) | Q(slug__icontains=wanted)
    found = Organization.objects.filter(fits).order_by("name", "pk")[: MOST + 1]
    context = {
        **admin.site.each_context(request),
        "title": "Choose an organisation",
        "organizations": list(found)[:MOST],
        "more": len(found) > MOST,
        "wanted": wanted,
        "next": request.GET.get("next", ""),
    }
    return render(request, "backoffice/organizations.html", context)


def _chosen(request: HttpRequest, data: QueryDict) -> HttpResponse:
    slug = data.get("slug", "")
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        request.session.pop(ORGANIZATION, None)
    else:
        request.session[ORGANIZATION] = found.pk
    onward = str(data.get("next") or "")
    ours = url_has_allowed_host_and_scheme(onward, {request.get_host()}, require_https=request.is_secure())
    return redirect(onward if ours else reverse("admin:index"))
