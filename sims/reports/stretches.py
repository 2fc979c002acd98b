"""A period cut where billing cycles begin, so that one sum per stretch serves every billing day. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sims.cycles import cycle_start, next_cycle_start


@dataclass(frozen=True)
class Cycle:
    """A billing cycle as far as it lies in the period: its stretches, and which part of it that is (0 to 1)."""

    billing_day: int
    number: int
    stretches: tuple[int, ...]
    share: Decimal


@dataclass(frozen=True)
class Cut:
    """`starts` are the days on which stretches 1, 2, ... begin; stretch 0 is what lies before the first."""

    starts: list[date]
    cycles: list[Cycle]

    def share_of(self, billing_day: int) -> Decimal:
        """How many cycles' worth of days the period is."""
        return sum((one.share for one in self.cycles if one.billing_day == billing_day), Decimal(0))


def cut(start: date, end: date, billing_days: Iterable[int]) -> Cut:
    """The period from `start` to `end`, both inside it, cut for plans with these billing days."""
    wanted = sorted(set(billing_days))
    starts = sorted({one for billing_day in wanted for one in _begins(start, end, billing_day)})
    cycles = [cycle for billing_day in wanted for cycle in _cycles(start, end, billing_day, starts)]
    return Cut(starts, cycles)


def _begins(start: date, end: date, billing_day: int) -> list[date]:
    """The first days of cycles inside the period, but for a cycle that begins with it."""
    found, day = [], next_cycle_start(start, billing_day)
    while day <= end:
        found.append(day)
        day = next_cycle_start(day, billing_day)
    return found


def _cycles(start: date, end: date, billing_day: int, starts: list[date]) -> list[Cycle]:
    own = [start, *_begins(start, end, billing_day)]
    lasts = [*(day - timedelta(days=1) for day in own[1:]), end]
    return [
        Cycle(billing_day, number, _stretches(first, last, start, starts), _share(first, last, billing_day))
        for number, (first, last) in enumerate(zip(own, lasts, strict=True))
    ]


def _stretches(first: date, last: date, start: date, starts: list[date]) -> tuple[int, ...]:
    return tuple(number for number, day in enumerate([start, *starts]) if first <= day <= last)


def _share(first: date, last: date, billing_day: int) -> Decimal:
    whole = next_cycle_start(first, billing_day) - cycle_start(first, billing_day)
    return Decimal((last - first).days + 1) / whole.days
