"""Structured logs: one event a line, as JSON or for reading, each with the id of the request it belongs to."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponseBase

HEADER = "X-Request-ID"
ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# What follows in these is as good as a password.
SECRET_PATHS = re.compile(r"^(/accounts/(?:password/reset/key|confirm-email)/)[^/]+")
QUIET_PATHS = ("/static/", "/healthz", "/readyz", "/metrics")

log = structlog.get_logger("iotsim.request")

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.UnicodeDecoder(),
]


def settings(*, log_format: str, level: str) -> dict[str, Any]:
    """Django's LOGGING: every logger, structlog's and the standard library's, ends in the same handler."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": SHARED,
        "processors": _render(log_format),
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structured": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            # Our own line per request says what these would say again; errors come with their traceback.
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": [], "propagate": False},
            "django.channels.server": {"handlers": [], "propagate": False},
            "daphne": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
        },
    }


def _render(log_format: str) -> list[Any]:
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if log_format == "json":
        return [strip, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [
        strip,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]


class RequestLog:
    """Give every request an id: in its log lines, in the answer's X-Request-ID and as `request.id`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER, "")
        request_id = given if ACCEPTABLE_ID.fullmatch(given) else uuid.uuid4().hex
        request.id = request_id  # type: ignore[attr-defined]
        started = time.perf_counter()
        # Left bound on purpose: Django writes about errors after the last middleware. The next request replaces it.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = self.get_response(request)
        response.headers[HEADER] = request_id
        _say(request, response.status_code, time.perf_counter() - started)
        return response


def _say(request: HttpRequest, status: int, seconds: float) -> None:
    if request.path.startswith(QUIET_PATHS) and status < 400:
        return
    level = logging.WARNING if status >= 500 else logging.INFO
    # The query is left out: it may carry what people search for.
    path = SECRET_PATHS.sub(r"\1...", request.path)
    log.log(level, "request", method=request.method, path=path, status=status, ms=round(seconds * 1000, 1))
