"""The files in the sidebar's composer: bringing one, showing what waits, taking one away."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from copilot.attachments import attach
from copilot.services.attachments import list_attachments, remove_attachment
from iotsim.core.access import page
from iotsim.core.actor import Actor
from iotsim.core.errors import Invalid, IotsimError


@require_http_methods(["GET", "POST"])
@page
def attachments(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What waits to be sent; POST adds files, and tells what is wrong with one that cannot be read."""
    errors = _attached(request, actor) if request.method == "POST" else []
    return _chips(request, actor, errors)


@require_POST
@page
def attachment_removed(request: HttpRequest, actor: Actor, attachment: int) -> HttpResponse:
    """Take a file away."""
    remove_attachment(actor, attachment=attachment)
    return _chips(request, actor, [])


def _attached(request: HttpRequest, actor: Actor) -> list[str]:
    errors: list[str] = []
    try:
        files: Any = request.FILES.getlist("file")
        if not files:
            raise Invalid("Choose a file first.", field="file")
        for file in files:
            attach(actor, name=file.name or "file", content=file.file, size_bytes=file.size or 0)
    except IotsimError as error:
        errors.append(error.sentence)
    return errors


def _chips(request: HttpRequest, actor: Actor, errors: list[str]) -> HttpResponse:
    return render(request, "copilot/attachments.html", {"page": list_attachments(actor), "errors": errors})
