"""Reports of a small and a large fleet: rows a second, and that memory does not grow with the rows.

    python -m bench.reports [--small 10000] [--large 200000] [--formats csv json xlsx pdf]

Prints one JSON line: for each format and size the seconds, the rows a second, the file's size, and the peak of the
process in MB. Each report is made by a process of its own. Exits with 1 when the larger one takes over 60 MB more.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from datetime import date, timedelta
from typing import Any, Final

ALLOWED_MB: Final = 60
DAYS: Final = 10

SIMS: Final = """
INSERT INTO sims_sim (organization_id, iccid, imsi, msisdn, eid, imei, label, country, status, status_reason,
                      safety_critical, cycle_bytes, created_at, plan_id)
SELECT %s, '8949' || lpad(n::text, 15, '0'), '', '', '', '', 'truck-' || n, (ARRAY['DE', 'FR', 'PL'])[n %% 3 + 1],
       'active', '', false, 0, now(), %s FROM generate_series(1, %s) n
"""
USAGE: Final = """
INSERT INTO sims_usagedaily (organization_id, sim_id, day, bytes_up, bytes_down, sessions, sms, voice_seconds)
SELECT %s, s.id, d::date, s.id %% 1000 * 1000, s.id %% 7919 * 10000, 3, 0, 0
FROM sims_sim s, generate_series(%s::date, %s::date, '1 day') d WHERE s.organization_id = %s
"""


def seed(sims: int) -> int:
    """An organisation with that many SIMs, each with usage on ten days; answers its id."""
    from django.db import connection

    from iotsim.core.models import Organization
    from iotsim.core.tenancy import tenant
    from sims.models import Plan

    organization = Organization.objects.create(name=f"{sims:,} SIMs", slug=f"bench-{sims}")
    last = date.today()
    first = last - timedelta(days=DAYS - 1)
    with tenant(organization.pk), connection.cursor() as cursor:
        plan = Plan.objects.create(organization=organization, name="Flat", quota_bytes=10**8, billing_day=5)
        cursor.execute("SELECT sims_usage_partitions(%s, %s)", [first, last])
        cursor.execute(SIMS, [organization.pk, plan.pk, sims])
        cursor.execute(USAGE, [organization.pk, first, last, organization.pk])
    return organization.pk


def make(organization_id: int, format: str) -> dict[str, Any]:
    """Make one report in this process and say what it took."""
    from iotsim.core.actor import Actor
    from iotsim.core.jobs import run_job
    from iotsim.core.models import Organization
    from iotsim.core.tenancy import tenant
    from sims.models import Report
    from sims.services.reports import generate_report

    actor = Actor.system(Organization.objects.get(pk=organization_id))
    job = generate_report(actor, format=format)
    started = time.perf_counter()
    assert run_job(organization_id, job.id) == "done"
    seconds = time.perf_counter() - started
    with tenant(organization_id):
        report = Report.objects.get(job_id=job.id)
    return {
        "format": format,
        "rows": report.rows,
        "seconds": round(seconds, 1),
        "rows_a_second": round(report.sims / seconds),
        "file_mb": round(report.size_bytes / 10**6, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000),
    }


def in_a_process_of_its_own(organization_id: int, format: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.reports", "--make", str(organization_id), "--formats", format]
    done = subprocess.run(command, env=_environment(), stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _environment() -> dict[str, str]:
    """That of a process which works on this run's database."""
    from django.db import connection

    from tests.servers import database_url

    names = {"user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT", "name": "NAME"}
    address = database_url(**{one: connection.settings_dict[name] for one, name in names.items()})
    return {**os.environ, "DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "iotsim.settings"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=200_000)
    parser.add_argument("--formats", nargs="*", default=["csv", "json", "xlsx", "pdf"])
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        import django

        django.setup()
        print(json.dumps(make(given.make, given.formats[0])))
        return 0
    from bench.sim_list import database

    with database():
        small, large = seed(given.small), seed(given.large)
        found = [[in_a_process_of_its_own(one, format) for one in (small, large)] for format in given.formats]
    print(json.dumps({"bench": "reports", "reports": found}))
    return int(any(two["peak_mb"] - one["peak_mb"] > ALLOWED_MB for one, two in found))


if __name__ == "__main__":
    sys.exit(main())
