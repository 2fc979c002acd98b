"""What somebody says that stands on a label: only numbers that are such numbers count. No database."""

import pytest

from copilot.pictures import part, tokens_of, without
from sims.formats.label_text import identify
from tests.intake.test_photos import EID, ICCID, IMEI


@pytest.mark.parametrize(
    ("said", "text", "found"),
    [
        ({"iccid": [f"{ICCID}F"], "imei": [IMEI]}, "", [("ICCID", ICCID), ("IMEI", IMEI)]),
        ({"imei": [ICCID]}, "", [("ICCID", ICCID)]),  # under a wrong name
        ({}, f"EID {EID}\nIMEI {IMEI}\nICCID {ICCID}", [("ICCID", ICCID), ("EID", EID), ("IMEI", IMEI)]),
        ({"iccid": [ICCID, ICCID]}, ICCID, [("ICCID", ICCID)]),
        ({"iccid": ["89445001020300000??", "", "none", "8944500102030000078"]}, "", []),
        ({"imsi": ["204040123456789", "2040401", "no"]}, "204040987654321", [("IMSI", "204040123456789")]),
        ({"msisdn": ["+49 (171) 123-4567", "12345"]}, "+44 20 7946 0000", [("MSISDN", "491711234567")]),
        ({"serial": [ICCID], "more": [IMEI]}, "", []),
    ],
)
def test_what_counts(said, text, found):
    assert [(one.kind, one.text) for one in identify(said, text)] == found


def test_a_picture_is_counted_as_a_model_counts_it_and_not_by_its_letters():
    message = {"role": "user", "content": [{"type": "text", "text": "Read"}, part(b"x" * 300_000)]}
    plain = {"role": "user", "content": "Read"}
    assert without(message) == {"role": "user", "content": "Read [picture]"} and without(plain) is plain
    assert tokens_of([plain, message], ["anthropic/claude-sonnet-4-5"]) == 4_000
    assert tokens_of([message, message], ["openai/gpt-4o", "openai/gpt-4o-mini"]) == 100_000
    assert tokens_of([plain], ["openai/gpt-4o"]) == 0
