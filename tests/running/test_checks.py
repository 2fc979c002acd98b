"""Every wrong combination of settings is an error with a number and a hint."""

import os
import uuid
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper

from iotsim import checks, env, places
from iotsim.core.tenancy import as_owner


def numbers(messages):
    found = list(messages)
    assert all(message.hint for message in found)
    return [message.id for message in found]


@pytest.fixture
def production(settings, monkeypatch):
    """Settings as they should be on a server."""
    settings.LOCAL = settings.DEBUG = False
    settings.HTTPS = True
    settings.HOST = "127.0.0.1"
    settings.SECRET_KEY = "a-key-of-many-words-that-nobody-would-guess-0123456789"
    settings.ALLOWED_HOSTS = ["iotsim.example.com"]
    settings.SITE_URL = "https://iotsim.example.com"
    settings.COPILOT_MODEL, settings.COPILOT_FALLBACK_MODELS = "", []
    settings.SIGNUP_OPEN = False
    settings.RECORDS_KEPT_DAYS, settings.HOURS_KEPT_DAYS, settings.DAYS_KEPT_DAYS = 0, 400, 0
    monkeypatch.setenv("SITE_URL", settings.SITE_URL)
    for key in settings.COPILOT_PROVIDER_KEYS.values():
        monkeypatch.delenv(key, raising=False)
    return settings


def all_settings_checks():
    return numbers(message for message in run_checks(tags=[checks.TAG]) if message.id != "iotsim.W002")


def test_good_settings_pass(production):
    assert all_settings_checks() == []


def test_a_value_that_cannot_be_understood(monkeypatch):
    monkeypatch.setattr(env, "problems", [env.Problem("PORT", "PORT is many.", "Write a number.")])
    assert numbers(checks.values_are_understood()) == ["iotsim.E001"]


@pytest.mark.parametrize(
    ("records", "hours", "days", "found"),
    [
        (0, 0, 0, []),
        (31, 31, 93, []),
        (200, 400, 200, []),
        (30, 1, 92, ["iotsim.E014"] * 3),
        (0, 0, 400, ["iotsim.E015"]),
        (500, 400, 400, ["iotsim.E015"]),
    ],
)
def test_usage_is_kept_long_enough_and_days_as_long_as_their_records(production, records, hours, days, found):
    production.RECORDS_KEPT_DAYS, production.HOURS_KEPT_DAYS, production.DAYS_KEPT_DAYS = records, hours, days
    assert numbers(checks.usage_is_kept_long_enough()) == found


def test_no_secret_key(production):
    production.SECRET_KEY = ""
    assert numbers(checks.secret_key_is_strong()) == ["iotsim.E002"]


def test_a_short_secret_key(production):
    production.SECRET_KEY = "short"
    assert numbers(checks.secret_key_is_strong()) == ["iotsim.E003"]


def test_no_allowed_hosts(production):
    production.ALLOWED_HOSTS = []
    assert numbers(checks.hosts_are_named()) == ["iotsim.E004"]


def test_open_to_others_but_allowed_for_this_machine_only(production):
    production.HOST, production.ALLOWED_HOSTS = "0.0.0.0", ["localhost", "127.0.0.1"]
    assert numbers(checks.hosts_are_named()) == ["iotsim.E005"]


def test_every_host_allowed(production):
    production.ALLOWED_HOSTS = ["*"]
    assert numbers(checks.hosts_are_named()) == ["iotsim.W001"]


def test_debug_for_others(production):
    production.DEBUG, production.HOST = True, "0.0.0.0"
    assert numbers(checks.debug_stays_at_home()) == ["iotsim.E006"]


def test_a_model_without_provider(production):
    production.COPILOT_MODEL = "some-model"
    assert numbers(checks.copilot_has_a_model_it_can_call()) == ["iotsim.E007"]


def test_a_model_without_its_providers_key(production):
    production.COPILOT_MODEL = "anthropic/some-model"
    assert numbers(checks.copilot_has_a_model_it_can_call()) == ["iotsim.E008"]


def test_a_fallback_model_without_its_providers_key(production, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    production.COPILOT_MODEL = "anthropic/some-model"
    production.COPILOT_FALLBACK_MODELS = ["openai/other-model"]
    [message] = checks.copilot_has_a_model_it_can_call()
    assert message.id == "iotsim.E008"
    assert "OPENAI_API_KEY" in message.msg


def test_a_model_on_a_server_of_ones_own_needs_no_key(production):
    production.COPILOT_MODEL, production.COPILOT_API_BASE = "openai/local", "http://127.0.0.1:1234/v1"
    assert numbers(checks.copilot_has_a_model_it_can_call()) == []


def test_fallback_models_without_a_model(production):
    production.COPILOT_FALLBACK_MODELS = ["ollama/some-model"]
    assert numbers(checks.copilot_has_a_model_it_can_call()) == ["iotsim.E009"]


def test_no_site_address(production, monkeypatch):
    monkeypatch.delenv("SITE_URL")
    assert numbers(checks.site_has_one_address()) == ["iotsim.E010"]


def test_a_plain_site_address_with_https_on(production):
    production.SITE_URL = "http://iotsim.example.com"
    assert numbers(checks.site_has_one_address()) == ["iotsim.E011"]


def test_a_site_address_that_is_not_allowed(production):
    production.SITE_URL = "https://other.example.com"
    assert numbers(checks.site_has_one_address()) == ["iotsim.E012"]


def test_open_sign_up_without_mail(production, monkeypatch):
    monkeypatch.delenv("EMAIL_URL", raising=False)
    production.SIGNUP_OPEN = True
    assert numbers(checks.sign_up_can_be_confirmed()) == ["iotsim.E013"]


def test_single_sign_on_in_part(production):
    assert numbers(checks.single_sign_on_is_whole_and_safe()) == []
    production.OIDC_ISSUER = "https://id.example.com"
    assert numbers(checks.single_sign_on_is_whole_and_safe()) == ["iotsim.E014"]


def test_single_sign_on_over_plain_http(production):
    production.OIDC_ISSUER, production.OIDC_CLIENT_ID, production.OIDC_CLIENT_SECRET = "http://id.example.com", "a", "b"
    assert numbers(checks.single_sign_on_is_whole_and_safe()) == ["iotsim.E015"]
    production.OIDC_ISSUER = "http://127.0.0.1:9000"
    assert numbers(checks.single_sign_on_is_whole_and_safe()) == []


def test_no_front_end(monkeypatch, tmp_path):
    monkeypatch.setattr(places, "BASE_DIR", tmp_path)
    assert numbers(checks.static_files_are_there()) == ["iotsim.W002"]


def test_the_role_of_the_tests_is_weak_enough(database):
    assert numbers(checks.application_role_is_weak(None, databases=["default"])) == []


def test_a_role_that_owns_the_tables(database):
    with as_owner():
        assert numbers(checks._wall("default")) == ["iotsim.E021"]


def test_the_owners_own_connection_is_not_mistaken_for_the_applications(database):
    with as_owner():
        assert checks.application_role_is_weak(None, databases=["default"]) == []


def test_an_old_server(database, monkeypatch):
    monkeypatch.setattr(checks, "OLDEST_DATABASE", 99)
    assert numbers(checks._wall("default")) == ["iotsim.E022"]


@pytest.fixture
def connected(database):
    """connected(**settings): another connection to the test database, under the alias it returns."""
    made = []

    def connect(*, role="iotsim_app", **changes):
        options = {"options": f"-c role={role}"} if role else {}
        alias = f"other{len(made)}"
        made.append(DatabaseWrapper({**connection.settings_dict, "OPTIONS": options, **changes}, alias))
        connections[alias] = made[-1]
        return alias

    yield connect
    for wrapper in made:
        wrapper.close()
        del connections[wrapper.alias]


@pytest.fixture
def administrator():
    """What a superuser of the embedded server signs in with."""
    path = Path(os.environ["TEST_FOLDER"]) / "database-admin-password"
    if not path.exists():
        pytest.skip("DATABASE_URL names a server of yours, whose superuser the tests do not know.")
    return {"USER": "postgres", "PASSWORD": path.read_text()}


@pytest.fixture
def stranger(connected, administrator):
    """A login that may neither take the application's role nor make it."""
    name = f"stranger_{uuid.uuid4().hex[:8]}"
    with connections[connected(role="", **administrator)].cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
    return {"USER": name, "PASSWORD": "secret"}


def test_a_superuser(connected, administrator):
    assert "iotsim.E020" in numbers(checks._wall(connected(role="", **administrator)))


def test_a_login_that_is_a_superuser(connected, administrator):
    assert numbers(checks._wall(connected(**administrator))) == ["iotsim.W003"]


def test_a_database_that_is_not_utf8(connected, administrator):
    admin, name = connections[connected(role="", **administrator)], f"ascii_{uuid.uuid4().hex[:8]}"
    with admin.cursor() as cursor:
        cursor.execute(
            f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"
        )
    assert numbers(checks._wall(connected(NAME=name))) == ["iotsim.E023"]


def test_a_login_that_may_not_take_the_role(connected, stranger):
    assert numbers(checks._wall(connected(**stranger))) == ["iotsim.E024"]


def test_a_server_that_is_not_there(connected, tmp_path):
    [message] = checks._wall(connected(HOST=str(tmp_path)))
    assert message.id == "iotsim.E025"
    assert message.hint


def test_a_login_that_may_not_make_the_role_is_told_what_to_run(stranger, monkeypatch):
    connection.close()
    for name, value in stranger.items():
        monkeypatch.setitem(connection.settings_dict, name, value)
    monkeypatch.delitem(connection.settings_dict["OPTIONS"], "pool")
    try:
        with pytest.raises(CommandError, match=r"GRANT iotsim_app TO .?stranger_"):
            call_command("create_database_roles")
    finally:
        connection.close()


def test_servers_refuse_to_start_with_every_error_in_words(production):
    production.SECRET_KEY, production.ALLOWED_HOSTS = "", []
    with pytest.raises(SystemExit, match=r"(?s)iotsim.E002.*iotsim.E004"):
        checks.refuse_to_start()
