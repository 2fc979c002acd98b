"""The pages of analytics: each one service call and one template."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from analytics.charts import page
from analytics.services.charts import generate_chart
from iotsim.core.access import arguments_of
from iotsim.core.access import page as for_members
from iotsim.core.actor import Actor
from iotsim.core.fragments import part_of, told


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@for_members
def charts(request: HttpRequest, actor: Actor) -> HttpResponse:
    """One chart, as the address asks for it; what cannot be drawn is told in its place."""
    context = page.context(actor, request.GET) | told(
        generate_chart, actor, page.DEFAULT | arguments_of(request.GET), "result"
    )
    return render(request, part_of(request, "analytics/charts.html", chart="drawing"), context)


@require_GET
@for_members
def chart_csv(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The table of a chart as a CSV file."""
    chart = generate_chart(actor, **page.DEFAULT | arguments_of(request.GET))
    headers = {"Content-Disposition": f'attachment; filename="{chart.chart_type}.csv"'}
    return HttpResponse(page.csv_of(chart), content_type="text/csv; charset=utf-8", headers=headers)
