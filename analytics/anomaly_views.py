"""The pages of anomalies: each one service call and one template."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from analytics.findings import pages
from analytics.services.anomalies import check_anomalies, explain_anomaly, get_anomaly_chart
from analytics.services.anomaly_settings import get_anomaly_settings, list_shadow_suspensions
from iotsim.core.access import arguments_of
from iotsim.core.access import page as for_members
from iotsim.core.actor import Actor
from iotsim.core.fragments import part_of, told
from iotsim.core.roles import Permission


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@for_members
def anomalies(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The anomalies that fit the address's filters; a filter that cannot be is told in place of the rows."""
    context = pages.context(actor, request.GET) | told(check_anomalies, actor, arguments_of(request.GET))
    return render(request, part_of(request, "analytics/anomalies.html", anomalies="rows"), context)


@require_GET
@for_members
def anomalies_few(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What lasts, in a few lines: of the fleet for the dashboard, of a SIM for its page."""
    found = check_anomalies.call(actor, {"limit": 4, "status": "lasting", **arguments_of(request.GET)}).result
    return render(request, "analytics/anomalies.html#few", {"page": found})


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@for_members
def anomaly(request: HttpRequest, actor: Actor, anomaly: int) -> HttpResponse:
    """One anomaly: why it was flagged, and what people say of it."""
    found = explain_anomaly(actor, anomaly=anomaly)
    context = {"anomaly": found, "steps": pages.step_links(found.next_steps), "marks": pages.mark_acts(found.status)}
    return render(request, part_of(request, "analytics/anomaly.html", anomaly="body"), context)


@require_GET
@for_members
def anomaly_chart(request: HttpRequest, actor: Actor, anomaly: int) -> HttpResponse:
    """The chart that shows why, for the anomaly's page."""
    context = {"result": get_anomaly_chart(actor, anomaly=anomaly), "key": "why", "narrow": True}
    return render(request, "analytics/generate_chart.html", context)


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@for_members
def anomaly_settings(request: HttpRequest, actor: Actor) -> HttpResponse:
    """How anomalies are told, and what automatic suspension would have done."""
    context = {
        "settings": get_anomaly_settings(actor),
        "shadow": list_shadow_suspensions(actor, cursor=request.GET.get("cursor")),
        "may_change": actor.may(Permission.MONEY) and actor.customer_ids is None,
    }
    return render(request, part_of(request, "analytics/anomaly_settings.html", settings="body"), context)
