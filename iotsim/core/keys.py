"""API keys: `iot_<prefix>_<secret>`. Only the secret's SHA-256 is kept; the key is shown once."""

import hashlib
import hmac
import secrets
from datetime import datetime

from django.utils import timezone

from iotsim.core.actor import Actor, Face
from iotsim.core.errors import Invalid, Unauthenticated
from iotsim.core.jobs import send_task
from iotsim.core.models import ApiKey, Membership
from iotsim.core.roles import Permission

START = "iot_"


def create_key(
    membership: Membership,
    *,
    name: str = "",
    scopes: list[str] | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key of a membership, and its full text, which nobody can see again. Raises Invalid for a scope."""
    unknown = sorted(set(scopes or []) - {one.value for one in Permission})
    if unknown:
        known = ", ".join(one.value for one in Permission)
        raise Invalid(f"There is no scope {', '.join(unknown)}. Scopes are: {known}.", field="scopes")
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        membership=membership,
        name=name,
        prefix=prefix,
        secret_hash=_hash(secret),
        scopes=scopes,
        expires_at=expires_at,
    )
    return row, f"{START}{prefix}_{secret}"


def _hash(secret: str) -> str:
    # A random secret of 256 bits needs no slow hash.
    return hashlib.sha256(secret.encode()).hexdigest()


def actor_of_key(text: str, *, face: Face = Face.API, request_id: str = "") -> Actor:
    """Whoever holds the key. Raises Unauthenticated with the reason, which says nothing to a guesser."""
    row = _row(text)
    if row.revoked_at is not None:
        raise Unauthenticated(f"The API key {row} was revoked.")
    if row.expires_at is not None and row.expires_at <= timezone.now():
        raise Unauthenticated(f"The API key {row} expired on {row.expires_at:%d %B %Y}.")
    if not row.membership.user.is_active:
        raise Unauthenticated("The person behind this API key may not sign in any more.")
    scopes = None if row.scopes is None else frozenset(Permission(one) for one in row.scopes)
    _mark_used(row)
    return Actor.for_membership(row.membership, face=face, scopes=scopes, request_id=request_id)


def _row(text: str) -> ApiKey:
    prefix, _, secret = text.removeprefix(START).partition("_")
    row = (
        ApiKey.objects.select_related("membership__user", "membership__organization").filter(prefix=prefix[:16]).first()
        if text.startswith(START) and "\0" not in prefix
        else None
    )
    if row is None or not hmac.compare_digest(row.secret_hash, _hash(secret)):
        raise Unauthenticated("This API key is not known.")
    return row


def _mark_used(row: ApiKey) -> None:
    """Once a minute at most, and by a worker: a read writes nothing."""
    if row.last_used_at is None or (timezone.now() - row.last_used_at).total_seconds() > 60:
        send_task("iotsim.mark_key_used", row.pk)


def mark_key_used(key_id: int) -> None:
    """Note that the key was used just now."""
    ApiKey.objects.filter(pk=key_id).update(last_used_at=timezone.now())
