"""The platform's own pages: what waits for a decision, and what was done."""

from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from iotsim.core import registry
from iotsim.core.access import arguments_of, page
from iotsim.core.actor import Actor
from iotsim.core.bell import list_notifications
from iotsim.core.fragments import part_of
from iotsim.core.schemas import ApprovalPage
from iotsim.core.services import get_approval, get_job, list_approvals, list_audit_events

FILTERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "waiting": ("Waiting", {"state": "pending"}),
    "decided": ("Decided", {"decided": True}),
    "mine": ("Asked by you", {"mine": True}),
    "all": ("All", {}),
}
OUTCOMES = ("done", "denied", "failed", "waiting")


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def approvals(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What machines asked for and a person must decide; those that wait unless the address says otherwise."""
    raw = arguments_of(request.GET)
    chosen = str(raw.pop("show", raw.get("state", "waiting")))
    answer = list_approvals.call(actor, raw | FILTERS.get(chosen, ("", {}))[1]).result
    template = part_of(request, "core/approvals.html", approvals="cards", waiting="waiting", waiting_count="count")
    return render(request, template, _requests(answer, chosen))


@require_GET
@page
def approval(request: HttpRequest, actor: Actor, approval: int) -> HttpResponse:
    """One request, whatever became of it."""
    found = get_approval(actor, approval=approval)
    told = _requests(ApprovalPage(items=[found]), "one") | {"single": approval}
    return render(request, part_of(request, "core/approvals.html", approvals="cards"), told)


def _requests(answer: Any, chosen: str) -> dict[str, Any]:
    """What the page of requests shows; `mine` are those that this person may decide."""
    mine = [one.id for one in answer.items if one.may_decide]
    filters = [
        {
            "label": label,
            "url": f"/approvals/?show={name}" if name != "waiting" else "/approvals/",
            "current": name == chosen,
        }
        for name, (label, _) in FILTERS.items()
    ]
    all_of_mine = urlencode([("approvals", number) for number in mine])
    return {"page": answer, "chosen": chosen, "filters": filters, "mine": mine, "all_of_mine": all_of_mine}


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def audit(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Who did what, when, by which door."""
    answer = list_audit_events.call(actor, arguments_of(request.GET)).result
    acts = [one for one in registry.all_services() if not one.is_read]
    template = part_of(request, "core/audit.html", events="rows", acts="rows")
    return render(request, template, {"page": answer, "services": acts, "outcomes": OUTCOMES})


@require_GET
@page
def job(request: HttpRequest, actor: Actor, job: int) -> HttpResponse:
    """How far one job is, as a fragment that follows it to its end."""
    return render(request, "core/job.html", {"job": get_job(actor, job=job)})


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def notifications(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What one was told, newest first."""
    answer = list_notifications.call(actor, arguments_of(request.GET)).result
    return render(request, part_of(request, "core/notifications.html", notifications="rows"), {"page": answer})


@require_GET
@page
def notification_badge(request: HttpRequest, actor: Actor) -> HttpResponse:
    """How many are unread, for the bell."""
    return render(request, "core/notifications.html#badge", {"page": list_notifications(actor, limit=1)})


@require_GET
@page
def notification_few(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The newest, for the bell's menu."""
    return render(request, "core/notifications.html#few", {"page": list_notifications(actor, limit=6)})
