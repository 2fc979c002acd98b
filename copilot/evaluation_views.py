"""The pages about evaluations: how well models do as the copilot."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from copilot.evaluation.figures import trend
from copilot.services.evaluations import compare_evaluations, get_evaluated_case, get_evaluation, list_evaluations
from iotsim.core import registry
from iotsim.core.access import page
from iotsim.core.actor import Actor
from iotsim.core.fragments import part_of

RATINGS = "list_feedback"  # a service of this name tells what people thought of answers


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def evaluations(request: HttpRequest, actor: Actor) -> HttpResponse:
    """All evaluations, how the shares went, what people thought of answers."""
    found = list_evaluations.call(actor, {"cursor": request.GET.get("cursor")}).result
    context = {"page": found, "trend": trend(found.trend), "ratings": _ratings(actor)}  # type: ignore[attr-defined]
    return render(request, part_of(request, "copilot/evaluations.html", evaluations="body"), context)


def _ratings(actor: Actor) -> Any:
    known = any(one.name == RATINGS for one in registry.all_services())
    return registry.get(RATINGS).call(actor, {"limit": 20}).result if known else None


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def evaluation(request: HttpRequest, actor: Actor, evaluation: int) -> HttpResponse:
    """One evaluation with all its cases."""
    found = get_evaluation(actor, evaluation=evaluation)
    return render(request, part_of(request, "copilot/evaluation.html", evaluation="body"), {"evaluation": found})


@require_GET
@page
def comparison(request: HttpRequest, actor: Actor, evaluation: int) -> HttpResponse:
    """Two evaluations side by side."""
    found = compare_evaluations.call(actor, {"evaluation": evaluation, "other": request.GET.get("with")}).result
    return render(request, "copilot/evaluation_compare.html", {"comparison": found})


@require_GET
@page
def evaluated_case(request: HttpRequest, actor: Actor, case: int) -> HttpResponse:
    """What was asked and answered in one case."""
    return render(request, "copilot/evaluation_case.html", {"result": get_evaluated_case(actor, case=case)})
