"""POST /api/v1/usage: records of programs, each with its result, on the same way as files."""

import json

import pytest

from iotsim.core.actor import Face
from iotsim.core.errors import Denied, Invalid
from iotsim.core.keys import create_key
from iotsim.core.models import AuditEvent
from iotsim.core.tenancy import tenant
from sims.models import Intake
from sims.services.intake import get_intake, list_intakes
from sims.services.records import record_usage
from tests.fleet import make_sim
from tests.intake.samples import bring_in, iccid, noon, own, own_row
from tests.intake.state import days, every_byte, rows


def record(**values):
    return {"iccid": iccid(1), "started_at": noon(3).isoformat(), "bytes_up": 1000, "bytes_down": 5000, **values}


def outcomes(answer):
    return [one.outcome for one in answer.results]


@pytest.fixture
def sim(organisation):
    return make_sim(organisation, iccid=iccid(1), imsi="206281000153009", status="test_ready")


def test_each_record_has_its_result(organisation, actor, sim):
    answer = record_usage(
        actor,
        records=[
            record(),
            record(),
            record(bytes_up=2000),
            record(started_at="yesterday"),
            record(iccid=8.98e18),
            record(iccid=iccid(9), bytes_up="7"),
            record(colour="red"),
            {},
        ],
    )
    assert outcomes(answer) == [
        "accepted", "duplicate", "correction", "refused", "refused", "accepted", "refused", "refused",
    ]  # fmt: skip
    assert [answer.results[at].field for at in (3, 4, 6, 7)] == ["started_at", "iccid", "", "iccid"]
    assert "a spreadsheet has rounded" in answer.results[4].reason and "colour" in answer.results[6].reason
    assert answer.sentence == "8 records: 2 accepted, 1 known already, 1 corrected, 4 refused."
    assert (answer.accepted, answer.duplicates, answer.corrections, answer.unknown_rows) == (2, 1, 1, 1)
    assert days(organisation) == [(iccid(1), noon(3).date(), 2000, 5000, 1, 0, 0)]
    assert rows(organisation, "SELECT status FROM sims_sim") == [("active",)]


def test_sent_twice_they_count_once_and_later_values_correct(organisation, actor, sim):
    assert outcomes(record_usage(actor, records=[record(), record(started_at=noon(2).isoformat())])) == ["accepted"] * 2
    before = every_byte(organisation)
    assert outcomes(record_usage(actor, records=[record()])) == ["duplicate"]
    assert every_byte(organisation) == before
    assert outcomes(record_usage(actor, records=[record(bytes_up=1)])) == ["correction"]
    assert [(up, down) for _, _, up, down, *_ in days(organisation)] == [(1, 5000), (1000, 5000)]


def test_a_record_that_a_file_brought_is_known_and_the_other_way_round(organisation, actor, sim):
    bring_in(actor, own(own_row()))
    assert outcomes(record_usage(actor, records=[record()])) == ["duplicate"]
    record_usage(actor, records=[record(started_at=noon(2).isoformat())])
    assert bring_in(actor, own(own_row(started_at=noon(2)))).result["duplicates"] == 1


def test_a_record_may_name_its_sim_by_imsi(organisation, actor, sim):
    two = [record(iccid="", imsi="206281000153009"), record(iccid="", imsi="206281000153010")]
    assert outcomes(record_usage(actor, records=two)) == ["accepted", "accepted"]
    assert len(days(organisation)) == 1


def test_the_records_of_a_day_and_sender_are_one_import(organisation, actor, make_actor, sim):
    first = record_usage(actor, records=[record(), record(bytes_up="x")]).intake_id
    assert record_usage(actor, records=[record(started_at=noon(2).isoformat())]).intake_id == first
    assert record_usage(make_actor(), records=[record()]).intake_id != first
    shown = get_intake(actor, intake=first)
    assert (shown.rows, shown.new, shown.refused, shown.format_title) == (3, 2, 1, "Sent by the API")
    assert shown.refused_rows[0].row_number == 2 and '"bytes_up": "x"' in shown.refused_rows[0].raw_line
    assert len(list_intakes(actor).items) == 2


def test_ids_of_records_never_meet(organisation, actor, sim):
    for day in range(1, 6):
        record_usage(actor, records=[record(started_at=noon(day).isoformat()), record(bytes_up="x")])
    ids = [one for (one,) in rows(organisation, "SELECT id FROM sims_usagerecord")]
    assert len(set(ids)) == 5


def test_too_many_and_none_are_told(actor):
    with pytest.raises(Invalid, match=r"10,001 records are too many for one call: send at most 10,000"):
        record_usage(actor, records=[record()] * 10_001)
    with pytest.raises(Invalid, match="send at least one"):
        record_usage(actor, records=[])
    with pytest.raises(Invalid):
        record_usage(actor, records=["text"])


def test_whoever_sees_some_customers_only_or_may_not_operate_sends_nothing(organisation, make_actor):
    with pytest.raises(Denied, match="limited to some customers"):
        record_usage(make_actor("manager", customer_ids=[1]), records=[record()])
    with pytest.raises(Denied):
        record_usage(make_actor("viewer"), records=[record()])
    with tenant(organisation.pk):
        assert not Intake.objects.exists()


def test_over_http_it_is_told_which_sims_changed(organisation, actor, make_membership, client, sim, monkeypatch):
    from iotsim.core import events

    heard = []
    monkeypatch.setattr(events, "_listeners", [lambda org, kind, ids: heard.append((kind, ids))])
    key = key_of(make_membership("manager"))
    sent = {"records": [record(), record(iccid="8.98E+18")]}
    answer = client.post("/api/v1/usage", sent, content_type="application/json", headers=key)
    assert answer.status_code == 200, answer.content
    assert [one["outcome"] for one in answer.json()["results"]] == ["accepted", "refused"]
    assert ("usage", [sim.pk]) in heard and ("sim", [sim.pk]) in heard
    with tenant(organisation.pk):
        assert AuditEvent.objects.filter(service="record_usage", face=Face.API.value).count() == 1
    again = client.post("/api/v1/usage", sent, content_type="application/json", headers=key)
    assert [one["outcome"] for one in again.json()["results"]] == ["duplicate", "refused"]
    many = client.post(
        "/api/v1/usage", json.dumps({"records": [{}] * 10_001}), content_type="application/json", headers=key
    )
    assert many.status_code == 422 and "send at most 10,000" in many.json()["detail"]


def test_ten_thousand_records_fit_into_one_call(organisation, make_membership, client):
    key = key_of(make_membership("manager"))
    sent = [record(iccid=iccid(n % 500), started_at=f"{noon(3):%Y-%m-%d}T{n // 500:02}:00:00Z", apn="x" * 90,
                   imei="352099001761481", cost="0.123456", currency="EUR") for n in range(10_000)]  # fmt: skip
    answer = client.post("/api/v1/usage", {"records": sent}, content_type="application/json", headers=key)
    assert answer.status_code == 200, answer.content[:300]
    assert answer.json()["accepted"] == 10_000 and len(answer.json()["results"]) == 10_000


def test_an_idempotency_key_answers_the_same_again(organisation, make_membership, client, sim):
    key = {**key_of(make_membership("manager")), "Idempotency-Key": "batch-1"}
    first = client.post("/api/v1/usage", {"records": [record()]}, content_type="application/json", headers=key)
    again = client.post("/api/v1/usage", {"records": [record()]}, content_type="application/json", headers=key)
    assert first.json() == again.json() and again["Idempotency-Replayed"] == "true"


def key_of(membership):
    return {"Authorization": f"Bearer {create_key(membership, name='meter')[1]}"}
