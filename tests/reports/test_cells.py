"""What people call their SIMs cannot run in a sheet, break a row, or turn a page round."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotsim.core.cells import defused, is_formula
from tests.fleet import make_customer, make_sim
from tests.reports.making import rows_of_csv, sheets_of, text_of_pdf

FORMULAS = [
    "=1+1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "\u00a0=cmd|' /C calc'!A0",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(A1)",
    "\u200b=1+1",
    '\ufeff=HYPERLINK("http://evil")',
    "\u202e=1+1",
    "=",
    "-",
    "\ttext",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_sheet_might_run_gets_an_apostrophe(text):
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", "pump-1", "-12.5", "+49170123", "-3", "8949020000", "a=b", "x@y.example", "'=1", "🚚 =1"]
)
def test_everything_else_stays_as_it_is(text):
    assert defused(text) == text


@given(st.text())
def test_a_defused_cell_is_harmless_and_keeps_its_text(text):
    safe = defused(text)
    assert not is_formula(safe)
    assert safe.removeprefix("'") == text or safe == text


def test_a_csv_defuses_every_text_and_leaves_numbers_alone(make_report, organisation):
    for text in FORMULAS:
        make_sim(organisation, label=text[:120], customer=make_customer(organisation, f"={text}"))
    rows = rows_of_csv(make_report(format="csv")[1])
    assert {row["Label"] for row in rows} == {f"'{text}" for text in FORMULAS}
    assert all(row["Customer"].startswith("'=") for row in rows)
    assert all(row["Total, bytes"] == "0" for row in rows)


def test_no_label_begins_a_row_or_a_cell_of_its_own(make_report, organisation):
    labels = ['a","=1+1', "a;=1+1", "a\r\n=1+1,b", 'say "hi"', "a\tb", "'", '"']
    for label in labels:
        make_sim(organisation, label=label)
    _, content = make_report(format="csv")
    assert {row["Label"] for row in rows_of_csv(content)} == set(labels)
    for line in content.decode("utf-8-sig").splitlines():
        assert line.startswith(('"', "=1+1,b"))  # inside of its quotes
    assert b'"a;=1+1"' in content


def test_excel_gets_text_and_never_a_formula_and_identifiers_never_as_numbers(make_report, organisation):
    sims = [make_sim(organisation, label=text) for text in FORMULAS]
    sheet = sheets_of(make_report(format="xlsx")[1])["SIMs"]
    cells = list(sheet.iter_rows(min_row=2))
    assert {cell.data_type for row in cells for cell in row[:7]} <= {"s", "n"}
    assert {row[0].value for row in cells} == {sim.iccid for sim in sims}
    assert all(row[0].data_type == "s" for row in cells)
    # Excel writes a carriage return as _x000D_, which openpyxl leaves as it is.
    assert {row[1].value.replace("_x000D_", "\r") for row in cells} == set(FORMULAS)
    assert all(row[1].quotePrefix for row in cells)
    assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref.startswith("A1:")


def test_json_keeps_every_text_as_it_is(make_report, organisation):
    for text in [*FORMULAS, "\u202egnirts", "<b>bold</b>"]:
        make_sim(organisation, label=text)
    document = json.loads(make_report(format="json")[1])
    assert {row["label"] for row in document["rows"]} == {*FORMULAS, "\u202egnirts", "<b>bold</b>"}


def test_a_byte_order_mark_tells_excel_that_a_csv_is_utf_8(make_report, organisation):
    make_sim(organisation, label="Zürich – 東京")
    _, content = make_report(format="csv")
    assert content.startswith(b"\xef\xbb\xbf") and "Zürich – 東京".encode() in content


def test_markup_in_a_label_is_text_in_a_pdf(make_report, organisation, today):
    from tests.reports.making import use

    sim = make_sim(organisation, label="<script>alert(1)</script><img src=http://127.0.0.1:9/x>")
    use(organisation, sim, today, down=10**9)
    assert "<script>alert(1)</script>" in text_of_pdf(make_report(format="pdf")[1])


def test_a_label_that_turns_the_direction_round_turns_no_sentence_and_no_row(client_for, actor, organisation):
    from sims.services.fleet import get_sim_details
    from sims.services.status import toggle_sim_status

    sim = make_sim(organisation, label="pump\u202e gnp")
    assert "\u202e" not in get_sim_details(actor, sim=sim.iccid).sentence
    assert "\u202e" not in toggle_sim_status(actor, sim=sim.iccid, action="suspend").sentence
    browser = client_for("manager")
    assert '<bdi class="cut" title="pump\u202e gnp">pump\u202e gnp</bdi>' in browser.get("/sims/").content.decode()
    assert "<h1><bdi>pump\u202e gnp</bdi></h1>" in browser.get(f"/sims/{sim.iccid}/").content.decode()
