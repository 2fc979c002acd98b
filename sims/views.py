"""The SIM pages: each one service call and one template."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from iotsim.core.access import arguments_of, page
from iotsim.core.actor import Actor
from iotsim.core.errors import IotsimError
from iotsim.core.files import file_response
from iotsim.core.fragments import part_of, told
from iotsim.core.roles import Permission
from iotsim.core.zones import CURRENCIES, zones
from sims import charts, listing, reporting
from sims.alerts import pages
from sims.bringing import bring_in, mapping_choices, under_way
from sims.services.alert_rules import list_alert_rules
from sims.services.alerts import get_alert, list_alerts
from sims.services.customers import list_customers
from sims.services.fleet import find_sims, get_fleet_summary, get_sim_details
from sims.services.history import get_usage_history
from sims.services.intake import export_refused_rows, get_intake, list_intakes
from sims.services.limits import list_pools
from sims.services.mappings import list_usage_mappings, preview_usage_mapping, save_usage_mapping
from sims.services.nightly import get_nightly_summary, last_night, list_nightly_summaries
from sims.services.organization import get_organization
from sims.services.plans import list_plans
from sims.services.reports import generate_report, get_report_file, list_reports

# What a SIM's chart may show: words, the address's query, and the finest entry in it.
SPANS = [
    ("2 days", "resolution=hour", "hour"),
    ("30 days", "", "day"),
    ("12 months", "resolution=month", "month"),
]


@require_GET
@page
def dashboard(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The fleet in figures."""
    fleet = get_fleet_summary(actor)
    figures = {"timeline": charts.usage_timeline(fleet.timeline), "spark": charts.spark(fleet.timeline)}
    return render(request, "sims/dashboard.html", {"fleet": fleet, "night": last_night(actor), **figures})


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def sim_list(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The SIMs that fit the address's filters; a filter that cannot be is told in place of the rows."""
    context = listing.context(actor, request.GET) | told(find_sims, actor, arguments_of(request.GET))
    return render(request, part_of(request, "sims/list.html", sims="rows"), context)


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def sim_detail(request: HttpRequest, actor: Actor, sim: str) -> HttpResponse:
    """Everything about one SIM; named by anything but its ICCID, its own address is shown."""
    found = get_sim_details(actor, sim=sim)
    if found.iccid != sim:
        return redirect("sim", sim=found.iccid)
    return render(request, part_of(request, "sims/detail.html", sim="body"), {"sim": found})


@require_GET
@page
def sim_usage(request: HttpRequest, actor: Actor, sim: str) -> HttpResponse:
    """A SIM's usage as chart and table, for its page: thirty days, unless the address says otherwise."""
    history = get_usage_history(actor, sim=sim, **arguments_of(request.GET))
    context = {"history": history, "figure": charts.usage_of(history), "spans": SPANS}
    return render(request, "sims/usage.html", context)


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def customers(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The customers with their figures."""
    found = list_customers(actor, cursor=request.GET.get("cursor"))
    return render(request, part_of(request, "sims/customers.html", customers="rows"), {"page": found})


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def plans(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The plans with their prices and figures."""
    found = list_plans(actor, cursor=request.GET.get("cursor"))
    return render(request, part_of(request, "sims/plans.html", plans="rows"), {"page": found})


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request", "HX-Target")
@page
def imports(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The files on their way in and those brought in before; POST brings one in."""
    context: dict[str, Any] = {"max_bytes": settings.UPLOAD_MAX_BYTES}
    if request.method == "POST":
        try:
            bring_in(actor, request)
        except IotsimError as error:
            context["error"] = error
    context |= {"page": list_intakes(actor, cursor=request.GET.get("cursor")), "running": under_way(actor)}
    return render(request, part_of(request, "sims/imports.html", intakes="list"), context)


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def import_detail(request: HttpRequest, actor: Actor, intake: int) -> HttpResponse:
    """One file: what came of it, and the rows that were refused."""
    found = get_intake(actor, intake=intake, cursor=request.GET.get("cursor"))
    return render(request, part_of(request, "sims/import_detail.html", intake="body"), {"intake": found})


@require_GET
@page
def refused_rows(request: HttpRequest, actor: Actor, intake: int) -> HttpResponse:
    """The refused rows of one file, to be corrected in a spreadsheet and brought in again."""
    found = export_refused_rows(actor, intake=intake)
    name = {"Content-Disposition": f'attachment; filename="{found.name}"'}
    # With its mark, so that spreadsheets read it as UTF-8.
    return HttpResponse(found.content.encode("utf-8-sig"), content_type="text/csv; charset=utf-8", headers=name)


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request", "HX-Target")
@page
def mapping(request: HttpRequest, actor: Actor, intake: int) -> HttpResponse:
    """What the columns of an unknown file mean, with ten of its rows read so; POST keeps it."""
    data = request.GET if request.method == "GET" else request.POST
    raw = mapping_choices(intake, data)
    context: dict[str, Any] = {"name": data.get("name", "")}
    if request.method == "POST":
        try:
            save_usage_mapping.call(
                actor, {"columns": [], **raw, **({"name": data["name"]} if data.get("name") else {})}
            )
            return redirect("import", intake=intake)
        except IotsimError as error:
            context["error"] = error.sentence
    context["draft"] = preview_usage_mapping.call(actor, raw).result
    return render(request, part_of(request, "sims/mapping.html", preview="rows"), context)


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def mappings(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The organisation's own mappings."""
    found = list_usage_mappings(actor)
    return render(request, part_of(request, "sims/mappings.html", mappings="list"), {"page": found})


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def organization_settings(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The organisation's name, time zone and currency, and how long usage is kept."""
    context = {
        "organization": get_organization(actor),
        "zones": zones(),
        "currencies": CURRENCIES,
        "may_change": actor.may(Permission.ADMINISTER) and actor.customer_ids is None,
    }
    return render(request, part_of(request, "core/organization.html", rebuild="rebuild"), context)


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request", "HX-Target")
@page
def reports(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The reports that were made, and a form for another; POST asks for it."""
    context = reporting.context(actor, request.GET)
    if request.method == "POST":
        try:
            generate_report.call(actor, reporting.arguments(request.POST))
        except IotsimError as error:
            context["error"] = error
    context |= {"page": list_reports(actor, cursor=request.GET.get("cursor"))}
    return render(request, part_of(request, "sims/reports.html", reports="list"), context)


@require_safe
@page
def report_file(request: HttpRequest, actor: Actor, report: int) -> HttpResponseBase:
    """The file of a report, as a download."""
    return file_response(get_report_file(actor, report=report))


@require_safe
def shared_report(request: HttpRequest) -> HttpResponseBase:
    """The file of a report for whoever has its link; its secret stands in the query, which no log of ours keeps."""
    actor, report = reporting.shared(request.GET.get("link", ""))
    return file_response(get_report_file(actor, report=report))


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def alerts(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The alerts that fit the address's filters; a filter that cannot be is told in place of the rows."""
    context = pages.context(actor, request.GET) | told(list_alerts, actor, arguments_of(request.GET))
    return render(request, part_of(request, "sims/alerts.html", alerts="rows"), context)


@require_GET
@page
def alerts_few(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What needs someone now, in a few lines, of the fleet or of a SIM."""
    found = list_alerts.call(actor, {"limit": 6, **arguments_of(request.GET)}).result
    return render(request, "sims/alerts.html#few", {"page": found})


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def alert_detail(request: HttpRequest, actor: Actor, alert: int) -> HttpResponse:
    """One alert: what is the matter, and what was done with it."""
    found = get_alert(actor, alert=alert)
    context = {"alert": found, "facts": pages.facts_of(found)}
    return render(request, part_of(request, "sims/alert.html", alert="body"), context)


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def alert_rules(request: HttpRequest, actor: Actor) -> HttpResponse:
    """When there is an alert."""
    context = {"page": list_alert_rules(actor), "may_rule": actor.may(Permission.MONEY)}
    return render(request, part_of(request, "sims/alert_rules.html", rules="rows"), context)


@require_GET
@page
def pools(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The pools, the fullest first."""
    return render(request, "sims/pools.html", {"page": list_pools(actor)})


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def newest_night(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The newest night: whole, or in a few lines for the dashboard."""
    context = {"night": get_nightly_summary(actor), "nights": list_nightly_summaries(actor, limit=30)}
    return render(request, part_of(request, "sims/night.html", night="few"), context)


@require_GET
@page
def night(request: HttpRequest, actor: Actor, night: str) -> HttpResponse:
    """What the check of one night found."""
    found = get_nightly_summary.call(actor, {"night": night}).result
    return render(request, "sims/night.html", {"night": found, "nights": list_nightly_summaries(actor, limit=30)})
