"""How often a key may call the API: so many requests within a minute."""

import redis
import structlog
from django.conf import settings

from iotsim.core.actor import Actor
from iotsim.core.errors import LimitReached
from iotsim.core.pace import seconds_to_wait
from iotsim.core.valkey import key_of

log = structlog.get_logger(__name__)


def count_request(actor: Actor) -> None:
    """Count a request of this person's keys. Raises LimitReached with the seconds to wait.

    When Valkey is away nothing is counted: the API needs it for nothing else that a request does.
    """
    most = settings.API_REQUESTS_PER_MINUTE
    if not most:
        return
    try:
        wait = seconds_to_wait(key_of("api", actor.organization_id, actor.user_id), most)
    except redis.RedisError as error:
        log.warning("request_not_counted", error=str(error))
        return
    if wait:
        raise LimitReached(f"More than {most:,} requests within a minute. Go on in {wait} seconds.", retry_after=wait)
