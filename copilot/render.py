"""From a conversation's items to fragments of HTML that htmx swaps in by their ids."""

import contextlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from copilot.conversation import Conversation, Item, approvals_of
from copilot.frames import frame_of
from copilot.markdown import to_html
from copilot.models import Thread
from copilot.versions import Versions
from iotsim.core.schemas import ApprovalOut

SHOWN_CHARS: Final = 2_000  # of a call's arguments and result


@dataclass
class Facts:
    """What is true now and stands in no event: how approvals were decided, what was undone."""

    approvals: dict[int, ApprovalOut] = field(default_factory=dict)
    undone: set[int] = field(default_factory=set)
    versions: dict[int, Versions] = field(default_factory=dict)
    ratings: dict[int, tuple[str, str]] = field(default_factory=dict)  # of a run: verdict and comment
    tools: bool = True  # whether something can be done here with questions and answers


def number_of(item: Item) -> int:
    """The run that an item is of; 0 for one of none."""
    return int(item.run) if item.run.isdecimal() else 0


def item_html(item: Item, facts: Facts) -> str:
    """One item, its root element with an id of its own."""
    template, context = _RENDERERS[item.kind](item, facts)
    return render_to_string(f"copilot/{template}.html", context)


def _said(item: Item, facts: Facts) -> tuple[str, dict[str, Any]]:
    run, files = item.id.removeprefix("u"), item.data.get("attachments", [])
    tools = facts.tools and run.isdecimal()
    message = {"id": item.id, "text": item.data["text"], "run": run, "tools": tools, "attachments": files}
    return "message_user", {"message": message, "versions": facts.versions.get(number_of(item))}


def _answer(item: Item, facts: Facts) -> tuple[str, dict[str, Any]]:
    html, note, writing = to_html(item.data["text"]), item.data.get("note", ""), item.data.get("writing", False)
    decided = [facts.approvals[one].state != "pending" for one in approvals_of(item) if one in facts.approvals]
    if decided and all(decided):
        html, note = "", "Decided."
    elif any(facts.approvals[one].id != one for one in approvals_of(item) if one in facts.approvals):
        html = to_html("This waits for your click. Nothing has been changed yet.")  # what was said of it is overtaken
    verdict, comment = facts.ratings.get(number_of(item), ("", ""))
    rated = {"run": number_of(item), "verdict": verdict, "comment": comment}
    tools = rated if item.data.get("final") and facts.tools and rated["run"] else None
    model = item.data.get("model", "")
    message = {"id": item.id, "html": html, "note": note, "writing": writing, "model": model, "tools": tools}
    return "message_assistant", {"message": message}


def _call(item: Item, facts: Facts) -> tuple[str, dict[str, Any]]:
    data = item.data
    undo = data.get("undo_event")
    return "tool_call", {
        "call": {
            "id": item.id,
            "title": data["title"],
            "summary": data.get("summary", ""),
            "state": data.get("state", "executing"),
            "arguments": _pretty(data["arguments"]),
            "result": _pretty(data.get("result", "")),
            "duration_ms": data.get("duration_ms"),
            "undo_event": None if undo in facts.undone else undo,
            "undone": undo in facts.undone,
        }
    }


def _widget(item: Item, facts: Facts) -> tuple[str, dict[str, Any]]:
    title = (item.data.get("result") or {}).get("title") or "Answer"  # of one that is older than widgets
    return "widget", frame_of({"kind": item.kind, "title": title, **item.data}, element=item.id)


def _card(item: Item, facts: Facts) -> tuple[str, dict[str, Any]]:
    approval = facts.approvals.get(item.data["id"]) or ApprovalOut.model_validate(item.data)
    return "proposal", {"approval": approval, "card_id": item.data["id"]}


def _choices(item: Item, facts: Facts) -> tuple[str, dict[str, Any]]:
    return "choices", {"choices": item.data}


def _offers(item: Item, facts: Facts) -> tuple[str, dict[str, Any]]:
    taken = [one["words"] for one in item.data["items"] if one["id"] in item.data["taken"]]
    return "offers", {"id": item.id, "offers": item.data["items"] if item.data["open"] else [], "taken": taken}


def _error(item: Item, facts: Facts) -> tuple[str, dict[str, Any]]:
    number = item.id.removeprefix("error-")
    again = number_of(item) if facts.tools else 0
    return "error", {"error": {"id": number, "sentence": item.data["sentence"], "request_id": "", "again": again}}


def _note(item: Item, facts: Facts) -> tuple[str, dict[str, Any]]:
    return "note", {"note": {"id": item.id, "text": item.data["text"]}}


_RENDERERS: Final = {
    "said": _said,
    "answer": _answer,
    "call": _call,
    "table": _widget,
    "chart": _widget,
    "widget": _widget,
    "card": _card,
    "choices": _choices,
    "job": _widget,
    "error": _error,
    "offers": _offers,
    "note": _note,
}


def _pretty(text: str) -> str:
    with contextlib.suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}\n..."


# --- what is sent ---


def log_html(items: Iterable[Item], facts: Facts) -> str:
    """All items, in place of whatever stands in the log."""
    inner = "".join(item_html(item, facts) for item in items)
    return format_html('<div id="copilot-log" hx-swap-oob="innerHTML">{}</div>', mark_safe(inner))  # noqa: S308


def changes_html(items: Sequence[Item], facts: Facts, *, known: set[str]) -> str:
    """The items that changed: those the page has are exchanged by their ids, new ones go to the end of the log."""
    parts: list[str] = []
    for item in items:
        html = item_html(item, facts)
        parts.append(html if item.id in known else str(at_the_end(html)))
        known.add(item.id)
    return "".join(parts)


def at_the_end(html: str) -> SafeString:
    """Add rendered HTML to the end of the log."""
    return format_html('<div hx-swap-oob="beforeend:#copilot-log">{}</div>', mark_safe(html))  # noqa: S308


def said_html(text: str, *, number: str) -> str:
    """A question that was not accepted, so that it can be taken up again."""
    return render_to_string("copilot/message_user.html", {"message": {"id": number, "text": text}})


def error_html(sentence: str, *, number: str, request_id: str = "") -> str:
    return render_to_string(
        "copilot/error.html", {"error": {"id": number, "sentence": sentence, "request_id": request_id}}
    )


def place_html(thread_id: int | None, conversation: Conversation) -> SafeString:
    """Where the page is: it sends this back when it connects anew."""
    return format_html(
        '<span id="copilot-place" data-thread="{}" data-seq="{}" data-head="{}" data-first="{}" hidden></span>',
        thread_id or "",
        conversation.seq,
        conversation.head or "",
        conversation.first or "",
    )


def inner_html(element_id: str, html: str) -> SafeString:
    """Exchange what an element of the sidebar holds; `html` is safe already."""
    return format_html('<div id="{}" hx-swap-oob="innerHTML">{}</div>', element_id, mark_safe(html))  # noqa: S308


def text_html(element_id: str, text: str) -> SafeString:
    return format_html('<div id="{}" hx-swap-oob="innerHTML">{}</div>', element_id, text)


def stop_html(running: bool) -> str:
    return render_to_string("copilot/stop.html", {"running": running})


def chips_html(chips: Sequence[str]) -> SafeString:
    return inner_html("copilot-chips", render_to_string("copilot/chips.html", {"chips": chips}))


def threads_html(threads: Sequence[Thread], *, current: int | None) -> SafeString:
    told = {"threads": threads, "current": current}
    return inner_html("copilot-threads", render_to_string("copilot/threads.html", told))


def head_html(thread: Thread | None) -> str:
    """The conversation's title, and what can be done with it."""
    menu = render_to_string("copilot/menu.html", {"thread": thread})
    return str(text_html("copilot-title", thread.title if thread else "Copilot")) + inner_html("copilot-menu", menu)


def earlier_html(conversation: Conversation) -> SafeString:
    return inner_html("copilot-earlier", render_to_string("copilot/earlier.html", {"count": conversation.earlier}))


def prepended_html(items: Iterable[Item], facts: Facts) -> SafeString:
    """Items that stand before all that the page has."""
    inner = "".join(item_html(item, facts) for item in items)
    return format_html('<div hx-swap-oob="afterbegin:#copilot-log">{}</div>', mark_safe(inner))  # noqa: S308


def again_html(run_id: int, changes: Sequence[str]) -> SafeString:
    """What an answer changed and stays changed, before it is given again."""
    told = {"run": run_id, "changes": changes}
    return inner_html("copilot-aside", render_to_string("copilot/again.html", told))


@dataclass(frozen=True)
class Around:
    """What stands around the log: the state, the line that says which model answers, the suggestions."""

    status: str
    model: str
    chips: Sequence[str]


def whole(conversation: Conversation, facts: Facts, around: Around, *, thread: Thread | None, zone: str) -> str:
    """Everything in the sidebar, for a page that has nothing yet."""
    with timezone.override(zone):
        return "".join(
            [
                log_html(conversation.items.values(), facts),
                head_html(thread),
                inner_html("copilot-threads", ""),
                inner_html("copilot-aside", ""),
                earlier_html(conversation),
                text_html("copilot-status", around.status),
                chips_html(around.chips),
                text_html("copilot-model", around.model),
                stop_html(conversation.running),
                place_html(thread.pk if thread else None, conversation),
            ]
        )


def update(
    conversation: Conversation, items: Sequence[Item], facts: Facts, *, known: set[str], thread_id: int, zone: str
) -> str:
    """What changed, for a page that follows."""
    with timezone.override(zone):
        return changes_html(items, facts, known=known) + str(place_html(thread_id, conversation))


def earlier_part(before: Conversation, facts: Facts, conversation: Conversation, thread_id: int, zone: str) -> str:
    """What was said before all that the page has."""
    with timezone.override(zone):
        part = prepended_html(before.items.values(), facts)
        return str(part) + earlier_html(conversation) + place_html(thread_id, conversation)
