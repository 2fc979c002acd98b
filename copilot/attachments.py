"""Files given to the copilot: read at once, kept with the SIMs they name, taken along by a question, forgotten in time.

Reading is work for a processor and not for a network, so it is done where the file arrives, in few threads and within
bounds; a file that cannot be read leaves nothing behind.
"""

import io
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from functools import cache
from typing import IO, Any, Final

import redis
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from copilot.choice import Choice, choice_of
from copilot.models import Attachment, Run
from copilot.photo_words import at_first
from copilot.schemas.attachments import AttachmentOut, attached_of, chip_of
from iotsim.core import registry
from iotsim.core.actor import Actor, Face
from iotsim.core.brought import Brought, read
from iotsim.core.errors import Conflict, Invalid, LimitReached, NotFound, TooLarge, Unavailable
from iotsim.core.models import Job, Organization, Upload
from iotsim.core.pace import seconds_to_wait
from iotsim.core.page_context import MOST_ATTACHMENTS, PageContext
from iotsim.core.roles import Permission
from iotsim.core.tenancy import tenant
from iotsim.core.uploads import forget_upload, store_upload
from iotsim.core.valkey import key_of
from iotsim.core.wording import counted, size

A_MINUTE: Final = 20  # files of one person
MOST_KEPT_MISSING: Final = 100
NAMED: Final = 3  # unknown values that the sentence names
READERS: Final = 2
IMPORTS: Final = ("import_usage", "import_sims")


def attach(actor: Actor, *, name: str, content: IO[bytes], size_bytes: int) -> AttachmentOut:
    """Read a file and keep it for the next question. Raises Denied, TooLarge, Invalid, LimitReached or Conflict."""
    actor.require(Permission.VIEW, doing="give files to the copilot")
    if size_bytes > settings.COPILOT_ATTACHMENT_BYTES:
        most = size(settings.COPILOT_ATTACHMENT_BYTES)
        raise TooLarge(f"{_plain(name)} has {size(size_bytes)}; at most {most} may be attached.")
    _pace(actor)
    data = content.read(settings.COPILOT_ATTACHMENT_BYTES)
    if not data:
        raise Invalid(f"{_plain(name)} is empty.", field="file")
    found = readers().submit(read, io.BytesIO(data)).result()
    resolved, choice = _resolve(actor, found), choice_of(actor.organization_id)
    with tenant(actor.organization_id, read_only=True):
        if drafts_of(actor).count() >= MOST_ATTACHMENTS:
            raise Conflict(f"{MOST_ATTACHMENTS} files wait to be sent already. Remove one first.")
    upload = store_upload(
        actor, name=_plain(name), content=io.BytesIO(data), size_bytes=len(data), needs=Permission.VIEW
    )
    with tenant(actor.organization_id):
        row = Attachment.objects.create(
            organization_id=actor.organization_id,
            user_id=actor.user_id or 0,
            upload_id=upload.id,
            name=_plain(name),
            kind=found.kind,
            rows=found.rows,
            **_figures(found, resolved, choice),
        )
    return AttachmentOut.of(row)


@cache
def readers() -> ThreadPoolExecutor:
    """The few threads in which files are opened: a picture may take a hundred megabytes while it is."""
    return ThreadPoolExecutor(READERS, thread_name_prefix="copilot-files")


def _plain(name: str) -> str:
    """The file's own name without a path, unprintable characters and marks that turn the reading direction."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(one for one in last if one.isprintable())[-100:].strip() or "file"


def _pace(actor: Actor) -> None:
    try:
        wait = seconds_to_wait(key_of("copilot", "attached", actor.user_id), A_MINUTE)
    except redis.RedisError as error:
        raise Unavailable("The copilot cannot be reached now. Try again in a moment.") from error
    if wait:
        raise LimitReached(
            f"You have attached {counted(A_MINUTE, 'file')} within a minute, which is the limit. "
            f"Go on in {counted(wait, 'second')}.",
            retry_after=wait,
        )


def _resolve(actor: Actor, found: Brought) -> Any:
    """Which of the values name SIMs of this person."""
    person = actor.at(Face.WEB) if actor.is_machine else actor
    return registry.get("resolve_sims").call(person, {"values": [one.text for one in found.values]}).result


def _figures(found: Brought, resolved: Any, choice: Choice) -> dict[str, Any]:
    row_of = {one.text: one.row for one in found.values}
    several = set(resolved.several)
    missing = [
        {"row": row_of[value], "value": value, "several": value in several}
        for value in sorted([*resolved.unknown, *resolved.several], key=lambda value: row_of[value])
    ]
    return {
        "known": len(resolved.known),
        "unknown": len(missing),
        "iccids": [one.iccid for one in resolved.known],
        "sentence": _sentence(found, resolved, missing, choice),
        "facts": {
            "title": found.title,
            "repeated": found.repeated,
            "missing": missing[:MOST_KEPT_MISSING],
            "codes": [asdict(one) for one in found.codes],
        },
    }


def _sentence(found: Brought, resolved: Any, missing: list[dict[str, Any]], choice: Choice) -> str:
    if found.kind == "usage":
        return f"Usage records ({found.title}), {counted(found.rows, 'row')}. They can be imported."
    if found.kind == "photo":
        return at_first(found.codes, resolved.known, choice)
    parts = [f"{counted(len(resolved.known), 'SIM')} known by {found.title}"]
    if missing:
        named = ", ".join(f"row {one['row']}: {_short(one['value'])}" for one in missing[:NAMED])
        parts.append(f"{len(missing):,} unknown ({named}{' and more' if len(missing) > NAMED else ''})")
    if found.repeated:
        parts.append(f"{counted(found.repeated, 'row')} repeated")
    return f"{', '.join(parts)}."


def _short(value: str) -> str:
    return value if len(value) <= 30 else f"{value[:29]}…"


# --- finding and taking along ---


def drafts_of(actor: Actor) -> "QuerySet[Attachment]":
    """What waits in the person's composer; inside the tenant's transaction."""
    return files_of(actor).filter(run__isnull=True)


def files_of(actor: Actor) -> "QuerySet[Attachment]":
    """One's own files, and nobody else's."""
    rows = Attachment.objects.filter(organization_id=actor.organization_id)
    return rows.filter(user_id=actor.user_id).order_by("pk") if actor.user_id else rows.none()


def find_file(actor: Actor, number: int) -> Attachment:
    """Raises NotFound, for another person's too."""
    row = files_of(actor).filter(pk=number).first()
    if row is None:
        raise NotFound(f"There is no file {number} of yours any more. Attach it again.", field="attachment")
    return row


def members(actor: Actor, number: int) -> Sequence[str]:
    """The ICCIDs of a file's SIMs, for services that are told "attachment:12"."""
    iccids: list[str] = find_file(actor, number).iccids
    if not iccids:
        raise NotFound("The file names no SIM that is known.", field="sims")
    return iccids


def taken_along(actor: Actor, run: Run, context: PageContext) -> tuple[PageContext, list[dict[str, Any]]]:
    """Bind the files of a question to its run, inside its transaction: the context with them, and their chips.

    A file that is not the person's is dropped; those of the conversation's last question with files are kept in mind.
    """
    wanted = files_of(actor).filter(pk__in=context.attachments)
    mine = list(wanted.filter(Q(run__isnull=True) | Q(thread_id=run.thread_id)))
    Attachment.objects.filter(pk__in=[one.pk for one in mine if one.run_id is None]).update(
        run_id=run.pk, thread_id=run.thread_id
    )
    before = [] if mine else _of_last_question(actor, run)
    attached = [attached_of(one, earlier=False) for one in mine] + [attached_of(one, earlier=True) for one in before]
    numbers = [one.pk for one in mine]
    return context.model_copy(update={"attachments": numbers, "attached": attached}), [chip_of(one) for one in mine]


def _of_last_question(actor: Actor, run: Run) -> list[Attachment]:
    rows = files_of(actor).filter(thread_id=run.thread_id).exclude(run_id=run.pk)
    newest = rows.order_by("-run_id").values_list("run_id", flat=True).first()
    return list(rows.filter(run_id=newest)) if newest else []


# --- forgetting ---


def forget(rows: "QuerySet[Attachment]") -> int:
    """Delete files with what is kept of them, inside the tenant's transaction. Answers how many."""
    found = list(rows)
    uploads = {one.upload_id for one in found if one.upload_id}
    uploads -= set(_being_imported(uploads))
    for upload in Upload.objects.filter(pk__in=uploads):
        forget_upload(upload)
    Attachment.objects.filter(pk__in=[one.pk for one in found]).delete()
    return len(found)


def _being_imported(uploads: set[int]) -> Iterable[int]:
    """Those that an import was asked for: they are its files by now."""
    jobs = Job.objects.filter(service__in=IMPORTS, arguments__upload_id__in=list(uploads))
    return jobs.values_list("arguments__upload_id", flat=True)


def forget_old() -> int:
    """In every organisation: what is past its time. Answers how many."""
    until = timezone.now() - timedelta(days=settings.COPILOT_ATTACHMENT_DAYS)
    forgotten = 0
    for organization_id in Organization.objects.values_list("pk", flat=True):
        with tenant(organization_id):
            forgotten += forget(Attachment.objects.filter(created_at__lt=until))
    return forgotten
