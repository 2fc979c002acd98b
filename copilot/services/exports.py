"""A conversation as a file."""

from typing import Annotated, Literal

from pydantic import Field

from copilot import exporting
from copilot.conversation import Item
from copilot.facts import facts_of
from copilot.parameters import BranchOf, ThreadId
from copilot.reading_whole import details_of
from copilot.schemas.conversations import ConversationFile
from iotsim.core.actor import Actor
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="copilot/conversations/{thread}/export",
    examples=(),
    title="Export conversation",
)
def export_conversation(
    actor: Actor,
    *,
    thread: ThreadId,
    format: Annotated[Literal["markdown", "json"], Field(description="To be read by people, or by programs")],
    run: BranchOf = None,
) -> ConversationFile:
    """A conversation as a file, with every call, table, figure and decision in it; with `run`, the branch with it."""
    details = details_of(actor, thread, run)
    facts = facts_of(actor, [Item(one.id, one.kind, str(one.run or ""), one.data) for one in details.entries])
    export = exporting.Export(details, facts.approvals, facts.undone, zone=actor.time_zone, who=actor.name)
    text = export.as_markdown() if format == "markdown" else export.as_json()
    name = exporting.file_name(details, format)
    kind = {"markdown": "text/markdown; charset=utf-8", "json": "application/json"}[format]
    return ConversationFile(sentence=f"{name} holds the conversation.", name=name, content_type=kind, text=text)
