"""Photos that people gave to the copilot: which are to be read, the picture itself, and keeping what was read."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Any, Final

from django.core.files.storage import default_storage

from copilot.attachments import files_of, find_file
from copilot.models import Attachment, AttachmentKind, Run
from copilot.photo_text import Read
from iotsim.core import registry
from iotsim.core.actor import Actor, Face
from iotsim.core.brought import Code, as_jpeg
from iotsim.core.errors import Invalid, NotFound
from iotsim.core.models import Upload
from iotsim.core.page_context import PageContext
from iotsim.core.tenancy import tenant

MOST_READ: Final = 4  # photos of a question that are read without being asked for
CHECKED: Final = frozenset({"ICCID", "EID", "IMEI"})


@dataclass(frozen=True)
class Photo:
    """A photo of a conversation; `is_read` when a model has read it already."""

    id: int
    stored: str
    is_read: bool


def to_read(context: PageContext) -> list[int]:
    """The photos of this question on which no bar code named anything."""
    photos = [one for one in context.attached if one.kind == "photo" and not one.earlier]
    return [one.id for one in photos if not (one.known or one.unknown)][:MOST_READ]


def find_photo(actor: Actor, number: int, *, thread_id: int | None = None) -> Attachment:
    """One's own photo, of this conversation when one is named; inside the tenant's transaction. Raises NotFound."""
    row = find_file(actor, number)
    if row.kind != AttachmentKind.PHOTO or (thread_id is not None and row.thread_id != thread_id):
        raise NotFound(f"The file {number} is no photo of this conversation.", field="attachment")
    return row


def photo_of(actor: Actor, run: Run, number: int) -> Photo:
    """Raises NotFound."""
    with tenant(run.organization_id, read_only=True):
        row = find_photo(actor, number, thread_id=run.thread_id)
        upload = Upload.objects.filter(pk=row.upload_id or 0).first()
        return Photo(row.pk, (upload.file.name or "") if upload else "", is_read="read" in row.facts)


def are_unread(actor: Actor, numbers: Sequence[int]) -> bool:
    """Whether no model has read one of these photos, of those that are still there."""
    with tenant(actor.organization_id, read_only=True):
        rows = files_of(actor).filter(pk__in=numbers)
        return any("read" not in one.facts for one in rows)


def jpeg_of(photo: Photo) -> bytes:
    """The picture as a model may be shown it. Raises NotFound or Invalid."""
    try:
        with default_storage.open(photo.stored, "rb") as file:
            return as_jpeg(BytesIO(file.read()))
    except (FileNotFoundError, ValueError) as error:
        if isinstance(error, Invalid):
            raise
        raise NotFound("The photo is gone from the storage. Attach it again.") from error


def keep_failure(actor: Actor, number: int, sentence: str) -> None:
    """Why it was not read; a later call may try again."""
    with tenant(actor.organization_id):
        row = find_file(actor, number)
        row.facts = {**row.facts, "not_read": sentence}
        row.save(update_fields=["facts"])


def keep_read(actor: Actor, number: int, read: Read) -> None:
    """What a model has read, and the SIMs that its numbers name.

    Bar codes count before it, and numbers with a check digit before those without.
    """
    resolved = _resolve(actor, read.codes)
    with tenant(actor.organization_id):
        row = find_file(actor, number)
        facts = {name: one for name, one in row.facts.items() if name != "not_read"}
        row.facts = {**facts, "read": asdict(read)}
        if not (row.known or row.unknown):
            row.facts["by_model"] = bool(read.codes)
            row.iccids, row.known = resolved, len(resolved)
            row.unknown = 0 if resolved else len(read.codes)
        row.save(update_fields=["facts", "iccids", "known", "unknown"])


def _resolve(actor: Actor, codes: Sequence[Code]) -> list[str]:
    for group in ([one for one in codes if one.kind in CHECKED], [one for one in codes if one.kind not in CHECKED]):
        if found := sims_of(actor, [one.text for one in group]):
            return [one.iccid for one in found]
    return []


def sims_of(actor: Actor, values: Sequence[str]) -> list[Any]:
    """The SIMs of this person that the values name, as they are now."""
    person = actor.at(Face.WEB) if actor.is_machine else actor
    found: Any = registry.get("resolve_sims").call(person, {"values": list(values)}).result if values else None
    return list(found.known) if found else []
