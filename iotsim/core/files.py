"""A file as a service's answer: kept by STORAGES, known by its name to people and by its place to us alone."""

from collections.abc import AsyncIterator, Iterator
from typing import IO, Any

from asgiref.sync import sync_to_async
from django.core.files.storage import default_storage
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from pydantic import Field

from iotsim.core.errors import NotFound
from iotsim.core.schemas import Answer

PIECE_BYTES = 256 << 10


class FileAnswer(Answer):
    """A file to be handed out. Over REST the answer is the file itself; pages send it by `file_response`."""

    name: str = Field(description="What it is called when it is saved")
    content_type: str
    size_bytes: int
    stored: str = Field(exclude=True, description="Where STORAGES keeps it; never shown")


class FileResponse(StreamingHttpResponse):
    """A file in pieces, read in a thread under ASGI (which would else read the whole of it first)."""

    def __init__(self, file: IO[bytes], **options: Any) -> None:
        self._file = file
        super().__init__(self._pieces(), **options)
        self._resource_closers.append(file.close)  # type: ignore[attr-defined]

    def _pieces(self) -> Iterator[bytes]:
        while piece := self._file.read(PIECE_BYTES):
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = sync_to_async(self._file.read, thread_sensitive=False)
        while piece := await read(PIECE_BYTES):
            yield piece


def file_response(answer: FileAnswer) -> FileResponse:
    """The file as a download. It is never shown in the browser's own window, whatever is in it."""
    try:
        file = default_storage.open(answer.stored, "rb")
    except FileNotFoundError as error:
        raise NotFound(f"{answer.name} is gone from the storage. Please make it again.") from error
    headers = {
        "Content-Disposition": content_disposition_header(True, answer.name) or "attachment",
        "Content-Length": str(answer.size_bytes),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return FileResponse(file, content_type=answer.content_type, headers=headers)
