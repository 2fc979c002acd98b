"""Typed reading of environment variables, each also from a file.

Every helper takes the variable's name and a default. `NAME_FILE` names a file whose stripped contents stand for
`NAME` (for secrets mounted as files). A value that cannot be understood is recorded in `problems` and replaced by
the default, so that the system checks (`iotsim.checks`) can name all wrong settings at once instead of the first.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Problem:
    """A variable whose value cannot be used, in words for whoever set it."""

    name: str
    sentence: str
    hint: str


problems: list[Problem] = []

_PRICE = re.compile(r"[^=/\s]+/[^=\s]+=\d+(?:\.\d+)?/\d+(?:\.\d+)?")
YES = {"1", "true", "yes", "on"}
NO = {"", "0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    """The variable's value without surrounding space; empty counts as unset."""
    value = os.environ.get(name, "").strip()
    file_name = os.environ.get(f"{name}_FILE", "").strip()
    if value and file_name:
        refuse(name, f"{name} and {name}_FILE are both set.", "Keep one of them.")
    if not value and file_name:
        value = _contents(name, file_name)
    return value or default


def share(name: str) -> None:
    """Put a variable given by file into the environment, for libraries that look there and know no files."""
    value = text(name)
    if value:
        os.environ[name] = value
        os.environ.pop(f"{name}_FILE", None)


def flag(name: str, *, default: bool = False) -> bool:
    """A yes or no: 1, true, yes, on or 0, false, no, off."""
    value = text(name).lower()
    if not value:
        return default
    if value not in YES | NO:
        refuse(name, f'{name} is "{value}", which is neither yes nor no.', "Write 1 or 0.")
        return default
    return value in YES


def number(name: str, default: int, *, minimum: int = 0, maximum: int | None = None) -> int:
    """A whole number within the bounds, both included."""
    value = text(name)
    if not value:
        return default
    upper = f" to {maximum}" if maximum is not None else " or more"
    hint = f"Write a whole number, {minimum}{upper}."
    try:
        result = int(value)
    except ValueError:
        refuse(name, f'{name} is "{value}", which is not a whole number.', hint)
        return default
    if result < minimum or (maximum is not None and result > maximum):
        refuse(name, f"{name} is {result}, which is out of bounds.", hint)
        return default
    return result


def words(name: str, default: Sequence[str] = ()) -> list[str]:
    """A list, separated by commas."""
    value = text(name)
    return [word.strip() for word in value.split(",") if word.strip()] if value else list(default)


def prices(name: str) -> list[str]:
    """Prices of models, separated by commas: provider/model=dollars in/dollars out, for a million tokens."""
    found = words(name)
    for one in found:
        if not _PRICE.fullmatch(one):
            refuse(
                name, f'{name} has "{one}", which is no price.', "Write provider/model=0.50/1.50, separated by commas."
            )
            return []
    return found


def one_of(name: str, choices: Sequence[str], default: str) -> str:
    """One of the words allowed."""
    value = text(name, default).lower()
    if value not in choices:
        refuse(name, f'{name} is "{value}".', f"Write one of: {', '.join(choices)}.")
        return default
    return value


def url(name: str, schemes: Sequence[str], default: str = "") -> str:
    """An address with one of the schemes; unix:// addresses need a path, all others a host."""
    value = text(name)
    if not value:
        return default
    hint = f"Write an address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}."
    try:
        parts = urlsplit(value)
        usable = bool(parts.path if parts.scheme == "unix" else parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable or parts.scheme not in schemes:
        refuse(name, f"{name} is not an address that iotsim can use.", hint)
        return default
    return value


def database(name: str) -> dict[str, Any] | None:
    """Django's connection settings out of postgresql://user:password@host:port/name?sslmode=...; None when unset.

    `?host=/folder` names a unix socket's folder. Other query parameters are handed to libpq as they are.
    """
    value = text(name)
    if not value:
        return None
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    database_name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in ("postgresql", "postgres") or not host or not database_name:
        hint = "Write postgresql://user:password@host:5432/database."
        refuse(name, f"{name} is not the address of a PostgreSQL database.", hint)
        return None
    return {
        "NAME": database_name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(port or ""),
        "OPTIONS": options,
    }


def email(name: str) -> dict[str, Any]:
    """Django's mail settings out of smtp://user:password@host:587 (STARTTLS) or smtps://... ; empty when unset."""
    value = url(name, ("smtp", "smtps"))
    if not value:
        return {}
    parts = urlsplit(value)
    plain = dict(parse_qsl(parts.query)).get("tls") in NO
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and not plain,
    }


def origin(address: str) -> str:
    """Scheme, host and port of an address, as a policy for browsers names it."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if address else ""


def oidc(issuer: str, client_id: str, secret: str) -> list[dict[str, Any]]:
    """The one provider of single sign-on as allauth wants it; none unless all three are there."""
    if not (issuer and client_id and secret):
        return []
    app = {"provider_id": "sso", "name": text("OIDC_NAME", "single sign-on"), "client_id": client_id, "secret": secret}
    return [{**app, "settings": {"server_url": issuer}}]


def _contents(name: str, file_name: str) -> str:
    try:
        return Path(file_name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        refuse(name, f"{name}_FILE names {file_name}, which cannot be read: {reason}.", "Correct the path.")
        return ""


def refuse(name: str, sentence: str, hint: str) -> None:
    """Record a value that cannot be used, once."""
    problem = Problem(name, sentence, hint)
    if problem not in problems:
        problems.append(problem)
