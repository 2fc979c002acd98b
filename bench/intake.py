"""Intake of a BICS file against raw COPY of the same rows, and against Django's bulk_create on a slice.

    ROWS=1000000 SIMS=20000 python -m bench.intake

Prints two JSON lines. `ratio_to_copy` is the seconds of COPY over the seconds of the whole job: reading, validation,
dedupe, records, keys, daily and hourly sums and what the SIMs show. COPY takes the very rows that the intake made, in
PostgreSQL's binary format, as the owner, into the same partitioned table with the same indexes, emptied before.
Each is timed `ROUNDS` times in turns, and the middle one counts. The second line compares rows per second with the
same work done row by row on the file's first rows: csv, the same identifier rules, bulk_create of keys, records, days
and hours.
Exits with 1 when a bar is missed.
"""

import csv
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from bench.bics import iccids, write
from bench.sim_list import database

if TYPE_CHECKING:
    from iotsim.core.models import Organization
    from sims.intake.networks import Networks

DAYS: Final = 30
SLICE: Final = 50_000
ROUNDS: Final = 3
RATIO_TO_COPY, GOAL, RATIO_TO_BULK_CREATE = 0.15, 0.25, 10.0
TABLES: Final = (
    "sims_usagerecord",
    "sims_usagekey",
    "sims_usagedaily",
    "sims_usagehourly",
    "sims_fleetdaily",
    "sims_fleethourly",
)


def main() -> int:
    rows, sims = (int(os.environ.get(name, number)) for name, number in (("ROWS", 1_000_000), ("SIMS", 20_000)))
    with database(), tempfile.TemporaryDirectory() as folder:
        fleet = _fleet(sims)
        path = Path(folder) / "usage.csv"
        write(path, rows=rows, sims=sims, days=DAYS)
        against_copy = _against_copy(fleet, path, rows)
        print(json.dumps(against_copy), flush=True)
        against_django = _against_bulk_create(fleet, path, rows / against_copy["seconds"])
        print(json.dumps(against_django), flush=True)
    good = against_copy["ratio_to_copy"] >= RATIO_TO_COPY and against_django["ratio"] >= RATIO_TO_BULK_CREATE
    return 0 if good else 1


def _fleet(sims: int) -> "Organization":
    from iotsim.core.models import Organization
    from iotsim.core.tenancy import tenant
    from sims.models import Sim

    organization = Organization.objects.create(name="Bench", slug="bench", time_zone="Europe/Berlin")
    with tenant(organization.pk):
        Sim.objects.bulk_create(
            (
                Sim(organization=organization, iccid=iccid, imsi=f"20628{number:010d}", status="active")
                for number, iccid in enumerate(iccids(sims))
            ),
            batch_size=2000,
        )
    return organization


def _against_copy(fleet: "Organization", path: Path, rows: int) -> dict[str, Any]:
    intake, copy = [], []
    for _ in range(ROUNDS):
        _empty()
        intake.append(_import(fleet, path, rows))
        body = _dump()
        _empty()
        copy.append(_copy(body))
    seconds, copy_seconds = statistics.median(intake), statistics.median(copy)
    return {
        "bench": "intake",
        "rows": rows,
        "seconds": round(seconds, 2),
        "rows_per_second": round(rows / seconds),
        "copy_seconds": round(copy_seconds, 2),
        "ratio_to_copy": round(copy_seconds / seconds, 3),
        "bar": RATIO_TO_COPY,
        "goal": GOAL,
    }


def _import(fleet: "Organization", path: Path, rows: int) -> float:
    """The seconds that the job takes."""
    from iotsim.core.actor import Actor
    from iotsim.core.jobs import run_job
    from iotsim.core.models import Job
    from iotsim.core.tenancy import tenant
    from iotsim.core.uploads import store_upload
    from sims.services.intake import import_usage

    actor = Actor.system(fleet)
    with path.open("rb") as file:
        upload = store_upload(actor, name=path.name, content=file, size_bytes=path.stat().st_size)
    job_id = import_usage(actor, upload_id=upload.id).id
    began = time.perf_counter()
    run_job(fleet.pk, job_id)
    seconds = time.perf_counter() - began
    with tenant(fleet.pk):
        job = Job.objects.get(pk=job_id)
    assert job.result and job.result["rows"] == rows, job.error or job.result
    return seconds


def _owner() -> Any:
    """A connection as the owner of the tables, past the wall."""
    import psycopg

    from sims.bulk import address

    return psycopg.connect(address(as_owner=True), autocommit=True)


def _empty() -> None:
    with _owner() as owner:
        owner.execute(f"TRUNCATE {', '.join(TABLES)}")
        owner.execute("UPDATE sims_sim SET cycle_bytes = 0")
        owner.execute("VACUUM ANALYZE sims_sim")


def _dump() -> bytes:
    with _owner() as owner, owner.cursor() as cursor:
        statement = "COPY (SELECT * FROM sims_usagerecord ORDER BY id) TO STDOUT (FORMAT BINARY)"
        with cursor.copy(statement) as copy:
            return b"".join(copy)


def _copy(body: bytes) -> float:
    """The seconds that COPY takes for the same rows."""
    with _owner() as owner, owner.cursor() as cursor:
        began = time.perf_counter()
        with cursor.copy("COPY sims_usagerecord FROM STDIN (FORMAT BINARY)") as copy:
            for start in range(0, len(body), 1 << 20):
                copy.write(body[start : start + (1 << 20)])
        return time.perf_counter() - began


def _against_bulk_create(fleet: "Organization", path: Path, rows_per_second: float) -> dict[str, Any]:
    """The first rows of the same file, row by row."""
    with path.open() as file:
        head = list(itertools.islice(file, SLICE + 1))
    path.write_text("".join(head))
    _empty()
    began = time.perf_counter()
    records = _plain_django(fleet, path)
    theirs = (len(head) - 1) / (time.perf_counter() - began)
    return {
        "bench": "intake_vs_bulk_create",
        "rows": len(head) - 1,
        "rows_per_second": round(rows_per_second),
        "bulk_create_rows_per_second": round(theirs),
        "of_which_records_seconds": round(records, 2),
        "ratio": round(rows_per_second / theirs, 1),
        "bar": RATIO_TO_BULK_CREATE,
    }


def _plain_django(fleet: "Organization", path: Path) -> float:
    """The same file by csv and bulk_create; answers the seconds of the records alone."""
    from iotsim.core.tenancy import tenant
    from sims.models import UsageDaily, UsageHourly, UsageKey, UsageRecord

    with tenant(fleet.pk), path.open(newline="") as file:
        records, keys, days, hours = _objects(fleet, csv.DictReader(file))
        UsageKey.objects.bulk_create(keys, batch_size=5000, ignore_conflicts=True)
        began = time.perf_counter()
        UsageRecord.objects.bulk_create(records, batch_size=5000)
        seconds = time.perf_counter() - began
        UsageHourly.objects.bulk_create(
            (
                UsageHourly(
                    organization_id=fleet.pk, sim_id=sim_id, hour=hour, bytes_up=up, bytes_down=down, sessions=count
                )
                for (sim_id, hour), (up, down, count) in hours.items()
            ),
            batch_size=5000,
        )
        UsageDaily.objects.bulk_create(
            (
                UsageDaily(
                    organization_id=fleet.pk, sim_id=sim_id, day=day, bytes_up=up, bytes_down=down, sessions=count
                )
                for (sim_id, day), (up, down, count) in days.items()
            ),
            batch_size=5000,
        )
    return seconds


def _objects(
    fleet: "Organization", rows: Iterable[dict[str, str]]
) -> tuple[list[Any], list[Any], dict[Any, list[int]], dict[Any, list[int]]]:
    """Records, keys, day and hour sums, made row by row."""
    from sims.identifiers import parse_iccid, parse_imsi
    from sims.intake.networks import Networks
    from sims.models import Sim, UsageKey

    zone, networks = ZoneInfo(fleet.time_zone), Networks()
    sims = dict(Sim.objects.values_list("iccid", "pk"))
    records, keys = [], []
    days: dict[Any, list[int]] = defaultdict(lambda: [0, 0, 0])
    hours: dict[Any, list[int]] = defaultdict(lambda: [0, 0, 0])
    for number, row in enumerate(rows):
        sim_id, imsi = sims[parse_iccid(row["iccid"])], parse_imsi(row["imsi"])
        record = _record(fleet, number, sim_id, row, networks)
        key = blake2b("|".join([imsi, *list(row.values())[:9]]).encode(), digest_size=16).digest()
        digest = record.bytes_up + record.bytes_down
        keys.append(
            UsageKey(organization_id=fleet.pk, carrier=2, record_key=UUID(bytes=key), digest=digest, record_id=number)
        )
        records.append(record)
        amounts = (record.bytes_up, record.bytes_down, record.count)
        for place, amount in enumerate(amounts):
            days[sim_id, record.started_at.astimezone(zone).date()][place] += amount
            hours[sim_id, record.started_at.replace(minute=0, second=0, microsecond=0)][place] += amount
    return records, keys, days, hours


def _record(fleet: "Organization", number: int, sim_id: int, row: dict[str, str], networks: "Networks") -> Any:
    from sims.formats.batch import Network, rat_code
    from sims.identifiers import parse_imei
    from sims.models import UsageRecord

    at = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC)
    up, down, total = (int(row[name]) for name in ("volumeUplink", "volumeDownlink", "volumeTotal"))
    assert up >= 0 and down >= 0 and up + down == total
    return UsageRecord(
        id=number,
        organization_id=fleet.pk,
        started_at=at,
        ended_at=at,
        sim_id=sim_id,
        bytes_up=up,
        bytes_down=down,
        operator_id=networks.find(Network(name=row["visitedOperatorName"])).operator_id,
        count=int(row["count"]),
        traffic=1,
        rat=rat_code(row["ratType"]),
        cost=Decimal(row["revenue"]).quantize(Decimal("0.000001")),
        currency=row["revenueCurrency"],
        apn=row["apn"],
        imei=parse_imei(row["imei"]),
    )


if __name__ == "__main__":
    sys.exit(main())
