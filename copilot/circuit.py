"""Which models are down just now: one that failed several times within a minute is passed over for a while.

Kept by each process for itself. A model is only passed over for another; where there is none it is asked all the same.
"""

import time
from collections import deque
from collections.abc import Sequence
from typing import Final

FAILURES: Final = 3
WITHIN_SECONDS: Final = 60.0
REST_SECONDS: Final = 30.0  # since its last failure

_failures: dict[str, deque[float]] = {}


def failed(model: str) -> None:
    _failures.setdefault(model, deque(maxlen=FAILURES)).append(time.monotonic())


def answered(model: str) -> None:
    _failures.pop(model, None)


def is_resting(model: str) -> bool:
    times = _failures.get(model, deque[float]())
    now = time.monotonic()
    return len(times) == FAILURES and times[-1] - times[0] < WITHIN_SECONDS and now - times[-1] < REST_SECONDS


def worth_asking(models: Sequence[str]) -> list[str]:
    """The models in their order without those that rest; all of them when every one does."""
    return [one for one in models if not is_resting(one)] or list(models)


def forget() -> None:
    """All models are as good as new."""
    _failures.clear()
