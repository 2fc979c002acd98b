"""API keys: `iot_<prefix>_<secret>`. Only the secret's SHA-256 is kept; the key is shown once."""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

from django.utils import timezone
from pydantic import Field

from iotsim.core.actor import Actor, Face
from iotsim.core.effects import touch
from iotsim.core.errors import Conflict, Denied, Invalid, NotFound, Unauthenticated
from iotsim.core.jobs import send_task
from iotsim.core.models import ApiKey, Membership
from iotsim.core.people import ApiKeyList, ApiKeyOut, KeyId
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission, names_of, scopes_of
from iotsim.core.schemas import Answer
from iotsim.core.wording import counted

if TYPE_CHECKING:
    from django.db.models import QuerySet

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


_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_marked: dict[int, datetime] = {}  # by this process: the worker may be behind


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
    _mark_used(row)
    return Actor.for_membership(
        row.membership, face=face, scopes=scopes_of(row.scopes), request_id=request_id, key_id=row.pk
    )


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
    now = timezone.now()
    last = max(_marked.get(row.pk, _LONG_AGO), row.last_used_at or _LONG_AGO)
    if (now - last).total_seconds() > 60:
        _marked[row.pk] = now
        send_task("iotsim.mark_key_used", row.pk)


def mark_key_used(key_id: int) -> None:
    """Note that the key was used just now."""
    ApiKey.objects.filter(pk=key_id).update(last_used_at=timezone.now())


# --- what people do with them ---

Scopes = Annotated[
    list[Permission],
    Field(min_length=1, description="What the key may do, of what you may do yourself: " + ", ".join(Permission)),
]


@service(
    permission=Permission.KEYS,
    risk=Risk.WRITE,
    path="api-keys/new",
    examples=(),
    title="Create API key",
    people_only=True,
    sensitive=True,
)
def create_api_key(
    actor: Actor,
    *,
    name: Annotated[str, Field(min_length=1, max_length=120, description="What it is for")],
    scopes: Scopes,
    days: Annotated[int | None, Field(ge=1, le=3650, description="Days it is good for; for ever if not given")] = None,
) -> ApiKeyOut:
    """Make an API key of one's own with some of one's permissions. The key is shown this once."""
    if actor.key_id is not None:
        raise Denied("An API key cannot make another one: sign in and make it under Settings, API keys.")
    beyond = sorted(set(scopes) - actor.permissions)
    if beyond:
        raise Denied(f"Your role ({actor.role}) may not {', '.join(beyond)} itself, so no key of yours may.")
    own = Membership.objects.select_related("user", "organization")
    member = own.get(organization_id=actor.organization_id, user_id=actor.user_id or 0)
    until = timezone.now() + timedelta(days=days) if days else None
    row, key = create_key(member, name=name, scopes=names_of(set(scopes)), expires_at=until)
    touch("api_key", [row.pk])
    return ApiKeyOut.of(row, key=key, sentence=f"The API key {name} is made. Copy it now: it is shown this once.")


@service(permission=Permission.KEYS, risk=Risk.READ, path="api-keys", examples=(), title="API keys")
def list_api_keys(
    actor: Actor,
    *,
    only_active: Annotated[bool, Field(description="Leave out those that expired or were revoked")] = False,
) -> ApiKeyList:
    """List API keys with their scopes, expiry and last use: one's own; for owners and admins those of everybody."""
    items = [ApiKeyOut.of(row) for row in _keys(actor).order_by("-pk")[:500]]
    items = [one for one in items if one.state == "active" or not only_active]
    working = sum(one.state == "active" for one in items)
    return ApiKeyList(sentence=f"{counted(working, 'API key')} in use." if items else "No API keys.", items=items)


def _keys(actor: Actor) -> "QuerySet[ApiKey]":
    rows = ApiKey.objects.filter(membership__organization_id=actor.organization_id)
    if not actor.may(Permission.ADMINISTER) or actor.customer_ids is not None:
        rows = rows.filter(membership__user_id=actor.user_id or 0)
    return rows.select_related("membership__user", "membership__organization")


@service(
    permission=Permission.KEYS,
    risk=Risk.WRITE,
    path="api-keys/{key}/revoke",
    examples=(),
    title="Revoke API key",
    people_only=True,
)
def revoke_api_key(actor: Actor, *, key: KeyId) -> Answer:
    """Revoke an API key for good: whatever uses it is refused from now on."""
    row = _keys(actor).select_for_update(of=("self",)).filter(pk=key).first()
    if row is None:
        raise NotFound(f"There is no API key {key}.", field="key")
    if row.revoked_at is not None:
        raise Conflict(f"The API key {row.name or row} was revoked already.")
    row.revoked_at = timezone.now()
    row.save(update_fields=["revoked_at"])
    touch("api_key", [row.pk])
    return Answer(sentence=f"The API key {row.name or row} is revoked: whatever uses it is refused from now on.")
