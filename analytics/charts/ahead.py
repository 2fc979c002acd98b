"""Figures of forecasts: what was used as a line, what is expected dashed with its band, the quota, the day it ends.

Pure functions over the answer of `get_usage_forecast`, whose numbers they draw as they are.
"""

from datetime import date, timedelta
from typing import Any, Final

from analytics.charts.figures import HEIGHT
from analytics.schemas.forecasts import ForecastDay, UsageForecast
from iotsim.core.wording import size as in_words
from sims.axes import Figure, axes, rule_across, unit_for

DAYS_SHOWN: Final = 31
DAY: Final = timedelta(days=1)


def figure_of(one: UsageForecast, look: str) -> Figure:
    """The figure in one of its two looks: "day" or "cycle"."""
    return of_cycle(one) if look == "cycle" else of_days(one)


def usual_look(one: UsageForecast) -> str:
    """What has a quota is drawn against it; of the rest the days tell more."""
    return "cycle" if one.quota_bytes else "day"


def unit_of(one: UsageForecast, look: str) -> tuple[int, str]:
    """The unit that fits a look: (10**9, "GB")."""
    if look == "cycle":
        return unit_for(max([one.quota_bytes or 0, one.used_bytes, *(day.high_bytes for day in one.path)]))
    return unit_for(max([0, *(day.high_bytes for day in one.days), *(day.used_bytes for day in one.past)]))


def of_days(one: UsageForecast) -> Figure:
    """Use a day: the days before, and those ahead with their bounds."""
    factor, unit = unit_of(one, "day")
    first = one.days[0].day
    past = [(day.day, day.used_bytes) for day in one.past if day.day < first]
    line = _line([day for day, _ in past], [used / factor for _, used in past], unit, "used")
    since = [ForecastDay(day=day, low_bytes=used, middle_bytes=used, high_bytes=used) for day, used in past[-1:]]
    joined = [*since, *one.days]  # the band begins where the line ends
    ahead = _band([day.day for day in joined], joined, factor, unit)
    layout = {**axes(unit), "height": HEIGHT, "showlegend": False}
    return {"data": [line, *ahead], "layout": _with_mark(layout, one)}


def of_cycle(one: UsageForecast) -> Figure:
    """The cycle added up: what was used, what comes to it, the quota across. Points stand at the end of their day."""
    factor, unit = unit_of(one, "cycle")
    days, sums = so_far(one)
    line = _line(days, [total / factor for total in sums], unit, "used")
    ahead = _band([days[-1], *(day.day + DAY for day in one.path)], [_now(one), *one.path], factor, unit)
    layout: dict[str, Any] = axes(unit)
    layout["yaxis"]["title"] = {"text": f"{unit} this cycle", "font": {"size": 11}, "standoff": 8}
    layout["xaxis"] |= {"range": [str(one.cycle_start_date), str(one.cycle_end_date + DAY)]}
    if one.quota_bytes:
        layout |= rule_across(one.quota_bytes / factor, f"quota: {in_words(one.quota_bytes)}")
        top = max([one.quota_bytes, one.used_bytes, *(day.high_bytes for day in one.path)])
        layout["yaxis"]["range"] = [0, 1.08 * top / factor]
    return {"data": [line, *ahead], "layout": _with_mark({**layout, "height": HEIGHT, "showlegend": False}, one)}


def so_far(one: UsageForecast) -> tuple[list[date], list[int]]:
    """The cycle's days that are over, added up at the end of each, and where it stands today."""
    today = one.path[0].day if one.path else one.cycle_end_date
    over = [day for day in one.past if one.cycle_start_date <= day.day < today]
    days, sums, total = [one.cycle_start_date], [0], 0
    for day in over:
        total += day.used_bytes
        days.append(day.day + DAY)
        sums.append(min(total, one.used_bytes))
    if days[-1] <= today and len(days) > 1:
        days[-1], sums[-1] = today, one.used_bytes
    return days, sums


def _now(one: UsageForecast) -> ForecastDay:
    used = one.used_bytes
    return ForecastDay(day=one.path[0].day if one.path else one.cycle_end_date, low_bytes=used, middle_bytes=used,
                       high_bytes=used)  # fmt: skip


def _line(days: list[date], values: list[float], unit: str, name: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [day.isoformat() for day in days],
        "y": [round(value, 4) for value in values],
        "line": {"color": "var(--blue)", "width": 2},
        "hovertemplate": f"%{{y:,.3~g}} {unit}<extra>{name}</extra>",
    }


def _band(days: list[date], found: list[ForecastDay], factor: int, unit: str) -> list[Figure]:
    """The bounds as an area, the middle as a dashed line on it."""
    dates = [day.isoformat() for day in days]
    edge = {"type": "scatter", "mode": "lines", "x": dates, "line": {"color": "var(--line-2)", "width": 1}}
    low = [round(one.low_bytes / factor, 4) for one in found]
    middle = [round(one.middle_bytes / factor, 4) for one in found]
    high = [round(one.high_bytes / factor, 4) for one in found]
    return [
        {**edge, "y": low, "hovertemplate": f"%{{y:,.3~g}} {unit}<extra>low, 10 %</extra>"},
        {
            **edge, "y": high, "fill": "tonexty", "fillcolor": "var(--blue-soft)",
            "hovertemplate": f"%{{y:,.3~g}} {unit}<extra>high, 90 %</extra>",
        },
        {
            "type": "scatter", "mode": "lines", "x": dates, "y": middle,
            "line": {"color": "var(--blue)", "width": 2, "dash": "dash"},
            "hovertemplate": f"%{{y:,.3~g}} {unit}<extra>expected</extra>",
        },
    ]  # fmt: skip


def _with_mark(layout: dict[str, Any], one: UsageForecast) -> dict[str, Any]:
    """A thin mark on the day on which the quota is used up, with a word."""
    if one.exhausts_on is None or one.is_over:
        return layout
    at = one.exhausts_on.isoformat()
    line = {
        "type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1,
        "line": {"color": "var(--red)", "width": 1},
    }  # fmt: skip
    word = {
        "xref": "x", "yref": "paper", "x": at, "y": 0.02, "text": f"runs out {one.exhausts_on:%-d %b}",
        "showarrow": False, "xanchor": "right", "yanchor": "bottom", "xshift": -4,
        "font": {"size": 11, "color": "var(--red)"},
    }  # fmt: skip
    return {
        **layout,
        "shapes": [*layout.get("shapes", []), line],
        "annotations": [*layout.get("annotations", []), word],
    }
