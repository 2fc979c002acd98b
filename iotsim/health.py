"""Whether this process lives (/healthz) and whether it can work (/readyz: database, broker, migrations)."""

from collections.abc import Callable

import redis
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from iotsim.core.valkey import client

# Holds something once this code's migrations were found applied: they do not go away while the process lives.
_applied: list[bool] = []


def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers; touches nothing else."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database, broker and migrations are ready, else 503; the body says for each what is wrong."""
    answers = {name: _answer(probe) for name, probe in PROBES.items()}
    ready = all(answer == "ok" for answer in answers.values())
    return JsonResponse(
        {"status": "ok" if ready else "not ready", **answers},
        status=200 if ready else 503,
        headers={"Cache-Control": "no-store"},
    )


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def broker() -> str:
    client().ping()
    return "ok"


def migrations() -> str:
    if not _applied:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if waiting:
            return f"{len(waiting)} not applied"
        _applied.append(True)
    return "ok"


PROBES: dict[str, Callable[[], str]] = {"database": database, "broker": broker, "migrations": migrations}


def _answer(probe: Callable[[], str]) -> str:
    """The probe's word; what cannot be reached is said without addresses, since anyone may ask."""
    try:
        return probe()
    except (DatabaseError, redis.RedisError):
        return "cannot be reached"
