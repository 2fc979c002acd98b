"""Vendors' formats: detected by header or first line, in their units and times, counted once."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims.formats.monogoto import month_in
from sims.formats.text import FileRefused
from sims.formats.usage import detect
from tests.fleet import make_sim
from tests.intake.reading import dialect_of, read, read_one
from tests.intake.samples import ago, bring_in, iccid, noon
from tests.intake.state import days, every_byte, rows

SORACOM = "imsi,date,type,uploadByteSizeTotal,uploadPacketCountTotal,downloadByteSizeTotal,downloadPacketCountTotal"
TELNYX = (
    "id,cost,created_at,downlink_data,uplink_data,duration_seconds,imsi,mcc,mnc,phone_number,rate,record_type,"
    "sim_card_id,sim_group_id,sim_group_name"
)
MONOGOTO = (
    "Thing ID,Thing Name,Group Name,IMSI,Operator,Signaling,Data (Bytes),Data (MB),SMS,Access Fee,Subscription Fee,"
    "Data Cost"
)
IMSI = "206281000153009"


def soracom(*lines: str, tags: str = "") -> bytes:
    return ("\n".join([SORACOM + tags, *lines]) + "\n").encode("utf-8-sig")


def telnyx(number: str = "e093fbe0-5bde-11eb-ae93-0242ac130002", **values: object) -> str:
    row = {
        "id": number, "cost": "0.0025", "created_at": f"{noon(3):%Y-%m-%dT%H:%M:%SZ}", "downlink_data": 5000,
        "uplink_data": 1000, "duration_seconds": 60, "imsi": IMSI, "mcc": "204", "mnc": "4", "rate": "0.0125",
        "record_type": "wireless_detail_record", "sim_card_id": "b46b7a9c", **values,
    }  # fmt: skip
    return ",".join(str(row.get(name, "")) for name in TELNYX.split(","))


def emnify(number: int = 819948096, *, total: str = "0.006000", rx: str = "0.005000", tx: str = "0.001000", **values):
    """A line as the data streamer writes it."""
    row = {
        "id": number,
        "cost": 0.001176,
        "currency": {"id": 1, "code": "EUR", "symbol": "€"},
        "imsi": IMSI,
        "start_timestamp": f"{noon(3):%Y-%m-%dT%H:%M:%SZ}",
        "end_timestamp": f"{noon(3) + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}",
        "volume": {"total": "T", "rx": "R", "tx": "X"},
        "traffic_type": {"id": 5, "description": "Data"},
        "operator": {"id": 78, "name": "Bite GSM", "mnc": "05", "country": {"id": 110, "mcc": "247", "name": "Latvia"}},
        "sim": {"id": 1, "iccid": iccid(1), "msisdn": "8824"},
        "endpoint": {"id": 2, "name": "pump", "imei": "3520990017614801", "tags": None},
        **values,
    }
    return json.dumps(row).replace('"T"', total).replace('"R"', rx).replace('"X"', tx)


def monogoto(*lines: str) -> str:
    return "\n".join([MONOGOTO, *lines]) + "\n"


@pytest.mark.parametrize(
    ("content", "name"),
    [(SORACOM, "soracom"), (f"{SORACOM},name,site,name", "soracom"), (TELNYX, "telnyx"), (MONOGOTO, "monogoto"),
     (emnify(), "emnify")],
)  # fmt: skip
def test_each_is_known_by_its_header_or_first_line(content, name):
    assert detect(dialect_of(content)).name == name


def test_a_soracom_day_is_shared_with_varying_tag_columns_and_a_bom():
    day = noon(3)
    content = soracom(f'{IMSI},{day:%Y%m%d},s1.fast,10,1,20,2,"pump, north",EU', tags=",name,region")
    batch = read_one(content).batch
    midnight = int(day.replace(hour=0).timestamp() * 1e6)
    assert (batch.started_at[0], batch.ended_at[0]) == (midnight, midnight + 86_400_000_000)
    assert (batch.bytes_up[0], batch.bytes_down[0], batch.count[0]) == (10, 20, 0)
    assert batch.subscriber.values[0].imsi == IMSI


def test_a_soracom_day_that_grew_corrects_itself_and_speed_classes_add_up(organisation, actor):
    make_sim(organisation, iccid=iccid(1), imsi=IMSI)
    day = f"{noon(3):%Y%m%d}"
    first = soracom(f"{IMSI},{day},s1.fast,10,1,20,2", f"{IMSI},{day},s1.slow,1,1,2,2")
    job = bring_in(actor, first, name="air.csv")
    assert job.result["new"] == 2, job
    job = bring_in(actor, soracom(f"{IMSI},{day},s1.fast,15,1,20,2", f"{IMSI},{day},s1.slow,1,1,2,2"))
    assert (job.result["duplicates"], job.result["corrections"]) == (1, 1)
    assert days(organisation) == [(iccid(1), noon(3).date(), 16, 22, 0, 0, 0)]


def test_a_soracom_day_that_is_not_over_does_not_reach_into_the_future():
    today = datetime.now(UTC)
    batch = read_one(soracom(f"{IMSI},{today:%Y%m%d},s1.fast,10,1,20,2")).batch
    assert batch.ended_at[0] <= today.timestamp() * 1e6 + 60e6


def test_a_soracom_row_of_a_whole_month_is_refused():
    [found] = read(soracom(f"{IMSI},{noon(40):%Y%m},s1.fast,10,1,20,2", f",{noon(3):%Y%m%d},vpg,1,1,1,1"))
    assert [one.column for one in found.refusals] == ["date", "imsi"]
    assert "whole month" in found.refusals[0].reason and "names no SIM" in found.refusals[1].reason


def test_a_telnyx_session_lasts_from_its_creation_on(organisation, actor):
    make_sim(organisation, iccid=iccid(1), imsi=IMSI)
    content = "\n".join([TELNYX, telnyx(), telnyx(), telnyx("another", uplink_data=7), ""])
    job = bring_in(actor, content)
    assert (job.result["new"], job.result["duplicates"]) == (2, 1)
    found = rows(
        organisation, "SELECT ended_at - started_at, bytes_up, cost, currency FROM sims_usagerecord ORDER BY 2"
    )
    assert [(length, up, float(cost), code) for length, up, cost, code in found] == [
        (timedelta(minutes=1), 7, 0.0025, "USD"), (timedelta(minutes=1), 1000, 0.0025, "USD"),
    ]  # fmt: skip
    before = every_byte(organisation)
    bring_in(actor, content)
    assert every_byte(organisation) == before


def test_emnify_megabytes_with_six_decimals_are_exact_bytes():
    batch = read_one("\n".join([emnify(), emnify(2, total="0.000001", rx="0.000001", tx="0")]) + "\n").batch
    assert batch.bytes_up.tolist() == [1000, 0] and batch.bytes_down.tolist() == [5000, 1]
    assert batch.subscriber.values[0].iccid == iccid(1)
    assert (batch.network.values[0].mcc, batch.network.values[0].mnc) == ("247", "05")
    assert (batch.currency.values[0], batch.cost[0]) == ("EUR", 1176)


def test_an_emnify_sms_is_a_message_and_no_bytes():
    batch = read_one(emnify(total="1", rx="0", tx="1", traffic_type={"id": 6, "description": "SMS"})).batch
    assert (batch.traffic[0], batch.count[0], batch.bytes_up[0] + batch.bytes_down[0]) == (2, 1, 0)


def test_lines_of_json_that_are_none_are_refused_alone(organisation, actor):
    make_sim(organisation, iccid=iccid(1))
    lines = [emnify(), "", "{broken", "[1, 2]", '"text"', emnify(5, volume={}), emnify(6), '{"id": 7, "sim": {"icc']
    job = bring_in(actor, "\n".join(lines), name="usage.jsonl")
    assert (job.result["new"], job.result["refused"]) == (2, 5)
    told = rows(organisation, "SELECT row_number, reason FROM sims_refusedrow ORDER BY row_number")
    assert [number for number, _ in told] == [3, 4, 5, 6, 8]
    assert told[0][1] == "the line is not a whole JSON object" and "volume.total is empty" in told[3][1]
    assert told[4][1] == "the file ends in the middle of this row"


def test_json_in_the_hands_of_an_enemy_is_refused_row_by_row():
    deep = '{"a":' * 5000 + "1" + "}" * 5000
    wide = json.dumps({f"k{n}": n for n in range(600)})
    surrogate = emnify(endpoint={"name": "\ud800", "imei": ""})
    [found] = read("\n".join([emnify(), deep, wide, surrogate, emnify(9, imsi="\0\0")]) + "\n")
    assert found.refused == 3 and len(found.batch) == 2


def test_a_jsonl_file_is_the_same_in_small_blocks_as_in_one():
    content = "\n".join(emnify(n) for n in range(1, 60)) + "\n"
    parts, [whole] = read(content, block_bytes=2000), read(content)
    assert len(parts) > 5
    assert [int(row) for part in parts for row in part.batch.row] == whole.batch.row.tolist()
    assert [bytes(key) for part in parts for key in part.batch.key] == [bytes(key) for key in whole.batch.key]


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_every_byte_of_an_emnify_volume_is_kept(up, down):
    def megabytes(size: int) -> str:
        return f"{size // 10**6}.{size % 10**6:06}"

    batch = read_one(emnify(total=megabytes(up + down), tx=megabytes(up), rx=megabytes(down))).batch
    assert (batch.bytes_up[0], batch.bytes_down[0]) == (up, down)


@given(st.lists(st.text(max_size=80), max_size=20))
def test_whatever_stands_in_a_line_is_taken_or_refused_and_never_breaks_the_reading(lines):
    body = [line.replace("\n", " ").replace("\r", " ") for line in lines]
    content = "\n".join([emnify(), *body, ""]).encode("utf-8", errors="replace")
    taken = sum(len(one.batch) + one.refused for one in read(content))
    filled = [line for line in content.split(b"\n") if line.strip()]
    assert taken == len(filled)


# --- Monogoto: a month, of which nobody knows the days ---


def test_monogotos_last_row_of_a_sim_is_its_total_and_counts_once(organisation, actor):
    month = ago(0).replace(day=1)
    sim = make_sim(organisation, iccid=iccid(1), imsi=IMSI)
    content = monogoto(
        f"T1,pump,EU,{IMSI},Proximus,4,600,0.0006,1,0.1,0.2,0.3",
        f"T1,pump,EU,{IMSI},Orange,4,400,0.0004,0,0,0,0.1",
        f"T1,pump,EU,{IMSI},,8,1000,0.001,1,0.1,0.2,0.4",
        "T2,valve,EU,206281000153010,Proximus,1,50,0.00005,0,0,0,0",
    )
    job = bring_in(actor, content, name=f"monogoto-{month:%Y-%m}.csv")
    assert job.state == "done", job.error
    assert (job.result["new"], job.result["unknown_rows"], job.result["unknown_sims"]) == (2, 1, 1)
    assert any("was not counted again (2 rows)" in note for note in job.result["notes"])
    assert rows(organisation, "SELECT cycle_bytes FROM sims_sim WHERE id = %s", sim.pk) == [(1000,)]
    assert days(organisation) == [] and rows(organisation, "SELECT 1 FROM sims_usagerecord") == []
    [(cost,)] = rows(organisation, "SELECT cost FROM sims_usagemonthly WHERE imsi = %s", IMSI)
    assert float(cost) == 0.7


def test_a_month_again_is_a_duplicate_and_another_total_a_correction(organisation, actor):
    make_sim(organisation, iccid=iccid(1), imsi=IMSI)
    name, line = f"monogoto_{ago(0):%Y_%m}.csv", f"T1,pump,EU,{IMSI},Proximus,4,%d,0,0,0,0,0"
    bring_in(actor, monogoto(line % 600), name=name)
    assert bring_in(actor, monogoto(line % 600), name=name).result["duplicates"] == 1
    assert bring_in(actor, monogoto(line % 700), name=name).result["corrections"] == 1
    assert rows(organisation, "SELECT cycle_bytes FROM sims_sim") == [(700,)]


def test_days_and_a_month_of_one_sim_do_not_add_up(organisation, actor):
    from tests.intake.samples import own, own_row

    make_sim(organisation, iccid=iccid(1), imsi=IMSI)
    bring_in(actor, own(own_row(started_at=ago(0), bytes_up=300, bytes_down=0)))
    bring_in(actor, monogoto(f"T1,p,E,{IMSI},P,4,700,0,0,0,0,0"), name=f"m-{ago(0):%Y-%m}.csv")
    assert rows(organisation, "SELECT cycle_bytes FROM sims_sim") == [(700,)]
    bring_in(actor, own(own_row(started_at=ago(0.001), bytes_up=900, bytes_down=0)))
    assert rows(organisation, "SELECT cycle_bytes FROM sims_sim") == [(1200,)]


def test_a_month_waits_for_its_sim(organisation, actor):
    bring_in(actor, monogoto(f"T1,p,E,{IMSI},P,4,700,0,0,0,0,0"), name=f"m-{ago(0):%Y-%m}.csv")
    job = bring_in(actor, f"iccid,imsi\n{iccid(1)},{IMSI}\n", service="import_sims")
    assert job.result["attached"] == 1
    assert rows(organisation, "SELECT cycle_bytes FROM sims_sim") == [(700,)]


def test_a_total_that_is_none_refuses_all_rows_of_its_sim_and_no_other(organisation, actor):
    content = monogoto(
        f"T1,p,E,{IMSI},P,4,600000,0,0,0,0,0", f"T1,p,E,{IMSI},,4,900000,0,0,0,0,0",
        "T2,p,E,206281000153010,P,1,x,0,0,0,0,0", "T2,p,E,206281000153010,,1,5,0,0,0,0,0",
        "T3,p,E,206281000153011,P,1,5,0,0,0,0,0",
    )  # fmt: skip
    job = bring_in(actor, content, name="2026-10.csv")
    assert (job.result["new"], job.result["refused"]) == (1, 4)


def test_the_month_stands_in_the_files_name_or_is_given(organisation, actor):
    import io

    from iotsim.core.jobs import run_job
    from iotsim.core.services import get_job
    from iotsim.core.uploads import store_upload
    from sims.services.intake import import_usage

    content = monogoto(f"T1,p,E,{IMSI},P,4,700,0,0,0,0,0")
    assert "The rows say nothing of their month." in bring_in(actor, content, name="usage.csv").error
    assert "which has not begun" in bring_in(actor, content, name="usage-2031-01.csv").error
    upload = store_upload(actor, name="usage.csv", content=io.BytesIO(content.encode()), size_bytes=len(content))
    job_id = import_usage(actor, upload_id=upload.id, month="2026-09").id
    run_job(organisation.pk, job_id)
    assert get_job(actor, job=job_id).result["new"] == 1
    assert [str(month) for (month,) in rows(organisation, "SELECT month FROM sims_usagemonthly")] == ["2026-09-01"]


@pytest.mark.parametrize(
    ("name", "month"),
    [("monogoto-2026-10.csv", "2026-10"), ("usage_202610_final.csv", "2026-10"), ("10-2026.csv", "2026-10"),
     ("October 2026.csv", "2026-10"), ("sep2026.csv", "2026-09"), ("report.csv", None), ("20261301.csv", None)],
)  # fmt: skip
def test_months_in_names(name, month):
    found = month_in(name)
    assert (f"{found:%Y-%m}" if found else None) == month


def test_json_that_is_a_list_is_told_how_it_should_be():
    with pytest.raises(FileRefused, match="a JSON object on a line of its own"):
        dialect_of("[" + emnify() + "]")
