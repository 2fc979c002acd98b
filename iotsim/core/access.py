"""From a request to its Actor: which person, in which of their organisations, by which face."""

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlsplit, urlunsplit

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from iotsim.core import impersonation
from iotsim.core.actor import Actor, Face
from iotsim.core.errors import Denied, MembershipLost, Unauthenticated
from iotsim.core.models import Membership, Organization, User
from iotsim.core.second_factor import SecondFactorRequired, require_second_factor

P = ParamSpec("P")
ORGANIZATION = "organization"  # the session's key for the id of the chosen organisation


def memberships_of(user: User | AnonymousUser) -> list[Membership]:
    """The person's memberships, by the organisation's name."""
    rows = Membership.objects.filter(user_id=user.pk or 0).select_related("user", "organization")
    return list(rows.order_by("organization__name", "pk"))


def actor_for(user: User | AnonymousUser, chosen: int | None, *, face: Face, request_id: str = "") -> Actor:
    """The signed-in person as an actor in the chosen organisation; in their first if none was chosen yet.

    Raises Unauthenticated for nobody, Denied for somebody who is a member of nothing, SecondFactorRequired, and
    MembershipLost when the chosen organisation has them no more: what they do must not land in another one that they
    did not choose.
    """
    if not user.is_authenticated or not user.is_active:
        raise Unauthenticated("Please sign in.")
    memberships = memberships_of(user)
    if chosen is None and not memberships:
        raise Denied("You are a member of no organisation yet. Ask the person who invited you.")
    membership = memberships[0] if chosen is None else _chosen(memberships, chosen)
    require_second_factor(membership)
    return Actor.for_membership(membership, face=face, request_id=request_id)


def actor_in(session: SessionBase, user: User | AnonymousUser, *, face: Face = Face.WEB, request_id: str = "") -> Actor:
    """The actor behind a session: the person themselves, or whom they act as for support.

    Raises Unauthenticated, or Denied (also once, when a support session has just ended).
    """
    acting = impersonation.of_session(session, user)
    if acting is not None:
        return impersonation.actor_for(acting, face=face, request_id=request_id)
    return actor_for(user, session.get(ORGANIZATION), face=face, request_id=request_id)


def _chosen(memberships: list[Membership], organization_id: int) -> Membership:
    for one in memberships:
        if one.organization_id == organization_id:
            return one
    name = Organization.objects.filter(pk=organization_id).values_list("name", flat=True).first()
    lost = f"You are no longer a member of {name or 'the organisation you worked in'}, so nothing was changed there."
    raise MembershipLost(
        f"{lost} Choose where to go on."
        if memberships
        else f"{lost} You are a member of no other organisation: ask an administrator to invite you."
    )


def actor_of_session(session_key: str | None) -> Actor:
    """Who stands behind a socket, asked again and again: sessions end, people leave, organisations are changed.

    Raises Unauthenticated or Denied.
    """
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    assert isinstance(user, User) or user.is_anonymous
    return actor_in(request.session, user)


def actor_of(request: HttpRequest, *, face: Face = Face.WEB) -> Actor:
    """The actor behind a request with a session; kept on the request. Activates the organisation's time zone."""
    actor: Actor | None = getattr(request, "iotsim_actor", None)
    if actor is None:
        request_id = getattr(request, "id", "")
        actor = actor_in(request.session, request.user, face=face, request_id=request_id)
        request.iotsim_actor = actor  # type: ignore[attr-defined]
        if ORGANIZATION not in request.session:  # from here on it is chosen: losing it is told, not passed over
            request.session[ORGANIZATION] = actor.organization_id
    timezone.activate(actor.time_zone)
    return actor


def page(
    view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase],
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


def arguments_of(
    data: Any, *, lists: frozenset[str] = frozenset(), blank: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """A query or form (QueryDict) as raw arguments: empty fields left out, several values as a list.

    `blank` names fields whose emptiness says something ("no label") and is kept.
    """
    raw: dict[str, Any] = {}
    for name, values in data.lists():
        kept = [value for value in values if value != "" or name in blank]
        if kept:
            raw[name] = kept if len(kept) > 1 or name in lists else kept[0]
    return raw
