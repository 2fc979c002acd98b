"""The people of the demo organisations and their password, kept in the data folder for this user only.

`demo-login.json`: {"password", "people": [{"email", "role", "organisation"}]}. The password is made at the
first seeding (or taken from DEMO_PASSWORD), so that no installation has a well-known one.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.contrib.auth.hashers import check_password, make_password

from iotsim import places
from iotsim.core.models import Membership, Organization, User
from iotsim.core.roles import Role

FILE_NAME: Final = "demo-login.json"
ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is easily misread


def demo_password(data: Path, wanted: str = "") -> str:
    """The one asked for, else the one in the file, else a new one."""
    return wanted or str(read_login(data).get("password", "")) or _new_password()


def _new_password() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


def read_login(data: Path) -> dict[str, Any]:
    """What the file holds; empty when there is none."""
    try:
        found: dict[str, Any] = json.loads((data / FILE_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def write_login(data: Path, password: str, people: list[tuple[str, str, str]]) -> None:
    """Replace the file, readable by this user only. `people` are (e-mail, role, slug of the organisation)."""
    path = places.private_folder(data) / FILE_NAME
    draft = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        listed = [{"email": email, "role": role, "organisation": slug} for email, role, slug in people]
        json.dump({"password": password, "people": listed}, file, indent=2)
    draft.replace(path)


def make_people(organization: Organization, emails: dict[str, Role], password: str) -> list[User]:
    """The members of a demo organisation, all with the same password; those there are get it too."""
    people = [User.objects.get_or_create(email=email)[0] for email in emails]
    # One hash for all: making and checking one costs a third of a second.
    fits = {hashed: check_password(password, hashed) for hashed in {user.password for user in people}}
    stale = [user for user in people if not fits[user.password]]
    hashed = make_password(password) if stale else ""
    for user in stale:
        user.password = hashed
        user.save(update_fields=["password"])
    for user in people:
        role = emails[user.email].value
        Membership.objects.update_or_create(user=user, organization=organization, defaults={"role": role})
        address = apps.get_model("account", "EmailAddress").objects
        address.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    return people
