"""Watched folders: files put into an organisation's folder are brought in, once, as if somebody had chosen them.

WATCH_DIR holds a folder for each organisation, named by its slug and made by the operator. A file is taken when its
size and time have not changed since the look before. It stays where it is until its import is over, then goes to
`done` or `refused` beside a note of what came of it. Folders are opened once and everything in them is named relative
to that: links are never followed, and nothing outside is ever touched.
"""

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from iotsim.core.actor import Actor
from iotsim.core.errors import IotsimError
from iotsim.core.models import Job, JobState, Organization
from iotsim.core.registry import get
from iotsim.core.schemas import JobOut
from iotsim.core.tenancy import tenant
from iotsim.core.uploads import store_upload
from sims.models import Intake, IntakeState, WatchedFile

log = structlog.get_logger(__name__)

SETTLED_SECONDS = 5.0  # since the file was last written to
REMEMBER_SECONDS = 3600
DONE, REFUSED = "done", "refused"
UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".swp", "~")
MOST_FILES = 200  # of one look; the next look goes on
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def look_into(organization: Organization) -> int:
    """Settle what is over and take what is new. Answers how many files were taken."""
    taken = 0
    with _folder(organization) as folder:
        for name in _names(folder) if folder is not None else ():
            try:
                taken += _look_at(organization, folder or 0, name)
            except OSError as error:  # the folder does not let us move it; the transaction is undone, the file waits
                log.warning("watched_file_not_moved", organisation=organization.slug, error=error.strerror)
    return taken


@contextmanager
def _folder(organization: Organization) -> Iterator[int | None]:
    """The organisation's folder, opened; None when there is none. A link is none, wherever it leads."""
    if not organization.slug or organization.slug != Path(organization.slug).name or organization.slug.startswith("."):
        yield None
        return
    opened: list[int] = []
    try:
        try:
            opened.append(os.open(settings.WATCH_DIR, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            opened.append(os.open(organization.slug, _FOLDER, dir_fd=opened[0]))
        except OSError as error:
            if len(opened) and not isinstance(error, FileNotFoundError):
                log.warning("watched_folder_not_opened", organisation=organization.slug, error=error.strerror)
            yield None
            return
        yield opened[1]
    finally:
        for one in opened:
            os.close(one)


def _names(folder: int) -> list[str]:
    """Regular files that may be whole, the oldest first."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            unfinished = entry.name.startswith(".") or entry.name.lower().endswith(UNFINISHED)
            if not unfinished and entry.is_file(follow_symlinks=False):
                found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.name))
    return [name for _, name in sorted(found)[:MOST_FILES]]


def _look_at(organization: Organization, folder: int, name: str) -> bool:
    """Whether the file was taken now."""
    try:
        state = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    with tenant(organization.pk):
        if not _mine(organization, name):
            return False
        known = WatchedFile.objects.filter(
            name=_told(name), size_bytes=state.st_size, modified_ns=state.st_mtime_ns, settled_at=None
        ).first()
        if known is not None:
            _settle(organization, folder, name, known)
            return False
        if not _is_settled(organization, name, state):
            return False
        return _take(organization, folder, name, state)


def _told(name: str) -> str:
    """A file's name as text: the bytes that are none are shown as such."""
    return os.fsencode(name).decode(errors="replace")[:255]


def _mine(organization: Organization, name: str) -> bool:
    """Whether no other worker looks at this file now; until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"watched {organization.pk} {_told(name)}"]
        )
        return bool(cursor.fetchone()[0])


def _is_settled(organization: Organization, name: str, state: os.stat_result) -> bool:
    """Whether the file is as it was at the look before, and nobody has written to it just now."""
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:32]
    key, seen = f"watched:{organization.pk}:{digest}", [state.st_size, state.st_mtime_ns]
    before = cache.get(key)
    cache.set(key, seen, REMEMBER_SECONDS)
    return before == seen and time.time() - state.st_mtime >= SETTLED_SECONDS


def _take(organization: Organization, folder: int, name: str, state: os.stat_result) -> bool:
    row = WatchedFile(
        organization_id=organization.pk,
        name=_told(name),
        size_bytes=state.st_size,
        modified_ns=state.st_mtime_ns,
    )
    try:
        descriptor = os.open(name, _FILE, dir_fd=folder)
    except OSError as error:
        log.warning("watched_file_not_opened", organisation=organization.slug, error=error.strerror)
        return False
    with os.fdopen(descriptor, "rb") as file:
        opened = os.fstat(file.fileno())
        if not stat.S_ISREG(opened.st_mode) or (opened.st_ino, opened.st_dev) != (state.st_ino, state.st_dev):
            return False
        if opened.st_nlink > 1:
            _finish(row, folder, name, done=False, note="The file has several names (hard links). Put a copy here.")
            return False
        row.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        earlier = _brought_in(row.sha256)
        if earlier is not None:
            when = timezone.localtime(earlier.taken_at)
            note = f"The same content was brought in before, as {earlier.name} on {when:%d %B %Y at %H:%M}."
            _finish(row, folder, name, done=True, note=note)
            return False
        try:
            actor = Actor.system(organization)
            upload = store_upload(actor, name=row.name, content=file, size_bytes=opened.st_size)
            asked: JobOut = get(_service_for(file, organization))(actor, upload_id=upload.id)
            row.job_id = asked.id
        except IotsimError as error:
            _finish(row, folder, name, done=False, note=error.sentence)
            return False
    row.save()
    return True


def _brought_in(sha256: str) -> WatchedFile | None:
    """The file of this content that was brought in, or is on its way."""
    same = WatchedFile.objects.filter(sha256=sha256).exclude(job_id=None)
    return next((one for one in same.order_by("pk") if one.done or one.settled_at is None), None)


def _service_for(file: IO[bytes], organization: Organization) -> str:
    """What kind of file it is: an inventory by its header, else usage, whose import tells what is wrong with it."""
    from sims.intake.kinds import is_inventory

    return "import_sims" if is_inventory(file, organization.pk) else "import_usage"


def _settle(organization: Organization, folder: int, name: str, row: WatchedFile) -> None:
    """Move a file whose import is over."""
    job = Job.objects.filter(pk=row.job_id or 0).first()
    if job is not None and job.state not in (JobState.DONE, JobState.FAILED, JobState.STOPPED):
        return
    intake = Intake.objects.filter(job_id=row.job_id).first() if job else None
    done = job is not None and job.state == JobState.DONE and (intake is None or intake.state == IntakeState.DONE)
    if job is None:
        note = "The import of this file is gone; put it here again."
    else:
        note = str((job.result or {}).get("sentence") or job.error or "The import was stopped before its end.")
    if done and intake is not None and intake.refused:
        note += f" The refused rows and their reasons are shown with import {intake.pk}."
    _finish(row, folder, name, done=done, note=note)


def _finish(row: WatchedFile, folder: int, name: str, *, done: bool, note: str) -> None:
    """Move the file out of the way, with a note beside it, and remember it."""
    _move(folder, name, DONE if done else REFUSED, note)
    row.done, row.note, row.settled_at = done, note[:1000], timezone.now()
    row.sha256 = row.sha256 if done else ""  # a refused file may come again, and may have held secrets
    row.save()


def _move(folder: int, name: str, where: str, note: str) -> None:
    target = _inner(folder, where)
    try:
        free = _free_name(target, name)
        os.rename(name, free, src_dir_fd=folder, dst_dir_fd=target)
        text = f"{free}.txt"[-255:]
        descriptor = os.open(text, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=target)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(f"{note}\n")
    finally:
        os.close(target)


def _inner(folder: int, name: str) -> int:
    """A real folder inside of the folder, made when it is not there. A link in its place is an error."""
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=folder)
    return os.open(name, _FOLDER, dir_fd=folder)


def _free_name(folder: int, name: str) -> str:
    taken = set(os.listdir(folder))
    stamp = f"{datetime.now():%Y%m%d-%H%M%S}"
    names = (f"{stamp}-{number}-{name}" if number else f"{stamp}-{name}" for number in range(1000))
    return next(one for one in (_cut(one) for one in names) if one not in taken and f"{one}.txt" not in taken)


def _cut(name: str) -> str:
    """Short enough for a file system, with room for the note's ending; the ending of the name stays."""
    return name if len(os.fsencode(name)) <= 240 else os.fsdecode(os.fsencode(name)[:140] + os.fsencode(name)[-60:])
