"""Commands that need the servers of this installation, whether `make run` is under way or not."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from iotsim import places
from iotsim.embedded import Postgres, Valkey


class Running(RuntimeError):
    """`make run` is under way, and the command needs the installation for itself."""


@contextmanager
def servers(*, alone: bool) -> Iterator[None]:
    """Have the embedded servers run meanwhile; servers named by DATABASE_URL and REDIS_URL are taken as they are.

    With `alone` nothing else of this installation may run: raises Running. Raises StartFailed.
    """
    if not settings.LOCAL:
        yield
        return
    data = places.private_folder(settings.DATA_DIR)
    with (data / "run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if alone:
                raise Running("iotsim is running. Stop it first: Ctrl-C where `make run` was typed.") from None
            yield
            return
        with (
            _started(Postgres(data=data, log=data / "log" / "postgres.log")),
            _started(Valkey(data=data, log=data / "log" / "valkey.log")),
        ):
            yield


@contextmanager
def _started(server: Postgres | Valkey) -> Iterator[None]:
    server.start()
    try:
        yield
    finally:
        server.stop()
