"""What models took: by day, person and model; one's own for everybody, all for those who set budgets."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from pydantic import Field

from copilot.choice import choice_of
from copilot.models import ModelCall, ModelCallState
from copilot.schemas.choice import LimitOut, Spending, SpendingDetail, SpendingRow
from copilot.spending import Windows, dollars, limits_of
from iotsim.core.actor import Actor
from iotsim.core.errors import Invalid
from iotsim.core.models import User
from iotsim.core.parameters import Day
from iotsim.core.registry import Risk, service
from iotsim.core.roles import Permission
from iotsim.core.wording import counted

MOST_DAYS: Final = 366
GONE: Final = "somebody who has left"
SUMS: Final = {
    "calls": Count("pk"),
    "failed": Count("pk", filter=Q(state=ModelCallState.FAILED)),
    "input_tokens": Sum("input_tokens"),
    "cached_tokens": Sum("cached_tokens"),
    "output_tokens": Sum("output_tokens"),
    "cost": Sum("cost"),
    "unpriced": Count("pk", filter=Q(cost=None)),
    "estimated": Count("pk", filter=Q(estimated=True) & ~Q(cost=0)),
}
_NAMED: Final[dict[str, Any]] = {f"{name}_": one for name, one in SUMS.items()}

Details = Annotated[bool, Field(description="Also each day of each person with each model")]


@service(
    permission=Permission.VIEW,
    risk=Risk.READ,
    path="copilot/spending",
    examples=[
        "What did the copilot cost this month?",
        "How much did we spend on AI last month?",
        "Copilot spending by person",
        "how many tokens did we use",
        "what do your answers cost us?",
        "how much have you cost us so far",
        "spending on language models",
        "which model costs the most?",
        "the bill for the copilot",
        "how much of the copilot's budget is used",
        "who asks the copilot the most?",
        "costs of the AI assistant since October",
        "token usage of the assistant",
        "LLM costs in the last 7 days",
        "what is the assistant costing us",
    ],
    title="Copilot spending",
)
def get_copilot_spending(
    actor: Actor, *, start_date: Day | None = None, end_date: Day | None = None, details: Details = False
) -> Spending:
    """Show what the copilot's models took: tokens and US dollars by day, person and model. Of one's own calls only,
    unless one may set budgets. From the first of this month until today, unless days are given."""
    zone = ZoneInfo(actor.time_zone)
    start, end = _span(zone, start_date, end_date)
    own = not actor.may(Permission.ADMINISTER) or actor.customer_ids is not None
    rows = _rows(actor, start, end, zone, own=own)
    days = [_row(str(one["day"]), one) for one in _by(rows, "day")]
    total = _row("All", rows.aggregate(**_NAMED))
    names = _names(rows)
    return Spending(
        sentence=_sentence(total, own=own),
        start=start,
        end=end,
        own=own,
        total=total,
        days=days,
        people=_dearest(_row(names.get(one["user_id"], GONE), one) for one in _by(rows, "user_id")),
        models=_dearest(_row(one["model"], one) for one in _by(rows, "model")),
        details=_details(rows, names) if details else [],
        limits=_limits(actor, own=own),
        figure=_figure(days, start, end),
    )


def _span(zone: ZoneInfo, start: date | None, end: date | None) -> tuple[date, date]:
    last = end or timezone.now().astimezone(zone).date()
    first = start or last.replace(day=1)
    if first > last:
        raise Invalid(f"The first day, {first}, is after the last one, {last}.", field="start_date")
    if (last - first).days >= MOST_DAYS:
        raise Invalid(f"From {first} to {last} are more than {MOST_DAYS} days. Choose fewer.", field="start_date")
    return first, last


def _rows(actor: Actor, start: date, end: date, zone: ZoneInfo, *, own: bool) -> "QuerySet[ModelCall]":
    begin, over = (datetime.combine(day, time(), zone) for day in (start, end + timedelta(days=1)))
    rows = ModelCall.objects.filter(organization_id=actor.organization_id, created_at__gte=begin, created_at__lt=over)
    rows = rows.exclude(state=ModelCallState.RESERVED).annotate(day=TruncDate("created_at", tzinfo=zone))
    return rows.filter(user_id=actor.user_id or 0) if own else rows


def _by(rows: "QuerySet[ModelCall]", *names: str) -> Iterable[dict[str, Any]]:
    found: Iterable[dict[str, Any]] = rows.values(*names).annotate(**_NAMED).order_by(*names)
    return found


def _row(name: str, found: dict[str, Any]) -> SpendingRow:
    return SpendingRow(name=name, day=found.get("day"), **_sums(found))


def _sums(found: dict[str, Any]) -> dict[str, Any]:
    """A sum over nothing is none, here it is nought."""
    sums = {one: found[f"{one}_"] or (Decimal(0) if one == "cost" else 0) for one in SUMS}
    return {**sums, "cost_words": dollars(Decimal(sums["cost"]))}


def _dearest(rows: Iterable[SpendingRow]) -> list[SpendingRow]:
    return sorted(rows, key=lambda one: (-one.cost, -one.input_tokens - one.output_tokens, one.name))


def _names(rows: "QuerySet[ModelCall]") -> dict[int, str]:
    ids = set(rows.order_by().values_list("user_id", flat=True).distinct())
    return {one.pk: one.name or one.email for one in User.objects.filter(pk__in=ids)}


def _details(rows: "QuerySet[ModelCall]", names: dict[int, str]) -> list[SpendingDetail]:
    return [
        SpendingDetail(
            name=str(one["day"]), day=one["day"], person=names.get(one["user_id"], GONE), model=one["model"],
            **_sums(one),
        )
        for one in _by(rows, "day", "user_id", "model")
    ]  # fmt: skip


def _limits(actor: Actor, *, own: bool) -> list[LimitOut]:
    windows = Windows.now(actor.organization_id)
    budgets = choice_of(actor.organization_id).budgets
    found = limits_of(budgets, user_id=actor.user_id or 0, windows=windows)
    return [
        LimitOut(
            words=one.words[0].upper() + one.words[1:] if one.own else f"The organisation's {one.words}",
            most=one.most, used=one.used, left=one.left, renews_at=one.renews,
        )
        for one in found
        if one.own or not own
    ]  # fmt: skip


def _sentence(total: SpendingRow, *, own: bool) -> str:
    who = "You have" if own else "The organisation has"
    if not total.calls:
        return f"{who} asked no model in this time. The offline planner costs nothing and is not listed."
    kept = f", {total.cached_tokens:,} of them kept by the provider" if total.cached_tokens else ""
    unpriced = f" The price of {counted(total.unpriced, 'call')} is not known." if total.unpriced else ""
    return (
        f"{who} spent {dollars(total.cost)} on {counted(total.calls, 'call')} of models: {total.input_tokens:,} tokens "
        f"read{kept}, {total.output_tokens:,} written.{unpriced}"
    )


def _figure(days: list[SpendingRow], start: date, end: date) -> dict[str, Any]:
    """A bar for each day: dollars, or tokens where nothing was paid."""
    paid = any(one.cost for one in days)
    by_day = {one.day: float(one.cost) if paid else one.input_tokens + one.output_tokens for one in days}
    span = [start + timedelta(days=number) for number in range((end - start).days + 1)]
    values = [by_day.get(day, 0) for day in span]
    unit = "US dollars" if paid else "tokens"
    hover = "%{x|%-d %b}: $%{y:,.4~f}" if paid else "%{x|%-d %b}: %{y:,} tokens"
    trace = {
        "type": "bar", "x": [str(day) for day in span], "y": values, "marker": {"color": "var(--blue)"},
        "hovertemplate": f"{hover}<extra></extra>",
    }  # fmt: skip
    layout = {
        "height": 220, "bargap": 0.3, "hovermode": "closest", "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
        "xaxis": {"type": "date", "tickformat": "%-d %b", "nticks": 8},
        "yaxis": {"title": {"text": unit, "font": {"size": 11, "color": "var(--ink-2)"}}, "nticks": 5,
                  "tickformat": ",.6~f" if paid else ",d"},
    }  # fmt: skip
    return {"data": [trace], "layout": layout}
