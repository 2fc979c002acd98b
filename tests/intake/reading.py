"""Reading a file without a database, as the import does it."""

import io
from datetime import UTC, datetime

from sims.formats.batch import Read
from sims.formats.columns import Window
from sims.formats.reading import read_rows
from sims.formats.text import Dialect, read_block, sniff
from sims.formats.usage import detect
from tests.intake.samples import ago

OLDEST = datetime(2020, 1, 1, tzinfo=UTC)
WINDOW = Window(int(OLDEST.timestamp() * 1e6), int(ago(-1).timestamp() * 1e6))


def dialect_of(content: str | bytes) -> Dialect:
    return sniff(io.BytesIO(content.encode() if isinstance(content, str) else content))


def read(content: str | bytes, *, block_bytes: int = 1 << 20) -> list[Read]:
    """What each block of the file holds."""
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    dialect = sniff(file)
    format = detect(dialect)
    found, row, offset = [], dialect.header_row + 1, dialect.data_offset
    while block := read_block(file, dialect, offset, block_bytes):
        one, lines = read_rows(format, dialect, block, first_row=row, window=WINDOW)
        found.append(one)
        row, offset = row + lines, block.end
    return found


def read_one(content: str | bytes) -> Read:
    """The same for a file of one block."""
    [only] = read(content)
    return only
