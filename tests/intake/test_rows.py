"""Rows that cannot be taken: each with its number, column, reason and line; the others are taken."""

import pytest

from tests.intake.reading import read_one
from tests.intake.samples import ago, bics, bics_row, iccid, own, own_row


def refused(content):
    """[(row, column, reason)]"""
    found = read_one(content)
    assert found.refused == len(found.refusals)
    return [(one.row, one.column, one.reason) for one in found.refusals]


@pytest.mark.parametrize(
    ("values", "column", "reason"),
    [
        ({"iccid": "8.98E+18"}, "iccid", "a spreadsheet has rounded this number"),
        ({"iccid": "12345"}, "iccid", "ICCID has 5 characters; it should have 18 to 22"),
        ({"iccid": ""}, "iccid", "iccid is empty, so the row names no SIM"),
        ({"bytes_up": "-5"}, "bytes_up", "bytes_up is negative"),
        ({"bytes_down": "99999999999999"}, "bytes_down", "bytes_down is more than 10,000,000,000,000"),
        ({"bytes_down": "9" * 25}, "bytes_down", "bytes_down is more than"),
        ({"bytes_up": "1.5"}, "bytes_up", "bytes_up is not a whole number"),
        ({"bytes_up": "0x1F"}, "bytes_up", "bytes_up is not a whole number"),
        ({"bytes_up": "1e3"}, "bytes_up", "bytes_up is not a whole number"),
        ({"bytes_up": ""}, "bytes_up", "bytes_up is empty"),
        ({"started_at": ago(-3)}, "started_at", "started_at is in the future"),
        ({"started_at": "2019-12-31T23:59:59"}, "started_at", "started_at is too long ago"),
        ({"started_at": "1970-01-01T00:00:00"}, "started_at", "started_at is too long ago"),
        ({"started_at": "01/11/2026 12:00"}, "started_at", "is not a time such as"),
        ({"started_at": "2026-13-45 12:00:00"}, "started_at", "is not a time such as"),
        ({"started_at": "2026-11-01"}, "started_at", "is not a time such as"),
        ({"started_at": ""}, "started_at", "started_at is empty"),
        ({"ended_at": ago(9)}, "ended_at", "ended_at is earlier than started_at"),
        ({"started_at": ago(60), "ended_at": ago(3)}, "ended_at", "covers more than 31 days"),
        ({"cost": "cheap"}, "cost", "cost is not a number"),
        ({"cost": "nan"}, "cost", "cost is not a number"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_column(values, column, reason):
    [(row, found, why)] = refused(own(own_row(iccid=iccid(2)), own_row(**values), own_row(iccid=iccid(3))))
    assert (row, found) == (3, column)
    assert reason in why


def test_a_refused_row_is_kept_as_it_was():
    row = own_row(iccid="8.98E+18", apn="x")
    [refusal] = read_one(own(own_row(), row)).refusals
    assert refusal.line == own(row).splitlines()[1]


def test_a_row_keeps_its_first_reason_and_the_rest_are_taken():
    found = read_one(own(own_row(iccid="1", bytes_up="-1", bytes_down="x"), own_row(bytes_up=9)))
    assert found.refused == 1 and found.batch.bytes_up.tolist() == [9]


def test_rows_with_too_many_or_too_few_values_are_refused_by_their_numbers():
    good = own(own_row()).splitlines()
    content = "\n".join([good[0], "a,b", good[1], "", good[1] + ",more", good[1]]) + "\n"
    assert refused(content) == [
        (2, "", "the row has 2 values and the header 12 columns"),
        (5, "", "the row has 13 values and the header 12 columns"),
    ]


def test_a_file_that_ends_in_the_middle_of_a_row_says_so():
    content = own(own_row(), own_row())[:-40]
    assert refused(content) == [(3, "", "the file ends in the middle of this row")]


def test_an_open_quotation_mark_costs_one_row_only():
    lines = own(own_row(), own_row(iccid=iccid(2)), own_row(iccid=iccid(3))).splitlines()
    lines[2] = lines[2].replace(iccid(2), f'"{iccid(2)}')
    assert refused("\n".join(lines)) == [(3, "", "a quotation mark is opened and not closed in this row")]
    assert len(read_one("\n".join(lines)).batch) == 2


def test_nul_bytes_are_refused_and_shown_as_such():
    [refusal] = read_one(own(own_row(apn="a\0b"), own_row())).refusals
    assert refusal.reason == "the row holds NUL bytes, so it is not text"
    assert "\0" not in refusal.line


def test_blank_rows_at_the_end_are_no_rows():
    assert refused(own(own_row()) + ",,,,,,,,,,,\n , ,,,,,,,,,,\n\n") == []


def test_many_refused_rows_are_all_counted_and_some_are_kept():
    found = read_one(own(*[own_row(bytes_up="x")] * 10_500))
    assert found.refused == 10_500 and len(found.refusals) == 10_000


def test_bics_volumes_that_do_not_fit_are_refused():
    [(_, column, reason)] = refused(bics(bics_row(volumeTotal="6", up=1000_000, down=5000_000)))
    assert (column, reason) == ("volumeTotal", "volumeTotal is not volumeUplink + volumeDownlink")


def test_a_bics_service_that_is_unknown_is_refused():
    [(_, column, reason)] = refused(bics(bics_row(serviceTypeName="FAX")))
    assert (column, reason) == ("serviceTypeName", "serviceTypeName FAX is none of data, SMS and voice")
