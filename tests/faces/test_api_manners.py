"""What clients of the API may rely on: ETags, when to come back, a limit of requests, a database that is away."""

import time

import pytest
from django.db import OperationalError
from django.test import Client

from iotsim.api import api
from iotsim.core.keys import create_key
from iotsim.core.models import Job, JobState
from iotsim.core.tenancy import tenant
from tests.fleet import make_sim


@pytest.fixture
def membership(make_membership):
    return make_membership("owner")


@pytest.fixture
def client(membership):
    return Client(headers={"Authorization": f"Bearer {create_key(membership)[1]}"})


def test_an_answer_that_the_client_holds_is_not_sent_again(client, organisation):
    make_sim(organisation)
    first = client.get("/api/v1/sims")
    again = client.get("/api/v1/sims", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304 and again.content == b"" and again["ETag"] == first["ETag"]
    assert "Authorization" in first["Vary"] and "private" in first["Cache-Control"]


def test_a_change_makes_another_etag(client, organisation):
    make_sim(organisation)
    first = client.get("/api/v1/sims")
    make_sim(organisation)
    again = client.get("/api/v1/sims", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 200 and again["ETag"] != first["ETag"]


def test_a_problem_has_no_etag(client):
    assert "ETag" not in client.get("/api/v1/sims/4711")


def test_who_asks_for_a_running_job_is_told_when_to_ask_again(client, organisation):
    with tenant(organisation.pk):
        job = Job.objects.create(organization=organisation, service="import_usage", who="anna", face="api")
    assert client.get(f"/api/v1/jobs/{job.pk}")["Retry-After"] == "1"
    with tenant(organisation.pk):
        Job.objects.filter(pk=job.pk).update(state=JobState.DONE.value)
    assert "Retry-After" not in client.get(f"/api/v1/jobs/{job.pk}")


def test_too_many_requests_are_told_how_long_to_wait(client, settings):
    settings.API_REQUESTS_PER_MINUTE = 3
    wait_for_a_fresh_minute()
    answers = [client.get("/api/v1/sims") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[3]["Retry-After"]) <= 60 and answers[3].json()["retry_after"] >= 1


def test_the_limit_is_each_persons_own(client, settings, make_membership):
    settings.API_REQUESTS_PER_MINUTE = 1
    wait_for_a_fresh_minute()
    other = Client(headers={"Authorization": f"Bearer {create_key(make_membership('viewer'))[1]}"})
    assert [one.get("/api/v1/sims").status_code for one in (client, client, other)] == [200, 429, 200]


def wait_for_a_fresh_minute():
    """The count is of the clock's minute; what is left of this one must be enough for the test."""
    if time.time() % 60 > 50:
        time.sleep(60 - time.time() % 60)


def test_without_the_broker_the_api_still_answers(client, settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}
    }
    assert client.get("/api/v1/sims").status_code == 200


def test_a_database_that_is_away_is_said_with_when_to_come_back(rf):
    answer = api.on_exception(rf.get("/api/v1/sims"), OperationalError("connection refused to 10.0.0.7"))
    assert answer.status_code == 503 and answer["Retry-After"] == "5"
    assert b"10.0.0.7" not in answer.content
