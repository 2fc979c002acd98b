"""The figures of a report: totals, days, shares and the heaviest SIMs, as the database added them up."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from sims.reports.statements import Statements, fetch

TOP: Final = 50
# Bits of GROUPING(country, operator, customer, currency): set for what the group is not about.
_KINDS: Final = {15: "all", 7: "country", 11: "operator", 13: "customer", 14: "currency"}


@dataclass(frozen=True)
class DaySum:
    day: date
    bytes_up: int = 0
    bytes_down: int = 0
    sessions: int = 0
    sms: int = 0

    @property
    def bytes_total(self) -> int:
        return self.bytes_up + self.bytes_down


@dataclass(frozen=True)
class Share:
    """One country's, operator's or customer's part; `name` is empty for SIMs without one."""

    name: str
    sims: int
    bytes_total: int


@dataclass(frozen=True)
class Money:
    """Whole cents in one currency."""

    currency: str
    price_cents: int
    overage_cents: int


@dataclass(frozen=True)
class Top:
    """One of the heaviest SIMs."""

    iccid: str
    label: str
    customer: str
    country: str
    bytes_total: int
    quota_bytes: int | None


@dataclass
class Figures:
    """Sizes in bytes. `days` has one entry for each day of the period; shares and `top` begin with the largest."""

    sims: int = 0
    used: int = 0  # SIMs with any usage
    bytes_up: int = 0
    bytes_down: int = 0
    sessions: int = 0
    sms: int = 0
    as_of: datetime | None = None
    days: list[DaySum] = field(default_factory=list)
    countries: list[Share] = field(default_factory=list)
    operators: list[Share] = field(default_factory=list)
    customers: list[Share] = field(default_factory=list)
    money: list[Money] = field(default_factory=list)
    top: list[Top] = field(default_factory=list)

    @property
    def bytes_total(self) -> int:
        return self.bytes_up + self.bytes_down


def figures_of(statements: Statements) -> Figures:
    """Ask for all of them: two statements, however many SIMs there are."""
    figures = Figures(days=_days(statements))
    for part, text in fetch(statements.groups(TOP)):
        found = json.loads(text)
        if part == "top":
            figures.top.append(Top(**{name: found[name] for name in Top.__dataclass_fields__}))
        else:
            _take(figures, _KINDS[found["kind"]], found)
    for shares in (figures.countries, figures.operators, figures.customers):
        shares.sort(key=lambda one: (-one.bytes_total, one.name))
    figures.money.sort(key=lambda one: one.currency)
    return figures


def _take(figures: Figures, kind: str, found: dict[str, Any]) -> None:
    if kind == "all":
        for name in ("sims", "used", "bytes_up", "bytes_down", "sessions", "sms"):
            setattr(figures, name, int(found[name] or 0))
        figures.as_of = datetime.fromisoformat(found["as_of"]) if found["as_of"] else None
    elif kind == "currency":
        if found["currency"]:
            price, overage = int(found["price_cents"] or 0), int(found["overage_cents"] or 0)
            figures.money.append(Money(found["currency"], price, overage))
    else:
        shares = {"country": figures.countries, "operator": figures.operators, "customer": figures.customers}[kind]
        shares.append(Share(found[kind], found["sims"], int(found["bytes_up"] + found["bytes_down"])))


def _days(statements: Statements) -> list[DaySum]:
    known = {row[0]: DaySum(*row) for row in fetch(statements.days())}
    asked = statements.asked
    days = [asked.start + timedelta(days=step) for step in range(asked.days)]
    return [known.get(day) or DaySum(day) for day in days]
