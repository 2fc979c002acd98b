"""The limits of sign-in go by address, which all tests share."""

import redis
from django.conf import settings


def forget_limits() -> None:
    """Begin to count anew. Django's `cache.clear` would empty the server, under the feet of the tests beside."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        for key in client.scan_iter(f"{settings.REDIS_PREFIX}:cache:*", count=1000):
            client.delete(key)
