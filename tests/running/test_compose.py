"""Dockerfile and docker-compose.yml, read and held against the code that they start."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands

from iotsim.run import parts
from tests.conftest import REPOSITORY

COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if "build" in one}
SERVERS = set(SERVICES) - set(OURS)
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text().replace("\\\n", " ")
SETTINGS = (REPOSITORY / "iotsim" / "settings.py").read_text()
LIBRARY = (REPOSITORY / "iotsim" / "places.py").read_text()


def instructions(word):
    return [line.split(maxsplit=1)[1] for line in DOCKERFILE.splitlines() if line.startswith(f"{word} ")]


def known(variable):
    return f'"{variable}"' in SETTINGS + LIBRARY or variable in {"REMAP_SIGTERM", "POSTGRES_PASSWORD"}


def test_it_has_the_servers_and_every_process_that_make_run_starts():
    assert {"database", "broker"} == SERVERS
    assert {part.name for part in parts(Path("log"), 3)} | {"prepare"} == set(OURS)


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_command_is_one_that_there_is(name):
    words = OURS[name].get("command") or yaml.safe_load(instructions("CMD")[0])
    if words[:2] == ["python", "-m"]:
        assert importlib.util.find_spec(words[2])
    elif words[0] == "python":
        assert words[1] == "manage.py" and words[2] in get_commands()
    else:
        assert words[0] == "celery" and importlib.util.find_spec(words[0])
    assert not any(":" in word and "." in word for word in words) or "iotsim.asgi:application" in words


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_process_waits_for_healthy_servers_and_for_the_prepared_database(name):
    waits = OURS[name]["depends_on"]
    assert {one: waits[one]["condition"] for one in SERVERS} == dict.fromkeys(SERVERS, "service_healthy")
    assert name == "prepare" or waits["prepare"]["condition"] == "service_completed_successfully"
    assert all("healthcheck" in SERVICES[one] for one in SERVERS)


def test_every_variable_is_one_that_the_settings_read():
    named = {name for one in OURS.values() for name in one["environment"]}
    lines = (REPOSITORY / ".env.example").read_text().splitlines()
    named |= {line.partition("=")[0] for line in lines if line and not line.startswith("#")}
    named |= {name for line in instructions("ENV") for name, _, _ in (one.partition("=") for one in shlex.split(line))}
    assert [name for name in named - {"PATH", "PYTHONUNBUFFERED"} if not known(name)] == []


def test_no_secret_has_a_value_and_none_may_be_left_out():
    text = (REPOSITORY / "docker-compose.yml").read_text()
    assert not re.search(r"(PASSWORD|SECRET_KEY|TOKEN):\s*[A-Za-z0-9]", text)
    example = (REPOSITORY / ".env.example").read_text()
    assert re.search(r"^SECRET_KEY=$", example, re.M) and re.search(r"^POSTGRES_PASSWORD=$", example, re.M)
    assert "${POSTGRES_PASSWORD:?" in text


def test_only_the_web_server_is_reached_from_outside():
    assert [name for name, one in SERVICES.items() if "ports" in one] == ["web"]


def test_every_volume_in_use_is_declared_and_what_must_last_is_on_one():
    used = {mount.partition(":")[0] for one in SERVICES.values() for mount in one.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])
    assert all(SERVICES[name].get("volumes") for name in ("database", "broker", "web", "worker"))


def test_the_image_copies_what_there_is_and_runs_as_an_ordinary_user():
    for line in instructions("COPY"):
        *sources, _ = [word for word in shlex.split(line) if not word.startswith("--")]
        if "--from" not in line:
            assert [one for one in sources if not (REPOSITORY / one).exists()] == []
    assert instructions("USER") == ["iotsim"]


def test_the_image_has_what_the_set_up_would_install():
    assert {"libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "libgomp1"} <= set(DOCKERFILE.split())


def test_what_is_private_or_made_does_not_enter_the_image():
    ignored = set((REPOSITORY / ".dockerignore").read_text().split())
    assert {".env", "var", ".git", ".venv", "node_modules", "static/vendor"} <= ignored
