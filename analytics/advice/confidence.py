"""How far an advice can be trusted, with the reason: days of history, spread of the usage, nearness to break-even."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.advice.usage import Amounts, Usage

LEVELS: Final = ("low", "medium", "high")
LONG: Final = 60  # days of known use
ENOUGH: Final = 28
WIDE: Final = 3.0  # a heavy month is that many times the usual one
NEAR: Final = 0.8  # a heavy month comes that near to the usage at which the advice stops to save

Levels = NDArray[np.int64]
PRIOR: Final = 0
SHORT: Final = 1
LOSES: Final = 2
NEARLY: Final = 3
SPREAD: Final = 4
SURE: Final = 5
LIGHT: Final = 6
REASONS: Final = (
    "the forecast is that of similar SIMs, since it has too little use of its own",
    "only {days} days of use are known",
    "in a heavy month (one in ten) it would cost more than now",
    "a heavy month comes near the usage at which it stops to save",
    "its usage varies much from month to month",
    "{days} days of use are known and it saves in a heavy month too",
    "in a light month (one in ten) it would cost more than now",
)


def judge(
    usage: Usage,
    history_days: NDArray[np.int64],
    is_prior: NDArray[np.bool_],
    worst_saving: Amounts,
    even: Amounts,
    light_saving: Amounts | None = None,
) -> tuple[Levels, Levels]:
    """For each of N SIMs the level (index of LEVELS) and the first reason for it (index of REASONS).

    `even` is the usage in bytes at which the advised plan costs as much as the present one (inf: never);
    `light_saving` what it saves in a month of which nine of ten are heavier.
    """
    reasons = [
        (is_prior, 0, PRIOR),
        (history_days < ENOUGH, 0, SHORT),
        (worst_saving < 0, 0, LOSES),
        (np.zeros(len(usage), bool) if light_saving is None else light_saving < 0, 1, LIGHT),
        (usage.high > NEAR * even, 1, NEARLY),
        ((usage.high > WIDE * np.maximum(usage.middle, 1.0)) & (usage.high > NEAR / 2 * even), 1, SPREAD),
        (history_days < LONG, 1, SHORT),
    ]
    holds = [condition for condition, _, _ in reasons]
    level = np.select(holds, [one for _, one, _ in reasons], 2)
    reason = np.select(holds, [one for _, _, one in reasons], SURE)
    return level.astype(np.int64), reason.astype(np.int64)


def in_words(reason: int, days: int) -> str:
    return REASONS[reason].format(days=days)
