"""The pages of the copilot: all of one's conversations, what colleagues share, one of them, and it as a file."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET

from copilot.conversation import Item
from copilot.facts import facts_of
from copilot.render import item_html
from copilot.services.conversations import get_conversation, list_conversations, search_conversations
from copilot.services.exports import export_conversation
from copilot.services.sharing import list_shared_conversations
from iotsim.core.access import page
from iotsim.core.actor import Actor


@require_GET
@page
def conversations(request: HttpRequest, actor: Actor) -> HttpResponse:
    """One's own conversations or the shared ones, newest first; or those in which something was found."""
    text, shared = request.GET.get("q", "").strip(), "shared" in request.GET
    context = {"text": text, "shared": shared}
    if len(text) > 1:
        found = search_conversations.call(actor, {"text": text[:200], "limit": 50}).result
        return render(request, "copilot/conversations.html", {**context, "found": found})
    service = list_shared_conversations if shared else list_conversations
    listed = service.call(actor, {"cursor": request.GET.get("cursor")}).result
    return render(request, "copilot/conversations.html", {**context, "page": listed})


@require_GET
@page
def found(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What the sidebar's search finds."""
    text = request.GET.get("q", "").strip()
    result = search_conversations.call(actor, {"text": text[:200]}).result if len(text) > 1 else None
    return render(request, "copilot/found.html", {"found": result})


@require_GET
@page
def conversation(request: HttpRequest, actor: Actor, thread: int) -> HttpResponse:
    """One conversation as it stands, to read; it goes on in the sidebar."""
    shown: Any = get_conversation.call(actor, {"thread": thread, "run": request.GET.get("run")}).result
    items = [Item(one.id, one.kind, str(one.run or ""), one.data) for one in shown.entries]
    facts = facts_of(actor, items)
    facts.tools = False
    log = mark_safe("".join(item_html(one, facts) for one in items))  # noqa: S308 (our own templates)
    return render(request, "copilot/conversation.html", {"conversation": shown, "log": log})


@require_GET
@page
def export(request: HttpRequest, actor: Actor, thread: int) -> HttpResponse:
    """A conversation as a file; it is never shown in the browser's own window."""
    raw = {"thread": thread, "format": request.GET.get("format", "markdown"), "run": request.GET.get("run")}
    made: Any = export_conversation.call(actor, raw).result
    headers = {
        "Content-Disposition": content_disposition_header(True, made.name) or "attachment",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(made.text, content_type=made.content_type, headers=headers)
