"""Comparing SIMs, customers, operators and periods."""

from datetime import date, timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from analytics.charts.comparison import period_before
from analytics.charts.sums import known_until
from analytics.comparing.sides import Side, Used, sides_of, used_by, used_by_all
from analytics.examples import EXAMPLES
from analytics.schemas.comparison import ComparedUse, Comparison
from iotsim.core.actor import Actor
from iotsim.core.errors import Invalid
from iotsim.core.parameters import Day
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.wording import size
from sims.models import Sim
from sims.parameters import CustomerName, OperatorName, SimRefs, as_list
from sims.periods import period_of
from sims.usage import local_today

MOST: Final = 8
DAY: Final = timedelta(days=1)

Customers = Annotated[list[CustomerName], BeforeValidator(as_list), Field(description="Customers, by name")]
Operators = Annotated[list[OperatorName], BeforeValidator(as_list), Field(description="Operators, by brand name")]


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="usage/comparison",
    examples=EXAMPLES["compare_usage"],
    title="Comparison",
)
def compare_usage(
    actor: Actor,
    *,
    sims: SimRefs | None = None,
    customers: Customers | None = None,
    operators: Operators | None = None,
    start_date: Day | None = None,
    end_date: Day | None = None,
) -> Comparison:
    """Put SIMs, customers or operators side by side: what each used in a period and in the one before.

    Without any of them the whole fleet, one period beside the other. Without a period the last 30 days.
    """
    sides = sides_of(actor, sims or [], customers or [], operators or [])
    _check(sides)
    today = local_today(actor)
    start, end = period_of(today, start_date, end_date)
    notes = ["Today is not over and is left out."] if start < end == today else []
    now = (start, end - DAY) if notes else (start, end)
    before = period_before(*now)
    used = used_by(actor, sides, now, before) if sides else [used_by_all(actor, now, before)]
    items = _items(sides or [Side("All SIMs", "fleet", "/sims/")], used, now)
    return Comparison(
        sentence=_sentence(items, now),
        title=f"Comparison of {' and '.join(one.name for one in sides)}" if sides else "This period and the one before",
        items=items,
        start_date=now[0],
        end_date=now[1],
        before_start_date=before[0],
        before_end_date=before[1],
        notes=notes,
        as_of=known_until(Sim.objects.for_actor(actor)),
    )


def _check(sides: list[Side]) -> None:
    if len({one.kind for one in sides}) > 1:
        raise Invalid("Compare SIMs, customers or operators, but not one kind with another.", field="sims")
    if len(sides) > MOST:
        raise Invalid(f"{len(sides)} side by side are too many to read; {MOST} are the most.", field="sims")


def _items(sides: list[Side], used: list[Used], now: tuple[date, date]) -> list[ComparedUse]:
    most = max((max(one.now, one.before) for one in used), default=0) or 1
    days = (now[1] - now[0]).days + 1
    found = [
        ComparedUse(
            name=side.name, kind=side.kind, link=side.link, sims=one.sims, usage_bytes=one.now, before_bytes=one.before,
            average_bytes=one.now // (days * max(one.sims, 1)),
            change_percent=100 * (one.now - one.before) / one.before if one.before else None,
            share=100 * one.now / most, before_share=100 * one.before / most,
        )
        for side, one in zip(sides, used, strict=True)
    ]  # fmt: skip
    return sorted(found, key=lambda one: -one.usage_bytes)


def _sentence(items: list[ComparedUse], now: tuple[date, date]) -> str:
    span = f"from {now[0]:%-d %b} to {now[1]:%-d %b %Y}" if now[0] < now[1] else f"on {now[0]:%-d %b %Y}"
    told = "; ".join(f"{one.name} used {size(one.usage_bytes)} ({one.change_words})" for one in items)
    first, rest = items[0], items[1:]
    if len(items) == 2 and rest[0].usage_bytes:
        return f"{told}, {span}. That is {first.usage_bytes / rest[0].usage_bytes:.1f} times as much."
    return f"{told}, {span}."
