"""`make run` as its user meets it: started, started twice, ended, killed."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from iotsim import places
from iotsim.processes import identity

SECONDS = 90
OF_THE_TESTS = (
    "ALLOWED_HOSTS",
    "DATABASE_URL",
    "DATA_DIR",
    "DJANGO_SETTINGS_MODULE",
    "HTTPS",
    "LOG_LEVEL",
    "REDIS_PREFIX",
    "REDIS_URL",
    "SECRET_KEY",
    "SITE_URL",
    "TEST_FOLDER",
)


@dataclass
class Product:
    """A started product: its supervisor, what it has said, and its data folder."""

    data: Path
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)
    lines: queue.Queue[str] = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout or []:
            self.lines.put(line)

    def hears(self, words: str) -> str:
        """Wait for a line with these words."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                line = self.lines.get(timeout=0.2)
            except queue.Empty:
                assert self.process.poll() is None, f"ended after {self.said}"
                continue
            self.said.append(line)
            if words in line:
                return line
        pytest.fail(f'"{words}" was not said, but {self.said}')

    @property
    def address(self) -> str:
        return str(json.loads((self.data / "run.json").read_text())["address"])

    def children(self) -> dict[int, str]:
        return {int(pid): was for pid, was in json.loads((self.data / "children.json").read_text()).items()}

    def end(self) -> float:
        """End it as a service manager would; answers the seconds."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(SECONDS)
        return time.monotonic() - began


def environment(data: Path, **extra: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OF_THE_TESTS}
    return {**kept, "DATA_DIR": str(data), **extra}


def start(data: Path, **extra: str) -> Product:
    process = subprocess.Popen(
        [sys.executable, "-m", "iotsim.run"],
        cwd=places.BASE_DIR,
        env=environment(data, **extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Product(data, process)


def run_to_end(data: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "iotsim.run"]
    return subprocess.run(
        command,
        cwd=places.BASE_DIR,
        env=environment(data, **extra),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def alive(children: dict[int, str]) -> list[int]:
    return [pid for pid, was in children.items() if identity(pid) == was]


def left_of(data: Path) -> list[int]:
    """Every process that was started for this data folder, children of children too."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"DATA_DIR={data}\0".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


def all_end(product: Product, children: dict[int, str]) -> bool:
    deadline = time.monotonic() + 10
    while (alive(children) or left_of(product.data)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(children) and not left_of(product.data)


def status(address: str) -> int:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return int(answer.status)


@dataclass
class Shared:
    """One data folder for all these tests, and the product on it: started again when a test has ended it."""

    data: Path
    product: Product | None = None

    def running(self) -> Product:
        if self.product is None or self.product.process.poll() is not None:
            self.close()
            self.product = start(self.data)
            self.product.hears("iotsim is ready")
            self.product.hears("Ctrl-C")
        return self.product

    def close(self) -> None:
        if self.product is not None:
            if self.product.process.poll() is None:
                self.product.end()
            assert self.product.process.stdout is not None
            self.product.process.stdout.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    shared = Shared(tmp_path_factory.mktemp("data"))
    yield shared
    shared.close()


@pytest.fixture
def product(shared: Shared) -> Product:
    return shared.running()


def test_a_start_ends_with_a_usable_page_and_the_demo_log_in(product):
    assert f"iotsim is ready: {product.address}" in "".join(product.said)
    assert status(f"{product.address}healthz") == 200
    assert status(f"{product.address}readyz") == 200
    assert status(f"{product.address}accounts/login/") == 200
    password = json.loads((product.data / "demo-login.json").read_text())["password"]
    assert f"Sign in as demo@iotsim.example with the password {password}" in "".join(product.said)


def test_a_second_run_says_where_the_first_is_and_does_nothing(product):
    before = product.children()
    second = run_to_end(product.data)
    assert second.returncode == 0
    assert second.stdout == f"iotsim is running already, at {product.address}\n"
    assert product.children() == before
    assert sorted(alive(before)) == sorted(before)


def test_sigterm_ends_everything_within_ten_seconds(product):
    children = product.children()
    assert len(children) >= 5
    seconds = product.end()
    assert product.process.returncode == 0
    assert seconds < 10
    assert alive(children) == []
    assert left_of(product.data) == []
    assert not list(places.socket_folder(product.data).glob("*"))


def test_a_child_that_dies_is_started_again_with_a_sentence(product):
    before = product.children()
    worker = next(pid for pid in before if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(worker, signal.SIGKILL)
    assert "The worker process ended (signal SIGKILL) and is started again" in product.hears("started again")
    assert worker not in product.children()


def test_a_database_that_dies_is_started_again_with_a_sentence(product):
    os.kill(int((product.data / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    product.hears("Postgres ended unexpectedly and was started again")
    deadline = time.monotonic() + 20
    while status_or_error(f"{product.address}readyz") != 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert status(f"{product.address}readyz") == 200


def status_or_error(address: str) -> int:
    try:
        return status(address)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_nothing_survives_a_killed_supervisor_and_the_next_start_works(shared, product):
    children = product.children()
    product.process.kill()
    product.process.wait()
    assert all_end(product, children)
    assert status(f"{shared.running().address}readyz") == 200


def test_the_data_survive_when_everything_is_killed_at_once(shared, product):
    login = (shared.data / "demo-login.json").read_text()
    for pid in [product.process.pid, *product.children()]:
        os.kill(pid, signal.SIGKILL)
    product.process.wait()
    assert status(f"{shared.running().address}readyz") == 200
    assert (shared.data / "demo-login.json").read_text() == login
    assert not any("demo organisation" in line for line in shared.running().said)


def test_a_port_that_was_asked_for_and_is_taken_is_a_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_to_end(tmp_path, PORT=str(port))
    assert done.returncode == 1
    assert done.stdout.startswith(f"Port {port} is taken by another program")
    assert not (tmp_path / "postgres").exists()


def test_a_port_that_is_no_number_is_a_sentence(tmp_path):
    done = run_to_end(tmp_path, PORT="many")
    assert (done.returncode, done.stdout) == (1, 'PORT is "many": write a number from 1 to 65535.\n')


def test_without_a_wish_the_next_free_port_is_taken(monkeypatch, capsys):
    from iotsim import run

    monkeypatch.delenv("PORT", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        first = taken.getsockname()[1]
        monkeypatch.setattr(run, "FIRST_PORT", first)
        monkeypatch.setattr(run, "LAST_PORT", first + 50)
        with run.listen() as listener:
            assert first < listener.getsockname()[1] <= first + 50
    assert f"Port {first} is taken by another program" in capsys.readouterr().out


def test_wrong_settings_end_the_start_with_a_sentence(tmp_path):
    done = run_to_end(tmp_path, COPILOT_MODEL="anthropic/some-model", ANTHROPIC_API_KEY="")
    assert done.returncode == 1
    assert 'The model "anthropic/some-model" needs ANTHROPIC_API_KEY' in done.stdout
    assert "iotsim.E008" in done.stdout
