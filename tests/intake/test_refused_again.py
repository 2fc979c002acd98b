"""Refused rows go out as CSV, are corrected, and come in again: both imports know of each other, the counts settle."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotsim.core.errors import NotFound
from sims.formats.refused import Line, as_csv, defused
from sims.services.intake import export_refused_rows, get_intake
from sims.services.records import record_usage
from tests.fleet import make_sim
from tests.intake.samples import bics, bics_row, bring_in, iccid, noon, own, own_row
from tests.intake.state import days
from tests.intake.test_vendors import emnify


def taken_apart(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content)))


def put_together(records: list[dict[str, str]], *, delimiter: str = ",") -> str:
    """As a spreadsheet saves it."""
    whole = io.StringIO()
    writer = csv.DictWriter(whole, list(records[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(records)
    return whole.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_round_trip(organisation, actor, delimiter):
    make_sim(organisation, iccid=iccid(1))
    bad = [own_row(bytes_up="x"), own_row(started_at=noon(2), bytes_up="y"), own_row(started_at=noon(4), bytes_up=9)]
    first = bring_in(actor, own(*bad)).result["id"]
    file = export_refused_rows(actor, intake=first)
    assert (file.name, file.rows) == (f"refused-rows-of-import-{first}.csv", 2)
    records = taken_apart(file.content)
    assert records[0]["refused_row"] == f"import {first}, row 2"
    assert records[0]["refused_because"] == "bytes_up is not a whole number" and records[0]["bytes_up"] == "x"
    records[0]["bytes_up"] = "7"
    job = bring_in(actor, put_together(records, delimiter=delimiter), name="corrected.csv")
    assert (job.result["new"], job.result["refused"], job.result["corrects_id"]) == (1, 1, first)
    assert not any("refused_row" in note for note in job.result["notes"])
    shown = get_intake(actor, intake=first)
    assert (shown.refused, shown.settled) == (2, 1)
    assert shown.sentence == "usage.csv: 1 new row, 2 refused, 1 of them corrected since."
    assert [(one.id, one.rows) for one in shown.corrections_by] == [(job.result["id"], 1)]
    assert [one.settled_by for one in shown.refused_rows] == [job.result["id"], None]
    assert [up for _, _, up, *_ in days(organisation)] == [9, 7]
    assert export_refused_rows(actor, intake=first).rows == 1


def test_the_same_corrected_file_twice_settles_once(organisation, actor):
    first = bring_in(actor, own(own_row(bytes_up="x"), own_row(started_at=noon(2)))).result["id"]
    [record] = taken_apart(export_refused_rows(actor, intake=first).content)
    again = put_together([{**record, "bytes_up": "7"}])
    bring_in(actor, again)
    job = bring_in(actor, again)
    assert job.result["duplicates"] == 1 and get_intake(actor, intake=first).settled == 1
    with pytest.raises(NotFound, match="no refused rows that are still open"):
        export_refused_rows(actor, intake=first)


def test_rows_of_another_organisation_or_of_no_import_settle_nothing(organisation, other_organisation, make_actor):
    mine, theirs = make_actor(), make_actor(organisation=other_organisation)
    first = bring_in(theirs, own(own_row(bytes_up="x"))).result["id"]
    [record] = taken_apart(export_refused_rows(theirs, intake=first).content)
    for place in (record["refused_row"], "import 999999999, row 2", "row two", ""):
        job = bring_in(mine, put_together([{**record, "refused_row": place, "bytes_up": "7"}]))
        assert job.result["corrects_id"] is None
    assert get_intake(theirs, intake=first).settled == 0
    with pytest.raises(NotFound):
        export_refused_rows(mine, intake=first)


def test_a_list_of_sims_comes_back_with_its_formula_like_cells_as_they_were(organisation, actor):
    content = 'iccid,msisdn,label\n8.98E+18,+447700900123,"=HYPERLINK(""http://x"")"\n'
    first = bring_in(actor, content, service="import_sims").result["id"]
    file = export_refused_rows(actor, intake=first)
    [record] = taken_apart(file.content)
    assert record["msisdn"] == "'+447700900123" and record["label"] == '\'=HYPERLINK("http://x")'
    job = bring_in(actor, put_together([{**record, "iccid": iccid(1)}]), service="import_sims")
    assert (job.result["new"], job.result["corrects_id"]) == (1, first)
    from tests.intake.state import rows

    assert rows(organisation, "SELECT msisdn, label FROM sims_sim") == [("447700900123", '=HYPERLINK("http://x")')]
    assert get_intake(actor, intake=first).settled == 1


def test_lines_of_json_go_out_as_columns_and_come_in_again(organisation, actor):
    make_sim(organisation, iccid=iccid(1))
    lines = "\n".join([emnify(1), emnify(2, start_timestamp="soon")]) + "\n"
    first = bring_in(actor, lines, name="usage.jsonl").result["id"]
    [record] = taken_apart(export_refused_rows(actor, intake=first).content)
    assert record["sim.iccid"] == iccid(1) and record["volume.total"] == "0.006000"
    record["start_timestamp"] = f"{noon(3):%Y-%m-%dT%H:%M:%SZ}"
    job = bring_in(actor, put_together([record]))
    assert (job.result["format"], job.result["new"]) == ("emnify", 1)
    assert get_intake(actor, intake=first).settled == 1


def test_records_that_programs_sent_come_in_again_too(organisation, actor):
    make_sim(organisation, iccid=iccid(1))
    sent = [{"iccid": iccid(1), "started_at": noon(3).isoformat(), "bytes_up": "x", "bytes_down": 5}]
    first = record_usage(actor, records=sent).intake_id
    [record] = taken_apart(export_refused_rows(actor, intake=first).content)
    assert bring_in(actor, put_together([{**record, "bytes_up": "1"}])).result["new"] == 1
    assert get_intake(actor, intake=first).settled == 1


def test_from_page_and_api(organisation, make_membership, client_for, actor, client):
    first = bring_in(actor, bics(bics_row(volumeTotal="x"))).result["id"]
    browser = client_for("manager")
    page = browser.get(f"/imports/{first}/").content.decode()
    assert f'href="/imports/{first}/refused.csv"' in page and "Drop the corrected file here" in page
    answer = browser.get(f"/imports/{first}/refused.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8" and "attachment" in answer["Content-Disposition"]
    [record] = taken_apart(answer.content.decode("utf-8-sig"))
    assert record["volumeTotal"] == "x"
    from iotsim.core.keys import create_key

    key = {"Authorization": f"Bearer {create_key(make_membership('viewer'), name='k')[1]}"}
    assert client.get(f"/api/v1/intakes/{first}/refused", headers=key).json()["rows"] == 1
    assert "Drop the corrected" not in client_for("viewer").get(f"/imports/{first}/").content.decode()


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell):
    assert defused(cell) == f"'{cell}" and defused(f"a{cell}") == f"a{cell}"


@given(st.lists(st.text(max_size=60), min_size=1, max_size=8))
def test_any_line_becomes_a_row_that_no_spreadsheet_calculates(lines):
    header = {"columns": ["a", "b"], "delimiter": ",", "json": False}
    content = as_csv(header, 7, [Line(n, "wrong", one.replace("\n", " ")) for n, one in enumerate(lines, 1)])
    records = list(csv.reader(io.StringIO(content)))
    assert len(records) == len(lines) + 1
    assert not any(cell[:1] in ("=", "+", "-", "@", "\t", "\r") for record in records for cell in record if cell)
