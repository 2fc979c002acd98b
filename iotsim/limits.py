"""How often a key may call the API: so many requests in each minute of the clock."""

import time

import redis
import structlog
from django.conf import settings
from django.core.cache import cache

from iotsim.core.actor import Actor
from iotsim.core.errors import LimitReached

log = structlog.get_logger(__name__)

MINUTE = 60


def count_request(actor: Actor) -> None:
    """Count a request of this person's keys. Raises LimitReached with the seconds until the next minute.

    When Valkey is away nothing is counted: the API needs it for nothing else that a request does.
    """
    most, now = settings.API_REQUESTS_PER_MINUTE, time.time()
    if not most:
        return
    key = f"api:{actor.organization_id}:{actor.user_id}:{int(now // MINUTE)}"
    try:
        cache.add(key, 0, timeout=2 * MINUTE)
        asked = cache.incr(key)
    except (redis.RedisError, ValueError) as error:  # ValueError: it was evicted in between
        log.warning("request_not_counted", error=str(error))
        return
    if asked > most:
        wait = max(1, MINUTE - int(now % MINUTE))
        raise LimitReached(f"More than {most:,} requests within a minute. Go on in {wait} seconds.", retry_after=wait)
