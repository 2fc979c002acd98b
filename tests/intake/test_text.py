"""How files are written: encodings, marks, delimiters, line ends; and what is no table at all."""

import gzip
import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.formats.text import FileRefused, count_lines, read_block, sniff
from tests.intake.reading import dialect_of, read, read_one
from tests.intake.samples import OWN, bics, bics_row, iccid, own, own_row, table

THREE = [own_row(iccid=iccid(number), bytes_up=number) for number in (1, 2, 3)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_unicode_encoding_is_read(encoding):
    batch = read_one(own(*THREE).encode(encoding)).batch
    assert batch.bytes_up.tolist() == [1, 2, 3]


def test_latin_1_is_read_as_windows_1252():
    content = bics(bics_row(visitedOperatorName="Telefónica España")).encode("latin-1")
    batch = read_one(content).batch
    assert [network.name for network in batch.network.values] == ["Telefónica España"]


def test_one_wrong_byte_does_not_spoil_the_other_rows():
    rows = bics(bics_row(visitedOperatorName="Télécom"), bics_row(visitedOperatorName="T\x00l", up=2)).encode()
    batch = read_one(rows.replace(b"T\x00l", b"T\xe9l")).batch
    assert {network.name for network in batch.network.values} == {"Télécom", "Tél"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_found(delimiter, end):
    batch = read_one(table(OWN, THREE, delimiter=delimiter, end=end)).batch
    assert batch.bytes_up.tolist() == [1, 2, 3]
    assert batch.row.tolist() == [2, 3, 4]


def test_excels_separator_line_and_blank_lines_above_the_header_are_skipped():
    batch = read_one("sep=;\n\n" + table(OWN, THREE, delimiter=";")).batch
    assert batch.row.tolist() == [4, 5, 6]


def test_quoted_headers_and_values_are_read():
    lines = own(*THREE).splitlines()
    quoted = "\n".join(",".join(f'"{value}"' for value in line.split(",")) for line in lines) + "\n"
    assert read_one(quoted).batch.bytes_up.tolist() == [1, 2, 3]


def test_a_decimal_comma_is_read_where_semicolons_separate():
    batch = read_one(table(OWN, [own_row(cost="0,0789", currency="eur")], delimiter=";")).batch
    assert batch.cost.tolist() == [78_900] and batch.currency.values == ["EUR"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"\n \n,,,\n", "The file has no header line."),
        (b"\xef\xbb\xbf", "The file is empty."),
        (own(*THREE).encode("utf-32"), "UTF-32"),
        (b"\x89PNG\x1a\x00\x01\n\x00\x00\x00", "not text"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"<html><table>", "HTML"),
        (b'{"id": 1\n', "looks like JSON"),
        (b'[{"id": 1}]\n', "one JSON list"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook"),
        (gzip.compress(b"a,b\n", mtime=0), "a gzip archive"),
        (b"x" * 70_000, "longer than 64 kB"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(content, sentence):
    with pytest.raises(FileRefused, match=sentence):
        dialect_of(content)


def test_a_workbook_is_told_from_a_table():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "")
    with pytest.raises(FileRefused, match="Excel workbook"):
        dialect_of(packed.getvalue())


@settings(deadline=None)
@given(st.integers(1, 400), st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]), st.booleans())
def test_blocks_of_any_size_give_the_same_rows(block_bytes, encoding, finished):
    content = own(*THREE, *THREE[:1])
    content = content if finished else content.rstrip("\n")
    blocks = read(content.encode(encoding), block_bytes=block_bytes)
    assert [row for block in blocks for row in block.batch.row.tolist()] == [2, 3, 4, 5]
    assert not any(block.refused for block in blocks)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data):
    file = io.BytesIO(data)
    with suppress(FileRefused):
        dialect = sniff(file)
        count_lines(file, dialect)
        offset = dialect.data_offset
        while block := read_block(file, dialect, offset, 50):
            assert block.end > offset
            block.text.decode()
            offset = block.end
