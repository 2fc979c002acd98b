"""Suggestions on pages: their own, beside the copilot, and on the dashboard."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from analytics.services.suggestions import list_suggestions
from iotsim.core.access import arguments_of
from iotsim.core.access import page as for_members
from iotsim.core.actor import Actor
from iotsim.core.fragments import part_of, told

NEAR, FEW, ALL = 3, 4, 50


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@for_members
def suggestions(request: HttpRequest, actor: Actor) -> HttpResponse:
    """All that is worth doing now."""
    context = told(list_suggestions, actor, {"limit": ALL, **arguments_of(request.GET)})
    return render(request, part_of(request, "analytics/suggestions.html", suggestions="rows"), context)


@require_GET
@for_members
def near(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The three that fit the page that is open, for the copilot beside it."""
    found = list_suggestions(actor, page=request.GET.get("page"), limit=NEAR)
    return render(request, "analytics/suggestions.html#near", {"page": found})


@require_GET
@for_members
def few(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The most urgent, for the dashboard."""
    return render(request, "analytics/suggestions.html#few", {"page": list_suggestions(actor, limit=FEW)})
