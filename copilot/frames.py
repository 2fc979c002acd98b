"""From a widget's plain JSON to HTML: in the conversation as it was drawn, on the dashboard and on a page as it is."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from django.template.loader import render_to_string
from pydantic import BaseModel, ValidationError

from copilot.schemas.pins import PinOut
from copilot.widgets import CARD, CHART, JOB, TABLE, card_of, chart_template
from iotsim.core import registry
from iotsim.core.charts import Chart
from iotsim.core.errors import NotFound

TEMPLATE: Final = "copilot/widget.html"
INSIDE: Final = {TABLE: "copilot/table.html", JOB: "copilot/job.html"}


def frame_of(
    widget: Mapping[str, Any], *, element: str, place: str = "chat", pin: PinOut | None = None
) -> dict[str, Any]:
    """What templates/copilot/widget.html takes. `place`: chat, board or page."""
    inside, result = _inside(widget)
    stale = not inside and widget.get("kind") in (CHART, CARD)
    as_of = widget.get("as_of") or ""
    return {
        "element": element,
        "place": place,
        "narrow": place != "page",
        "widget": widget,
        "inside": inside,
        "result": result,
        "stale": stale,
        "drawn_at": _moment(widget.get("drawn_at")),
        "as_of": _moment(as_of) if "T" in as_of else None,
        "as_of_day": date.fromisoformat(as_of) if as_of and "T" not in as_of else None,
        "address": f"/copilot/pins/{pin.id}/" if pin else widget.get("address", ""),
        "pin": pin,
        "pin_vals": _pin_vals(widget),
    }


def widget_html(widget: Mapping[str, Any], *, element: str, place: str, pin: PinOut | None = None) -> str:
    return render_to_string(TEMPLATE, frame_of(widget, element=element, place=place, pin=pin))


def _inside(widget: Mapping[str, Any]) -> tuple[str, BaseModel | None]:
    """The template of what is in it and the answer that it shows; of an answer that fits no more, neither."""
    kind = widget.get("kind", "")
    if kind not in (CHART, CARD):
        return INSIDE.get(kind, ""), None
    try:
        service = registry.get(widget["service"])
        shown = Chart if kind == CHART else service.returns
        result = shown.model_validate(widget["result"])
    except (NotFound, ValidationError):
        return "", None
    template = chart_template(service) if kind == CHART else card_of(service)
    return template, result if template else None


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _pin_vals(widget: Mapping[str, Any]) -> str:
    if not widget.get("address"):
        return ""
    arguments = json.dumps(widget["arguments"])
    return json.dumps({"service": widget["service"], "arguments": arguments, "title": widget["title"]})
