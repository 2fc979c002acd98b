"""Figures as plain data for plotly.js: pure functions over numbers, colours by the names of the style sheet's tokens.

Names come from outside and plotly.js reads tags in them, so they are escaped here. Bars lie, so that names have room in
a narrow column; each says its value at its end.
"""

import html
import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from iotsim.core.wording import size as in_words
from sims.axes import Figure, axes, rule_across, unit_for

HEIGHT: Final = 260
BAR: Final = 26  # pixels a lying bar takes
LONGEST_NAME: Final = 18
COLOURS: Final = ("var(--blue)", "var(--ink-3)", "var(--line-2)")
_TURNING: Final = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")  # marks that turn the writing round


def name_of(text: str) -> str:
    """A name from outside, short enough for an axis and harmless to plotly.js."""
    plain = " ".join(_TURNING.sub("", text).split())
    short = plain if len(plain) <= LONGEST_NAME else f"{plain[: LONGEST_NAME - 1].rstrip()}…"
    return html.escape(short, quote=False)


def lying_bars(names: Sequence[str], values: Sequence[float], words: Sequence[str], *, unit: str) -> Figure:
    """One bar for each name, the first on top, its value in words at its end."""
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": list(values),
        "y": list(range(len(values))),
        "text": list(words),
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"color": "var(--ink-2)", "size": 11},
        "marker": {"color": COLOURS[0]},
        "customdata": [name_of(one) for one in names],
        "hovertemplate": "%{customdata}: %{text}<extra></extra>",
    }
    return {"data": [trace], "layout": _lying(names, max(values, default=0), unit, words)}


def stacked_bars(
    names: Sequence[str], parts: Sequence[tuple[str, Sequence[float]]], totals: Sequence[str], *, unit: str
) -> Figure:
    """Bars made of parts that add up, the total in words at the end. A part that is nowhere is left out."""
    kept = [(label, values) for label, values in parts if any(values)]
    sums = [sum(values[n] for _, values in parts) for n in range(len(names))]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": label,
            "x": list(values),
            "y": list(range(len(values))),
            "marker": {"color": COLOURS[place]},
            "customdata": [name_of(one) for one in names],
            "hovertemplate": f"%{{customdata}}: %{{x:,.2f}} {unit}<extra>{label}</extra>",
        }
        for place, (label, values) in enumerate(kept)
    ]
    layout = {**_lying(names, max(sums, default=0), unit, totals), "barmode": "stack"}
    layout["annotations"] = [
        _at_the_end(height, place, text) for place, (height, text) in enumerate(zip(sums, totals, strict=True))
    ]
    if len(kept) > 1:
        legend = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"size": 11}, "traceorder": "normal"}
        layout |= {"showlegend": True, "legend": {**legend, "itemclick": False, "itemdoubleclick": False}}
        layout["margin"] = {"l": 8, "r": 12, "t": 34, "b": 8}
    return {"data": data, "layout": layout}


def standing_bars(names: Sequence[str], values: Sequence[float], words: Sequence[str], *, unit: str) -> Figure:
    """One bar for each step of a scale, in its order, with its value on top."""
    trace = {
        "type": "bar",
        "x": list(names),
        "y": list(values),
        "text": list(words),
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"color": "var(--ink-2)", "size": 11},
        "marker": {"color": COLOURS[0]},
        "hovertemplate": "%{x}: %{text}<extra></extra>",
    }
    layout = {
        "height": HEIGHT,
        "bargap": 0.3,
        "hovermode": "closest",
        "margin": {"l": 8, "r": 12, "t": 24, "b": 8},
        "xaxis": {"type": "category"},
        "yaxis": {"title": _title(unit), "nticks": 5, "tickformat": ",~g"},
    }
    return {"data": [trace], "layout": layout}


def field_of_hours(days: Sequence[str], field: Sequence[Sequence[float | None]], *, unit: str) -> Figure:
    """A row for each day, a cell for each of its 24 hours, the darker the more; unknown cells stay empty."""
    trace = {
        "type": "heatmap",
        "x": list(range(24)),
        "y": list(days),
        "z": [list(hours) for hours in field],
        "zmin": 0,
        "xgap": 1,
        "ygap": 1,
        "colorscale": [[0, "var(--blue-soft)"], [1, COLOURS[0]]],
        "colorbar": {"title": {"text": unit, "side": "right", "font": {"size": 11}}, "thickness": 10, "outlinewidth": 0,
                     "nticks": 5, "tickfont": {"color": "var(--ink-3)", "size": 11}},
        "hovertemplate": f"%{{y}} %{{x:02d}}:00: %{{z:,.3~g}} {unit}<extra></extra>",
    }  # fmt: skip
    layout = {
        "height": HEIGHT,
        "hovermode": "closest",
        "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
        "xaxis": {"title": _title("hour of the day"), "dtick": 3, "showgrid": False, "zeroline": False},
        "yaxis": {"autorange": "reversed", "showgrid": False, "rangemode": "normal"},
    }
    return {"data": [trace], "layout": layout}


def two_lines(now: Sequence[tuple[date, float]], before: Sequence[tuple[date, float]], *, unit: str) -> Figure:
    """A period over the one before, day over day; the days of the earlier one are named where one points."""
    longer = now if len(now) >= len(before) else before
    shift = now[0][0] - longer[0][0]
    days = [(day + shift).isoformat() for day, _ in longer]
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": days[: len(points)],
            "y": [value for _, value in points],
            "customdata": [f"{day:%a %-d %b %Y}" for day, _ in points],
            "line": line,
            "hovertemplate": f"%{{customdata}}: %{{y:,.3~g}} {unit}<extra>{name}</extra>",
        }
        for name, points, line in (
            ("before", before, {"color": COLOURS[1], "width": 1.5, "dash": "dot"}),
            ("this period", now, {"color": COLOURS[0], "width": 2}),
        )
    ]
    layout = axes(unit)
    legend = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"size": 11}, "traceorder": "reversed"}
    layout |= {"showlegend": True, "legend": {**legend, "itemclick": False, "itemdoubleclick": False}}
    return {"data": data, "layout": {**layout, "height": HEIGHT, "margin": {"l": 8, "r": 12, "t": 34, "b": 8}}}


def filling(days: Sequence[date], totals: Sequence[int], quota: int | None, *, end: date) -> Figure:
    """How the use of a billing cycle grows from day to day, up to the quota as a rule across.

    `totals` in bytes from the cycle's first day on, `end` is its last day.
    """
    size, unit = unit_for(max([*totals, quota or 0], default=0))
    line = {
        "type": "scatter",
        "mode": "lines",
        "x": [day.isoformat() for day in days],
        "y": [round(total / size, 4) for total in totals],
        "line": {"color": COLOURS[0], "width": 2},
        "fill": "tozeroy",
        "fillcolor": "var(--blue-soft)",
        "hovertemplate": f"%{{y:,.3~g}} {unit}<extra>so far</extra>",
    }
    layout = axes(unit)
    layout["yaxis"]["title"] = _title(f"{unit} this cycle")
    layout["xaxis"]["range"] = [days[0].isoformat(), end.isoformat()]
    if quota:
        layout |= rule_across(quota / size, f"quota: {in_words(quota)}")
        layout["yaxis"]["range"] = [0, 1.08 * max([*totals, quota]) / size]
    return {"data": [line], "layout": {**layout, "height": HEIGHT}}


def _lying(names: Sequence[str], top: float, unit: str, words: Sequence[str]) -> dict[str, Any]:
    """The axes of lying bars. Beyond the longest bar there is room for its words, in a narrow column too."""
    count, room = len(names), 1.12 + 0.03 * max(map(len, words), default=0)
    return {
        "height": max(HEIGHT, 58 + BAR * count),
        "bargap": 0.35,
        "hovermode": "closest",
        "xaxis": {
            "title": _title(unit), "showgrid": True, "nticks": 5, "tickformat": ",~g", "range": [0, (top or 1) * room],
        },
        "yaxis": {
            "tickvals": list(range(count)), "ticktext": [name_of(one) for one in names], "showgrid": False,
            "zeroline": False, "range": [count - 0.5, -0.5], "rangemode": "normal", "ticklabelstandoff": 6,
            "tickfont": {"color": "var(--ink-2)", "size": 12},
        },
    }  # fmt: skip


def _title(text: str) -> dict[str, Any]:
    return {"text": text, "font": {"size": 11}, "standoff": 8}


def _at_the_end(height: float, place: int, text: str) -> dict[str, Any]:
    return {
        "x": height, "y": place, "text": text, "showarrow": False, "xanchor": "left", "xshift": 3,
        "font": {"size": 11, "color": "var(--ink-2)"},
    }  # fmt: skip
