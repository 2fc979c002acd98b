"""/metrics: who may read it, and that its figures are those of what happened."""

import asyncio

import pytest
from django.db import transaction
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from iotsim import metrics
from iotsim.core import metrics as shared
from iotsim.core.tenancy import tenant


@pytest.fixture
def figures(database, settings):
    """figures(): every sample by name and labels, as a scraper with the token reads them."""
    settings.METRICS_TOKEN = "scraper"

    def read():
        answer = Client().get("/metrics", headers={"Authorization": "Bearer scraper"})
        assert answer.status_code == 200
        families = text_string_to_metric_families(answer.content.decode())
        return {(one.name, *sorted(one.labels.items())): one.value for each in families for one in each.samples}

    return read


def grown(before, after, name, **labels):
    key = (name, *sorted(labels.items()))
    return after.get(key, 0) - before.get(key, 0)


def test_a_stranger_is_refused(database, settings):
    settings.METRICS_TOKEN = "scraper"
    assert Client().get("/metrics").status_code == 401
    assert Client().get("/metrics", headers={"Authorization": "Bearer guess"}).status_code == 401


def test_without_a_token_only_this_machine_may_read_and_only_where_it_is_local(database, settings):
    settings.METRICS_TOKEN, settings.LOCAL = "", True
    assert Client(REMOTE_ADDR="127.0.0.1").get("/metrics").status_code == 200
    assert Client(REMOTE_ADDR="192.0.2.7").get("/metrics").status_code == 401
    settings.LOCAL = False
    assert Client(REMOTE_ADDR="127.0.0.1").get("/metrics").status_code == 401


def test_requests_are_counted_by_the_pattern_of_their_address(figures, client_for):
    client = client_for()
    before = figures()
    client.get("/sims/8931000000000000001/")
    after = figures()
    labels = {"method": "GET", "route": "sims/<str:sim>/", "status": "404"}
    assert grown(before, after, "iotsim_request_seconds_count", **labels) == 1
    assert not any("8931000000000000001" in str(key) for key in after)


def test_what_anybody_may_invent_makes_no_series_of_its_own(figures, database):
    Client().generic("BREW", "/no/such/page")
    after = figures()
    assert ("iotsim_request_seconds_count", ("method", "other"), ("route", "none"), ("status", "404")) in after
    assert not any("BREW" in str(key) or "such" in str(key) for key in after)


def test_counts_of_other_processes_are_shown(figures):
    before = figures()
    shared.count(shared.TOKENS, 120, direction="in")
    shared.count(shared.JOBS, service="import_usage", state="done")
    after = figures()
    assert grown(before, after, "iotsim_copilot_tokens_total", direction="in") == 120
    assert grown(before, after, "iotsim_jobs_total", service="import_usage", state="done") == 1
    assert after[("iotsim_broker_up",)] == 1 and ("iotsim_tasks_waiting",) in after


def test_work_that_is_rolled_back_is_not_counted(figures, organisation):
    before = figures()
    with tenant(organisation.pk):
        shared.count(shared.INTAKE_ROWS, 5, result="new")
        transaction.set_rollback(True)
    assert grown(before, figures(), "iotsim_intake_rows_total", result="new") == 0


@pytest.fixture
def broker_away(settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"


def test_without_the_broker_the_rest_is_shown(figures, broker_away):
    found = figures()
    assert found[("iotsim_broker_up",)] == 0 and ("process_start_time_seconds",) in found
    shared.count(shared.RUNS, state="done")  # is lost, and no error of who counts


async def test_an_open_socket_is_counted_while_it_is_open():
    inside, leave = asyncio.Event(), asyncio.Event()

    async def application(scope, receive, send):
        await receive()
        await send({"type": "websocket.send", "text": "x"})
        inside.set()
        await leave.wait()

    async def receive():
        return {"type": "websocket.receive", "text": "x"}

    async def send(message):
        pass

    measured = metrics.measured_sockets(application, paths={"/ws/x/"})
    task = asyncio.create_task(measured({"path": "/ws/x/"}, receive, send))
    await inside.wait()
    value = metrics.REGISTRY.get_sample_value
    assert value("iotsim_sockets", {"path": "/ws/x/"}) == 1
    leave.set()
    await task
    assert value("iotsim_sockets", {"path": "/ws/x/"}) == 0
    assert value("iotsim_socket_messages_total", {"path": "/ws/x/", "direction": "out"}) == 1
