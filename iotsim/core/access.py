"""From a request to its Actor: which person, in which of their organisations, by which face."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlsplit, urlunsplit

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from iotsim.core.actor import Actor, Face
from iotsim.core.errors import Denied, Unauthenticated
from iotsim.core.models import Membership, User
from iotsim.core.second_factor import SecondFactorRequired, require_second_factor

P = ParamSpec("P")
ORGANIZATION = "organization"  # the session's key for the id of the chosen organisation


def memberships_of(user: User | AnonymousUser) -> list[Membership]:
    """The person's memberships, by the organisation's name."""
    rows = Membership.objects.filter(user_id=user.pk or 0).select_related("user", "organization")
    return list(rows.order_by("organization__name", "pk"))


def actor_for(user: User | AnonymousUser, chosen: int | None, *, face: Face, request_id: str = "") -> Actor:
    """The signed-in person as an actor in the chosen organisation, else in their first.

    Raises Unauthenticated for nobody, Denied for somebody who is a member of nothing, SecondFactorRequired.
    """
    if not user.is_authenticated or not user.is_active:
        raise Unauthenticated("Please sign in.")
    memberships = memberships_of(user)
    if not memberships:
        raise Denied("You are a member of no organisation yet. Ask the person who invited you.")
    membership = next((one for one in memberships if one.organization_id == chosen), memberships[0])
    require_second_factor(membership)
    return Actor.for_membership(membership, face=face, request_id=request_id)


def actor_of(request: HttpRequest, *, face: Face = Face.WEB) -> Actor:
    """The actor behind a request with a session; kept on the request. Activates the organisation's time zone."""
    actor: Actor | None = getattr(request, "iotsim_actor", None)
    if actor is None:
        request_id = getattr(request, "id", "")
        actor = actor_for(request.user, request.session.get(ORGANIZATION), face=face, request_id=request_id)
        request.iotsim_actor = actor  # type: ignore[attr-defined]
    timezone.activate(actor.time_zone)
    return actor


def page(
    view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """A page for members: `view(request, actor, ...)`; anybody else is sent to sign in first.

    Who must set up a second factor is led there, whatever they asked for.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        try:
            actor = actor_of(request)
        except SecondFactorRequired:
            return _lead_to(request, reverse("mfa_index"))
        return view(request, actor, *args, **kwargs)

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponseBase]", guarded)


def _lead_to(request: HttpRequest, address: str) -> HttpResponse:
    """A redirect, which htmx follows with the whole page."""
    if "HX-Request" in request.headers:
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


def ask_who_it_is(request: HttpRequest) -> HttpResponse | None:
    """Where a person shows again who they are before something sensitive; None if they did within minutes."""
    if did_recently_reauthenticate(request):
        return None
    return _lead_to(request, f"{reverse('account_reauthenticate')}?{urlencode({'next': _page_of(request)})}")


def _page_of(request: HttpRequest) -> str:
    """The page that is open: the one asked for, or the one that a form or a button stands on."""
    if request.method == "GET" and "HX-Request" not in request.headers:
        return request.get_full_path()
    came_from = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()})
    return urlunsplit(urlsplit(came_from)._replace(scheme="", netloc="")) if ours else "/"


def arguments_of(data: Any, *, lists: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A query or form (QueryDict) as raw arguments: empty fields left out, several values as a list."""
    raw: dict[str, Any] = {}
    for name, values in data.lists():
        kept = [value for value in values if value != ""]
        if kept:
            raw[name] = kept if len(kept) > 1 or name in lists else kept[0]
    return raw
