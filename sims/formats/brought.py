"""The reader of files that people give to the copilot: a photo or a table, told apart by its content. Pure."""

from typing import BinaryIO

from iotsim.core.brought import Brought
from iotsim.core.errors import Invalid
from sims.formats import picture
from sims.formats.lists import read_list
from sims.formats.photo import read_photo
from sims.formats.text import FileRefused


def read(content: BinaryIO) -> Brought:
    """What the file holds. Raises Invalid with a sentence."""
    start = content.read(16)
    content.seek(0)
    try:
        return read_photo(content) if picture.is_picture(start) else read_list(content)
    except FileRefused as refused:
        raise Invalid(str(refused), field="file") from refused


def as_jpeg(content: BinaryIO) -> bytes:
    """The photo, small and bare. Raises Invalid with a sentence."""
    try:
        return picture.as_jpeg(content)
    except FileRefused as refused:
        raise Invalid(str(refused), field="file") from refused
