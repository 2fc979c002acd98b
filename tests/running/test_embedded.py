"""The embedded servers: private, with the roles that the wall needs, and not to be lost by a crash."""

import os
import re
import signal
import stat
import subprocess
import sys
from contextlib import contextmanager

import psycopg
import pytest

from iotsim import places
from iotsim.embedded import CARELESS_SETTINGS, Postgres, Valkey, binary
from iotsim.processes import StartFailed


@contextmanager
def postgres(data, settings=CARELESS_SETTINGS):
    server = Postgres(data=data, log=data / "postgres.log", settings=settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def connect(data, **changes):
    arguments = {
        "host": str(places.socket_folder(data)),
        "user": places.DATABASE_OWNER,
        "password": places.secret(data, "database-password"),
        "dbname": places.DATABASE_NAME,
        "autocommit": True,
    }
    return psycopg.connect(**(arguments | changes))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with postgres(tmp_path_factory.mktemp("data")) as server:
        yield server


def test_the_owner_owns_the_database_and_is_no_superuser(server):
    with connect(server.data) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreatedb, pg_get_userbyid(datdba) "
            "FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"
        ).fetchone()
    assert row == (False, False, True, "iotsim")


def test_the_application_role_may_be_taken_and_owns_nothing(server):
    with connect(server.data, options="-c role=iotsim_app") as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("iotsim_app",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (id int)")


def test_vectors_are_there_also_in_databases_made_later(server):
    with connect(server.data) as connection:
        connection.execute("CREATE DATABASE later")
    with connect(server.data, dbname="later") as connection:
        assert connection.execute("SELECT '[1,2]'::vector <-> '[1,4]'").fetchone() == (2.0,)


def test_a_wrong_password_is_refused(server):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(server.data, password="guess")


def test_only_this_user_may_enter_the_data_and_read_the_passwords(server):
    for folder in (server.data, server.cluster, server.sockets):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("database-password", "database-admin-password"):
        assert stat.S_IMODE((server.data / name).stat().st_mode) == 0o600


def test_nothing_listens_on_the_network(server):
    with connect(server.data) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_data_survive_the_kill_of_every_process(tmp_path):
    with postgres(tmp_path, settings={}) as server:
        with connect(tmp_path) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
            [pid] = [int(line) for line in (server.cluster / "postmaster.pid").read_text().split()[:1]]
        os.kill(pid, signal.SIGKILL)
    with postgres(tmp_path, settings={}), connect(tmp_path) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_pid_file_that_names_a_stranger_does_not_stop_the_start(tmp_path):
    with postgres(tmp_path):
        lines = (tmp_path / "postgres" / "postmaster.pid").read_text().splitlines()
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (tmp_path / "postgres" / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        with postgres(tmp_path), connect(tmp_path):
            pass
        assert stranger.poll() is None
    finally:
        stranger.communicate()


def test_a_first_start_that_was_interrupted_is_done_again(tmp_path):
    (tmp_path / "postgres" / "base").mkdir(parents=True)
    with postgres(tmp_path), connect(tmp_path):
        pass


def test_a_data_folder_with_a_long_path_gets_a_short_folder_for_its_sockets(tmp_path):
    data = tmp_path / "-".join(["a-long-name"] * 10)
    data.mkdir()
    with postgres(data), connect(data):
        folder = places.socket_folder(data)
    assert not folder.is_relative_to(tmp_path)
    assert len(str(folder)) < 60
    folder.rmdir()


def test_a_socket_folder_made_by_somebody_else_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "theirs"
    folder.mkdir()
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(PermissionError, match="belongs to somebody else"):
        places.private_folder(folder)


def test_a_secret_is_made_once(tmp_path):
    assert places.secret(tmp_path, "word") == places.secret(tmp_path, "word")
    assert len(places.secret(tmp_path, "word")) >= 50
    assert places.secret(tmp_path, "word") != places.secret(tmp_path, "other")


def test_valkey_keeps_what_it_was_told_over_a_kill(tmp_path):
    import redis

    first = Valkey(data=tmp_path, log=tmp_path / "valkey.log")
    first.start()
    with redis.Redis(unix_socket_path=str(first.socket)) as client:
        client.set("kept", "42")
        client.execute_command("WAITAOF", 1, 0, 5000)
    os.kill(first.child.pid, signal.SIGKILL)
    first.child.wait()
    second = Valkey(data=tmp_path, log=tmp_path / "valkey.log")
    second.start()
    try:
        with redis.Redis(unix_socket_path=str(second.socket)) as client:
            assert client.get("kept") == b"42"
    finally:
        second.stop()


def test_the_server_is_the_one_promised():
    done = subprocess.run([str(binary("postgres")), "--version"], capture_output=True, text=True, check=True)
    assert re.search(r"PostgreSQL\) 18\.", done.stdout)


def test_data_of_another_major_version_are_refused_with_the_way_out(tmp_path):
    with postgres(tmp_path):
        pass
    (tmp_path / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(StartFailed, match=r"written by PostgreSQL 17.*brings PostgreSQL \d+.*backup.*restore"):
        Postgres(data=tmp_path, log=tmp_path / "postgres.log").start()
    assert (tmp_path / "postgres" / "base").is_dir()
