"""Every request has an id: in the answer, and in each line that it causes in the log."""

import json
import re
import subprocess
import sys

import pytest
from django.test import Client

from iotsim import places
from iotsim.logs import HEADER

ASK = """
import types, sys
import django
django.setup()
from django.test import Client, override_settings
from django.urls import path
Client().get("/healthz")
Client().get("/nowhere/?secret=1", headers={"X-Request-ID": "given-by-the-proxy"})
broken = sys.modules["broken"] = types.ModuleType("broken")
broken.urlpatterns = [path("broken/", lambda request: 1 / 0)]
with override_settings(ROOT_URLCONF="broken"):
    Client(raise_request_exception=False).get("/broken/", headers={"X-Request-ID": "the-one-that-failed"})
"""


@pytest.fixture
def logged(environment):
    """logged(**variables): what the server writes about a few requests."""

    def ask(**variables):
        done = subprocess.run(
            [sys.executable, "-c", ASK],
            cwd=places.BASE_DIR,
            env={**environment, "LOG_LEVEL": "info", **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr.splitlines()

    return ask


def test_every_answer_has_a_request_id_of_its_own():
    ids = {Client().get("/healthz")[HEADER] for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch(r"[0-9a-f]{32}", request_id) for request_id in ids)


def test_an_id_given_by_a_proxy_is_kept():
    answer = Client().get("/healthz", headers={HEADER: "proxy.42-abc"})
    assert answer[HEADER] == "proxy.42-abc"


@pytest.mark.parametrize("given", ["short", "a" * 65, "with space and\ttab", "<script>alert(1)</script>"])
def test_an_id_that_would_spoil_the_log_is_replaced(given):
    assert Client().get("/healthz", headers={HEADER: given})[HEADER] != given


def test_json_logs_have_one_object_a_line_with_the_requests_id(logged):
    events = [json.loads(line) for line in logged(LOG_FORMAT="json")]
    [request, broken] = [event for event in events if event["event"] == "request"]
    assert request["request_id"] == "given-by-the-proxy"
    assert (request["method"], request["path"], request["status"]) == ("GET", "/nowhere/", 404)
    assert request["level"] == "info"
    assert request["ms"] > 0
    assert (broken["request_id"], broken["status"], broken["level"]) == ("the-one-that-failed", 500, "warning")
    [error] = [event for event in events if event["logger"] == "django.request"]
    assert (error["request_id"], error["level"]) == ("the-one-that-failed", "error")
    assert "ZeroDivisionError" in error["exception"]


def test_console_logs_have_the_id_too_and_leave_the_query_out(logged):
    lines = logged(LOG_FORMAT="console")
    assert any("request_id=given-by-the-proxy" in line and "status=404" in line for line in lines)
    assert not any("secret" in line for line in lines)


def test_checks_of_health_are_not_logged(logged):
    assert not any("healthz" in line for line in logged(LOG_FORMAT="console"))
