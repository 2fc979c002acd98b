"""Variables: typed, from the environment or from a file, and every wrong one recorded with a hint."""

import pytest

from iotsim import env


@pytest.fixture(autouse=True)
def problems(monkeypatch):
    found: list[env.Problem] = []
    monkeypatch.setattr(env, "problems", found)
    return found


def test_a_variable_is_read_without_surrounding_space(monkeypatch):
    monkeypatch.setenv("THING", " value \n")
    assert env.text("THING", "default") == "value"


def test_an_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("THING", "  ")
    assert env.text("THING", "default") == "default"


def test_a_variable_may_stand_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "secret"))
    assert env.text("THING") == "from the file"


def test_every_kind_of_value_may_stand_in_a_file(monkeypatch, tmp_path):
    for name, content in {
        "COUNT": "7",
        "SWITCH": "on",
        "LIST": "a, b,",
        "ADDRESS": "https://x.example",
        "BASE": "postgresql://u:p@h/d",
    }.items():
        (tmp_path / name).write_text(content)
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    assert env.number("COUNT", 1) == 7
    assert env.flag("SWITCH") is True
    assert env.words("LIST") == ["a", "b"]
    assert env.url("ADDRESS", ("https",)) == "https://x.example"
    assert env.database("BASE")["NAME"] == "d"


def test_a_file_that_cannot_be_read_is_a_problem(monkeypatch, tmp_path, problems):
    monkeypatch.setenv("THING_FILE", str(tmp_path / "missing"))
    assert env.text("THING", "default") == "default"
    assert problems[0].name == "THING"
    assert "cannot be read: No such file or directory" in problems[0].sentence


def test_a_variable_set_twice_is_a_problem(monkeypatch, tmp_path, problems):
    (tmp_path / "secret").write_text("other")
    monkeypatch.setenv("THING", "value")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "secret"))
    assert env.text("THING") == "value"
    assert problems[0].sentence == "THING and THING_FILE are both set."


def test_a_key_from_a_file_is_shared_with_libraries_that_know_no_files(monkeypatch, tmp_path):
    (tmp_path / "key").write_text("k\n")
    monkeypatch.delenv("MODEL_KEY", raising=False)
    monkeypatch.setenv("MODEL_KEY_FILE", str(tmp_path / "key"))
    env.share("MODEL_KEY")
    assert env.os.environ["MODEL_KEY"] == "k"


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda: env.flag("THING"), "perhaps"),
        (lambda: env.number("THING", 3), "many"),
        (lambda: env.number("THING", 3, minimum=1), "0"),
        (lambda: env.number("THING", 3, maximum=9), "10"),
        (lambda: env.one_of("THING", ("json", "console"), "json"), "xml"),
        (lambda: env.url("THING", ("https",)), "http://x.example"),
        (lambda: env.url("THING", ("redis", "unix")), "unix://"),
        (lambda: env.url("THING", ("redis",)), "redis://"),
        (lambda: env.url("THING", ("redis",)), "redis://host:port"),
        (lambda: env.database("THING"), "mysql://u:p@h/d"),
        (lambda: env.database("THING"), "postgresql://u:p@h/"),
        (lambda: env.database("THING"), "postgresql://u:p@h:port/d"),
        (lambda: env.email("THING"), "mail.example.com"),
    ],
)
def test_a_value_that_cannot_be_understood_is_a_problem_with_a_hint(monkeypatch, problems, read, value):
    monkeypatch.setenv("THING", value)
    read()
    assert [problem.name for problem in problems] == ["THING"]
    assert problems[0].hint.startswith("Write ")


def test_passwords_of_addresses_are_not_repeated_in_problems(monkeypatch, problems):
    monkeypatch.setenv("THING", "mysql://user:sesame@host/name")
    env.database("THING")
    env.url("THING", ("redis",))
    assert problems
    assert "sesame" not in repr(problems)


def test_a_database_address_is_taken_apart(monkeypatch):
    monkeypatch.setenv("THING", "postgresql://me:p%40ss@db.example:6432/iot%2Dsim?sslmode=require")
    assert env.database("THING") == {
        "NAME": "iot-sim",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "6432",
        "OPTIONS": {"sslmode": "require"},
    }


def test_a_database_address_may_name_a_folder_of_sockets(monkeypatch):
    monkeypatch.setenv("THING", "postgresql://me:p@/iotsim?host=%2Frun%2Fpostgresql")
    assert env.database("THING")["HOST"] == "/run/postgresql"


def test_a_mail_address_is_taken_apart(monkeypatch):
    monkeypatch.setenv("THING", "smtp://me:secret@mail.example")
    assert env.email("THING")["EMAIL_PORT"] == 587
    assert env.email("THING")["EMAIL_USE_TLS"] is True
    monkeypatch.setenv("THING", "smtps://me:secret@mail.example")
    assert env.email("THING")["EMAIL_PORT"] == 465
    assert env.email("THING")["EMAIL_USE_SSL"] is True
    monkeypatch.setenv("THING", "smtp://mail.example:25?tls=0")
    assert env.email("THING")["EMAIL_USE_TLS"] is False
