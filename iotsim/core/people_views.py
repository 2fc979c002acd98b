"""The pages of members and of API keys."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from iotsim.core import limits
from iotsim.core.access import arguments_of, ask_who_it_is, page
from iotsim.core.actor import Actor
from iotsim.core.errors import IotsimError, NotFound
from iotsim.core.fragments import part_of
from iotsim.core.invitations import invite_member, list_invitations
from iotsim.core.keys import create_api_key, list_api_keys
from iotsim.core.members import list_members
from iotsim.core.registry import Service
from iotsim.core.roles import PERMISSIONS, Permission, Role
from iotsim.core.tenancy import tenant

DIALOGS = {"role": "core/change_role.html", "customers": "core/limit_member.html"}
GOOD_FOR = ((7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "1 year"))


@never_cache
@require_http_methods(["GET", "POST"])
@page
def members(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Who belongs to the organisation, who is invited, and the form to invite somebody."""
    context = _made(request, actor, invite_member, lists=frozenset({"customers"}))
    template = part_of(request, "core/members.html", members="rows", invitations="invitations", invite="invite")
    return render(request, template, {**context, **_people(actor)})


@require_GET
@page
def member_dialog(request: HttpRequest, actor: Actor, user_id: int, what: str) -> HttpResponse:
    """The dialog in which a member's role or customers are chosen."""
    member = next((one for one in list_members(actor).items if one.user_id == user_id and one.may_change), None)
    if member is None or what not in DIALOGS:
        raise NotFound("There is no such member.")
    return render(request, DIALOGS[what], {"member": member, "customers": _customers(actor), "roles": _roles(actor)})


def _roles(actor: Actor) -> list[Role]:
    """The roles that the actor may give."""
    return [one for one in Role if PERMISSIONS[one] <= actor.permissions]


def _customers(actor: Actor) -> list[str]:
    with tenant(actor.organization_id, read_only=True):
        return sorted(limits.customer_names(actor).values(), key=str.lower)


def _people(actor: Actor) -> dict[str, Any]:
    manages = actor.may(Permission.ADMINISTER) and actor.customer_ids is None
    return {
        "page": list_members(actor),
        "invitations": list_invitations(actor) if manages else None,
        "roles": _roles(actor),
        "customers": _customers(actor),
    }


@never_cache
@require_http_methods(["GET", "POST"])
@page
def api_keys(request: HttpRequest, actor: Actor) -> HttpResponse:
    """API keys, and the form to make one, for which one shows again who one is."""
    if ("new" in request.GET or request.method == "POST") and (asked := ask_who_it_is(request)):
        return asked
    context = _made(request, actor, create_api_key, lists=frozenset({"scopes"}))
    template = part_of(request, "core/api_keys.html", keys="rows", new_key="new_key")
    scopes = [one for one in Permission if actor.may(one)]
    return render(request, template, {**context, "page": list_api_keys(actor), "scopes": scopes, "good_for": GOOD_FOR})


def _made(request: HttpRequest, actor: Actor, service: Service[..., Any], *, lists: frozenset[str]) -> dict[str, Any]:
    """What came of the page's form: the new thing, or what is wrong with what was given."""
    if request.method != "POST":
        return {}
    raw = arguments_of(request.POST, lists=lists)
    raw.pop("csrfmiddlewaretoken", None)
    try:
        return {"made": service.call(actor, raw).result}
    except IotsimError as error:
        return {"error": error, "given": request.POST}
