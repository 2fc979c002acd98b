"""Backup and restore: everything in one file, put back whole or not at all."""

import io
import json
import subprocess
import sys
import tarfile
import uuid
from pathlib import Path

import psycopg
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from iotsim.backups import DATABASE, MANIFEST
from tests.conftest import REPOSITORY
from tests.fleet import make_sim

LABEL = "pump of the north"


def manage(environment, *arguments):
    done = subprocess.run(
        [sys.executable, "manage.py", *map(str, arguments)],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def fresh(environment, tmp_path):
    """fresh(): the environment of an installation with an empty database of its own."""
    made = []

    def make():
        name = f"restored_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        address, _, query = environment["DATABASE_URL"].partition("?")
        changed = {
            "DATABASE_URL": f"{address.rpartition('/')[0]}/{name}?{query}",
            "DATA_DIR": str(tmp_path / name),
            "REDIS_PREFIX": f"{environment['REDIS_PREFIX']}-{name}",
        }
        made.append(name)
        return {**environment, **changed}

    yield make
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as connection:
        for name in made:
            connection.execute(f"DROP DATABASE {name}")


@pytest.fixture(scope="module")
def backup(environment, django_db_blocker, tmp_path_factory):
    """A backup of an organisation with one SIM and one stored file."""
    from iotsim.core.models import Organization

    with django_db_blocker.unblock():
        organisation = Organization.objects.create(name="Test", slug=f"test-{uuid.uuid4().hex[:16]}")
        make_sim(organisation, label=LABEL)
    name = default_storage.save("uploads/a.csv", ContentFile(b"iccid\n"))
    file = tmp_path_factory.mktemp("backup") / "one.tar"
    code, words = manage(environment, "backup", file)
    assert code == 0, words
    return {"file": file, "name": name, "organisation": organisation.pk}


def labels(environment, organisation, *, role=""):
    with psycopg.connect(environment["DATABASE_URL"], options=role and f"-c role={role}") as connection:
        if organisation:
            connection.execute("SELECT set_config('app.org', %s, true)", [str(organisation)])
        return {label for (label,) in connection.execute("SELECT label FROM sims_sim").fetchall()}


def test_a_backup_is_one_file_that_only_its_maker_may_read(backup):
    assert oct(backup["file"].stat().st_mode & 0o777) == "0o600"
    with tarfile.open(backup["file"]) as archive:
        names = archive.getnames()
        manifest = json.load(archive.extractfile(MANIFEST))
    assert f"files/{backup['name']}" in names and DATABASE in names
    assert "sims.0001_initial" in manifest["migrations"] and manifest["files"] >= 1


def test_a_backup_is_never_written_over(environment, backup):
    code, words = manage(environment, "backup", backup["file"])
    assert code == 1 and "exists already" in words


def test_an_empty_database_is_filled_with_rows_files_and_the_tenant_wall(backup, fresh):
    there = fresh()
    code, words = manage(there, "restore", backup["file"])
    assert code == 0, words
    assert labels(there, backup["organisation"], role="iotsim_app") == {LABEL}
    assert labels(there, None, role="iotsim_app") == set()
    stored = Path(there["DATA_DIR"]) / "uploads" / backup["name"]
    assert stored.read_bytes() == b"iccid\n"


def test_what_is_restored_goes_on_counting_where_it_was(backup, fresh):
    there = fresh()
    assert manage(there, "restore", backup["file"])[0] == 0
    with psycopg.connect(there["DATABASE_URL"]) as connection:
        greatest, following = connection.execute(
            "SELECT max(id), nextval(pg_get_serial_sequence('core_organization', 'id')) FROM core_organization"
        ).fetchone()
    assert following > greatest


def test_a_database_in_use_is_replaced_only_when_asked(backup, fresh):
    there = fresh()
    assert manage(there, "restore", backup["file"])[0] == 0
    with psycopg.connect(there["DATABASE_URL"]) as connection:
        connection.execute("UPDATE sims_sim SET label = 'changed'")
        connection.execute("CREATE TABLE of_a_later_version (id int REFERENCES core_organization (id))")
    code, words = manage(there, "restore", backup["file"])
    assert code == 1 and "--replace" in words and labels(there, backup["organisation"]) >= {"changed"}
    code, words = manage(there, "restore", backup["file"], "--replace")
    assert code == 0, words
    assert LABEL in labels(there, backup["organisation"])
    with psycopg.connect(there["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT to_regclass('of_a_later_version')").fetchone() == (None,)


def test_a_broken_dump_leaves_the_database_as_it_was(backup, fresh, tmp_path):
    there = fresh()
    assert manage(there, "restore", backup["file"])[0] == 0
    broken = rewritten(backup["file"], tmp_path / "broken.tar", DATABASE, lambda content: content[: len(content) // 2])
    code, words = manage(there, "restore", broken, "--replace")
    assert code == 1 and "pg_restore" in words
    assert LABEL in labels(there, backup["organisation"])


def test_nobody_may_be_at_work_while_it_is_restored(backup, fresh):
    there = fresh()
    with psycopg.connect(there["DATABASE_URL"]):
        code, words = manage(there, "restore", backup["file"])
    assert code == 1 and "1 other connection uses the database" in words


def test_a_backup_of_a_later_version_is_refused(backup, fresh, tmp_path):
    later = rewritten(
        backup["file"],
        tmp_path / "later.tar",
        MANIFEST,
        lambda content: content.replace(b"sims.0001_initial", b"sims.9001_of_tomorrow"),
    )
    code, words = manage(fresh(), "restore", later)
    assert code == 1 and "later version" in words


def test_a_file_that_is_no_backup_is_refused(fresh, tmp_path):
    (tmp_path / "photo.tar").write_bytes(b"not a tar archive")
    code, words = manage(fresh(), "restore", tmp_path / "photo.tar")
    assert code == 1 and "not a backup of iotsim" in words


def rewritten(source, target, member, change):
    """A copy of an archive with one member changed."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for entry in old:
            content = old.extractfile(entry).read()
            if entry.name == member:
                content = change(content)
                entry.size = len(content)
            new.addfile(entry, io.BytesIO(content))
    return target
