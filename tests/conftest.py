"""How tests meet the platform: real PostgreSQL and Valkey, the application's own role, nothing rolled back.

The application's role may not TRUNCATE and the audit table refuses DELETE, so no test cleans up: each works
in a fresh organisation of its own and commits as the product does. Ask for `organisation`, `actor`,
`client_for` or plain `database`; pytest-django's `db` and its marker mean the same here.
"""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.servers import Servers, database_url, settings_for_tests
from tests.web import REPOSITORY, start_web, web

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoDbBlocker

    from iotsim.core.actor import Actor
    from iotsim.core.models import Membership, Organization

__all__ = ["REPOSITORY", "start_web", "web"]

servers = pytest.StashKey[Servers]()

MakeMembership = Callable[..., "Membership"]
MakeActor = Callable[..., "Actor"]
ClientFor = Callable[..., "Client"]


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[servers] = Servers()
        config.stash[servers].start()
    settings_for_tests()


def pytest_unconfigure(config: pytest.Config) -> None:
    if servers in config.stash:
        config.stash[servers].stop()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: "DjangoDbBlocker",
    django_db_modify_db_settings_parallel_suffix: None,
) -> Iterator[None]:
    """A fresh database for this process, made as the owner without role and pool, then used by the role.

    It is left to the end of the embedded server, or to the next run on a server of yours.
    """
    from django.db import connection
    from django.test.utils import setup_databases

    from iotsim.database_roles import create_application_role

    options = connection.settings_dict["OPTIONS"]
    with django_db_blocker.unblock():
        kept = {name: options.pop(name) for name in ("options", "pool") if name in options}
        create_application_role()
        setup_databases(verbosity=0, interactive=False, serialized_aliases=set())
        connection.close()
        options.update(kept)
        yield
        connection.close()
        connection.close_pool()


@pytest.fixture
def database(django_db_setup: None, django_db_blocker: "DjangoDbBlocker") -> Iterator[None]:
    """The test database, with every commit kept."""
    from django.db import connection

    with django_db_blocker.unblock():
        yield
        connection.close()
        _give_up_lost_connections()


def _give_up_lost_connections() -> None:
    """Rows made within an async test belong to a context that is gone by now, and so does their connection.

    The next tests get a fresh pool; otherwise they would wait for what nobody gives back.
    """
    from django.db import connection

    for pool in list(connection._connection_pools.values()):
        figures = pool.get_stats()
        if figures.get("pool_available", 0) < figures.get("pool_size", 0):
            connection.close_pool()


@pytest.fixture
def _django_db_helper(database: None) -> None:
    """What pytest-django's `db`, `transactional_db` and marker rest on: here without rollback and flush."""


@pytest.fixture
def make_organisation(database: None) -> Callable[..., "Organization"]:
    """make_organisation(name="Test", **fields): a fresh organisation with a unique slug."""
    from iotsim.core.models import Organization

    def make(name: str = "Test", **fields: object) -> "Organization":
        return Organization.objects.create(name=name, slug=f"test-{uuid.uuid4().hex[:16]}", **fields)

    return make


@pytest.fixture
def organisation(make_organisation: Callable[..., "Organization"]) -> "Organization":
    """This test's own organisation."""
    return make_organisation("Test")


@pytest.fixture
def other_organisation(make_organisation: Callable[..., "Organization"]) -> "Organization":
    """A stranger's organisation."""
    return make_organisation("Stranger")


@pytest.fixture
def make_membership(organisation: "Organization") -> MakeMembership:
    """make_membership(role="owner", organisation=None, customer_ids=None): a new person in that role."""
    from iotsim.core.models import Membership, Organization, User

    def make(
        role: str = "owner",
        *,
        organisation: Organization = organisation,
        customer_ids: list[int] | None = None,
    ) -> Membership:
        user = User.objects.create_user(f"{role}-{uuid.uuid4().hex[:16]}@example.com")
        return Membership.objects.create(user=user, organization=organisation, role=role, customer_ids=customer_ids)

    return make


@pytest.fixture
def make_actor(make_membership: MakeMembership) -> MakeActor:
    """make_actor(role="owner", face="web", organisation=..., customer_ids=...): an Actor for a new person."""
    from iotsim.core.actor import Actor, Face

    def make(role: str = "owner", face: str = "web", **membership: object) -> Actor:
        return Actor.for_membership(make_membership(role, **membership), face=Face(face))

    return make


@pytest.fixture
def actor(make_actor: MakeActor) -> "Actor":
    """The owner of this test's organisation, at the web pages."""
    return make_actor()


@pytest.fixture
def client_for(make_membership: MakeMembership) -> ClientFor:
    """client_for(role="owner", organisation=...): a test client in which a new person is signed in."""
    from django.test import Client

    def sign_in(role: str = "owner", **membership: object) -> Client:
        client = Client()
        client.force_login(make_membership(role, **membership).user)
        return client

    return sign_in


@pytest.fixture(scope="session")
def environment(django_db_setup: None) -> dict[str, str]:
    """The environment in which a process of ours works on this run's test database and broker."""
    from django.conf import settings
    from django.db import connection

    database = connection.settings_dict
    address = database_url(
        user=database["USER"],
        password=database["PASSWORD"],
        host=database["HOST"],
        port=database["PORT"],
        name=database["NAME"],
    )
    told = {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "iotsim.settings", "REDIS_PREFIX": settings.REDIS_PREFIX}
    return {**os.environ, **told}


@pytest.fixture(scope="session")
def celery_worker_process(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[subprocess.Popen[bytes]]:
    """A real Celery worker on the test database, started when the first test asks for it."""
    from iotsim import processes

    log = tmp_path_factory.mktemp("worker") / "worker.log"
    celery = [sys.executable, "-m", "celery", "--app=iotsim"]
    # Control messages reach the workers of every test process: the name tells them apart.
    options = [f"--hostname={environment['REDIS_PREFIX']}@%h", "--concurrency=1", "--loglevel=info"]
    worker = processes.spawn(
        [*celery, "worker", *options, "--without-mingle", "--without-gossip"],
        log=log,
        environment={**environment, "LOG_LEVEL": "info", "REMAP_SIGTERM": "SIGQUIT"},
        folder=REPOSITORY,
    )
    processes.wait_until(lambda: " ready." in processes.tail(log, 500), child=worker, log=log, what="The Celery worker")
    yield worker
    processes.stop([worker], first=signal.SIGTERM, seconds=8)


@pytest.fixture(autouse=True)
def no_worker_listens(request: pytest.FixtureRequest) -> Iterator[None]:
    """A worker started for another test would be quicker: jobs go where nobody reads, unless one is asked for."""
    from iotsim.celery import app

    usual = app.conf.task_default_queue
    if "celery_worker_process" not in request.fixturenames:
        app.conf.task_default_queue = "nobody"
    yield
    app.conf.task_default_queue = usual
