"""`make run`: the whole product on this machine, as one group of processes that starts and ends together.

    python -m iotsim.run

Starts the embedded servers (those whose address is not set), prepares the database, then web, worker, beat
and the copilot's runner; prints where to look. Ctrl-C or SIGTERM ends everything. A second start beside a
running one only says where that one is.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from iotsim import places, processes
from iotsim.embedded import Postgres, Valkey
from iotsim.processes import StartFailed, tail

SECONDS_TO_STOP = 4.5
SECONDS_TO_SERVE = 60.0
FIRST_PORT, LAST_PORT = 8000, 8099
# A part that ends more often than this within the span will not get better by itself.
DEATHS_ALLOWED, DEATHS_SPAN = 3, 60.0
WORTH_SHOWING = re.compile(rb"\[(warning|error|critical) *\]|\"level\": \"(warning|error|critical)\"|FATAL|PANIC")
LONGEST_LINE = 2000


class Stopped(Exception):
    """Somebody asked for the end."""


@dataclass
class Part:
    """One process of ours: how to start it, its log, how often it died, and how far its log was shown."""

    name: str
    command: list[str]
    log: Path
    nice: int = 0
    inherits: tuple[int, ...] = ()
    child: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)
    shown: int = 0

    def start(self, environment: dict[str, str]) -> None:
        self.child = processes.spawn(
            self.command,
            log=self.log,
            environment=environment,
            folder=places.BASE_DIR,
            nice=self.nice,
            inherits=self.inherits,
        )

    @property
    def ended(self) -> bool:
        return self.child is not None and self.child.poll() is not None

    def show_news(self, *, everything: bool = False) -> None:
        """Print what was added to the log, as far as it is worth a look."""
        with suppress(FileNotFoundError), self.log.open("rb") as file:
            self.shown = min(self.shown, self.log.stat().st_size)
            file.seek(self.shown)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self.shown += len(line)
                if everything or WORTH_SHOWING.search(line):
                    text = line.decode(errors="replace").rstrip()[:LONGEST_LINE]
                    print(text if everything else f"{self.name}: {text}", flush=True)


@dataclass
class Group:
    """Everything that runs, from the embedded servers to the last worker."""

    data: Path
    listener: socket.socket
    servers: list[Postgres | Valkey] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    stopping: bool = False

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def start(self) -> None:
        processes.end_leftovers(self.data / "children.json")
        self._start_servers()
        self._prepare()
        environment = self.environment()
        self.parts = parts(self.data / "log", self.listener.fileno())
        for part in self.parts:
            part.shown = part.log.stat().st_size if part.log.exists() else 0
            part.start(environment)
        self._remember()
        self._wait_for_pages()

    def watch(self) -> None:
        """Keep everything running until the end is asked for. Raises StartFailed when a part keeps dying."""
        while True:
            self.breathe()
            for part in self.parts:
                part.show_news()
                if part.ended:
                    self._revive(part)
            for server in self.servers:
                if server.child is not None and server.child.poll() is not None:
                    server.start()
                    self._remember()
                    say(f"{type(server).__name__} ended unexpectedly and was started again.")

    def stop(self) -> None:
        """End the parts, then the servers that they work on."""
        children = [part.child for part in self.parts if part.child is not None]
        processes.stop(children, first=signal.SIGTERM, seconds=SECONDS_TO_STOP)
        for server in self.servers:
            server.ask_to_stop()
        for server in self.servers:
            server.stop(seconds=5)
        (self.data / "children.json").unlink(missing_ok=True)

    def breathe(self) -> None:
        time.sleep(0.05)
        if self.stopping:
            raise Stopped

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "iotsim.settings",
            "DATA_DIR": str(self.data),
            "PORT": str(self.port),
            "REMAP_SIGTERM": "SIGQUIT",  # Celery hands unfinished tasks back instead of waiting for them
        }

    def _start_servers(self) -> None:
        logs = self.data / "log"
        if not given("DATABASE_URL"):
            self.servers.append(Postgres(data=self.data, log=logs / "postgres.log"))
        if not given("REDIS_URL"):
            self.servers.append(Valkey(data=self.data, log=logs / "valkey.log"))
        for server in self.servers:
            server.start()
            self._remember()

    def _prepare(self) -> None:
        """Roles, migrations and, at first, the demo; skipped when this very code prepared this database."""
        stamp = self.data / "prepared"
        wanted = preparation(self.data)
        if wanted and stamp.exists() and stamp.read_text() == wanted:
            return
        command = [sys.executable, "manage.py", "prepare"]
        part = Part("prepare", command, self.data / "log" / "prepare.log")
        part.log.unlink(missing_ok=True)
        part.start(self.environment())
        self.parts = [part]
        while not part.ended:
            self.breathe()
            part.show_news(everything=True)
        part.show_news(everything=True)
        if part.child is not None and part.child.returncode:
            raise StartFailed("The database could not be prepared: see the lines above.")
        stamp.write_text(wanted)

    def _wait_for_pages(self) -> None:
        web = self.parts[0]
        deadline = time.monotonic() + SECONDS_TO_SERVE
        while not answers(f"http://{loopback()}:{self.port}/readyz"):
            self.breathe()
            if web.ended or time.monotonic() > deadline:
                raise StartFailed(f"The web server does not start.\n{tail(web.log)}")

    def _revive(self, part: Part) -> None:
        now = time.monotonic()
        part.deaths = [death for death in part.deaths if now - death < DEATHS_SPAN] + [now]
        assert part.child is not None
        if len(part.deaths) > DEATHS_ALLOWED:
            raise StartFailed(f"The {part.name} process keeps ending; the last lines of {part.log}:\n{tail(part.log)}")
        ended = how(part.child.returncode)
        processes.end_group(part.child.pid)  # its own children, where it left some
        part.start(self.environment())
        self._remember()
        say(f"The {part.name} process ended ({ended}) and is started again. Its log: {part.log}")

    def _remember(self) -> None:
        children = [each.child for each in (*self.servers, *self.parts) if each.child is not None]
        processes.remember(self.data / "children.json", [child.pid for child in children])


def parts(logs: Path, listener: int) -> list[Part]:
    """The processes that make up the product; the web server, which serves at the open `listener`, is the first."""
    python = sys.executable
    celery = [python, "-m", "celery", "--app=iotsim"]
    daphne = [python, "-m", "iotsim.server", "--verbosity=0", f"--fd={listener}", "iotsim.asgi:application"]
    return [
        Part("web", daphne, logs / "web.log", inherits=(listener,)),
        # Pages and answers go before work in the background.
        Part("worker", [*celery, "worker", "--without-gossip", "--without-mingle"], logs / "worker.log", nice=5),
        Part("beat", [*celery, "beat", "--pidfile="], logs / "beat.log", nice=5),
        Part("copilot", [python, "manage.py", "run_copilot"], logs / "copilot.log"),
    ]


def main() -> int:
    data = places.private_folder(places.data_folder())
    with (data / "run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(already_running(data))
            return 0
        (data / "run.json").unlink(missing_ok=True)
        return run(data)


def run(data: Path) -> int:
    """Everything between taking the lock and giving it back; answers the exit code."""
    try:
        group = Group(data=data, listener=listen())
    except StartFailed as reason:
        say(str(reason))
        return 1
    on_end_asked(lambda: setattr(group, "stopping", True))
    code = 0
    try:
        group.start()
        (data / "run.json").write_text(json.dumps({"address": address(group.port), "pid": os.getpid()}))
        say(welcome(data, group.port))
        group.watch()
    except Stopped:
        say("Stopping.")
    except StartFailed as reason:
        say(str(reason))
        code = 1
    finally:
        group.stop()
        group.listener.close()
        (data / "run.json").unlink(missing_ok=True)
    return code


def on_end_asked(act: Callable[[], None]) -> None:
    def asked(signum: int, frame: FrameType | None) -> None:
        act()

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, asked)


def listen() -> socket.socket:
    """Listen at the port asked for by PORT, else at the first free one from 8000 on. Raises StartFailed if none is.

    From now on the port is ours: the web server is given the open socket, and so is the one after it.
    """
    asked = given("PORT")
    if asked:
        if not asked.isdecimal() or not 0 < int(asked) < 65536:
            raise StartFailed(f'PORT is "{asked}": write a number from 1 to 65535.')
        if listener := listen_at(int(asked)):
            return listener
        raise StartFailed(f"Port {asked} is taken by another program: choose another PORT, or leave it out.")
    for port in range(FIRST_PORT, LAST_PORT + 1):
        if listener := listen_at(port):
            if port != FIRST_PORT:
                say(f"Port {FIRST_PORT} is taken by another program, so this is port {port}.")
            return listener
    raise StartFailed(
        f"The ports {FIRST_PORT} to {LAST_PORT} are all taken: name a free one, as in `make run PORT=9000`."
    )


def listen_at(port: int) -> socket.socket | None:
    """None when the port is taken. Raises StartFailed when HOST is no address of this machine."""
    host = given("HOST") or "127.0.0.1"
    try:
        return socket.create_server((host, port), backlog=128)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return None
        reason = error.strerror or error
        raise StartFailed(f"It is not possible to listen at {host}, port {port}: {reason}.") from error


def preparation(data: Path) -> str:
    """What a prepared database depends on: the migrations, and the very cluster. Empty if it is not ours."""
    if given("DATABASE_URL"):
        return ""
    total = hashlib.sha256((places.BASE_DIR / "requirements.lock").read_bytes())
    for path in sorted(places.BASE_DIR.glob("*/**/migrations/*.py")):
        if ".venv" not in path.parts and "node_modules" not in path.parts:
            total.update(path.read_bytes())
    cluster = (data / "postgres" / "PG_VERSION").stat()
    return f"{total.hexdigest()} {cluster.st_ino} {cluster.st_mtime_ns}"


def already_running(data: Path) -> str:
    try:
        where = json.loads((data / "run.json").read_text())["address"]
    except (OSError, ValueError, KeyError):
        return "iotsim is being started or stopped by another `make run` right now."
    return f"iotsim is running already, at {where}"


def welcome(data: Path, port: int) -> str:
    """Where to look and, where there is a demo, how to sign in."""
    lines = [f"iotsim is ready: {address(port)}"]
    with suppress(OSError, ValueError, LookupError):
        demo = json.loads((data / "demo-login.json").read_text())
        lines.append(f"Sign in as {demo['people'][0]['email']} with the password {demo['password']}")
    return "\n".join([*lines, "Ctrl-C ends everything."])


def address(port: int) -> str:
    return given("SITE_URL") or f"http://{loopback()}:{port}/"


def loopback() -> str:
    host = given("HOST")
    return host if host and host not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104 (compared, not bound)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 (our own address)
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def given(name: str) -> str:
    """A variable's value, or that of its file's name, so that `..._FILE` counts as set too."""
    return os.environ.get(name, "").strip() or os.environ.get(f"{name}_FILE", "").strip()


def how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
