"""One view, one template: the whole page, or the part of it that htmx asks for."""

from django.http import HttpRequest


def part_of(request: HttpRequest, template: str, **parts: str) -> str:
    """`template`, or its part for the element that htmx fills: part_of(request, "a.html", rows_id="rows").

    A boosted link and a step back in history want the whole page.
    """
    htmx = request.htmx  # type: ignore[attr-defined]
    if not htmx or htmx.boosted or htmx.history_restore_request:
        return template
    part = parts.get((htmx.target or "").replace("-", "_"))
    return f"{template}#{part}" if part else template
