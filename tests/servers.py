"""PostgreSQL and Valkey for a test run: started once, by whoever starts the run, and gone at its end.

Whatever DATABASE_URL or REDIS_URL is given is used instead. The addresses travel to xdist's workers, and to
the processes that tests start, in the environment.
"""

import os
import shutil
import signal
import sys
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from urllib.parse import quote

from iotsim import places
from iotsim.embedded import CARELESS_SETTINGS, Postgres, Valkey


@dataclass
class Servers:
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="iotsim-tests-", dir="/tmp")))
    database: Postgres | None = None
    valkey: Valkey | None = None

    def start(self) -> None:
        """Start what the environment does not name, and name it there."""
        signal.signal(signal.SIGTERM, _end_as_by_ctrl_c)
        os.environ["TEST_FOLDER"] = str(self.folder)
        os.environ["TEST_RUN"] = uuid.uuid4().hex[:8]
        os.environ.setdefault("SECRET_KEY", places.secret(self.folder, "secret-key"))
        if not os.environ.get("DATABASE_URL"):
            self.database = Postgres(data=self.folder, log=self.folder / "postgres.log", settings=CARELESS_SETTINGS)
            self.database.start()
            os.environ["DATABASE_URL"] = database_url(
                user=places.DATABASE_OWNER,
                password=places.secret(self.folder, "database-password"),
                host=str(self.database.sockets),
                name=places.DATABASE_NAME,
            )
        if not os.environ.get("REDIS_URL"):
            self.valkey = Valkey(data=self.folder, log=self.folder / "valkey.log")
            self.valkey.start()
            os.environ["REDIS_URL"] = f"unix://{self.valkey.socket}"

    def stop(self) -> None:
        for server in (self.valkey, self.database):
            if server is not None:
                server.stop(seconds=3)
        shutil.rmtree(self.folder, ignore_errors=True)
        if not self.folder.joinpath("run").exists():
            shutil.rmtree(places.socket_folder(self.folder), ignore_errors=True)


def database_url(*, user: str, password: str, host: str, name: str, port: str = "") -> str:
    """The address of a database behind a unix socket's folder or at a host."""
    query = f"?host={quote(host, safe='')}"
    return f"postgresql://{quote(user)}:{quote(password)}@{f':{port}' if port else ''}/{name}{query}"


def settings_for_tests() -> None:
    """What every process of the run needs before Django's settings are read.

    Each has a database, a prefix and a data folder of its own: organisations of two databases share their numbers.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    os.environ["DATA_DIR"] = str(Path(os.environ["TEST_FOLDER"]) / worker)
    os.environ["DJANGO_SETTINGS_MODULE"] = "iotsim.settings"
    os.environ["REDIS_PREFIX"] = f"test-{os.environ['TEST_RUN']}-{worker}"
    os.environ.update(
        HTTPS="0", ALLOWED_HOSTS="localhost,127.0.0.1,testserver", LOG_LEVEL="warning", SITE_URL="http://127.0.0.1"
    )
    os.environ.pop("COPILOT_MODEL", None)
    from django.conf import settings

    assert settings.DATABASES  # read now: pytest-django sets Django up where it finds settings in use
    # An xdist worker that inherited this would read its settings too early, with the prefix of whoever started it.
    os.environ.pop("DJANGO_SETTINGS_MODULE")


def _end_as_by_ctrl_c(signum: int, frame: FrameType | None) -> None:
    sys.exit("The tests were ended by a signal.")
