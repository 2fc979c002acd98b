"""What each vendor's columns mean: units, kinds of traffic, times, keys."""

import pytest

from sims.formats.batch import DATA, SMS, VOICE, Network, Subscriber
from tests.intake.reading import read_one
from tests.intake.samples import bics, bics_row, cellhire, cellhire_row, iccid, noon, own, own_row


def micros(when):
    return int(when.timestamp() * 1e6)


def test_our_own_format():
    row = own_row(
        started_at="2026-11-01T12:00:00+02:00", ended_at="2026-11-01T10:30:00Z", bytes_up=1, bytes_down="2.0",
        imei="3520990017614801", mcc="262", mnc="1", apn="iot", rat="LTE-M", cost="0.25", currency="eur",
    )  # fmt: skip
    batch = read_one(own(row)).batch
    assert batch.ended_at[0] - batch.started_at[0] == 30 * 60 * 1_000_000
    assert (batch.bytes_up[0], batch.bytes_down[0], batch.rat[0], batch.cost[0]) == (1, 2, 9, 250_000)
    assert batch.network.values == [Network("262", "01")]
    assert batch.imei.values == ["352099001761481"] and batch.currency.values == ["EUR"]


def test_our_own_format_needs_four_columns_only():
    batch = read_one(f"iccid,started_at,bytes_up,bytes_down\n{iccid(1)},{noon(2):%Y-%m-%d %H:%M:%S},3,4\n").batch
    assert batch.started_at.tolist() == batch.ended_at.tolist() == [micros(noon(2))]


def test_bics_data_is_in_bytes_at_one_instant_in_utc():
    batch = read_one(bics(bics_row(up=1000, down=5000))).batch
    assert (batch.traffic[0], batch.bytes_up[0], batch.bytes_down[0], batch.count[0]) == (DATA, 1000, 5000, 1)
    assert batch.started_at[0] == batch.ended_at[0] == micros(noon(3))
    assert batch.subscriber.values == [Subscriber(iccid(1), "206281000153009")]
    assert batch.cost.tolist() == [78_990]


@pytest.mark.parametrize("kind", ["SMS", "SMS MO", "Sms-MT"])
def test_bics_messages_are_counted_and_are_no_bytes(kind):
    row = bics_row(serviceTypeName=kind, count=3, volumeTotal="", volumeUplink="", volumeDownlink="")
    batch = read_one(bics(row)).batch
    assert (batch.traffic[0], batch.count[0], batch.bytes_up[0] + batch.bytes_down[0]) == (SMS, 3, 0)


def test_bics_calls_are_seconds_and_are_no_bytes():
    batch = read_one(bics(bics_row(serviceTypeName="VOICE", volumeTotal=61, volumeUplink="", volumeDownlink=""))).batch
    assert (batch.traffic[0], batch.voice_seconds[0], batch.bytes_down[0]) == (VOICE, 61, 0)


def test_a_bics_total_that_differs_by_rounding_wins_and_is_remarked():
    found = read_one(bics(bics_row(up=1000, down=3000, volumeTotal=4096), bics_row(up=1, down=1, endpointId="2")))
    assert found.batch.bytes_up[0] + found.batch.bytes_down[0] == 4096
    assert list(found.remarks.values()) == [1]


def test_a_bics_total_alone_is_downlink_and_is_remarked():
    found = read_one(bics(bics_row(volumeTotal=4096, volumeUplink="", volumeDownlink="")))
    assert (found.batch.bytes_up[0], found.batch.bytes_down[0]) == (0, 4096)
    assert "stands alone" in next(iter(found.remarks))


def test_bics_parts_without_a_total_are_added_up():
    batch = read_one(bics(bics_row(volumeTotal=""))).batch
    assert (batch.bytes_up[0], batch.bytes_down[0]) == (1000, 5000)


def test_cellhire_rows_are_counters_of_their_session():
    rows = [cellhire_row(number, noon(3), 100 * number, number) for number in (1, 2)]
    batch = read_one(cellhire(*rows, cellhire_row(3, noon(2), 1, 1, SessionId="78"))).batch
    assert batch.bytes_up.tolist() == [100, 200, 1] and batch.count.tolist() == [0, 0, 0]
    assert batch.session_key is not None
    sessions = [key.tobytes() for key in batch.session_key]
    assert sessions[0] == sessions[1] != sessions[2]
    assert batch.network.values == [Network("234", "30")] and batch.rat.tolist() == [6, 6, 6]


def test_a_cellhire_session_number_that_is_used_again_is_another_session():
    first, second = cellhire_row(1, noon(3), 1, 1), cellhire_row(2, noon(2), 1, 1, start=noon(2))
    batch = read_one(cellhire(first, second)).batch
    assert batch.session_key is not None
    assert batch.session_key[0].tobytes() != batch.session_key[1].tobytes()


KEYS = {"own": (own, own_row), "bics": (bics, bics_row)}


def key_and_digest(name, **values):
    write, row = KEYS[name]
    batch = read_one(write(row(**values))).batch
    return batch.key[0].tobytes(), int(batch.digest[0])


@pytest.mark.parametrize(
    ("name", "named", "measured"),
    [
        ("own", {"apn": "other"}, {"bytes_up": "7"}),
        ("own", {"iccid": iccid(2)}, {"ended_at": noon(1)}),
        ("own", {"mcc": "262", "mnc": "02"}, {"cost": "1", "currency": "EUR"}),
        ("bics", {"addonPlanId": "9"}, {"up": 7}),
        ("bics", {"timestamp": f"{noon(9):%Y-%m-%d %H:%M:%S}"}, {"revenue": "1"}),
        ("bics", {"subServiceType": "MT"}, {"count": 2}),
        ("bics", {"imsi": "206281000153010"}, {"revenueCurrency": "USD"}),
    ],
)
def test_what_names_a_row_makes_its_key_and_what_measures_it_its_digest(name, named, measured):
    key, digest = key_and_digest(name)
    assert key_and_digest(name) == (key, digest)
    assert key_and_digest(name, **named)[0] != key
    other_key, other_digest = key_and_digest(name, **measured)
    assert other_key == key and other_digest != digest


def test_the_decorations_of_an_iccid_do_not_make_another_key():
    assert key_and_digest("own", iccid=f'"{iccid(1)}F"') == key_and_digest("own")


def test_keys_are_stable_for_ever():
    row = own_row(iccid="8944100000000000017", started_at="2026-11-01T12:00:00")
    batch = read_one(own(row)).batch
    assert (batch.key[0].tobytes().hex(), int(batch.digest[0])) == STABLE


STABLE = ("6ae729c0a0da0cbf63afe41862f710b0", 5110753275789469401)
