"""The files in the sidebar's composer: bringing one, showing what waits, taking one away."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from copilot.attachments import attach
from copilot.services.attachments import list_attachments, remove_attachment
from iotsim.core.access import page
from iotsim.core.actor import Actor
from iotsim.core.errors import IotsimError
from iotsim.core.page_context import MOST_ATTACHMENTS


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
    """Read the form's files; the sentences about those that could not be read."""
    files: Any = request.FILES.getlist("file")
    errors = [] if files else ["Choose a file first."]
    for file in files[:MOST_ATTACHMENTS]:
        try:
            attach(actor, name=file.name or "file", content=file.file, size_bytes=file.size or 0)
        except IotsimError as error:
            errors.append(f"{file.name}: {error.sentence}" if len(files) > 1 else error.sentence)
    return errors


def _chips(request: HttpRequest, actor: Actor, errors: list[str]) -> HttpResponse:
    return render(request, "copilot/attachments.html", {"page": list_attachments(actor), "errors": errors})
