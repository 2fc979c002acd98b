"""How much one person may ask: so many questions a minute, each of a bearable length."""

import math
import time
import uuid
from typing import Final

import redis
from django.conf import settings

from copilot.stream import client
from iotsim.core.actor import Actor
from iotsim.core.errors import Invalid, LimitReached, TooLarge, Unavailable
from iotsim.core.wording import counted

MINUTE: Final = 60

# A sliding minute: old questions leave, then this one is counted or refused; both in one step.
_COUNT: Final = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[2])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then
    return redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return false
"""


def check_text(text: str) -> str:
    """The question without surrounding space. Raises Invalid when empty, TooLarge when too long."""
    question = text.replace("\x00", "").strip()
    most = settings.COPILOT_MAX_MESSAGE_CHARS
    if not question:
        raise Invalid("Write a question or a task first.", field="text")
    if len(question) > most:
        raise TooLarge(f"The message has {len(question):,} characters; at most {most:,} are possible. Make it shorter.")
    return question


def count_question(actor: Actor) -> None:
    """Count a question of this person. Raises LimitReached with the seconds to wait, Unavailable without Valkey."""
    most = settings.COPILOT_QUESTIONS_PER_MINUTE
    key = f"{settings.REDIS_PREFIX}:copilot:asked:{actor.user_id}"
    now = time.time()
    try:
        oldest = client().eval(_COUNT, 1, key, str(now), str(MINUTE), str(most), uuid.uuid4().hex)
    except redis.RedisError as error:
        raise Unavailable("The copilot cannot be reached now. Nothing was changed; try again in a moment.") from error
    if oldest is None:
        return
    wait = max(1, math.ceil(float(oldest) + MINUTE - now))
    raise LimitReached(
        f"You have asked {counted(most, 'question')} within a minute, which is the limit. "
        f"Ask again in {counted(wait, 'second')}.",
        retry_after=wait,
    )
