"""Lists of SIMs as people have them: the column is found by what is in it, and nothing is guessed. No database."""

import io
import zipfile
from collections.abc import Sequence

import pytest
from openpyxl import Workbook
from stdnum import luhn

from iotsim.core.brought import MOST_ROWS, Brought
from iotsim.core.errors import Invalid
from sims.formats.brought import read


def iccid(number: int) -> str:
    body = f"894450010203{number:06}"
    return body + luhn.calc_check_digit(body)


A, B, C = iccid(1), iccid(2), iccid(3)


def values(found: Brought) -> list[str]:
    return [one.text for one in found.values]


def read_text(text: str, encoding: str = "utf-8") -> Brought:
    return read(io.BytesIO(text.encode(encoding)))


def book_of(rows: Sequence[Sequence[object]]) -> io.BytesIO:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    stored = io.BytesIO()
    book.save(stored)
    stored.seek(0)
    return stored


@pytest.mark.parametrize(
    "text",
    [
        f"iccid\n{A}\n{B}\n",
        f"{A}\n{B}",
        f"\ufefficcid;label\r\n{A};one\r\n{B};two\r\n",
        f"sep=;\niccid;label\n{A};one\n{B};two\n",
        f"no,label,card\n1,one,{A}\n2,two,{B}\n",
        f'"ICCID","Name"\n"{A}","one, with a comma"\n"{B}",""\n',
        f"label\tSIM\none\t{A}F\ntwo\t{B[:4]} {B[4:8]} {B[8:]}\n",
        f"{A},{B}",
        f'iccid\n="{A}"\n\n\n="{B}"\n',
    ],
    ids=[
        "header",
        "bare",
        "mark and semicolons",
        "sep line",
        "third column",
        "quotes",
        "spaces",
        "one line",
        "formula",
    ],
)
def test_the_column_is_found_however_the_file_is_written(text):
    assert values(read_text(text)) == [A, B]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_any_usual_encoding_is_read(encoding):
    assert values(read_text(f"iccid;label\n{A};Köln\n{B};Łódź\n".replace("Łódź", "Graz"), encoding)) == [A, B]


def test_rows_keep_the_numbers_of_the_file_and_what_is_repeated_is_counted():
    found = read_text(f"iccid\n{A}\n\n{B}\n{A}\n")
    assert [(one.row, one.text) for one in found.values] == [(2, A), (4, B)]
    assert (found.repeated, found.rows, found.title) == (1, 3, "ICCIDs")


@pytest.mark.parametrize(
    ("text", "title", "wanted"),
    [
        ("imsi,plan\n204040123456789,x\n204040123456780,y\n", "IMSIs", ["204040123456789", "204040123456780"]),
        ("phone\n+49 171 1234567\n0049 171 7654321\n", "phone numbers", ["491711234567", "491717654321"]),
        ("label,site\ntruck-17,Kiel\ntruck-18,Ulm\n", "labels", ["truck-17", "truck-18"]),
        ("truck-17\ntruck-18\n", "labels", ["truck-17", "truck-18"]),
        ("SIM,site\ntruck-17,Kiel\ntruck-18,Ulm\n", "labels", ["truck-17", "truck-18"]),
    ],
)
def test_imsis_numbers_and_labels_do_as_well(text, title, wanted):
    found = read_text(text)
    assert (found.title, values(found)) == (title, wanted)


def test_a_workbook_is_read_from_its_first_sheet():
    found = read(book_of([["Name", "ICCID"], ["one", A], [None, None], ["two", B]]))
    assert [(one.row, one.text) for one in found.values] == [(2, A), (4, B)]


@pytest.mark.parametrize("cell", [int(A), float(A), "8.98E+18", "8,94E+18"])
def test_a_number_that_a_spreadsheet_rounded_refuses_the_file_and_names_its_row(cell):
    with pytest.raises(Invalid, match=r"Row 3 holds a number that a spreadsheet has rounded.*as text"):
        read(book_of([["iccid"], [B], [cell]]))


def test_what_is_no_identifier_stays_as_it_stands_for_somebody_to_see():
    found = read_text(f"iccid\n{A}\n{B}\n=HYPERLINK(1)\nnot one\n")
    assert values(found) == [A, B, "=HYPERLINK(1)", "not one"]


def test_a_huge_cell_is_cut():
    assert max(len(one) for one in values(read_text(f"iccid\n{A}\n{B}\n{'x' * 100_000}\n"))) <= 120


def test_usage_is_told_from_a_list():
    found = read_text(f"iccid,started_at,ended_at,bytes_up,bytes_down\n{A},2026-01-01,2026-01-01,1,2\n")
    assert (found.kind, found.rows, found.values) == ("usage", 1, [])


def test_too_many_rows_are_refused():
    with pytest.raises(Invalid, match="more than 50,000 rows"):
        read_text("iccid\n" + "\n".join(iccid(n) for n in range(MOST_ROWS + 2)))


def test_fifty_thousand_rows_are_taken():
    assert len(read_text("iccid\n" + "\n".join(iccid(n) for n in range(MOST_ROWS))).values) == MOST_ROWS


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02\x03" * 50, "not text|empty|no"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"<html><body>894450</body></html>", "HTML"),
        (b"PK\x03\x04 and then nothing", "damaged"),
        (b"city,mood\nKiel,good\nUlm,bad\n", "No column"),
        (b"iccid,ki\n" + A.encode() + b",00112233445566778899AABBCCDDEEFF\n", "secret keys"),
        (b"iccid\n", "names no SIMs|No column"),
        (b'{"a": 1}\n{"a": 2}\n', "JSON"),
        (b"\xd0\xcf\x11\xe0 old excel", "old Excel"),
    ],
)
def test_what_is_no_list_is_refused_with_a_sentence(content, words):
    with pytest.raises(Invalid, match=words):
        read(io.BytesIO(content))


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 50_000_000)
    stored.seek(0)
    with pytest.raises(Invalid, match="packed more than"):
        read(stored)


def test_a_workbook_with_entities_is_refused():
    stored = book_of([["iccid"], [A]])
    bad = io.BytesIO()
    with zipfile.ZipFile(stored) as old, zipfile.ZipFile(bad, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/workbook.xml":
                data = b'<!DOCTYPE x [<!ENTITY a "b">]>' + data
            new.writestr(name, data)
    bad.seek(0)
    with pytest.raises(Invalid, match="entities"):
        read(bad)


def test_a_sheet_that_claims_a_million_rows_is_cut_short():
    book = Workbook()
    book.active["A1"] = "iccid"
    book.active["A900000"] = A
    stored = io.BytesIO()
    book.save(stored)
    stored.seek(0)
    with pytest.raises(Invalid, match="more than 50,000 rows"):
        read(stored)
