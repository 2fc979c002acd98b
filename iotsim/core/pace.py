"""How often something may be done: a sliding window in Valkey, counted and refused in one step."""

import math
import time
import uuid
from typing import Final

from iotsim.core.valkey import client

MINUTE: Final = 60
# Old entries leave, then this one is counted or refused.
_COUNT: Final = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[2])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then
    return redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return false
"""


def seconds_to_wait(key: str, most: int, *, window: int = MINUTE) -> int:
    """Count one under `key`; 0 when it is within `most` in any `window` seconds, else how long to wait.

    What is refused is not counted. Raises redis.RedisError.
    """
    now = time.time()
    oldest = client().eval(_COUNT, 1, key, str(now), str(window), str(most), uuid.uuid4().hex)
    return 0 if oldest is None else max(1, math.ceil(float(oldest) + window - now))
