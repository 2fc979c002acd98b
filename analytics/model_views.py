"""The pages of models, and of the health of customers: each one service call and one template."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from analytics.charts.models import lift, over_time
from analytics.services.churn import explain_prediction, list_customer_health, predict_churn
from analytics.services.models import get_model, list_models
from iotsim.core.access import page as for_members
from iotsim.core.actor import Actor
from iotsim.core.fragments import part_of
from iotsim.core.roles import Permission


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@for_members
def models(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The models, each with its state."""
    context = {"page": list_models(actor), "may_change": _may_change(actor)}
    return render(request, part_of(request, "analytics/models.html", models="cards"), context)


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@for_members
def model(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """One model: versions, figures over time, what it learned from."""
    found = get_model(actor, model=name)
    figures = {"trend": over_time(found.versions, found.metric), "lift": lift(found.lift)}
    context = {"model": found, "card": found.card, "may_change": _may_change(actor), **figures}
    return render(request, part_of(request, "analytics/model.html", model="body"), context)


def _may_change(actor: Actor) -> bool:
    return actor.may(Permission.ADMINISTER) and actor.customer_ids is None


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@for_members
def customers_at_risk(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The customers by risk, the riskiest first."""
    found = predict_churn(actor, cursor=request.GET.get("cursor"))
    return render(request, part_of(request, "analytics/customers_at_risk.html", risks="rows"), {"page": found})


@require_GET
@for_members
def health_cells(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The health of the customers of a page of the list, each put into its own cell."""
    found = list_customer_health(actor, cursor=request.GET.get("cursor"))
    return render(request, "analytics/customer_health.html#cells", {"page": found})


@require_GET
@for_members
def customer_health(request: HttpRequest, actor: Actor) -> HttpResponse:
    """One customer's health with its reasons, for its page."""
    found = explain_prediction(actor, customer=request.GET.get("customer", ""))
    return render(request, "analytics/customer_health.html", {"health": found})
