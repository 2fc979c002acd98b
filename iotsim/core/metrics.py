"""Counts of the whole installation, kept in Valkey: workers and runners add to them, any web process shows them.

A worker's processes come and go and nobody can ask them, so what they count must not live in them. What a web
process counts of itself (requests, sockets) is in `iotsim.metrics`.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import redis
import structlog
from django.conf import settings
from django.db import transaction

from iotsim.core.valkey import client, key_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Metric:
    """A counter if its name ends in `_total`, else a gauge (https://prometheus.io/docs/practices/naming/)."""

    name: str
    help: str
    labels: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        return self.name.endswith("_total")


JOBS = Metric("iotsim_jobs_total", "Jobs that ended.", ("service", "state"))
JOB_SECONDS = Metric("iotsim_job_seconds_total", "Time that ended jobs had run.", ("service",))
INTAKE_ROWS = Metric("iotsim_intake_rows_total", "Rows of usage that came in.", ("result",))
TOKENS = Metric("iotsim_copilot_tokens_total", "Tokens of language models.", ("direction",))
RUNS = Metric("iotsim_copilot_runs_total", "Answers of the copilot that ended.", ("state",))
SWEPT_AT = Metric("iotsim_last_sweep_timestamp_seconds", "When beat and a worker last did their round, each 30 s.")
METRICS = (JOBS, JOB_SECONDS, INTAKE_ROWS, TOKENS, RUNS, SWEPT_AT)


def count(metric: Metric, amount: float = 1, **labels: str) -> None:
    """Add to a counter once the open transaction has committed."""
    transaction.on_commit(lambda: _write("hincrbyfloat", metric, amount, labels))


def note_time(metric: Metric) -> None:
    """Set a gauge to the present moment."""
    _write("hset", metric, time.time(), {})


def read() -> Iterator[tuple[Metric, tuple[str, ...], float]]:
    """Every metric's values with their labels. Raises redis.RedisError."""
    known = {metric.name: metric for metric in METRICS}
    for field, value in client().hgetall(key_of("metrics")).items():
        name, *labels = json.loads(field)
        if name in known and len(labels) == len(known[name].labels):
            yield known[name], tuple(labels), float(value)


def tasks_waiting() -> int:
    """How many tasks no worker has taken yet. Raises redis.RedisError."""
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    return int(client().llen(f"{prefix}{settings.CELERY_TASK_DEFAULT_QUEUE}"))


def _write(command: str, metric: Metric, value: float, labels: dict[str, str]) -> None:
    """A count is not worth an error of the work that it counts."""
    field = json.dumps([metric.name, *(labels[name] for name in metric.labels)])
    try:
        getattr(client(), command)(key_of("metrics"), field, value)
    except redis.RedisError as error:
        log.warning("metric_not_counted", metric=metric.name, error=str(error))
