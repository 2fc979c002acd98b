"""Where somebody is signed in: each session with its device, its address and when it was last seen."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_in
from django.core.cache import cache
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from iotsim.accounts.adapters import client_address
from iotsim.core.errors import NotFound
from iotsim.core.models import User

log = structlog.get_logger("iotsim.accounts")
SEEN_SECONDS = 60

BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


class LastSeen:
    """Middleware: note when and where from a session was used, once a minute at most."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        key = request.session.session_key
        # Whoever's user was never asked for came without a session that matters (static files, API keys).
        if key and request.user.is_authenticated and cache.add(f"seen:{key}", True, SEEN_SECONDS):
            mark_seen(request)
        return response


def mark_seen(request: HttpRequest) -> None:
    """Keep the session's address and device as they are now."""
    seen = {
        "user_id": request.user.pk,
        "ip": client_address(request),
        "user_agent": request.headers.get("User-Agent", "")[:200],
        "last_seen_at": timezone.now(),
    }
    UserSession.objects.update_or_create(session_key=request.session.session_key, defaults=seen)


@receiver(user_logged_in, dispatch_uid="iotsim.signed_in")
def note_sign_in(sender: object, request: HttpRequest | None, user: User, **more: object) -> None:
    address = client_address(request) if request else ""
    log.info("signed_in", email=user.email, address=address)


@dataclass(frozen=True)
class SessionOut:
    """One place where a person is signed in."""

    id: int
    device: str
    address: str
    began_at: datetime
    last_seen_at: datetime
    is_this: bool


def sessions_of(request: HttpRequest) -> list[SessionOut]:
    """The person's sessions that are alive, this one first, then the last seen."""
    rows = UserSession.objects.purge_and_list(request.user)
    here = request.session.session_key
    rows.sort(key=lambda one: (one.session_key != here, -one.last_seen_at.timestamp()))
    return [
        SessionOut(one.pk, device_of(one.user_agent), one.ip, one.created_at, one.last_seen_at, one.session_key == here)
        for one in rows
    ]


def end_session(request: HttpRequest, number: int) -> None:
    """Sign out one other session of the person. Raises NotFound."""
    row = UserSession.objects.filter(pk=number, user_id=request.user.pk).first()
    if row is None or row.session_key == request.session.session_key:
        raise NotFound("That session is over already.")
    row.end()


def end_other_sessions(request: HttpRequest) -> int:
    """Sign out everywhere but here. Returns how many sessions that were."""
    rows = UserSession.objects.filter(user_id=request.user.pk).exclude(session_key=request.session.session_key)
    found = list(rows)
    for row in found:
        row.end()
    return len(found)


def device_of(user_agent: str) -> str:
    """A browser's long word about itself in two: Firefox on Linux."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return " on ".join(filter(None, (browser, system))) or "Unknown device"
