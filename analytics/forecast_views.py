"""Forecasts on pages: their own list of risks, and parts of the pages of a SIM, a customer and the dashboard."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from analytics.ahead.page import drawn, listed
from analytics.services.forecasts import analyze_usage, get_usage_forecast, list_quota_risks
from iotsim.core.access import arguments_of
from iotsim.core.access import page as for_members
from iotsim.core.actor import Actor
from iotsim.core.fragments import part_of, told
from sims.services.customers import get_customer

FEW = 6


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@for_members
def forecasts(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The SIMs that will pass their quota; a filter that cannot be is told in place of the rows."""
    context = listed(actor, request.GET) | told(list_quota_risks, actor, arguments_of(request.GET))
    return render(request, part_of(request, "analytics/forecasts.html", risks="rows"), context)


@require_GET
@for_members
def few(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The first of them, for the dashboard or, with a customer, for theirs."""
    asked = {"limit": FEW, "sort": "date", "is_over": False, **arguments_of(request.GET)}
    return render(request, "analytics/forecasts.html#few", {"page": list_quota_risks.call(actor, asked).result})


@require_GET
@for_members
def fleet(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The forecast of all SIMs that one may see, or of a customer or pool."""
    found = get_usage_forecast.call(actor, _asked(request)).result
    return _shown(request, found)


@require_GET
@for_members
def sim(request: HttpRequest, actor: Actor, sim: str) -> HttpResponse:
    """A SIM's forecast and what its days are like, for its page."""
    found = get_usage_forecast.call(actor, {**_asked(request), "sim": sim}).result
    return _shown(request, found, analysis=analyze_usage(actor, sim=sim))


def _asked(request: HttpRequest) -> dict[str, Any]:
    return {"days": 31, **{name: value for name, value in arguments_of(request.GET).items() if name != "look"}}


def _shown(request: HttpRequest, found: Any, **more: Any) -> HttpResponse:
    return render(request, "analytics/forecast.html", {**drawn(request, found), **more})


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@for_members
def customer(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """One customer: key figures, what lies ahead, which of its SIMs will pass their quota."""
    found = get_customer(actor, customer=f"#{number}")
    return render(request, part_of(request, "analytics/customer.html", customer_figures="figures"), {"customer": found})
