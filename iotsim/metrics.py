"""/metrics for Prometheus: what this web process counts of itself, and the counts of the whole installation.

With several web processes, requests and sockets are each process's own; the rest is the same at all of them.
"""

import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from iotsim.core import metrics

LOOPBACK = {"127.0.0.1", "::1"}
Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class Installation:
    """The counts in Valkey, read when somebody asks."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("iotsim_broker_up", "Whether Valkey answers.")
        try:
            found, waiting = list(metrics.read()), metrics.tasks_waiting()
        except redis.RedisError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield GaugeMetricFamily("iotsim_tasks_waiting", "Tasks that no worker has taken yet.", waiting)
        for metric in metrics.METRICS:
            kind = CounterMetricFamily if metric.counts else GaugeMetricFamily
            family = kind(metric.name, metric.help, labels=metric.labels)
            for one, labels, value in found:
                if one is metric:
                    family.add_metric(list(labels), value)
            yield family


REGISTRY = CollectorRegistry()
REGISTRY.register(Installation())
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
REQUESTS = Histogram(
    "iotsim_request_seconds",
    "Time to answer a request, by the address's pattern.",
    ("method", "route", "status"),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
SOCKETS = Gauge("iotsim_sockets", "Open WebSockets.", ("path",), registry=REGISTRY)
MESSAGES = Counter(
    "iotsim_socket_messages_total", "Messages over WebSockets.", ("path", "direction"), registry=REGISTRY
)


class Measured:
    """Middleware: counts every request under the pattern of its address, never the address itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        labels = (_method(request), match.route if match else "none", str(response.status_code))
        REQUESTS.labels(*labels).observe(time.perf_counter() - started)
        return response


def _method(request: HttpRequest) -> str:
    """Anybody may send any word as a method, and each would become a series of its own."""
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    return request.method if request.method in known else "other"


def measured_sockets(application: Asgi, *, paths: set[str]) -> Asgi:
    """The application, with its sockets and their messages counted by path; paths unknown to us count as "other"."""

    async def measured(scope: dict[str, Any], receive: Any, send: Any) -> None:
        path = scope["path"] if scope["path"] in paths else "other"
        came, went = MESSAGES.labels(path, "in"), MESSAGES.labels(path, "out")

        async def receiving() -> dict[str, Any]:
            message: dict[str, Any] = await receive()
            if message["type"] == "websocket.receive":
                came.inc()
            return message

        async def sending(message: dict[str, Any]) -> None:
            if message["type"] == "websocket.send":
                went.inc()
            await send(message)

        with SOCKETS.labels(path).track_inprogress():
            await application(scope, receiving, sending)

    return measured


def show(request: HttpRequest) -> HttpResponse:
    """The figures as text: with METRICS_TOKEN as bearer token; without one set, for this machine itself only."""
    if not _may(request):
        return HttpResponse("Send METRICS_TOKEN as a bearer token.\n", status=401, content_type="text/plain")
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


def _may(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return secrets.compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    return settings.LOCAL and request.META.get("REMOTE_ADDR") in LOOPBACK
