"""Files that people bring: kept by STORAGES, known to services by id only."""

import hashlib
import re
from typing import IO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.utils import timezone
from pydantic import BaseModel

from iotsim.core.actor import Actor
from iotsim.core.errors import Invalid, NotFound, TooLarge
from iotsim.core.models import Upload
from iotsim.core.roles import Permission
from iotsim.core.tenancy import tenant
from iotsim.core.wording import size


class UploadOut(BaseModel):
    id: int
    name: str
    size_bytes: int
    sha256: str


def store_upload(
    actor: Actor, *, name: str, content: IO[bytes], size_bytes: int, needs: Permission = Permission.OPERATE
) -> UploadOut:
    """Keep a file for a service to read. Raises Denied, TooLarge, or Invalid for an empty one."""
    actor.require(needs, doing="bring in files")
    if size_bytes > settings.UPLOAD_MAX_BYTES:
        raise TooLarge(f"{name} has {size(size_bytes)}; at most {size(settings.UPLOAD_MAX_BYTES)} may be uploaded.")
    if size_bytes == 0:
        raise Invalid(f"{name} is empty.", field="file")
    digest = _sha256(content)
    content.seek(0)
    path = f"{actor.organization_id}/{timezone.now():%Y/%m}/{digest[:12]}-{_safe(name)}"
    stored = default_storage.save(path, File(content, name=name))
    with tenant(actor.organization_id):
        row = Upload.objects.create(
            organization_id=actor.organization_id,
            name=name[:255],
            size_bytes=size_bytes,
            sha256=digest,
            file=stored,
            user_id=actor.user_id,
        )
    return UploadOut.model_validate(row, from_attributes=True)


def _sha256(content: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := content.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def _safe(name: str) -> str:
    """The end of the name in plain ASCII, which no file system refuses for its length or its letters."""
    stem = name.replace("\\", "/").rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", stem)[-80:].strip("._-") or "file"


def find_upload(upload_id: int) -> Upload:
    """The upload, inside the tenant's transaction. Raises NotFound."""
    row = Upload.objects.filter(pk=upload_id).first()
    if row is None:
        raise NotFound(f"There is no upload {upload_id}.", field="upload_id")
    return row


def forget_upload(upload: Upload) -> None:
    """Delete the file and its row: nothing of it stays."""
    upload.file.delete(save=False)
    upload.delete()
