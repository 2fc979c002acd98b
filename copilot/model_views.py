"""The pages about models: which one answers for the organisation, and what it has cost."""

import csv
import io

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from copilot.schemas.choice import Spending
from copilot.services.choice import get_copilot_settings
from copilot.services.spending import get_copilot_spending
from iotsim.core.access import arguments_of, page
from iotsim.core.actor import Actor
from iotsim.core.cells import defused
from iotsim.core.fragments import part_of, told

HEAD = ("Day", "Person", "Model", "Calls", "Failed", "Tokens read", "Of these cached", "Tokens written", "US dollars",
        "Calls without a price", "Estimated calls")  # fmt: skip


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def copilot_settings(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Which model answers, what leaves, budgets and caps."""
    context = {"copilot": get_copilot_settings(actor), "may_change": actor.customer_ids is None}
    return render(request, part_of(request, "copilot/settings.html", copilot_settings="body"), context)


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def spending(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What models have cost, by day, person and model."""
    context = told(get_copilot_spending, actor, arguments_of(request.GET), "spending")
    return render(request, part_of(request, "copilot/spending.html", spending="body"), context)


@require_GET
@page
def spending_csv(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The same as a CSV file: a line for each day, person and model."""
    found = get_copilot_spending(actor, **{**arguments_of(request.GET), "details": True})
    headers = {"Content-Disposition": f'attachment; filename="copilot-{found.start}-{found.end}.csv"'}
    return HttpResponse(_csv_of(found), content_type="text/csv; charset=utf-8", headers=headers)


def _csv_of(found: Spending) -> str:
    """With a mark so that spreadsheets read it as UTF-8; formulas defused."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    for one in found.details:
        writer.writerow([
            one.day, defused(one.person), defused(one.model), one.calls, one.failed, one.input_tokens,
            one.cached_tokens, one.output_tokens, format(one.cost, "f"), one.unpriced, one.estimated,
        ])  # fmt: skip
    return f"\ufeff{out.getvalue()}"
