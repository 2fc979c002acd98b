"""Forecasts as charts: what was used, what lies ahead with its bounds, the quota and the day it is used up."""

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from analytics.ahead.answers import forecast_answer
from analytics.ahead.reading import look_ahead
from analytics.ahead.subjects import Subject, of_fleet, of_sim, subject_of
from analytics.charts.ahead import DAYS_SHOWN, figure_of, unit_of, usual_look
from analytics.charts.request import Request, amount, column, percent
from iotsim.core.charts import Chart, ChartCell, ChartColumn

if TYPE_CHECKING:
    from datetime import date

    from analytics.schemas.forecasts import ForecastDay, UsageForecast

AHEAD_ONLY: Final = "A forecast looks ahead from now, so the period asked for was left aside."


def draw_forecast(request: Request) -> Chart:
    """A forecast: by day, or added up within the cycle, which is usual where there is a quota."""
    ahead = look_ahead(request.actor, _subject(request))
    one = forecast_answer(request.actor, ahead, DAYS_SHOWN)
    look = request.look or usual_look(one)
    cycle = f"cycle from {one.cycle_start_date:%-d %b} to {one.cycle_end_date:%-d %b %Y}"
    return request.chart(
        one.sentence,
        figure=figure_of(one, look),
        unit=unit_of(one, look)[1] + (" this cycle" if look == "cycle" else " a day"),
        columns=_columns(look),
        rows=_cycle_rows(one) if look == "cycle" else _day_rows(one),
        title="Forecast of the cycle" if look == "cycle" else "Forecast a day",
        about=f"{one.name}, {cycle if look == 'cycle' else f'{DAYS_SHOWN} days ahead'}",
        notes=[AHEAD_ONLY if request.has_period else ""],
        is_empty=one.is_empty,
        start_date=one.cycle_start_date if look == "cycle" else one.days[0].day,
        end_date=one.cycle_end_date if look == "cycle" else one.days[-1].day,
        as_of=one.as_of.astimezone(ZoneInfo(request.actor.time_zone)),
        link=one.link if one.scope in ("sim", "customer") else request.list_of(),
    )


def _subject(request: Request) -> Subject:
    """What was asked for: a SIM, a customer, a plan's pool, the fleet, or whichever SIMs fit the filters."""
    wanted = request.wanted
    if request.sim is not None:
        return of_sim(request.actor, request.sim)
    named = {"customer": wanted.customer, "plan": wanted.plan}
    if all(value in (None, [], "") for name, value in vars(wanted).items() if name not in named):
        return subject_of(request.actor, **named) if any(named.values()) else of_fleet(request.actor)
    words = wanted.words()
    return Subject("some", f"The SIMs {words}", request.sims, request.list_of())


def _columns(look: str) -> list[ChartColumn]:
    first = [column("Day"), column("What")]
    if look == "day":
        return [*first, column("Use", "bytes"), column("Low, 10 %", "bytes"), column("High, 90 %", "bytes")]
    return [
        *first, column("In the cycle", "bytes"), column("Low, 10 %", "bytes"), column("High, 90 %", "bytes"),
        column("Of the quota", "%"),
    ]  # fmt: skip


def _day_rows(one: "UsageForecast") -> list[list[ChartCell]]:
    ahead = [[_day(day.day), _what("expected"), *_three(day)] for day in one.days]
    past = [
        [_day(day.day), _what("used"), amount(day.used_bytes), _none(), _none()]
        for day in reversed(one.past)
        if day.day < one.days[0].day
    ]
    return [*ahead, *past]


def _cycle_rows(one: "UsageForecast") -> list[list[ChartCell]]:
    """What lies ahead, where it stands, and the days of the cycle that are over, the newest first."""
    quota = one.quota_bytes or 0
    ahead = [[_day(day.day), _what("expected"), *_three(day), percent(day.middle_bytes, quota)] for day in one.path]
    today = one.path[0].day if one.path else one.cycle_end_date
    now = [[_day(today), _what("so far"), amount(one.used_bytes), _none(), _none(), percent(one.used_bytes, quota)]]
    past, total = [], 0
    for day in one.past:
        if one.cycle_start_date <= day.day < today:
            total = min(total + day.used_bytes, one.used_bytes)
            past.append([_day(day.day), _what("used"), amount(total), _none(), _none(), percent(total, quota)])
    return [*ahead, *now, *reversed(past)]


def _three(day: "ForecastDay") -> list[ChartCell]:
    return [amount(day.middle_bytes), amount(day.low_bytes), amount(day.high_bytes)]


def _day(day: "date") -> ChartCell:
    return ChartCell(value=day.isoformat(), text=f"{day:%-d %b %Y}")


def _what(word: str) -> ChartCell:
    return ChartCell(value=word, text=word)


def _none() -> ChartCell:
    return ChartCell(value=None, text="–")
