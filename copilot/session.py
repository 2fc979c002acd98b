"""Who stands behind a socket, asked again and again: sessions end, people leave, organisations are changed."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from iotsim.core.access import actor_in
from iotsim.core.actor import Actor
from iotsim.core.models import User


def actor_of_session(session_key: str | None) -> Actor:
    """The person of that session, in the organisation chosen there now. Raises Unauthenticated or Denied."""
    request = HttpRequest()
    request.session = _store()(session_key)
    user = get_user(request)
    assert isinstance(user, User) or user.is_anonymous
    return actor_in(request.session, user)


def _store() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore
