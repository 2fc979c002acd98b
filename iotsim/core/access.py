"""From a request to its Actor: which person, in which of their organisations, by which face."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from iotsim.core import impersonation
from iotsim.core.actor import Actor, Face
from iotsim.core.errors import Denied, Unauthenticated
from iotsim.core.models import Membership, User

P = ParamSpec("P")
ORGANIZATION = "organization"  # the session's key for the id of the chosen organisation


def memberships_of(user: User | AnonymousUser) -> list[Membership]:
    """The person's memberships, by the organisation's name."""
    rows = Membership.objects.filter(user_id=user.pk or 0).select_related("user", "organization")
    return list(rows.order_by("organization__name", "pk"))


def actor_for(user: User | AnonymousUser, chosen: int | None, *, face: Face, request_id: str = "") -> Actor:
    """The signed-in person as an actor in the chosen organisation, else in their first.

    Raises Unauthenticated for nobody, Denied for somebody who is a member of nothing.
    """
    if not user.is_authenticated or not user.is_active:
        raise Unauthenticated("Please sign in.")
    memberships = memberships_of(user)
    if not memberships:
        raise Denied("You are a member of no organisation yet. Ask the person who invited you.")
    membership = next((one for one in memberships if one.organization_id == chosen), memberships[0])
    return Actor.for_membership(membership, face=face, request_id=request_id)


def actor_in(session: SessionBase, user: User | AnonymousUser, *, face: Face = Face.WEB, request_id: str = "") -> Actor:
    """The actor behind a session: the person themselves, or whom they act as for support.

    Raises Unauthenticated, or Denied (also once, when a support session has just ended).
    """
    acting = impersonation.of_session(session, user)
    if acting is not None:
        return impersonation.actor_for(acting, face=face, request_id=request_id)
    return actor_for(user, session.get(ORGANIZATION), face=face, request_id=request_id)


def actor_of(request: HttpRequest, *, face: Face = Face.WEB) -> Actor:
    """The actor behind a request with a session; kept on the request. Activates the organisation's time zone."""
    actor: Actor | None = getattr(request, "iotsim_actor", None)
    if actor is None:
        request_id = getattr(request, "id", "")
        actor = actor_in(request.session, request.user, face=face, request_id=request_id)
        request.iotsim_actor = actor  # type: ignore[attr-defined]
    timezone.activate(actor.time_zone)
    return actor


def page(
    view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """A page for members: `view(request, actor, ...)`; anybody else is sent to sign in first."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(request, actor_of(request), *args, **kwargs)

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponseBase]", guarded)


def arguments_of(data: Any, *, lists: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A query or form (QueryDict) as raw arguments: empty fields left out, several values as a list."""
    raw: dict[str, Any] = {}
    for name, values in data.lists():
        kept = [value for value in values if value != ""]
        if kept:
            raw[name] = kept if len(kept) > 1 or name in lists else kept[0]
    return raw
