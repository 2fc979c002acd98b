"""The pages of the copilot: all of one's conversations, and one of them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET

from copilot.conversation import Item
from copilot.facts import facts_of
from copilot.render import item_html
from copilot.services.conversations import get_conversation, list_conversations
from iotsim.core.access import page
from iotsim.core.actor import Actor


@require_GET
@page
def conversations(request: HttpRequest, actor: Actor) -> HttpResponse:
    """All of one's own conversations, newest first."""
    found = list_conversations.call(actor, {"cursor": request.GET.get("cursor")}).result
    return render(request, "copilot/conversations.html", {"page": found})


@require_GET
@page
def conversation(request: HttpRequest, actor: Actor, thread: int) -> HttpResponse:
    """One conversation as it stands, to read; it goes on in the sidebar."""
    found = get_conversation(actor, thread=thread)
    items = [Item(one.id, one.kind, "", one.data) for one in found.entries]
    facts = facts_of(actor, items)
    log = mark_safe("".join(item_html(one, facts) for one in items))  # noqa: S308 (our own templates)
    return render(request, "copilot/conversation.html", {"conversation": found, "log": log})
