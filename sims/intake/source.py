"""The uploaded file, opened for reading: unpacked if it is compressed, refused if it is too much."""

import gzip
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, cast

from django.conf import settings

from iotsim.core.models import Upload
from iotsim.core.wording import size
from sims.formats.text import FileRefused

_PIECE = 1 << 20


@contextmanager
def opened(upload: Upload) -> Iterator[BinaryIO]:
    """The file's bytes; a gzip file or a ZIP archive of one file is unpacked into a temporary one.

    Raises FileRefused when it is too large, packed or not, or the archive is broken or holds several files.
    """
    if upload.size_bytes > settings.UPLOAD_MAX_BYTES:
        raise FileRefused(_too_large(upload.name, upload.size_bytes))
    with upload.file.open("rb") as stored:
        start = stored.read(4)
        stored.seek(0)
        if start[:2] == b"\x1f\x8b":
            with _unpacked(upload.name, cast(IO[bytes], gzip.GzipFile(fileobj=stored))) as plain:
                yield plain
        elif start == b"PK\x03\x04" and (member := _only_member(stored)):
            with zipfile.ZipFile(stored) as archive, _unpacked(upload.name, archive.open(member)) as plain:
                yield plain
        else:
            stored.seek(0)
            yield cast(BinaryIO, stored)


def _only_member(stored: IO[bytes]) -> str:
    """The one file in a ZIP archive; empty for an Excel workbook, which is told apart later."""
    try:
        with zipfile.ZipFile(stored) as archive:
            names = [one.filename for one in archive.infolist() if not one.is_dir()]
            locked = any(one.flag_bits & 1 for one in archive.infolist())
    except zipfile.BadZipFile as error:
        raise FileRefused("The ZIP archive is broken: it cannot be unpacked.") from error
    if "[Content_Types].xml" in names:
        return ""
    if locked:
        raise FileRefused("The ZIP archive is locked with a password. Unpack it and import the file in it.")
    names = [name for name in names if not name.startswith("__MACOSX/")]
    if len(names) != 1:
        raise FileRefused(f"The ZIP archive holds {len(names)} files. Import them one by one.")
    return names[0]


@contextmanager
def _unpacked(name: str, packed: IO[bytes]) -> Iterator[BinaryIO]:
    with packed, tempfile.TemporaryFile() as plain:
        written = 0
        try:
            while piece := packed.read(_PIECE):
                written += len(piece)
                if written > settings.UPLOAD_MAX_BYTES:
                    raise FileRefused(_too_large(f"{name}, unpacked,", written, "more than "))
                plain.write(piece)
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise FileRefused("The archive is broken: it ends too early or its contents are damaged.") from error
        plain.seek(0)
        yield cast(BinaryIO, plain)


def _too_large(name: str, amount: int, more: str = "") -> str:
    return f"{name} has {more}{size(amount)}; at most {size(settings.UPLOAD_MAX_BYTES)} can be imported."
