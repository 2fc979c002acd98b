"""Widgets outside the conversation: on a page of their own, refreshed in their place, pinned to the dashboard."""

import re
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from copilot.frames import TEMPLATE, frame_of
from copilot.services.pins import get_pin, list_pins
from copilot.widgets import draw, raw_of, readable
from iotsim.core.access import page
from iotsim.core.actor import Actor
from iotsim.core.errors import IotsimError, NotFound

ELEMENT: Final = re.compile(r"(?:table|chart|widget|job)-[\w-]{1,64}")
PAGE: Final = "widget-page"


@require_GET
@vary_on_headers("HX-Request", "HX-Target")
@page
def widget(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """A widget as it is now: for the place that asks for it by its id, or as a page."""
    element = request.headers.get("HX-Target", "")
    if "HX-Request" in request.headers and ELEMENT.fullmatch(element):
        return _refreshed(request, actor, name, element)
    drawn = draw(actor, name, raw_of(readable(name), request.GET), widget_id=PAGE)
    return render(request, "copilot/widget_page.html", frame_of(drawn, element=PAGE, place="page"))


def _refreshed(request: HttpRequest, actor: Actor, name: str, element: str) -> HttpResponse:
    """The widget anew. When that fails the old one stays, and below it stands why."""
    place = "page" if element == PAGE else "chat"
    try:
        drawn = draw(actor, name, raw_of(readable(name), request.GET), widget_id=element.partition("-")[2])
    except IotsimError as error:
        answer = render(request, "copilot/widget_failed.html", {"sentence": error.sentence})
        answer["HX-Retarget"], answer["HX-Reswap"] = f"#{element}-note", "innerHTML"
        return answer
    return render(request, TEMPLATE, frame_of(drawn, element=element, place=place))


@require_GET
@page
def board(request: HttpRequest, actor: Actor) -> HttpResponse:
    """One's pinned widgets, each of which then asks for itself."""
    return render(request, "copilot/board.html", {"page": list_pins(actor)})


@require_GET
@page
def pinned(request: HttpRequest, actor: Actor, pin: int) -> HttpResponse:
    """One pinned widget as it is now; what one may not see any more is told in its place."""
    try:
        found = get_pin(actor, pin=pin)
    except NotFound:
        if "HX-Request" not in request.headers:
            raise
        return HttpResponse()  # removed meanwhile, in another tab perhaps: its place on the dashboard goes with it
    element = f"pin-{found.id}"
    try:
        drawn = draw(actor, found.service, found.arguments, widget_id=element)
    except IotsimError as error:
        context = {"widget": {"title": found.title}, "pin": found, "element": element, "error": error.sentence}
        return render(request, TEMPLATE, {**context, "place": "board", "address": f"/copilot/pins/{found.id}/"})
    return render(
        request, TEMPLATE, frame_of({**drawn, "title": found.title}, element=element, place="board", pin=found)
    )
