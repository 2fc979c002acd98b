"""The SIM list at 100,000 SIMs: ten filters, each against its own SQL sent bare, and the plans behind them.

    python -m bench.sim_list [--sims 100000] [--repeats 30]

Prints one JSON line. The service and its statements run in turns on the same connection as the application's role.
`ratio` is p95 of the service over p95 of the statements it sends; `queries` must be the same for pages of 10 and 500
SIMs. Exits with 1 when a plan reads the whole table of SIMs, or when the number of statements depends on the page.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import StringIO
from typing import Any, Final

from tests.servers import Servers, settings_for_tests

SEED_DAYS: Final = 10

FILTERS: Final[dict[str, dict[str, Any]]] = {
    "everything": {},
    "status": {"status": ["suspended"]},
    "usage above": {"min_usage": 5_000_000_000},
    "usage between": {"min_usage": 20_000_000, "max_usage": 21_000_000, "sort": "usage"},
    "operator": {"operator": "Swisscom"},
    "country": {"country": "SE", "sort": "label"},
    "plan": {"plan": "Fleet 3 GB"},
    "tag": {"tag": "night-shift"},
    "search": {"search": "truck-01"},
    "several": {"status": ["active"], "country": "AT", "min_usage": 100_000_000, "sort": "-last_seen"},
}


@contextmanager
def database() -> Iterator[None]:
    """A database of its own on an embedded server (or beside the one that DATABASE_URL names), gone afterwards."""
    servers = Servers()
    servers.start()
    try:
        settings_for_tests()
        import django

        django.setup()
        from django.db import connection
        from django.test.utils import setup_databases, teardown_databases

        from iotsim.core.tenancy import as_owner
        from iotsim.database_roles import create_application_role

        with as_owner():
            create_application_role()
            made = setup_databases(verbosity=0, interactive=False, serialized_aliases=set())
        yield
        connection.close_pool()
        with as_owner():
            teardown_databases(made, verbosity=0)
    finally:
        servers.stop()


def statements(call: Callable[[], Any]) -> list[tuple[str, Any]]:
    """The SELECTs that a call sends, with their parameters."""
    from django.db import connection

    sent: list[tuple[str, Any]] = []

    def keep(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT") and "set_config" not in sql:
            sent.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        call()
    return sent


def bare(organization_id: int, sent: list[tuple[str, Any]]) -> None:
    """The same statements behind the same wall, and nothing else."""
    from django.db import connection

    from iotsim.core.tenancy import tenant

    with tenant(organization_id, read_only=True), connection.cursor() as cursor:
        for sql, params in sent:
            cursor.execute(sql, params)
            cursor.fetchall()


def whole_scans(organization_id: int, sent: list[tuple[str, Any]]) -> list[str]:
    """The statements among `sent` whose plan reads the table of SIMs from end to end.

    Counting without a filter may: it begins anywhere and stops after the ten thousand it counts.
    """
    from django.db import connection

    from iotsim.core.tenancy import tenant

    found = []
    with tenant(organization_id, read_only=True), connection.cursor() as cursor:
        for sql, params in sent:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
            plan = cursor.fetchone()[0][0]["Plan"]
            scans = [node for node in nodes(plan) if node["Node Type"] == "Seq Scan"]
            unfiltered = "COUNT(*)" in sql and len(params or ()) == 1
            if any(node["Relation Name"] == "sims_sim" for node in scans) and not unfiltered:
                found.append(sql)
    return found


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def p95(seconds: list[float]) -> float:
    """In milliseconds."""
    return round(statistics.quantiles(seconds, n=20)[-1] * 1000, 2)


def seconds(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def measure(actor: Any, raw: dict[str, Any], repeats: int) -> dict[str, Any]:
    from sims.services.fleet import find_sims

    sent = statements(partial(find_sims.call, actor, raw))
    counts = {
        len(statements(partial(find_sims.call, actor, page))) for page in ({**raw, "limit": 10}, {**raw, "limit": 500})
    }
    service, plain = [], []
    for _ in range(repeats):
        service.append(seconds(partial(find_sims.call, actor, raw)))
        plain.append(seconds(partial(bare, actor.organization_id, sent)))
    return {
        "service_p95_ms": p95(service),
        "sql_p95_ms": p95(plain),
        "ratio": round(p95(service) / p95(plain), 2),
        "queries": len(sent),
        "queries_constant": len(counts) == 1,
        "whole_scans": whole_scans(actor.organization_id, sent),
    }


def seeded_actor(sims: int) -> Any:
    """The owner of a demo organisation with so many SIMs."""
    from django.core.management import call_command

    from iotsim.core.actor import Actor, Face
    from iotsim.core.models import Membership

    call_command("seed_demo", sims=sims, days=SEED_DAYS, stdout=StringIO())
    membership = Membership.objects.select_related("user", "organization").get(organization__slug="demo", role="owner")
    return Actor.for_membership(membership, face=Face.WEB)


def run(sims: int, repeats: int) -> dict[str, Any]:
    """All filters on a fresh database; the connection must be set up (see `database`)."""
    actor = seeded_actor(sims)
    results = {name: measure(actor, raw, repeats) for name, raw in FILTERS.items()}
    return {
        "bench": "sim_list",
        "sims": sims,
        "ratio_median": statistics.median(one["ratio"] for one in results.values()),
        "ratio_worst": max(one["ratio"] for one in results.values()),
        "service_p95_ms_worst": max(one["service_p95_ms"] for one in results.values()),
        "queries_constant": all(one["queries_constant"] for one in results.values()),
        "index_plans": not any(one["whole_scans"] for one in results.values()),
        "filters": results,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the SIM list.")
    parser.add_argument("--sims", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=30)
    options = parser.parse_args()
    with database():
        result = run(options.sims, options.repeats)
    print(json.dumps(result))
    sys.exit(0 if result["queries_constant"] and result["index_plans"] else 1)


if __name__ == "__main__":
    main()
