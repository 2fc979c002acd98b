"""A real web server process on the test database."""

import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from iotsim import processes

REPOSITORY = Path(__file__).resolve().parent.parent
APPLICATION = "iotsim.asgi:application"

StartWeb = Callable[..., str]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="session")
def start_web(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartWeb]:
    """start_web(*options, application=..., NAME="value"): the address of a new web server process with that variable.

    It ends with the session. A traceback in its log is an error.
    """
    servers: list[tuple[subprocess.Popen[bytes], Path]] = []

    def start(*options: str, application: str = APPLICATION, **variables: str) -> str:
        log, port = tmp_path_factory.mktemp("web") / "web.log", free_port()
        address = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "iotsim.server", "--verbosity=0", f"--port={port}", *options, application]
        told = {**environment, **variables}
        server = processes.spawn(command, log=log, environment=told, folder=REPOSITORY)
        servers.append((server, log))
        processes.wait_until(lambda: answers(f"{address}/healthz"), child=server, log=log, what="The web server")
        return address

    yield start
    processes.stop([server for server, _ in servers], first=signal.SIGTERM, seconds=8)
    for _, log in servers:
        assert "Traceback" not in log.read_text(), processes.tail(log, 60)


@pytest.fixture(scope="session")
def web(start_web: StartWeb) -> str:
    """The address of the one that most tests share."""
    return start_web()
