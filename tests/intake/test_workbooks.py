"""Excel workbooks: inventories and usage, read row by row; and workbooks made to do harm."""

import io
import zipfile
from datetime import datetime

import openpyxl
import pytest
import xlsxwriter

from sims.services.intake import get_intake
from tests.fleet import make_sim
from tests.intake.samples import OWN, bring_in, iccid, noon, own_row
from tests.intake.state import days, rows


def workbook(*lines, **sheets) -> bytes:
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    for name, others in sheets.items():
        sheet = book.create_sheet(name)
        for line in others:
            sheet.append(line)
    whole = io.BytesIO()
    book.save(whole)
    return whole.getvalue()


def by_another_program(*lines) -> bytes:
    """A workbook whose texts stand in a table of their own, as Excel writes them."""
    whole = io.BytesIO()
    with xlsxwriter.Workbook(whole, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Cards")
        for row, line in enumerate(lines):
            sheet.write_row(row, 0, line)
    return whole.getvalue()


def test_texts_in_a_table_of_their_own_are_read(organisation, actor):
    job = take(actor, by_another_program(["iccid", "label"], [iccid(1), "Pump"], [iccid(2), "Pump"]))
    assert job.result["new"] == 2 and "Read from the sheet Cards." in job.result["notes"]


def take(actor, content, service="import_sims", name="sims.xlsx"):
    return bring_in(actor, content, name=name, service=service)


def replaced(content: bytes, name: str, change) -> bytes:
    """The workbook with one of its parts changed."""
    whole = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            data = old.read(part)
            new.writestr(part.filename, change(data) if part.filename == name else data)
    return whole.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_an_inventory_comes_in_with_texts_and_numbers_as_they_are(organisation, actor):
    content = workbook(
        ["ICCID", "MSISDN", "Label", "Tags"],
        [iccid(1), 447700900123, "Pump, north", "blue;red"],
        [None, None, None, None],
        [iccid(2), "+447700900124", "=1+1\u202e", None],
    )
    job = take(actor, content)
    assert (job.state, job.result["new"], job.result["refused"]) == ("done", 2, 0), job
    assert "Read from the sheet Sheet." in job.result["notes"]
    found = rows(organisation, "SELECT iccid, msisdn, label FROM sims_sim ORDER BY iccid")
    assert found == [(iccid(1), "447700900123", "Pump, north"), (iccid(2), "447700900124", "")]


@pytest.mark.parametrize("number", [8944100000000000019, 8.9441e18])
def test_an_iccid_that_became_a_number_is_refused_by_file_and_row(organisation, actor, number):
    job = take(actor, workbook(["iccid", "label"], [iccid(1), "good"], [number, "eaten"]))
    assert (job.result["new"], job.result["refused"]) == (1, 1)
    shown = get_intake(actor, intake=job.result["id"])
    [row] = shown.refused_rows
    assert shown.name == "sims.xlsx" and (row.row_number, row.column) == (3, "iccid")
    assert "a spreadsheet has rounded this number" in row.reason and "8.944100E+18" in row.raw_line


@pytest.mark.parametrize("column", ["KI", "OPC"])
def test_of_a_workbook_with_secrets_nothing_is_kept(organisation, actor, column):
    job = take(actor, workbook(["iccid", column], [iccid(1), "8baf473f2f8fd09487cccbd7097c6862"]))
    assert f"The column {column} holds secret keys" in job.error
    assert rows(organisation, "SELECT 1 FROM core_upload") == []


def test_usage_in_a_workbook_comes_in_too(organisation, actor):
    make_sim(organisation, iccid=iccid(1))
    lines = [[row[name] or None for name in OWN] for row in (own_row(), own_row(started_at=noon(2)))]
    lines[0][OWN.index("started_at")] = noon(3).replace(tzinfo=None)
    lines[0][OWN.index("bytes_up")] = 1000
    job = take(actor, workbook(OWN, *lines), "import_usage", "usage.xlsx")
    assert job.result["new"] == 2, job
    assert [up for _, _, up, *_ in days(organisation)] == [1000, 1000]


def test_other_sheets_are_named(actor):
    job = take(actor, workbook(["iccid"], [iccid(1)], Second=[["iccid"], [iccid(2)]], Empty=[]))
    assert job.result["new"] == 1 and "Other sheets were left out: Second." in job.result["notes"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (workbook(), "The workbook has no rows."),
        (workbook(["iccid"], [iccid(1)])[:-40], "broken"),
        (replaced(workbook(["iccid"], [iccid(1)]), SHEET, lambda data: data[:-60]), "The workbook is damaged"),
        (replaced(workbook(["iccid"], [iccid(1)]), "xl/workbook.xml", lambda data: b""), "The workbook is damaged"),
    ],
    ids=["empty", "cut", "broken sheet", "broken book"],
)
def test_a_workbook_that_cannot_be_read_is_refused_in_a_sentence(actor, content, sentence):
    assert sentence in take(actor, content).error


def test_a_workbook_packed_to_do_harm_is_refused(organisation, actor):
    bomb = replaced(workbook(["iccid"], [iccid(1)]), SHEET, lambda data: data + b" " * 20_000_000)
    assert len(bomb) < 100_000
    assert "packed more than 300 to 1" in take(actor, bomb).error
    assert rows(organisation, "SELECT state FROM sims_intake") == [("refused",)]


def test_limits_of_size_are_told(actor, monkeypatch):
    content = workbook(["iccid", "label"], *[[iccid(n), f"pump {n}"] for n in range(50)])
    monkeypatch.setattr("sims.formats.workbook.MOST_BYTES", 3_000)
    assert "unpacks to more than" in take(actor, content).error
    monkeypatch.setattr("sims.formats.workbook.MOST_BYTES", 10**9)
    monkeypatch.setattr("sims.formats.workbook.MOST_STRINGS", 100)
    assert "too much text" in take(actor, by_another_program(["iccid"], [iccid(1)])).error
    monkeypatch.setattr("sims.formats.workbook.MOST_STRINGS", 10**8)
    monkeypatch.setattr("sims.formats.workbook.MOST_ROWS", 20)
    assert "more than 20 rows" in take(actor, content).error


def test_a_row_that_says_to_stand_far_below_is_not_waited_for(actor):
    far = replaced(workbook(["iccid"], [iccid(1)]), SHEET, lambda data: data.replace(b'r="2"', b'r="99999999"'))
    assert "more than 1,048,576 rows" in take(actor, far).error


def test_entities_are_refused(actor):
    def declare(data: bytes) -> bytes:
        entity = b'<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><worksheet'
        return data.replace(b"<worksheet", entity, 1)

    assert "declares XML entities" in take(actor, replaced(workbook(["iccid"], [iccid(1)]), SHEET, declare)).error


def test_an_archive_packed_to_do_harm_is_refused(actor, monkeypatch):
    monkeypatch.setattr("sims.intake.source.RATIO_FROM", 1_000_000)
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("usage.csv", b"0" * 5_000_000)
    assert "packed more than 1,000 to 1" in take(actor, whole.getvalue(), "import_usage", "usage.zip").error


def test_days_of_a_workbook_are_days(organisation, actor):
    content = workbook(["iccid", "label"], [iccid(1), datetime(2026, 11, 1, 13, 45)])
    assert take(actor, content).result["new"] == 1
    assert rows(organisation, "SELECT label FROM sims_sim") == [("2026-11-01 13:45:00",)]
