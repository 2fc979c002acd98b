"""Usage over time, a day or a month at a step."""

from datetime import date
from itertools import groupby
from typing import Final

from analytics.charts import figures, sums
from analytics.charts.request import Request, amount, column, count
from iotsim.core.charts import Chart, ChartCell
from iotsim.core.wording import size
from sims import charts
from sims.axes import Figure, unit_for
from sims.schemas.fleet import UsageDay, UsageHistory
from sims.usage import days_of, fleet_days, sim_days

MOST_DAYS: Final = 124  # longer periods are drawn by months


def draw_usage(request: Request) -> Chart:
    """Usage a day, or a month when the period is long."""
    start, end = request.period
    days = days_asked(request, start, end)
    monthly = len(days) > MOST_DAYS
    steps = by_month(days) if monthly else days
    figure, unit = _monthly(steps) if monthly else _daily(request, days)
    total = sum(one.bytes_total for one in days)
    return request.chart(
        _usage_sentence(request, days, total),
        figure=figure,
        unit=unit,
        columns=[
            column("Month" if monthly else "Day"), column("Total", "bytes"), column("Down", "bytes"),
            column("Up", "bytes"), column("Sessions", "sessions"),
        ],
        rows=[
            [
                ChartCell(value=one.day.isoformat(), text=f"{one.day:%b %Y}" if monthly else f"{one.day:%-d %b %Y}"),
                amount(one.bytes_total), amount(one.bytes_down), amount(one.bytes_up), count(one.sessions),
            ]
            for one in reversed(steps)
        ],
        about=f"{request.which}, {request.days_in_words}",
        title="Usage a month" if monthly else "Usage a day",
        is_empty=not total,
        start_date=start,
        end_date=end,
        as_of=request.sim.cycle_as_of if request.sim else sums.known_until(request.sims),
        link=request.list_of() if request.sim else request.list_of(sort="-usage"),
    )  # fmt: skip


def days_asked(request: Request, start: date, end: date) -> list[UsageDay]:
    """The usage of all SIMs asked for, one entry for each day."""
    if request.sim and request.wanted.is_empty:
        return sim_days(request.sim, start, end)
    if request.is_whole_fleet:
        return fleet_days(request.actor, start, end)
    return days_of(request.actor, request.sims, start, end)


def by_month(days: list[UsageDay]) -> list[UsageDay]:
    """Sums of calendar months, each on the first of its days that is in the period."""
    months = [list(part) for _, part in groupby(days, key=lambda one: (one.day.year, one.day.month))]
    return [
        UsageDay(
            day=part[0].day,
            bytes_up=sum(one.bytes_up for one in part),
            bytes_down=sum(one.bytes_down for one in part),
            sessions=sum(one.sessions for one in part),
        )
        for part in months
    ]


def _monthly(months: list[UsageDay]) -> tuple[Figure, str]:
    factor, unit = unit_for(max((one.bytes_total for one in months), default=0))
    names = [f"{one.day:%b %y}" for one in months]
    values = [round(one.bytes_total / factor, 4) for one in months]
    words = [f"{value:.3g}" if value and len(values) <= 14 else "" for value in values]
    return figures.standing_bars(names, values, words, unit=f"{unit} a month"), f"{unit} a month"


def _daily(request: Request, days: list[UsageDay]) -> tuple[Figure, str]:
    sim, end = request.sim, days[-1].day
    if sim is None:
        figure = charts.usage_timeline(days, growing=end == request.today and len(days) > 1)
    else:
        history = UsageHistory(
            start_date=days[0].day, end_date=end, days=days, total_bytes=0, average_bytes=0,
            quota_bytes=sim.effective_quota_bytes,
        )  # fmt: skip
        figure = charts.daily_usage(history)
    figure["layout"]["height"] = figures.HEIGHT
    return figure, figure["layout"]["yaxis"]["title"]["text"]


def _usage_sentence(request: Request, days: list[UsageDay], total: int) -> str:
    who, when = request.which, request.days_in_words
    if not total:
        return f"{who}: no usage {when}."
    peak = max(days, key=lambda one: one.bytes_total)
    if len(days) == 1:
        return f"{who} used {size(total)} {when}."
    return (
        f"{who} used {size(total)} {when}, {size(total // len(days))} a day on average; "
        f"most on {peak.day:%-d %b} with {size(peak.bytes_total)}."
    )
