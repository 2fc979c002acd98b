"""When devices speak: the average hour of each weekday as a field of colour."""

from analytics.charts import figures, sums
from analytics.charts.hours import WEEKDAYS, Week, week_of
from analytics.charts.request import Request, amount, column
from iotsim.core.charts import Chart, ChartCell
from iotsim.core.wording import counted, size
from sims.axes import unit_for

FEW_DAYS = 7


def draw_heatmap(request: Request) -> Chart:
    """Average use in each hour of the week, as far back as hours are kept."""
    start, end = request.whole_days
    week = week_of(request.actor, None if request.is_whole_fleet else request.sims, start, end)
    factor, unit = unit_for(max((max(filter(None, hours), default=0) for hours in week.averages), default=0))
    field = [[None if one is None else round(one / factor, 4) for one in hours] for hours in week.averages]
    return request.chart(
        _sentence(request, week),
        figure=figures.field_of_hours(WEEKDAYS, field, unit=unit),
        unit=f"{unit} an hour",
        columns=[column("Hour"), *(column(day, "bytes an hour") for day in WEEKDAYS)],
        rows=[
            [ChartCell(value=f"{hour:02}:00", text=f"{hour:02}:00"), *(_cell(hours[hour]) for hours in week.averages)]
            for hour in range(24)
        ],
        about=f"{request.which}, {request.days_in_words}, {request.actor.time_zone}",
        notes=[request.today_left_out, _note(request, week)],
        is_empty=not any(map(any, week.totals)),
        start_date=start,
        end_date=end,
        as_of=request.sim.cycle_as_of if request.sim else sums.known_until(request.sims),
    )


def _cell(average: float | None) -> ChartCell:
    return ChartCell(value=None, text="–") if average is None else amount(round(average))


def _sentence(request: Request, week: Week) -> str:
    best, day, hour = max(
        (average or 0.0, day, hour)
        for day, hours in enumerate(week.averages) for hour, average in enumerate(hours)
    )  # fmt: skip
    if not best:
        return f"{request.which}: no usage by the hour is known {request.days_in_words}."
    share = sum(map(sum, week.totals[5:])) / sum(map(sum, week.totals))
    return (
        f"{request.which} used most on {WEEKDAYS[day]}s from {hour:02}:00 to {(hour + 1) % 24:02}:00, "
        f"{size(round(best))} on average; {share * 100:.0f}\u00a0% of all usage fell on weekends."
    )


def _note(request: Request, week: Week) -> str:
    asked = request.whole_days[1] - request.whole_days[0]
    if week.known_days >= min(asked.days + 1, FEW_DAYS) or not week.known_days:
        return ""
    return f"Hours are known of {counted(week.known_days, 'day')} only, so this is no usual week yet."
