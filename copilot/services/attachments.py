"""A person's own files in the copilot: what waits to be sent, what came with a conversation, taking one away."""

from typing import Annotated

from pydantic import Field

from copilot.attachments import drafts_of, files_of, find_file, forget
from copilot.models import Attachment
from copilot.parameters import ThreadId
from copilot.schemas.attachments import AttachmentOut, AttachmentPage
from iotsim.core.actor import Actor
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted

AttachmentId = Annotated[int, Field(description="Number of the file", gt=0, lt=2**63)]


@service(
    permission=Permission.VIEW, risk=Risk.READ, path="copilot/attachments", examples=(), title="Files for the copilot"
)
def list_attachments(
    actor: Actor,
    *,
    thread: Annotated[ThreadId | None, Field(description="A conversation; without it, what waits to be sent")] = None,
) -> AttachmentPage:
    """List one's own files: those that wait to be sent, or those of a conversation."""
    rows = drafts_of(actor) if thread is None else files_of(actor).filter(thread_id=thread)
    items = [AttachmentOut.of(one) for one in rows]
    return AttachmentPage(sentence=f"{counted(len(items), 'file')}.", items=items)


@service(
    permission=Permission.VIEW,
    risk=Risk.WRITE,
    path="copilot/attachments/{attachment}/remove",
    examples=(),
    title="Remove file",
    people_only=True,
)
def remove_attachment(actor: Actor, *, attachment: AttachmentId) -> AttachmentOut:
    """Take one of one's own files away, with all that was kept of it."""
    row = find_file(actor, attachment)
    told = AttachmentOut.of(row)
    forget(Attachment.objects.filter(pk=row.pk))
    return told.model_copy(update={"sentence": f"{row.name} was removed."})
