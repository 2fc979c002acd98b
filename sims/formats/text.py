"""From a file's bytes to blocks of whole lines in UTF-8 (pure; no Django).

A block is read by its offset in the file, so an interrupted import goes on where it stopped.
"""

import codecs
import re
from dataclasses import dataclass, replace
from typing import BinaryIO

from sims.formats.jsonlines import flat

LONGEST_HEADER = 64 * 1024
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}

_BOMS = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
]
_OTHER_KINDS = [
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"<", "an HTML or XML document"),
]
_SEPARATOR_LINE = re.compile(r"sep=(.)", re.IGNORECASE)


class FileRefused(ValueError):
    """The whole file cannot be read; the message is a sentence for the user and repeats no value of the file."""


@dataclass(frozen=True)
class Dialect:
    """How the file is written. `data_offset` is where the lines after the header begin (bytes)."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    data_offset: int
    header_row: int
    old_mac: bool = False
    json: bool = False  # one JSON object on each line, and no header: `columns` are the first object's

    @property
    def newline(self) -> bytes:
        return ("\r" if self.old_mac else "\n").encode(self.encoding)

    def notes(self) -> list[str]:
        """What is worth telling about the way it is written."""
        found = ["Read as JSON, one object on each line."] if self.json else []
        if self.encoding != "utf-8":
            found.append(f"Read as {self.encoding.upper().removesuffix('-LE').removesuffix('-BE')}.")
        if self.delimiter != "," and not self.json:
            found.append(f"The columns are separated by {DELIMITERS.get(self.delimiter, repr(self.delimiter))}s.")
        return found


@dataclass(frozen=True)
class Block:
    """Whole lines in UTF-8 without carriage returns. `end` is the offset of the next block in the file."""

    text: bytes
    end: int
    mended: bool = False  # bytes that are not UTF-8 were read as Windows-1252


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return wrong.decode("cp1252", errors="replace"), error.end


codecs.register_error("iotsim-windows-1252", _as_windows_1252)


def sniff(file: BinaryIO) -> Dialect:
    """How the file is written, from its first line. Raises FileRefused when it is no table of text."""
    start = file.read(LONGEST_HEADER + 4)
    encoding, bom = _encoding(start)
    unit = len("\n".encode(encoding))
    body = start[bom : bom + (len(start) - bom) // unit * unit]
    text = body.decode(encoding, errors="replace")
    old_mac = "\r" in text and "\n" not in text
    dialect = Dialect(encoding, ",", (), bom, 1, old_mac)
    for number, line in enumerate(text.split("\r" if old_mac else "\n"), start=1):
        size, begin = len(line.encode(encoding, errors="replace")), dialect.data_offset
        dialect = replace(dialect, data_offset=_after(start, dialect), header_row=number)
        told = _SEPARATOR_LINE.fullmatch(line.strip())
        if told:
            dialect = replace(dialect, delimiter=told[1])
        elif line.strip(' \t\r",;|'):
            if any(character < " " and character not in "\t\r" for character in line):
                raise FileRefused("The file is not text. Export it as CSV in UTF-8.")
            if size >= LONGEST_HEADER:
                raise FileRefused("The first line is longer than 64 kB, so this is not a table with a header.")
            if line.lstrip().startswith(("{", "[")):
                columns = _json_columns(line)
                return replace(dialect, columns=columns, data_offset=begin, header_row=number - 1, json=True)
            return _with_header(dialect, line)
    raise FileRefused("The file is empty." if not text.strip() else "The file has no header line.")


def _json_columns(line: str) -> tuple[str, ...]:
    if line.lstrip().startswith("["):
        raise FileRefused("The file is one JSON list. Write each record as a JSON object on a line of its own.")
    try:
        return tuple(flat(line))
    except ValueError as error:
        raise FileRefused(
            f"The file looks like JSON, but {error}. Write each record as a JSON object on a line of its own."
        ) from error


def _encoding(start: bytes) -> tuple[str, int]:
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            if encoding == "utf-32":
                raise FileRefused("The file is written in UTF-32. Save it as CSV in UTF-8.")
            return encoding, len(mark)
    for magic, kind in _OTHER_KINDS:
        if start.startswith(magic):
            raise FileRefused(f"The file is {kind}, not a CSV table. Export it as CSV and import that.")
    sample = start[:200]
    if sample[1::2].count(0) > len(sample) // 4:
        return "utf-16-le", 0
    if sample[0::2].count(0) > len(sample) // 4:
        return "utf-16-be", 0
    return "utf-8", 0


def _after(start: bytes, dialect: Dialect) -> int:
    found = _find(start, dialect.newline, dialect.data_offset)
    return len(start) if found < 0 else found + len(dialect.newline)


def _find(data: bytes, newline: bytes, start: int) -> int:
    """The first newline from `start`, on a whole character."""
    found = data.find(newline, start)
    while found >= 0 and (found - start) % len(newline):
        found = data.find(newline, found + 1)
    return found


def _with_header(dialect: Dialect, line: str) -> Dialect:
    delimiter = dialect.delimiter
    if delimiter not in line:
        delimiter = max(DELIMITERS, key=line.count)
    names = tuple(name.strip().strip('"').strip() for name in line.strip("\r").split(delimiter))
    return replace(dialect, delimiter=delimiter, columns=names)


def read_block(file: BinaryIO, dialect: Dialect, offset: int, size: int) -> Block | None:
    """The lines from `offset`, about `size` bytes of them; None at the end of the file."""
    file.seek(offset)
    data = file.read(size)
    if not data:
        return None
    while (cut := _last_newline(data, dialect.newline)) < 0 and (more := file.read(size)):
        data += more
    whole = data[:cut] if file.read(1) else data
    text, mended = _utf8(whole, dialect)
    return Block(text, offset + len(whole), mended)


def _last_newline(data: bytes, newline: bytes) -> int:
    """Where the last whole line ends; -1 without any newline."""
    found = data.rfind(newline)
    while found >= 0 and found % len(newline):
        found = data.rfind(newline, 0, found + len(newline) - 1)
    return found + len(newline) if found >= 0 else -1


def _utf8(data: bytes, dialect: Dialect) -> tuple[bytes, bool]:
    mended = False
    if dialect.encoding != "utf-8":
        data = data.decode(dialect.encoding, errors="replace").encode()
    elif not data.isascii():
        mended = not _is_utf8(data)
        if mended:
            data = data.decode(errors="iotsim-windows-1252").encode()
    if b"\r" in data:
        data = data.replace(b"\r", b"\n") if dialect.old_mac else data.replace(b"\r\n", b"\n")
        data = data.replace(b"\r", b" ")
    return data, mended


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def decoded(file: BinaryIO, dialect: Dialect) -> str:
    """The whole file as text, its header among it. For small files: it is held in memory."""
    file.seek(0)
    data = file.read()
    text, _ = _utf8(data[_encoding(data)[1] :], dialect)
    return text.decode(errors="replace")


def count_lines(file: BinaryIO, dialect: Dialect) -> int:
    """How many lines follow the header (blank ones included)."""
    file.seek(dialect.data_offset)
    newline, lines, tail = dialect.newline, 0, b""
    while data := file.read(1 << 22):
        lines += data.count(newline)
        tail = data
    return lines + (1 if tail and not tail.endswith(newline) else 0)
