"""How a page tells the copilot what it shows: {% page_context kind="sim" id=sim.iccid %}, or start= and end=."""

from datetime import date
from typing import Any

from django import template
from django.utils.html import json_script
from django.utils.safestring import SafeString, mark_safe

from iotsim.core.page_context import PageContext

register = template.Library()


@register.simple_tag
def page_context(kind: str = "", id: object = None, start: date | None = None, end: date | None = None) -> SafeString:
    """The object and the days that the page shows, as a block of JSON that is data to the browser and runs nowhere."""
    raw: dict[str, Any] = {}
    if kind and id is not None:
        raw["subject"] = {"kind": kind, "id": str(id)}
    if start or end:
        raw["period"] = {"start": start, "end": end}
    block = json_script(PageContext.read(raw).kept())
    return mark_safe(block.replace("<script", "<script data-page-context", 1))  # noqa: S308 (json_script escapes)
