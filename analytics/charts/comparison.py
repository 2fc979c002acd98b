"""Two periods of equal length, one over the other."""

from datetime import date, timedelta
from itertools import zip_longest

from analytics.charts import figures, sums
from analytics.charts.request import Request, amount, column, percent
from analytics.charts.usage import days_asked
from iotsim.core.charts import Chart, ChartCell
from iotsim.core.wording import size
from sims.axes import unit_for
from sims.schemas.fleet import UsageDay

DAY = timedelta(days=1)
Pairs = list[tuple[UsageDay | None, UsageDay | None]]


def draw_comparison(request: Request) -> Chart:
    """Usage a day beside that of the period before; a day that is not over is in neither."""
    start, last = request.whole_days
    first_before, last_before = period_before(start, last)
    now, before = (days_asked(request, *span) for span in ((start, last), (first_before, last_before)))
    pairs: Pairs = list(zip_longest(now, before))
    factor, unit = unit_for(max((one.bytes_total for one in [*now, *before]), default=0))
    total, earlier = (sum(one.bytes_total for one in days) for days in (now, before))
    return request.chart(
        _sentence(request, total, earlier, (first_before, last_before)),
        figure=figures.two_lines(
            [_point(one, factor) for one in now], [_point(one, factor) for one in before], unit=unit,
        ),
        unit=f"{unit} a day",
        columns=[
            column("Day"), column("Usage", "bytes"), column("Day before"), column("Usage before", "bytes"),
            column("Of that before", "%"),
        ],
        rows=[_row(*pair) for pair in pairs],
        about=f"{request.which}, {_span(start, last)} beside {_span(first_before, last_before)}",
        notes=[request.today_left_out],
        is_empty=not total and not earlier,
        start_date=start,
        end_date=last,
        as_of=request.sim.cycle_as_of if request.sim else sums.known_until(request.sims),
    )  # fmt: skip


def period_before(start: date, end: date) -> tuple[date, date]:
    """The same days of the month before for days of one month that begin with its first; else as many days before.

    A whole month is compared with the whole month before.
    """
    if start.day > 1 or (start.year, start.month) != (end.year, end.month):
        return start - (end - start + DAY), start - DAY
    last_before = start - DAY
    first_before = last_before.replace(day=1)
    whole = (end + DAY).day == 1
    return first_before, last_before if whole else min(last_before, first_before + (end - start))


def _point(one: UsageDay, factor: int) -> tuple[date, float]:
    return one.day, round(one.bytes_total / factor, 4)


def _row(now: UsageDay | None, before: UsageDay | None) -> list[ChartCell]:
    both = percent(now.bytes_total, before.bytes_total) if now and before else ChartCell(value=None, text="–")
    return [*_side(now), *_side(before), both]


def _side(one: UsageDay | None) -> list[ChartCell]:
    if one is None:
        return [ChartCell(value="", text="–"), ChartCell(value=None, text="–")]
    return [ChartCell(value=one.day.isoformat(), text=f"{one.day:%a %-d %b %Y}"), amount(one.bytes_total)]


def _span(start: date, end: date) -> str:
    if start == end:
        return f"{start:%-d %b %Y}"
    first = f"{start:%-d}" if (start.year, start.month) == (end.year, end.month) else f"{start:%-d %b}"
    return f"{first if start.year == end.year else f'{start:%-d %b %Y}'} to {end:%-d %b %Y}"


def _sentence(request: Request, total: int, before: int, earlier: tuple[date, date]) -> str:
    said = f"{request.which} used {size(total)}"
    when = _span(*earlier)
    if not before:
        return f"{said}; there was no usage in the period before ({when})."
    change = (total - before) / before
    if abs(change) < 0.005:
        return f"{said}, as much as in the period before ({when})."
    way = "more" if change > 0 else "less"
    return f"{said}, {abs(change) * 100:.0f}\u00a0% {way} than the {size(before)} of the period before ({when})."
