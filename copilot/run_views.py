"""The pages that say how questions were answered."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from copilot.models import RunState
from copilot.services.runs import get_run, list_runs
from iotsim.core.access import arguments_of, page
from iotsim.core.actor import Actor
from iotsim.core.fragments import part_of, told


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def runs(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The questions to the copilot, newest first."""
    context = {**told(list_runs, actor, arguments_of(request.GET)), "states": RunState.values}
    return render(request, part_of(request, "copilot/runs.html", runs="rows"), context)


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def run(request: HttpRequest, actor: Actor, run: int) -> HttpResponse:
    """One of them, step by step; it follows itself while it goes on."""
    return render(request, part_of(request, "copilot/run.html", run="body"), {"run": get_run(actor, run=run)})
