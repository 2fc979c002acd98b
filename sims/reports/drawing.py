"""Charts of a printed report as SVG, drawn from the report's own figures in the interface's colours. Pure.

The light theme's tokens (static/app.css); everything that is not a number of ours stays out of the drawing.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from html import escape
from typing import Final

from sims.axes import unit_for
from sims.reports.figures import DaySum

BLUE: Final = "#1d5fcf"
INK: Final = "#525c69"
LINE: Final = "#e3e7ec"
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 700, 210, 52, 22, 10
LABELS: Final = 8  # on the axis of days, at most
MOST_BARS: Final = 130  # longer periods are drawn week by week


def days_chart(days: Sequence[DaySum], *, title: str) -> str:
    """Usage a day as bars from zero, with a unit, a grid and some of the dates. `title` is read out in its place."""
    sums = _weeks(days) if len(days) > MOST_BARS else [(one.day, one.bytes_total) for one in days]
    size, unit = unit_for(max((amount for _, amount in sums), default=0))
    top = _round_up(max((amount for _, amount in sums), default=0) / size) or 1
    inner_width, inner_height = WIDTH - LEFT, HEIGHT - BOTTOM - TOP
    step = inner_width / max(len(sums), 1)
    parts = [_grid(part * top / 4, top, inner_height, unit if part == 4 else "") for part in range(5)]
    for place, (_, amount) in enumerate(sums):
        height = inner_height * amount / size / top
        x, y = LEFT + place * step + step * 0.12, TOP + inner_height - height
        parts.append(f'<rect x="{x:.2f}" y="{y:.2f}" width="{step * 0.76:.2f}" height="{height:.2f}" fill="{BLUE}"/>')
    every = max(1, -(-len(sums) // LABELS))
    for place, (day, _) in list(enumerate(sums))[::every]:
        x = LEFT + place * step + step / 2
        parts.append(_text(x, HEIGHT - 6, f"{day:%-d %b}", "middle"))
    return _svg(WIDTH, HEIGHT, title, parts)


def bar(part: float, *, title: str) -> str:
    """One bar of a list, `part` (0 to 1) of its width long."""
    width = max(0.0, min(1.0, part)) * 200
    track = f'<rect width="200" height="8" rx="2" fill="{LINE}"/>'
    return _svg(200, 8, title, [track, f'<rect width="{width:.2f}" height="8" rx="2" fill="{BLUE}"/>'])


def _weeks(days: Sequence[DaySum]) -> list[tuple[date, int]]:
    """Sums of seven days each, so that a long period stays readable."""
    sums: dict[date, int] = {}
    for one in days:
        first = days[0].day + timedelta(days=(one.day - days[0].day).days // 7 * 7)
        sums[first] = sums.get(first, 0) + one.bytes_total
    return list(sums.items())


def _round_up(value: float) -> float:
    """The next round number: 1, 2, 2.5, 4 or 5 with zeros."""
    if value <= 0:
        return 0
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > value:
        power /= 10
    return next(power * step for step in (1, 2, 2.5, 4, 5, 10) if power * step >= value)


def _grid(value: float, top: float, height: int, unit: str) -> str:
    y = TOP + height * (1 - value / top)
    line = f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.2f}" y2="{y:.2f}" stroke="{LINE}" stroke-width="1"/>'
    return line + _text(LEFT - 6, y + 3, f"{value:g} {unit}".strip(), "end")


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" font-size="9.5" fill="{INK}">{escape(words)}</text>'


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )
