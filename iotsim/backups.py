"""One file that holds an installation: the database and every stored file, with a page that says what they are.

The file is a tar archive: `manifest.json`, `database.dump` (PostgreSQL's custom format) and `files/<name>`. The
secrets of the installation (SECRET_KEY, passwords of servers) are not in it: they belong to the machine.
"""

import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import Storage, default_storage
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from psycopg import conninfo

from iotsim.embedded import binary

FORMAT = 1
MANIFEST, DATABASE, FILES = "manifest.json", "database.dump", "files/"
# Everything of ours in the database, but no extension and nothing that belongs to one.
EMPTY_DATABASE = """
DO $$
DECLARE one record;
BEGIN
    FOR one IN
        SELECT c.oid::regclass AS name, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('DROP %s %s CASCADE', CASE one.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
            ELSE 'TABLE' END, one.name);
    END LOOP;
    FOR one IN
        SELECT p.oid::regprocedure AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'public'
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('DROP ROUTINE %s CASCADE', one.name);
    END LOOP;
    FOR one IN
        SELECT c.oid::regclass AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind = 'S'
    LOOP
        EXECUTE format('DROP SEQUENCE %s CASCADE', one.name);
    END LOOP;
    DROP SCHEMA IF EXISTS mlflow CASCADE;
END $$;
"""


class BackupFailed(RuntimeError):
    """A backup cannot be made or used; the message is a sentence that says why and what to do."""


@dataclass(frozen=True)
class Manifest:
    """What a backup is of. `migrations` are the names of all that were applied, as "sims.0001_initial"."""

    format: int
    created_at: str
    server: str
    migrations: list[str]
    files: int
    missing_files: list[str]


def write_backup(path: Path) -> Manifest:
    """Write everything into one file at `path`, readable by this user only; it appears when it is whole.

    Works beside a running iotsim: the database is taken as it is at one moment. A file that is deleted meanwhile is
    named in the manifest. Raises BackupFailed.
    """
    if path.exists():
        raise BackupFailed(f"{path} exists already. Name another file; a backup is never written over.")
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-") as folder:
            draft = Path(folder) / "draft"
            manifest = _write(draft, Path(folder))
            draft.replace(path)
    except OSError as error:
        raise BackupFailed(f"{path} cannot be written: {error.strerror or error}.") from error
    return manifest


def _write(draft: Path, folder: Path) -> Manifest:
    dump = folder / DATABASE
    _run(["pg_dump", "--format=custom", "--no-owner", f"--file={dump}", *_where()])
    missing: list[str] = []
    count = 0
    with (
        os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as raw,
        tarfile.open(fileobj=raw, mode="w") as archive,
    ):
        archive.add(dump, DATABASE)
        for name in _stored(default_storage, ""):
            if _add(archive, name):
                count += 1
            else:
                missing.append(name)
        manifest = Manifest(FORMAT, timezone.now().isoformat(), _server(), _applied(), count, missing)
        page = folder / MANIFEST
        page.write_text(json.dumps(asdict(manifest), indent=1))
        archive.add(page, MANIFEST)
    return manifest


def _add(archive: tarfile.TarFile, name: str) -> bool:
    """Whether the stored file was still there."""
    try:
        with default_storage.open(name) as file:
            entry = tarfile.TarInfo(FILES + name)
            entry.size, entry.mode = file.size, 0o600
            archive.addfile(entry, file)
    except FileNotFoundError:
        return False
    return True


def _stored(storage: Storage, folder: str) -> Iterator[str]:
    """The names of all stored files."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(files):
        yield f"{folder}{name}"
    for name in sorted(folders):
        yield from _stored(storage, f"{folder}{name}/")


def read_manifest(path: Path) -> Manifest:
    """What the backup is of. Raises BackupFailed when the file is none, or one of a later iotsim."""
    try:
        with tarfile.open(path) as archive:
            page = archive.extractfile(MANIFEST)
            assert page is not None
            manifest = Manifest(**json.load(page))
    except (OSError, tarfile.TarError, KeyError, ValueError, TypeError, AssertionError) as error:
        raise BackupFailed(f"{path} is not a backup of iotsim, or only a part of one.") from error
    unknown = set(manifest.migrations) - {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if manifest.format > FORMAT or unknown:
        raise BackupFailed(f"{path} was made by a later version of iotsim. Install that version, then restore.")
    return manifest


def restore_backup(path: Path, *, replace: bool) -> Manifest:
    """Put database and files back as they were; the database changes whole or not at all.

    Needs an empty database, or `replace`, which gives up what is there. Raises BackupFailed.
    """
    manifest = read_manifest(path)
    _nobody_works_here()
    if not replace and connection.introspection.table_names():
        raise BackupFailed("The database is not empty. Add --replace to give up everything that is in it now.")
    with tempfile.TemporaryDirectory(prefix="iotsim-") as folder, tarfile.open(path) as archive:
        _take_out(archive, DATABASE, Path(folder) / DATABASE)
        _load(Path(folder))
        _put_files_back(archive)
    return manifest


def _take_out(archive: tarfile.TarFile, name: str, target: Path) -> None:
    content = archive.extractfile(name)
    assert content is not None
    with target.open("wb") as file:
        shutil.copyfileobj(content, file)


def _load(folder: Path) -> None:
    """Empty the database and fill it from the dump, in one transaction."""
    script = folder / "restore.sql"
    _run(["pg_restore", "--no-owner", "--no-comments", f"--file={script}", str(folder / DATABASE)])
    empty = folder / "empty.sql"
    empty.write_text(EMPTY_DATABASE)
    options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    connection.close()
    _run(["psql", *options, f"--file={empty}", f"--file={script}", *_where()])


def _put_files_back(archive: tarfile.TarFile) -> None:
    """Each stored file under its old name. Names come from the archive, so the storage checks that they stay inside."""
    for entry in archive:
        if entry.isfile() and entry.name.startswith(FILES):
            name = entry.name.removeprefix(FILES)
            content = archive.extractfile(entry)
            assert content is not None
            default_storage.delete(name)
            default_storage.save(name, File(content))


def _nobody_works_here() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        )
        (others,) = cursor.fetchone()
    if others:
        connections = "connection uses" if others == 1 else "connections use"
        raise BackupFailed(f"{others} other {connections} the database. Stop web, workers, beat and copilot first.")


def _applied() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
        return [name for (name,) in cursor.fetchall()]


def _server() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return f"PostgreSQL {cursor.fetchone()[0]}"


def _where() -> list[str]:
    """The database, for PostgreSQL's own programs; the password goes by the environment, which `ps` does not show."""
    found = settings.DATABASES["default"]
    options = {name: value for name, value in found["OPTIONS"].items() if name.startswith("ssl")}
    where = {"host": found["HOST"], "port": found["PORT"], "user": found["USER"], "dbname": found["NAME"]}
    return ["--dbname", conninfo.make_conninfo("", **{**where, **options})]


def _run(command: list[str]) -> None:
    password = settings.DATABASES["default"]["PASSWORD"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    done = subprocess.run(
        [str(binary(command[0])), *command[1:]],
        env={**environment, "PGPASSWORD": password},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = re.sub(r"\s+", " ", done.stderr).strip()[-500:]
        raise BackupFailed(f"{command[0]} ended with an error: {words}")
