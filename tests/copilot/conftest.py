"""The copilot's surroundings: a fleet, a provider, and for those who ask a web server and a runner of their own."""

import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iotsim import processes
from tests.conftest import REPOSITORY
from tests.copilot.provider import Provider

if TYPE_CHECKING:
    from iotsim.core.actor import Actor
    from iotsim.core.models import Membership, Organization
    from sims.models import Sim
    from tests.copilot.page import Page

GB = 10**9


@pytest.fixture
def fleet(organisation: "Organization") -> dict[str, "Sim"]:
    """Six SIMs: two above 5 GB, one that ends in 3456, one with a label that is HTML."""
    from tests.fleet import make_plan, make_sim

    plan = make_plan(organisation, "Basic")
    common = {"plan": plan, "country": "DE"}
    return {
        "heavy": make_sim(organisation, label="crane-1", cycle_bytes=8 * GB, **common),
        "second": make_sim(organisation, label="crane-2", cycle_bytes=6 * GB, **common),
        "named": make_sim(organisation, iccid="8949000000000073456", cycle_bytes=GB, **common),
        "light": make_sim(organisation, label="meter-1", cycle_bytes=1000, **common),
        "asleep": make_sim(organisation, label="meter-2", status="suspended", **common),
        "nasty": make_sim(organisation, label="<img src=x onerror=alert(1)>", cycle_bytes=7 * GB, **common),
    }


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    server = Provider()
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _models_are_as_good_as_new() -> None:
    """What failed in another test does not rest in this one."""
    from copilot import circuit

    circuit.forget()


@pytest.fixture(autouse=True)
async def _connections_of_models_end_with_their_loop() -> AsyncIterator[None]:
    """litellm keeps connections for each event loop ten minutes long, and every test has a loop of its own."""
    yield
    from copilot import llm

    await llm.hang_up()


@pytest.fixture
def model(provider: Provider, settings, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """This process asks a real model at the provider, which has forgotten the tests before."""
    provider.forget()
    settings.COPILOT_MODEL = "openai/gpt-4o-mini"
    settings.COPILOT_API_BASE = provider.base
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-the-test")
    return provider


@pytest.fixture
def session_of() -> Callable[["Membership"], str]:
    """The session cookie of a person who has signed in."""

    from django.test import Client

    def sign_in(membership: "Membership") -> str:
        client = Client()
        client.force_login(membership.user)
        return client.cookies["iotsim_session"].value

    return sign_in


@pytest.fixture
def membership(make_membership: "Callable[[str], Membership]") -> "Membership":
    return make_membership("owner")


@pytest.fixture
def owner(membership: "Membership") -> "Actor":
    from iotsim.core.actor import Actor, Face

    return Actor.for_membership(membership, face=Face.WEB)


@pytest.fixture
def page(web: str, membership: "Membership", session_of: "Callable[[Membership], str]") -> "Page":
    """The owner's sidebar."""
    from tests.copilot.page import Page

    return Page(web, session_of(membership))


StartRunner = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start_runner(environment: dict[str, str], tmp_path: Path) -> Iterator[StartRunner]:
    """start_runner(**variables): a real runner process on the test database, ended with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(**variables: str) -> subprocess.Popen[bytes]:
        log = tmp_path / f"runner-{len(started)}.log"
        told = {**environment, "LOG_LEVEL": "info", **variables}
        child = processes.spawn(
            [sys.executable, "manage.py", "run_copilot"], log=log, environment=told, folder=REPOSITORY
        )
        started.append(child)
        ready = "copilot_runner_started"
        processes.wait_until(lambda: ready in processes.tail(log, 500), child=child, log=log, what="The runner")
        return child

    yield start
    processes.stop(started, first=signal.SIGTERM, seconds=8)


def _runner(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    told = {**environment, "LOG_LEVEL": "info"}
    child = processes.spawn([sys.executable, "manage.py", "run_copilot"], log=log, environment=told, folder=REPOSITORY)
    ready = "copilot_runner_started"
    processes.wait_until(lambda: ready in processes.tail(log, 500), child=child, log=log, what="The runner")
    yield child
    processes.stop([child], first=signal.SIGTERM, seconds=8)
    assert "Traceback" not in log.read_text(), log.read_text()[-4000:]


@pytest.fixture(scope="module")
def runner(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[bytes]]:
    """A real runner with the built-in planner, for a module that has no other."""
    yield from _runner(environment, tmp_path_factory.mktemp("runner") / "runner.log")


@pytest.fixture(scope="module")
def model_runner(
    environment: dict[str, str], provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[subprocess.Popen[bytes]]:
    """A real runner whose model is at the provider, for a module that has no other."""
    told = {"COPILOT_MODEL": "openai/gpt-4o-mini", "COPILOT_API_BASE": provider.base, "OPENAI_API_KEY": "sk-test"}
    yield from _runner({**environment, **told}, tmp_path_factory.mktemp("runner") / "runner.log")
