"""One view, one template: the whole page, or the part of it that htmx asks for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

from iotsim.core.errors import IotsimError

if TYPE_CHECKING:
    from iotsim.core.actor import Actor
    from iotsim.core.registry import Service


def told(service: "Service[..., Any]", actor: "Actor", raw: Mapping[str, Any], name: str = "page") -> dict[str, Any]:
    """A service's answer under `name`, or the expected error under "error", to be told in its place."""
    try:
        return {name: service.call(actor, raw).result}
    except IotsimError as error:
        return {"error": error}


def part_of(request: HttpRequest, template: str, **parts: str) -> str:
    """`template`, or its part for the element that htmx fills: part_of(request, "a.html", rows_id="rows").

    A boosted link and a step back in history want the whole page.
    """
    htmx = request.htmx  # type: ignore[attr-defined]
    if not htmx or htmx.boosted or htmx.history_restore_request:
        return template
    part = parts.get((htmx.target or "").replace("-", "_"))
    return f"{template}#{part}" if part else template
