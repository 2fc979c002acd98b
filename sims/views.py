"""The SIM pages: each one service call and one template."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from iotsim.core.access import arguments_of, page
from iotsim.core.actor import Actor
from iotsim.core.errors import IotsimError
from iotsim.core.fragments import part_of
from sims import charts, listing
from sims.bringing import bring_in, mapping_choices, under_way
from sims.services.fleet import find_sims, get_fleet_summary, get_sim_details
from sims.services.history import get_usage_history
from sims.services.intake import export_refused_rows, get_intake, list_intakes
from sims.services.mappings import list_usage_mappings, preview_usage_mapping, save_usage_mapping


@require_GET
@page
def dashboard(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The fleet in figures."""
    fleet = get_fleet_summary(actor)
    figures = {"timeline": charts.usage_timeline(fleet.timeline), "spark": charts.spark(fleet.timeline)}
    return render(request, "sims/dashboard.html", {"fleet": fleet, **figures})


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def sim_list(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The SIMs that fit the address's filters; a filter that cannot be is told in place of the rows."""
    context = listing.context(actor, request.GET)
    try:
        context["page"] = find_sims.call(actor, arguments_of(request.GET)).result
    except IotsimError as error:
        context["error"] = error
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
    """The last thirty days of one SIM, as chart and table, for its page."""
    history = get_usage_history(actor, sim=sim)
    return render(request, "sims/usage.html", {"history": history, "figure": charts.daily_usage(history)})


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
