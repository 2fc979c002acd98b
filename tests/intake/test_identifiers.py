"""Identifiers: lenient reading, strict keeping."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from sims.identifiers import (
    NotAnIdentifier,
    iccid_forms,
    iccid_warning,
    parse_eid,
    parse_iccid,
    parse_imei,
    parse_imsi,
    parse_msisdn,
    tac,
)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("89 4902 0000 1234 5678 90", "89490200001234567890"),
        ('"8949020000123456789F"', "8949020000123456789"),
        ('="8949020000123456789"', "8949020000123456789"),
        ("'8949020000123456789", "8949020000123456789"),
        ("\ufeff8949020000123456789\u00a0", "8949020000123456789"),
        ("8986031652a090103456", "8986031652A090103456"),
        ("894902000012345678", "894902000012345678"),
        ("8949020000123456789012", "8949020000123456789012"),
    ],
)
def test_an_iccid_is_read_without_its_decorations(written, kept):
    assert parse_iccid(written) == kept


@pytest.mark.parametrize(
    "eaten", ["8.98E+18", "8,98E+18", "8.944e18", "8944100000000000000.0", "8.94410000000000E+018"]
)
def test_an_iccid_that_a_spreadsheet_has_rounded_is_told_as_such(eaten):
    with pytest.raises(NotAnIdentifier, match="a spreadsheet has rounded this number"):
        parse_iccid(eaten)


@pytest.mark.parametrize(
    "wrong", ["", "F", "123", "8" * 23, "89-not-an-iccid-at-all", "８９４９０２００００１２３４５６７８９"]
)
def test_what_is_no_iccid_is_refused(wrong):
    with pytest.raises(NotAnIdentifier):
        parse_iccid(wrong)


def test_a_wrong_check_digit_is_a_warning_only():
    right = "894410000000000001" + luhn.calc_check_digit("894410000000000001")
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    assert parse_iccid(wrong) == wrong
    assert iccid_warning(right) == ""
    assert "check digit" in iccid_warning(wrong)


@given(st.text("0123456789", min_size=18, max_size=21))
def test_a_card_written_with_or_without_its_check_digit_is_the_same(body):
    full = body + luhn.calc_check_digit(body)
    assert full in iccid_forms(body)
    assert body in iccid_forms(full) or len(full) == 18


@given(st.text(max_size=40))
def test_no_text_breaks_the_parsers(text):
    for parse in (parse_iccid, parse_imsi, parse_msisdn, parse_eid, parse_imei):
        with suppress(NotAnIdentifier):
            assert parse(text)


def test_an_imsi_keeps_its_leading_zeros():
    assert parse_imsi(" 001010123456789") == "001010123456789"
    with pytest.raises(NotAnIdentifier, match="16 digits"):
        parse_imsi("0010101234567890")


def test_a_number_is_kept_in_e164_without_plus():
    assert parse_msisdn("+44 (7700) 900-123") == parse_msisdn("0044 7700 900123") == "447700900123"
    with pytest.raises(NotAnIdentifier):
        parse_msisdn("1234567890123456")


def test_an_eid_has_32_digits_and_its_check():
    assert parse_eid("8904 9032 1234 5123 4512 3456 7890 1235") == "89049032123451234512345678901235"
    with pytest.raises(NotAnIdentifier, match="check digits"):
        parse_eid("89049032123451234512345678901236")


@pytest.mark.parametrize(
    "written",
    [
        "352099001761481",
        "35-209900-176148-1",
        "35209900176148",
        "3520990017614823",
        "35209900176148f",
        "352099001761480",
    ],
)
def test_the_imei_is_recovered_from_what_networks_send(written):
    assert parse_imei(written) == "352099001761481"


def test_an_imei_with_a_mistyped_digit_is_refused():
    with pytest.raises(NotAnIdentifier, match="check digit"):
        parse_imei("352099001761482")
    with pytest.raises(NotAnIdentifier, match="all zeros"):
        parse_imei("000000000000000")


def test_the_device_model_is_the_tac():
    assert tac("352099001761481") == "35209900"
