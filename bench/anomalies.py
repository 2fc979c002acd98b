"""The night's anomalies from the database: reading the days, scanning them, and the state as bytes.

    python -m bench.anomalies [--sims 10000 100000 300000] [--days 120]

Prints one JSON line: for each size the seconds of only reading the rows, of reading them into arrays, of the first full
scan, of one more day, and the peak of the process in MB. The scan and the day are in seconds of the processor, so that
other work on the machine does not count. `ratio` is reading into arrays, scanning and writing the state's bytes over
only reading the rows. `forest` is a per-day Isolation Forest, timed on a sample of SIMs, over one step of the detector
for as many. Each size is measured in a process of its own. Exits with 1 when a ratio misses its bar (at most 3, at
least 15).
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

MOST_RATIO, LEAST_FOREST_RATIO = 3.0, 15.0
SAMPLE: Final = 10_000  # SIMs for the forest
LAST: Final = date(2026, 3, 10)
NOW: Final = datetime(2026, 3, 11, 9, tzinfo=UTC)

SIMS: Final = """
INSERT INTO sims_sim (organization_id, iccid, imsi, msisdn, eid, imei, label, country, status, status_reason,
                      safety_critical, cycle_bytes, created_at, activated_at, cycle_as_of)
SELECT %s, '8949' || lpad(n::text, 15, '0'), '', '', '', '', 'truck-' || n, 'DE',
       'active', '', false, 0, now(), %s, %s FROM generate_series(1, %s) n
"""
# A day of one SIM in fifty is idle, one day in ten thousand ten times the usual.
USAGE: Final = """
INSERT INTO sims_usagedaily (organization_id, sim_id, day, bytes_up, bytes_down, sessions, sms, voice_seconds)
SELECT %s, s.id, d::date, 1000, ((s.id %% 997 + 3) * 10000 * exp(0.3 * (random() + random() + random() - 1.5))
       * CASE WHEN random() < 0.0001 THEN 10 ELSE 1 END)::bigint, 3 + random() * 5, 0, 0
FROM generate_series(%s::date, %s::date, '1 day') d, sims_sim s WHERE s.organization_id = %s AND random() > 0.02
ORDER BY 2, 3
"""
FLEET: Final = """
INSERT INTO sims_fleetdaily (organization_id, day, bytes_up, bytes_down, sessions, sms, voice_seconds)
SELECT %s, d::date, 1, 1, 1, 0, 0 FROM generate_series(%s::date, %s::date, '1 day') d
"""


def seed(sims: int, days: int) -> int:
    """An organisation with that many SIMs, each used on nearly all of the days; answers its id."""
    from django.db import connection

    from iotsim.core.models import Organization
    from iotsim.core.tenancy import tenant

    organization = Organization.objects.create(name=f"{sims:,} SIMs", slug=f"bench-anomalies-{sims}")
    first = LAST - timedelta(days=days - 1)
    with tenant(organization.pk), connection.cursor() as cursor:
        cursor.execute("SELECT sims_usage_partitions(%s, %s)", [first, LAST])
        cursor.execute(SIMS, [organization.pk, NOW - timedelta(days=days + 100), NOW, sims])
        cursor.execute(FLEET, [organization.pk, first, LAST])
        cursor.execute(USAGE, [organization.pk, first, LAST, organization.pk])
    return organization.pk


def only_read(organization_id: int, days: int) -> float:
    """Seconds to fetch the rows of all days and look at none."""
    from psycopg import sql

    from sims.bulk import read_batches

    query = sql.SQL(
        "SELECT day, sim_id, bytes_up + bytes_down AS bytes, sessions FROM sims_usagedaily "
        "WHERE organization_id = {org} AND day > {before}"
    ).format(org=sql.Literal(organization_id), before=sql.Literal(LAST - timedelta(days=days)))
    began = time.perf_counter()
    for _ in read_batches(organization_id, query):
        pass
    return time.perf_counter() - began


def measure(organization_id: int, days: int) -> dict[str, Any]:
    """One size, in this process. The rows are read once before, so that both readings find them in memory."""
    from dataclasses import replace

    import numpy as np

    from analytics.anomalies import Days, scan, step
    from analytics.nightly.history import read_history

    only_read(organization_id, days)
    rows = only_read(organization_id, days)
    began = time.perf_counter()
    history = read_history(organization_id, days=days, until=LAST)
    reading = time.perf_counter() - began
    marks = [time.process_time()]
    kept = Days(history.first_day.toordinal(), history.bytes, history.sessions, cohort=history.sim_ids % 12)
    found = scan(replace(kept, bytes=kept.bytes[:-1]), history.sim_ids.size)
    raw = found.state.tobytes()
    marks.append(time.process_time())
    state = np.frombuffer(raw, found.state.dtype).copy()
    step(state, list(kept)[-1])
    raw = state.tobytes()
    marks.append(time.process_time())
    scanning, one = (after - before for before, after in pairwise(marks))
    return {
        "sims": int(history.sim_ids.size),
        "rows_seconds": round(rows, 2),
        "read_seconds": round(reading, 2),
        "scan_seconds": round(scanning, 2),
        "one_day_ms": round(one * 1000, 1),
        "ratio": round((reading + scanning + one) / rows, 2),
        "alerts": int((found.findings.phase == 0).sum()),
        "state_mb": round(len(raw) / 1e6, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000),
    }


def forest_ratio() -> dict[str, float]:
    """A forest fitted and asked each day, as it would be without a memory of each SIM, against a step."""
    import numpy as np
    from sklearn.ensemble import IsolationForest

    from analytics.anomalies import Days, new_state, step

    rng = np.random.default_rng(1)
    shape = (30, SAMPLE)
    used = rng.lognormal(12, 0.4, shape).astype(np.float32)
    days = list(Days(LAST.toordinal(), used, rng.integers(3, 9, shape).astype(np.float32)))
    state = new_state(SAMPLE)
    for day in days[:20]:
        step(state, day)
    began = time.process_time()
    for day in days[20:]:
        step(state, day)
    stepped = (time.process_time() - began) / 10
    began = time.process_time()
    for last in (28, 29):
        week = np.log1p(used[last - 7 : last + 1]).T
        features = np.c_[week[:, -1], week[:, -1] - np.median(week, axis=1), week.std(axis=1)]
        IsolationForest(random_state=1, n_jobs=1).fit(features).decision_function(features)
    forest = (time.process_time() - began) / 2
    return {"step_ms": round(stepped * 1000, 1), "forest_ms": round(forest * 1000, 1), "ratio": forest / stepped}


def in_a_process_of_its_own(organization_id: int, days: int) -> dict[str, Any]:
    from bench.reports import _environment

    command = [sys.executable, "-m", "bench.anomalies", "--measure", str(organization_id), "--days", str(days)]
    done = subprocess.run(
        command, env=_environment() | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, text=True, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sims", type=int, nargs="*", default=[10_000, 100_000, 300_000])
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iotsim.settings")
        import django

        django.setup()
        print(json.dumps(measure(given.measure, given.days)))
        return 0
    from bench.sim_list import database

    with database():
        sizes = [in_a_process_of_its_own(seed(sims, given.days), given.days) for sims in given.sims]
    forest = forest_ratio()
    print(json.dumps({"bench": "anomalies", "days": given.days, "sizes": sizes, "forest": forest}))
    return int(max(one["ratio"] for one in sizes) > MOST_RATIO or forest["ratio"] < LEAST_FOREST_RATIO)


if __name__ == "__main__":
    sys.exit(main())
