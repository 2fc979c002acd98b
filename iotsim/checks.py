"""System checks: every combination of settings that cannot work, each with a number and what to do about it.

They run at every management command and, with those that ask the database, before web, worker and beat start.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections
from django.http.request import validate_host

from iotsim import env, places

SHORTEST_SECRET_KEY = 32
OLDEST_DATABASE = 16
# Billing cycles need two months of days; partitions are whole months.
SHORTEST_KEPT_DAYS = {"RECORDS_KEPT_DAYS": 31, "HOURS_KEPT_DAYS": 31, "DAYS_KEPT_DAYS": 93}
LOOPBACK = {"localhost", "127.0.0.1", "::1", "[::1]"}
TAG = "iotsim"

Messages = Iterator[CheckMessage]
Check = Callable[[], Messages]


def _settings_check(check: Check) -> Check:
    def run(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
        return list(check())

    register(run, TAG)
    return check


def refuse_to_start() -> None:
    """End the process with all errors in words; for servers, which run no management command."""
    messages = run_checks(tags=[TAG, Tags.database], databases=["default"])
    errors = [message for message in messages if message.is_serious() and not message.is_silenced()]
    if errors:
        sys.exit("\n".join(sorted(str(error) for error in errors)))


@_settings_check
def values_are_understood() -> Messages:
    for problem in env.problems:
        yield Error(problem.sentence, hint=problem.hint, obj=problem.name, id="iotsim.E001")


@_settings_check
def secret_key_is_strong() -> Messages:
    hint = 'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(50))"'
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's own word for an empty one
        yield Error("SECRET_KEY is not set, and DATABASE_URL is.", hint=hint, id="iotsim.E002")
        return
    if len(key) < SHORTEST_SECRET_KEY:
        sentence = f"SECRET_KEY has fewer than {SHORTEST_SECRET_KEY} characters."
        yield Error(sentence, hint=hint, id="iotsim.E003")


@_settings_check
def hosts_are_named() -> Messages:
    hint = "Name the hosts by which people reach iotsim, as in ALLOWED_HOSTS=iotsim.example.com."
    if not settings.ALLOWED_HOSTS:
        yield Error("ALLOWED_HOSTS is not set, and DATABASE_URL is.", hint=hint, id="iotsim.E004")
    elif settings.HOST not in LOOPBACK and set(settings.ALLOWED_HOSTS) <= LOOPBACK:
        sentence = f"HOST is {settings.HOST}, so others may come, but ALLOWED_HOSTS names this machine only."
        yield Error(sentence, hint=hint, id="iotsim.E005")
    if "*" in settings.ALLOWED_HOSTS and not settings.DEBUG:
        sentence = "ALLOWED_HOSTS allows every host, so links in mails can be made to point anywhere."
        yield Warning(sentence, hint=hint, id="iotsim.W001")


@_settings_check
def debug_stays_at_home() -> Messages:
    if settings.DEBUG and settings.HOST not in LOOPBACK:
        sentence = f"DEBUG is on while HOST is {settings.HOST}: error pages would show settings to anyone."
        yield Error(sentence, hint="Leave DEBUG out, or HOST.", id="iotsim.E006")


@_settings_check
def copilot_has_a_model_it_can_call() -> Messages:
    models = [settings.COPILOT_MODEL, *settings.COPILOT_MODELS, *settings.COPILOT_FALLBACK_MODELS]
    if settings.COPILOT_FALLBACK_MODELS and not settings.COPILOT_MODEL and not settings.COPILOT_MODELS:
        sentence = "COPILOT_FALLBACK_MODELS is set, but neither COPILOT_MODEL nor COPILOT_MODELS is."
        yield Error(sentence, hint="Set COPILOT_MODEL or COPILOT_MODELS, or none of them.", id="iotsim.E009")
    for model in dict.fromkeys(filter(None, models)):
        provider, slash, _ = model.partition("/")
        if not slash:
            sentence = f'The model "{model}" names no provider.'
            yield Error(sentence, hint="Write provider/model, as in anthropic/claude-sonnet-4-5.", id="iotsim.E007")
        key = settings.COPILOT_PROVIDER_KEYS.get(provider)
        if key and not env.text(key) and not settings.COPILOT_API_BASE:
            sentence = f'The model "{model}" needs {key}, which is not set.'
            hint = f"Set {key} or {key}_FILE; without COPILOT_MODEL the built-in offline planner answers."
            yield Error(sentence, hint=hint, id="iotsim.E008")


@_settings_check
def site_has_one_address() -> Messages:
    site = urlsplit(settings.SITE_URL)
    if not (settings.LOCAL or settings.DEBUG or env.text("SITE_URL")):
        hint = "Set it to the address that people use, as in SITE_URL=https://iotsim.example.com."
        yield Error("SITE_URL is not set, and DATABASE_URL is.", hint=hint, id="iotsim.E010")
        return
    if (site.scheme == "https") != settings.HTTPS:
        sentence = f"SITE_URL is {settings.SITE_URL}, but HTTPS is {'on' if settings.HTTPS else 'off'}."
        yield Error(sentence, hint="Make both speak of https, or set HTTPS=0 for plain http.", id="iotsim.E011")
    if settings.ALLOWED_HOSTS and not validate_host(site.hostname or "", settings.ALLOWED_HOSTS):
        sentence = f"SITE_URL is {settings.SITE_URL}, but ALLOWED_HOSTS does not name {site.hostname}."
        yield Error(sentence, hint=f"Add {site.hostname} to ALLOWED_HOSTS.", id="iotsim.E012")


@_settings_check
def usage_is_kept_long_enough() -> Messages:
    kept = {name: getattr(settings, name) for name in SHORTEST_KEPT_DAYS}
    for name, shortest in SHORTEST_KEPT_DAYS.items():
        if 0 < kept[name] < shortest:
            sentence = f"{name} is {kept[name]}: usage cannot be worked out from less than {shortest} days."
            yield Error(sentence, hint=f"Set it to {shortest} or more, or to 0 for ever.", id="iotsim.E014")
    days, records = kept["DAYS_KEPT_DAYS"], kept["RECORDS_KEPT_DAYS"]
    if days and (records == 0 or records > days):
        sentence = f"DAYS_KEPT_DAYS is {days}, but the records they are made of are kept for longer."
        yield Error(sentence, hint="Keep days at least as long as records.", id="iotsim.E015")


@_settings_check
def sign_up_can_be_confirmed() -> Messages:
    if settings.SIGNUP_OPEN and not env.text("EMAIL_URL"):
        sentence = "SIGNUP_OPEN lets anyone sign up, but without EMAIL_URL no address can be confirmed."
        yield Error(sentence, hint="Set EMAIL_URL, as in smtp://user:password@mail.example.com.", id="iotsim.E013")


@_settings_check
def single_sign_on_is_whole_and_safe() -> Messages:
    names = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
    missing = [name for name in names if not getattr(settings, name)]
    if missing and len(missing) < len(names):
        sentence = (
            f"Single sign-on is set in part: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} empty."
        )
        yield Error(sentence, hint=f"Set {', '.join(names)} together, or none of them.", id="iotsim.E014")
    issuer = urlsplit(settings.OIDC_ISSUER)
    if issuer.scheme == "http" and issuer.hostname not in LOOPBACK:
        sentence = f"OIDC_ISSUER is {settings.OIDC_ISSUER}: over plain http anyone on the way could sign in as anybody."
        yield Error(sentence, hint="Name the provider's https address.", id="iotsim.E015")


@_settings_check
def static_files_are_there() -> Messages:
    if not (places.BASE_DIR / "static" / "vendor" / "tabler.min.css").exists():
        sentence = "static/vendor lacks the front end's packages, so pages would have no style."
        yield Warning(sentence, hint="Run `make run` once, or `python3 -I iotsim/bootstrap.py run`.", id="iotsim.W002")


@register(Tags.database)
def application_role_is_weak(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """The tenant wall stands only where the role that answers people can neither skip nor change it."""
    messages: list[CheckMessage] = []
    for alias in databases or []:
        # Without the role the connection is the owner's on purpose: for migrations, never for people.
        if "options" in connections[alias].settings_dict["OPTIONS"]:
            messages += _wall(alias)
    return messages


WALL = """
    SELECT current_user, role.rolsuper, role.rolbypassrls, login.rolsuper,
           current_setting('server_version_num')::int / 10000, current_setting('server_encoding'),
           EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE c.relowner = role.oid AND c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%%')
    FROM pg_roles role, pg_roles login WHERE role.rolname = current_user AND login.rolname = session_user
"""


def _wall(alias: str) -> Messages:
    role_hint = f"Let it work as {places.DATABASE_APPLICATION_ROLE}: run manage.py create_database_roles."
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute(WALL)
            role, is_super, bypasses, login_is_super, version, encoding, owns = cursor.fetchone()
    except DatabaseError as error:
        yield _unreachable(error)
        return
    if is_super or bypasses:
        sentence = f"The database role {role} is a superuser or has BYPASSRLS: organisations would see each other."
        yield Error(sentence, hint=role_hint, id="iotsim.E020")
    if owns:
        sentence = f"The database role {role} owns tables, so row security does not bind it."
        yield Error(sentence, hint=role_hint, id="iotsim.E021")
    if version < OLDEST_DATABASE:
        sentence = f"PostgreSQL {version} is too old."
        yield Error(sentence, hint=f"Use PostgreSQL {OLDEST_DATABASE} or newer.", id="iotsim.E022")
    if encoding != "UTF8":
        sentence = f"The database stores text as {encoding}."
        yield Error(sentence, hint="Create the database with ENCODING 'UTF8'.", id="iotsim.E023")
    if login_is_super:
        sentence = "The database login is a superuser, which is more than iotsim needs."
        hint = "Create a login of its own that owns the database, and name it in DATABASE_URL."
        yield Warning(sentence, hint=hint, id="iotsim.W003")


def _unreachable(error: DatabaseError) -> CheckMessage:
    reason = " ".join(str(error).split())
    if (
        f'role "{places.DATABASE_APPLICATION_ROLE}" does not exist' in reason
        or "permission denied to set role" in reason
    ):
        sentence = f"The database has no role {places.DATABASE_APPLICATION_ROLE} that this login may take."
        return Error(sentence, hint="Run manage.py create_database_roles, then migrate.", id="iotsim.E024")
    hint = "Check DATABASE_URL, and that the server runs; without DATABASE_URL, `make run` starts one."
    return Error(f"The database cannot be reached: {reason}", hint=hint, id="iotsim.E025")
