"""/healthz says that the process lives, /readyz that it can work, and what is wrong when it cannot."""

import pytest
from django.db import connection
from django.test import Client

from iotsim import health
from iotsim.core.tenancy import as_owner


@pytest.fixture
def nothing_known(monkeypatch):
    """As in a process that has not been asked yet."""
    monkeypatch.setattr(health, "_applied", [])


def test_healthz_answers_without_the_database():
    assert Client().get("/healthz").json() == {"status": "ok"}


def test_readyz_names_everything_that_is_ready(database, nothing_known):
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "broker": "ok", "migrations": "ok"}
    assert answer["Cache-Control"] == "no-store"


def test_readyz_says_when_the_broker_is_away(database, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["broker"] == "cannot be reached"
    assert answer.json()["database"] == "ok"
    assert str(tmp_path) not in answer.text


def test_readyz_says_when_the_database_is_away(database, nothing_known, monkeypatch, tmp_path):
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", str(tmp_path))
    monkeypatch.delitem(connection.settings_dict["OPTIONS"], "pool")
    try:
        answer = Client().get("/readyz")
    finally:
        connection.close()
    assert answer.status_code == 503
    assert answer.json()["database"] == "cannot be reached"
    assert answer.json()["migrations"] == "cannot be reached"
    assert str(tmp_path) not in answer.text


def test_readyz_says_when_migrations_are_missing(database, nothing_known):
    newest = "app = 'core' AND name = (SELECT max(name) FROM django_migrations WHERE app = 'core')"
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM django_migrations WHERE {newest} RETURNING app, name, applied")
        row = cursor.fetchone()
    try:
        answer = Client().get("/readyz")
    finally:
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)", row)
    assert answer.status_code == 503
    assert answer.json()["migrations"] == "1 not applied"
