"""The night's forecasts, database to database: against only reading the rows, against Prophet, and how they grow.

    SIMS=100000 python -m bench.forecast [--sizes 10000 100000 300000] [--days 120] [--prophet 4]

Prints one JSON line. `run` is reading the days of all SIMs, forecasting each of them with its customers and pools, and
writing it all; `read` only fetches the same rows. Each size is measured in a process of its own, whose highest memory
is `peak_mb`. `exponent` is the slope of time over SIMs in logarithms from the first size to the last: 1 is linear.
Prophet is fitted to a sample of the same series. Exits with 1 when a bar is missed.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

DAYS: Final = 120
MOST_TIMES_READING: Final = 3.0
LEAST_TIMES_PROPHET: Final = 1_000

SIMS: Final = """
INSERT INTO sims_sim (organization_id, iccid, imsi, msisdn, eid, imei, label, country, status, status_reason,
    safety_critical, cycle_bytes, cycle_as_of, activated_at, created_at, plan_id, customer_id)
SELECT %(org)s, '8949' || lpad(n::text, 15, '0'), '', '', '', '', 'sim-' || n, 'DE', 'active', '', false, 0, %(at)s,
    %(since)s, %(since)s, (%(plans)s::bigint[])[n %% cardinality(%(plans)s::bigint[]) + 1],
    (%(customers)s::bigint[])[(n::bigint * 7919) %% cardinality(%(customers)s::bigint[]) + 1]
FROM generate_series(1, %(sims)s) n RETURNING id
"""


class NoJob:
    """Progress that nobody looks at."""

    def progress(self, **said: Any) -> None:
        return None


def seed(sims: int, days: int) -> int:
    """An organisation with so many SIMs of the demo's kinds and their days; answers its id."""
    from django.db import connection

    from iotsim.core.models import Organization
    from iotsim.core.tenancy import tenant
    from sims.demo.fleet import make_fleet
    from sims.demo.usage import blocks
    from sims.models import Customer, Plan

    organization = Organization.objects.create(name=f"{sims:,} SIMs", slug=f"forecast-{sims}")
    last = date.today() - timedelta(days=1)
    fleet = make_fleet(sims, days, last, 7)
    with tenant(organization.pk), connection.cursor() as cursor:
        plans = Plan.objects.bulk_create(
            Plan(
                organization=organization, name=f"P{n}", quota_bytes=quota * 10**6, billing_day=n * 4 + 1, pooled=n == 3
            )
            for n, quota in enumerate((5, 50, 500, 1000, 5000))
        )  # fmt: skip
        customers = Customer.objects.bulk_create(
            Customer(organization=organization, name=f"C{n}") for n in range(max(sims // 500, 1))
        )
        cursor.execute("SELECT sims_usage_partitions(%s, %s)", [fleet.start_date, last + timedelta(days=1)])
        at = datetime.now(UTC)
        cursor.execute(
            SIMS,
            {
                "org": organization.pk, "sims": sims, "at": at, "since": at - timedelta(days=400),
                "plans": [one.pk for one in plans], "customers": [one.pk for one in customers],
            },
        )  # fmt: skip
        ids = np.array([row[0] for row in cursor.fetchall()])
    for block in blocks(fleet):
        _write_days(organization.pk, fleet, ids, block)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(('sims_sim', 'sims_usagedaily'))}")
    return organization.pk


def _write_days(organization_id: int, fleet: Any, ids: Any, block: Any) -> None:
    from iotsim.core.tenancy import tenant
    from sims.demo.records import day_sums
    from sims.intake.days import EPOCH, Sums
    from sims.intake.rollup import DAYS as ROLLUP

    sums = day_sums(fleet, block)
    sim, day = np.nonzero((sums.up + sums.down).T > 0)
    amounts = (sums.up[day, sim], sums.down[day, sim], sums.sessions[day, sim])
    none = np.zeros(len(sim), np.int64)
    first = (fleet.start_date - EPOCH).days
    with tenant(organization_id):
        ROLLUP.exchange(organization_id, Sums.none(), Sums(ids[block.start + sim], first + day, *amounts, none, none))


def measure(organization_id: int, days: int) -> dict[str, Any]:
    """Reading alone, then the whole run, in this process."""
    from analytics.nightly import forecasts
    from analytics.nightly.history import read_history
    from iotsim.core.actor import Actor
    from iotsim.core.models import Organization

    actor = Actor.system(Organization.objects.get(pk=organization_id))
    read_only(organization_id, days)  # once, so that both find the same pages in memory
    rows, read = timed(lambda: read_only(organization_id, days))
    history, gathered = timed(lambda: read_history(organization_id, days=days))
    said, worked = timed(lambda: forecasts.run(actor, history, NoJob()))  # type: ignore[arg-type]
    return {
        "sims": int(history.sim_ids.size),
        "rows": rows,
        "read_seconds": round(read, 2),
        "run_seconds": round(gathered + worked, 2),
        "gather_seconds": round(gathered, 2),
        "forecast_and_write_seconds": round(worked, 2),
        "times_reading": round((gathered + worked) / read, 2),
        "peak_mb": peak_mb(),
        "said": said,
    }


def peak_mb() -> int | None:
    """The most memory this process has had. Not getrusage's: that one counts in what its parent had."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) // 1000 for line in lines if line.startswith("VmHWM")), None)


def read_only(organization_id: int, days: int) -> int:
    """Fetch the rows that the run reads, and keep nothing of them. Answers how many."""
    from psycopg import sql

    from sims.bulk import read_batches

    first = date.today() - timedelta(days=days)
    query = sql.SQL(
        "SELECT day - {first} AS day, sim_id, bytes_up + bytes_down AS bytes, sessions FROM sims_usagedaily "
        "WHERE organization_id = {org} AND day >= {first} AND day < {after}"
    ).format(first=sql.Literal(first), after=sql.Literal(date.today()), org=sql.Literal(organization_id))
    return sum(batch.num_rows for batch in read_batches(organization_id, query))


def timed(call: Any) -> tuple[Any, float]:
    started = time.perf_counter()
    return call(), time.perf_counter() - started


def prophet_seconds(organization_id: int, days: int, sample: int) -> float:
    """What Prophet takes for one of these series: fit and thirty-one days ahead, the median of a sample."""
    import logging
    import warnings

    import pandas as pd

    from analytics.nightly.history import read_history
    from iotsim.core.tenancy import tenant
    from sims.models import Sim

    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    from prophet import Prophet

    with tenant(organization_id):
        ids = list(
            Sim.objects.filter(organization_id=organization_id).order_by("pk").values_list("pk", flat=True)[:997]
        )
    history = read_history(organization_id, days=days, sim_ids=ids)
    seconds = []
    for place in np.linspace(0, len(ids) - 1, sample + 1).astype(int):
        frame = pd.DataFrame({"ds": pd.date_range(history.first_day, periods=days), "y": history.bytes[:, place]})
        seconds.append(timed(lambda frame=frame: _prophet(Prophet, frame))[1])
    return float(np.median(seconds[1:]))  # the first one also loads its compiled model


def _prophet(prophet: Any, frame: Any) -> None:
    model = prophet(interval_width=0.8)
    model.fit(frame)
    model.predict(model.make_future_dataframe(31))


def in_a_process_of_its_own(organization_id: int, days: int) -> dict[str, Any]:
    from bench.reports import _environment

    command = [sys.executable, "-m", "bench.forecast", "--measure", str(organization_id), "--days", str(days)]
    environment = {**_environment(), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    most = int(os.environ.get("SIMS", 100_000))
    parser.add_argument("--sizes", type=int, nargs="*", default=sorted({most // 10, most}))
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--prophet", type=int, default=4, help="how many series Prophet is fitted to; 0: none")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        import django

        django.setup()
        print(json.dumps(measure(given.measure, given.days)))
        return 0
    from bench.sim_list import database

    with database():
        made = [(seed(size, given.days), size) for size in given.sizes]
        found = [in_a_process_of_its_own(organization, given.days) for organization, _ in made]
        alone = prophet_seconds(made[0][0], given.days, given.prophet) if given.prophet else None
    return tell(found, alone)


def tell(found: list[dict[str, Any]], prophet: float | None) -> int:
    first, last = found[0], found[-1]
    each = last["forecast_and_write_seconds"] / last["sims"]  # Prophet is given its series in memory, too
    growth = None
    if last["sims"] > first["sims"]:
        growth = math.log(last["run_seconds"] / first["run_seconds"]) / math.log(last["sims"] / first["sims"])
    result = {
        "bench": "forecast",
        "sizes": found,
        "times_reading": last["times_reading"],
        "prophet_seconds_a_series": None if prophet is None else round(prophet, 3),
        "times_faster_than_prophet": None if prophet is None else round(prophet / each),
        "exponent": None if growth is None else round(growth, 2),
        "peak_mb": last["peak_mb"],
    }
    print(json.dumps(result))
    slow = last["times_reading"] > MOST_TIMES_READING
    return int(slow or (prophet is not None and prophet / each < LEAST_TIMES_PROPHET))


if __name__ == "__main__":
    sys.exit(main())
