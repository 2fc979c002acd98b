"""Where iotsim keeps its own files: one data folder, and the folder of its unix sockets.

Standard library only: set-up and the embedded servers use it before any package is imported.
"""

import hashlib
import os
import secrets
import stat
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

# The path of a unix socket may have 107 bytes (103 on macOS); the longest name in the folder is PostgreSQL's.
LONGEST_SOCKET_PATH = 103
LONGEST_SOCKET_NAME = "/.s.PGSQL.5432"

DATABASE_NAME = "iotsim"
DATABASE_OWNER = "iotsim"
DATABASE_APPLICATION_ROLE = "iotsim_app"


def data_folder() -> Path:
    """The folder named by DATA_DIR, else `var` beside the code."""
    return Path(os.environ.get("DATA_DIR", "").strip() or BASE_DIR / "var").expanduser().absolute()


def socket_folder(data: Path) -> Path:
    """The folder for unix sockets: inside of the data folder, or a short one when that path is too long."""
    folder = data / "run"
    if len(os.fsencode(folder)) + len(LONGEST_SOCKET_NAME) <= LONGEST_SOCKET_PATH:
        return folder
    key = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(f"/tmp/iotsim-{os.getuid()}-{key}")  # noqa: S108 (private_folder refuses one made by somebody else)


def private_folder(folder: Path) -> Path:
    """Make the folder if need be and see to it that only this user may enter; PermissionError if it is another's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or (state.st_uid != os.getuid() and os.getuid() != 0):
        raise PermissionError(f"{folder} belongs to somebody else. Remove it, or set DATA_DIR to another folder.")
    if stat.S_IMODE(state.st_mode) != 0o700:
        folder.chmod(0o700)
    return folder


def secret(data: Path, name: str) -> str:
    """A random word kept in the data folder: made by whoever asks first, readable by this user only."""
    path = private_folder(data) / name
    if not path.exists():
        draft = path.with_name(f"{name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)  # fails when another process was first, whose word then counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
