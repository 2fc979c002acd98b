"""Masking by itself: what is found, how it comes back, and what nobody can make it do. No database."""

import json

import pytest

from copilot.masking import Mask, Names
from copilot.masking.names import of_customers, of_people
from copilot.masking.placeholders import safe_length

ICCID = "8949000000000073456"


@pytest.fixture
def mask():
    names = Names([
        *of_customers(["ACME Logistics GmbH", "Börse & Söhne AG", "Orange"]),
        *of_people(["Anna Schmidt", "Mark Twain"]),
    ])  # fmt: skip
    return Mask(names=names)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (f"Suspend {ICCID} now", ["ICCID"]),
        ("Suspend 8949 0000 0000 0007 345 now", ["ICCID"]),
        ("IMEI 356938035643809", ["IMEI"]),
        ("IMSI 262011234567890", ["IMSI"]),
        ("EID 89049032123451234512345678901235", ["EID"]),
        ("call +49 170 1234567", ["PHONE"]),
        ("call 0049-170-1234567 please", ["PHONE"]),
        ("call 0170/1234567 or (212) 555-1234", ["PHONE", "PHONE"]),
        ("the MSISDN is 491701234567", ["PHONE"]),
        ("write to anna.b+x@mail.example.co.uk.", ["EMAIL"]),
        ("the page /sims/?q=anna%40example.com", ["EMAIL"]),
        ("it is at 10.0.0.7 and fe80::1c2d", ["IP", "IP"]),
        ("send it to Hauptstraße 5, 10115 Berlin", ["ADDRESS"]),
        ("12 High Street, 5 rue de la Paix, Calle Mayor 5", ["ADDRESS", "ADDRESS", "ADDRESS"]),
        ("SW1A 1AA", ["ADDRESS"]),
        ("for acme logistics gmbh", ["CUSTOMER"]),
        ("for ACME Logistics", ["CUSTOMER"]),
        ("Anna said so, and Schmidt too", ["PERSON", "PERSON"]),
    ],
)
def test_what_names_a_card_or_a_person_is_found_and_comes_back(mask, text, kinds):
    hidden = mask.any_text(text)
    assert sorted(kinds) == sorted(kind for kind, all_ in mask.values.items() for _ in all_)
    for values in mask.values.values():
        assert all(one not in hidden for one in values)
    assert mask.any_text(hidden) != hidden  # what looks like a placeholder is masked itself
    assert mask.real(hidden).replace(" ", "").lower() == text.replace(" ", "").lower() or "CUSTOMER" in kinds


@pytest.mark.parametrize(
    "text",
    [
        "5 GB is 5000000000 bytes, 123456789012 bytes are more",
        "on 2026-11-23 at 12:03:14, between 08:00 and 17:30",
        "SIM 3456 of 2,000, over 30 days, version 1.2.3, 12345678901.5",
        "Mark these as read and use Orange oranges",
        "status active, 49 % more than last cycle",
    ],
)
def test_what_names_nobody_stays(text):
    mask = Mask(names=Names(of_people(["Mark Twain"])))
    assert mask.any_text(text) == text and not mask.values


def test_json_is_masked_value_by_value_and_stays_json(mask):
    told = json.dumps({
        "items": [{"iccid": ICCID, "label": "crane", "customer": "Börse & Söhne AG", "usage_bytes": 8_000_000_000_000}],
        "who": "Zoë Fresh", "imsi": 262011234567890, "note": "for Zoë Fresh",
    })  # fmt: skip
    assert "\\u00f6" in told  # an escape hides nothing
    plain = json.loads(mask.any_text(told))
    assert plain["items"] == [
        {"iccid": "[ICCID_1]", "label": "crane", "customer": "[CUSTOMER_1]", "usage_bytes": 8_000_000_000_000}
    ]
    assert plain["who"] == "[PERSON_1]" and plain["imsi"] == "[IMSI_1]"
    assert plain["note"] == "for [PERSON_1]"  # learned from the field before it


def test_json_within_prose_is_masked_with_its_escapes_kept(mask):
    told = json.dumps({"subject": {"kind": "customer", "name": "Börse & Söhne AG"}, "selected": [ICCID], "x": "<b>"})
    hidden = mask.any_text(f'<page>{{"nothing" {told}</page> for Anna')
    assert "\\u00f6" in told and "hne" not in hidden and ICCID not in hidden
    assert hidden == (
        '<page>{"nothing" {"subject":{"kind":"customer","name":"[CUSTOMER_1]"},"selected":["[ICCID_1]"],'
        '"x":"\\u003cb\\u003e"}</page> for [PERSON_1]'
    )


def test_labels_are_masked_when_that_is_wanted():
    told = json.dumps({"items": [{"label": "Crane of Peter"}]})
    assert "Peter" in Mask().any_text(told)
    assert Mask(labels=True).any_text(told) == '{"items":[{"label":"[LABEL_1]"}]}'


def test_a_value_keeps_its_number_over_the_whole_conversation(mask):
    assert mask.any_text(f"{ICCID} and 8949000000000000001") == "[ICCID_1] and [ICCID_2]"
    again = Mask(json.loads(json.dumps(mask.values)))
    assert again.any_text(f"8949000000000000001 before {ICCID}") == "[ICCID_2] before [ICCID_1]"
    assert not again.grew


@pytest.mark.parametrize(
    "written",
    ["[ICCID_1]", "[iccid_1]", "[Iccid-1]", "⟦ICCID_1⟧", "{ICCID_1}", "[[ICCID_1]]", "[ ICCID 1 ]", "[ICCID\\_1]",
     "ICCID_1", "iccid_1", "<ICCID_1>"],
)  # fmt: skip
def test_a_garbled_placeholder_is_still_understood(mask, written):
    mask.any_text(ICCID)
    assert mask.real(f"SIM {written} is fine.") == f"SIM {ICCID} is fine."
    assert json.loads(mask.arguments(json.dumps({"sim": written, "sims": [written]}))) == {
        "sim": ICCID,
        "sims": [ICCID],
    }


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11])
def test_a_placeholder_split_over_pieces_is_put_together(mask, size):
    mask.any_text(f"{ICCID} of ACME Logistics GmbH")
    said = "The SIM [ICCID_1] of **[customer_1]** and iccid_1, [ICCID_9], array[3] (IP) {a} [x](y). In short: I"
    stream = mask.stream()
    pieces = [stream.feed(said[place : place + size]) for place in range(0, len(said), size)]
    told = "".join([*pieces, stream.rest()])
    assert told == said.replace("[ICCID_1]", ICCID).replace("[customer_1]", "ACME Logistics GmbH").replace(
        "iccid_1", ICCID
    )


def test_ordinary_text_is_not_held_back():
    assert safe_length("nothing to wait for, ") == len("nothing to wait for, ")
    assert safe_length("a list [1, 2, 3], and more") == len("a list [1, 2, 3], and more")
    assert safe_length("the SIM [ICC") == len("the SIM ")


def test_a_placeholder_that_was_never_given_stays_as_it_is(mask):
    assert mask.real("[ICCID_7] [ICCID_0] [PERSON_999999]") == "[ICCID_7] [ICCID_0] [PERSON_999999]"
    assert mask.arguments('{"sim": "[ICCID_7]"}') == '{"sim": "[ICCID_7]"}'


def test_nobody_can_write_a_placeholder_that_is_taken_for_a_real_one(mask):
    mask.any_text(ICCID)
    label = json.dumps({"label": "[ICCID_1]", "note": "iccid_1"})
    hidden = mask.any_text(label)
    assert "ICCID_1" not in hidden and "iccid_1" not in hidden
    assert json.loads(mask.arguments(hidden)) == json.loads(label)


def test_arguments_that_are_no_json_are_handed_on_as_they_are(mask):
    mask.any_text(ICCID)
    assert mask.arguments('{"sim": "[ICCID_1') == '{"sim": "[ICCID_1'


def test_a_picture_is_left_out(mask):
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    [message] = mask.messages([{"role": "user", "content": [{"type": "text", "text": ICCID}, part]}])
    assert "base64" not in json.dumps(message) and message["content"][0]["text"] == "[ICCID_1]"


def test_many_names_cost_little_and_the_longest_wins():
    names = Names(("CUSTOMER", f"Customer number {n}") for n in range(20_000))
    text = "Customer number 19999 and Customer number 1 " * 200
    found = [name.text for _, _, name in names.find(text)]
    assert found[:2] == ["Customer number 19999", "Customer number 1"] and len(found) == 400
