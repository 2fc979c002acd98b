"""The uploaded file, opened for reading: unpacked if it is compressed, refused if it is too much."""

import gzip
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, NamedTuple, cast

from django.conf import settings

from iotsim.core.models import Upload
from iotsim.core.wording import size
from sims.formats import workbook
from sims.formats.text import FileRefused

_PIECE = 1 << 20
MOST_RATIO = 1000  # the most that DEFLATE reaches is 1,032 to 1; tables of text reach 30
RATIO_FROM = 50_000_000


class Opened(NamedTuple):
    """A file's bytes as text, and what is worth telling about how they were come by."""

    file: BinaryIO
    notes: list[str]


@contextmanager
def opened(upload: Upload) -> Iterator[Opened]:
    """The file's bytes; a gzip file or a ZIP archive of one file is unpacked into a temporary one, and of an Excel
    workbook the first sheet with rows is written there as CSV.

    Raises FileRefused when it is too large, packed or not, or the archive is broken or holds several files.
    """
    if upload.size_bytes > settings.UPLOAD_MAX_BYTES:
        raise FileRefused(_too_large(upload.name, upload.size_bytes))
    with upload.file.open("rb") as stored, unpacked(upload.name, cast(IO[bytes], stored)) as found:
        yield found


@contextmanager
def unpacked(name: str, stored: IO[bytes]) -> Iterator[Opened]:
    """The same for a file at hand."""
    stored.seek(0)
    start = stored.read(4)
    stored.seek(0)
    if start[:2] == b"\x1f\x8b":
        with _unpacked(name, cast(IO[bytes], gzip.GzipFile(fileobj=stored))) as plain:
            yield Opened(plain, [])
    elif start == b"PK\x03\x04":
        with _from_zip(name, stored) as found:
            yield found
    else:
        yield Opened(cast(BinaryIO, stored), [])


@contextmanager
def _from_zip(name: str, stored: IO[bytes]) -> Iterator[Opened]:
    member = _only_member(stored)
    if member:
        with zipfile.ZipFile(stored) as archive, _unpacked(name, archive.open(member)) as plain:
            yield Opened(plain, [])
        return
    with tempfile.TemporaryFile() as sheet:
        stored.seek(0)
        notes = workbook.write_csv(stored, cast(IO[bytes], sheet))
        sheet.seek(0)
        yield Opened(cast(BinaryIO, sheet), notes)


def _only_member(stored: IO[bytes]) -> str:
    """The one file in a ZIP archive; empty for an Excel workbook, whose size unpacked is within limits."""
    try:
        with zipfile.ZipFile(stored) as archive:
            if workbook.is_workbook(archive.namelist()):
                workbook.check_size(archive)
                return ""
            _check_ratio(archive)
            names = [one.filename for one in archive.infolist() if not one.is_dir()]
            locked = any(one.flag_bits & 1 for one in archive.infolist())
    except zipfile.BadZipFile as error:
        raise FileRefused("The ZIP archive is broken: it cannot be unpacked.") from error
    if locked:
        raise FileRefused("The ZIP archive is locked with a password. Unpack it and import the file in it.")
    names = [name for name in names if not name.startswith("__MACOSX/")]
    if len(names) != 1:
        raise FileRefused(f"The ZIP archive holds {len(names)} files. Import them one by one.")
    return names[0]


def _check_ratio(archive: zipfile.ZipFile) -> None:
    for one in archive.infolist():
        if one.file_size > RATIO_FROM and one.file_size > MOST_RATIO * max(1, one.compress_size):
            raise FileRefused(f"The archive is packed more than {MOST_RATIO:,} to 1, as archives made to do harm are.")


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
