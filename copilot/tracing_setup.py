"""Where spans go: OTLP over HTTP, by OpenTelemetry's own variables. Imports nothing of it unless one is set."""

import os
import threading
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import structlog

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span, Tracer

log = structlog.get_logger(__name__)

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PACKAGE: Final = "opentelemetry-exporter-otlp-proto-http"
NO_PACKAGE: Final = (
    "{name} is set, but the package {package} is not installed, so no traces are sent. "
    "Install it with `.venv/bin/uv pip install {package}`, or take the variable away."
)
OTHER_PROTOCOL: Final = (
    "{name} is {value}, and only http/protobuf is spoken here, so no traces are sent. Set it to http/protobuf."
)
_given: "list[TracerProvider]" = []  # by a test, in place of the configured one
_making = threading.Lock()


def wanted() -> str:
    """The variable that asks for traces; empty when none does, or OTEL_SDK_DISABLED or OTEL_TRACES_EXPORTER forbids."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    return "" if off else next((name for name in ENDPOINTS if os.environ.get(name, "").strip()), "")


def why_not() -> str:
    """Why no traces are sent although they are asked for, in a sentence for whoever runs this; else empty."""
    name = wanted()
    if not name:
        return ""
    for one in PROTOCOLS:
        if (value := os.environ.get(one, "").strip()) and value != "http/protobuf":
            return OTHER_PROTOCOL.format(name=one, value=value)
    return "" if _is_installed() else NO_PACKAGE.format(name=name, package=PACKAGE)


def say() -> None:
    """At the start of a process that traces: what will come of it, in the log."""
    if reason := why_not():
        log.warning("copilot_traces_not_sent", reason=reason)
    elif wanted():
        log.info("copilot_traces_sent")


def tracer() -> "Tracer | None":
    """What makes spans; None when nothing is configured."""
    if not _given and not wanted():
        return None
    with _making:
        provider = _given[-1] if _given else _configured()
    return provider.get_tracer("iotsim.copilot") if provider else None


def flush() -> None:
    """Send what waits to be sent."""
    if (_given or wanted()) and (provider := _given[-1] if _given else _configured()):
        provider.force_flush()


def begin(name: str, *, under: "Span", client: bool) -> "Span":
    """A span below another."""
    from opentelemetry.trace import SpanKind, set_span_in_context

    made = tracer()
    assert made is not None
    kind = SpanKind.CLIENT if client else SpanKind.INTERNAL
    return made.start_span(name, context=set_span_in_context(under), kind=kind)


def parent(traceparent: str) -> "Context | None":
    """The context of a span in another process."""
    if not traceparent:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": traceparent})


def traceparent(span: "Span") -> str:
    """The W3C traceparent that names this span."""
    at = span.get_span_context()
    return f"00-{at.trace_id:032x}-{at.span_id:016x}-{int(at.trace_flags):02x}"


def provider_for(exporter: "SpanExporter", *, at_once: bool = False) -> "TracerProvider":
    """A provider of our own: no other library's spans go out by it. `at_once` sends each span as it ends."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

    told: dict[str, Any] = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "iotsim"}
    provider = TracerProvider(resource=Resource.create(told))
    provider.add_span_processor(SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter))
    return provider


@cache
def _configured() -> "TracerProvider | None":
    if why_not():
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return provider_for(OTLPSpanExporter())


def _is_installed() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False
