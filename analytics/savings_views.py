"""The pages of savings and costs: each one service call and one template."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from analytics.savings import page
from analytics.services.costs import get_cost_breakdown
from analytics.services.savings import optimize_quotas
from iotsim.core.access import arguments_of
from iotsim.core.access import page as for_members
from iotsim.core.actor import Actor
from iotsim.core.fragments import part_of, told


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@for_members
def savings(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Where money can be saved; a filter that cannot be is told in place of the rows."""
    context = page.context(actor, request.GET) | told(optimize_quotas, actor, arguments_of(request.GET))
    return render(request, part_of(request, "analytics/savings.html", savings="rows"), context)


@require_GET
@for_members
def costs(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What this cycle has cost so far and is expected to cost, for the page of savings."""
    found = get_cost_breakdown.call(actor, {"limit": 12, **arguments_of(request.GET)}).result
    return render(request, "analytics/costs.html", {"costs": found})


@require_GET
@for_members
def cost_of_sim(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The same of one SIM, in a line of its page, with what could be saved on it."""
    sim = request.GET.get("sim", "")
    context = {"costs": get_cost_breakdown(actor, sim=sim), "savings": optimize_quotas(actor, sim=sim, limit=3)}
    return render(request, "analytics/cost_of_sim.html", context)
