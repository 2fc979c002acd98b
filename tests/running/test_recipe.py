"""The test recipe itself: what every other test relies on."""

import socket

import pytest
from django.core.cache import cache
from django.db import connection

from iotsim.celery import app


def test_a_test_works_as_the_application_role_on_a_database_of_its_own(database):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        role, name = cursor.fetchone()
    assert role == "iotsim_app"
    assert name.startswith("test_")


@pytest.mark.django_db
def test_the_marker_of_pytest_django_opens_no_transaction():
    assert not connection.in_atomic_block


def test_an_organisation_and_its_people_are_committed(organisation, other_organisation, actor, client_for):
    assert organisation.slug != other_organisation.slug
    assert actor.organization_id == organisation.pk
    assert client_for("viewer").session["_auth_user_id"]
    assert not connection.in_atomic_block


def test_actors_come_in_every_role_and_face(make_actor, other_organisation):
    stranger = make_actor("viewer", "copilot", organisation=other_organisation, customer_ids=[7])
    assert stranger.is_machine
    assert stranger.organization_id == other_organisation.pk
    assert stranger.customer_ids == {7}


def test_the_cache_of_a_test_process_is_its_own(settings):
    cache.set("thing", 1)
    assert cache.get("thing") == 1
    assert settings.REDIS_PREFIX in settings.CACHES["default"]["KEY_PREFIX"]
    assert settings.REDIS_PREFIX.startswith("test-")


def test_a_real_worker_answers_on_this_test_process_broker(celery_worker_process, settings):
    name = f"{settings.REDIS_PREFIX}@{socket.gethostname()}"
    assert app.control.inspect([name], timeout=10).ping() == {name: {"ok": "pong"}}
