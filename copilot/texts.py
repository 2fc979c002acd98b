"""Keeping what was said in a run as one text, for the search and for ratings."""

from collections.abc import Iterable, Mapping
from typing import Any

from copilot.models import Run, RunEvent, RunText


def answer_of(events: Iterable[Mapping[str, Any]]) -> str:
    """The words of an answer out of its run's events, in order; its messages apart from each other."""
    messages: dict[str, str] = {}
    for event in events:
        if event["type"] == "TEXT_MESSAGE_CONTENT":
            said = messages.get(event["messageId"], "")
            start = (event.get("metadata") or {}).get("offset", len(said))
            messages[event["messageId"]] = said[:start] + event["delta"]
    return "\n\n".join(one.strip() for one in messages.values() if one.strip())


def answer_in_rows(run: Run) -> str:
    """The same out of the run's rows; inside the tenant's transaction."""
    rows = RunEvent.objects.filter(run=run, payload__type="TEXT_MESSAGE_CONTENT").order_by("seq")
    return answer_of(rows.values_list("payload", flat=True))


def keep_text(run: Run) -> None:
    """Write question and answer of a run that is over where the search finds them."""
    text = "\n\n".join(one for one in (run.question, answer_in_rows(run)) if one)
    RunText.objects.update_or_create(
        organization_id=run.organization_id, run=run, defaults={"thread_id": run.thread_id, "text": text}
    )
