"""Clients of Valkey, one of each kind for a process or a loop."""

from functools import cache
from typing import Any, Final

import redis
import redis.asyncio
from django.conf import settings

SECONDS: Final = 2


def client() -> Any:  # redis-py's own types say little more: every answer may be anything
    """For synchronous code: quick to give up, since nothing that asks it may hang on it."""
    return _client_at(settings.REDIS_URL)


@cache
def _client_at(url: str) -> Any:
    return redis.Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS)


def async_client() -> Any:
    """A client for the running loop. No socket timeout: redis-py's own 5 s would cut blocking reads."""
    return redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_timeout=None, socket_connect_timeout=SECONDS)


def key_of(*parts: object) -> str:
    """A key of this installation's own."""
    return ":".join(map(str, (settings.REDIS_PREFIX, *parts)))
