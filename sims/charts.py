"""Figures of usage as plain data for plotly.js. Pure functions; colours are names of the style sheet's tokens.

One accent colour plus greys, the unit on the axis, the quota as a horizontal rule with its label beside it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from iotsim.core.wording import size as in_words
from sims.axes import Figure, axes, rule_across, unit_for
from sims.schemas.fleet import UsageDay, UsageHistory, UsageHour, UsageMonth

FEW_HOURS, MOST_TICKS = 96, 8  # up to four days noon is named too
CYCLE_DAYS = 30  # a cycle's usual length, for the quota's even share of a day


def usage_timeline(days: Sequence[UsageDay], *, growing: bool = True) -> Figure:
    """The fleet's usage a day, as an area from zero; a last day that is still growing is drawn dotted."""
    size, unit = unit_for(max((day.bytes_total for day in days), default=0))
    dates = [day.day.isoformat() for day in days]
    values = [round(day.bytes_total / size, 4) for day in days]
    line = {"color": "var(--blue)", "width": 2}
    settled = {
        "type": "scatter",
        "mode": "lines",
        "x": dates[:-1] if growing else dates,
        "y": values[:-1] if growing else values,
        "line": line,
        "fill": "tozeroy",
        "fillcolor": "var(--blue-soft)",
        "hovertemplate": f"%{{y:,.3~g}} {unit}<extra></extra>",
    }
    so_far = {
        "type": "scatter",
        "mode": "lines",
        "x": dates[-2:],
        "y": values[-2:],
        "line": {**line, "dash": "dot"},
        "hovertemplate": f"%{{y:,.3~g}} {unit}<extra>so far</extra>",
    }
    return {"data": [settled, so_far] if growing else [settled], "layout": axes(unit)}


def spark(days: Sequence[UsageDay]) -> list[float]:
    """The settled days' usage, for a small line without axes."""
    return [float(day.bytes_total) for day in days[:-1]]


def usage_of(history: UsageHistory) -> Figure:
    """A SIM's usage as bars, by what it was asked by."""
    match history.resolution:
        case "hour":
            return hourly_usage(history.hours)
        case "month":
            return monthly_usage(history.months)
    return daily_usage(history)


def hourly_usage(hours: Sequence[UsageHour]) -> Figure:
    """Bars by elapsed time, so that the hour which comes twice has two; labels in the organisation's zone."""
    size, unit = unit_for(max((one.bytes_total for one in hours), default=0))
    begins = [one.hour.astimezone(UTC).strftime("%Y-%m-%d %H:%M") for one in hours]
    bars = {
        "type": "bar",
        "x": begins,
        "y": [round(one.bytes_total / size, 4) for one in hours],
        "customdata": [one.label for one in hours],
        "marker": {"color": "var(--blue)"},
        "hovertemplate": f"%{{customdata}}<br>%{{y:,.3~g}} {unit}<extra></extra>",
    }
    every = 12 if len(hours) <= FEW_HOURS else 24
    ticks = [place for place, one in enumerate(hours) if one.hour.hour % every == 0]
    ticks = ticks[:: -(-len(ticks) // MOST_TICKS) or 1]
    layout = axes(unit, "an hour")
    layout["xaxis"] = {
        "type": "date",
        "tickvals": [begins[place] for place in ticks],
        "ticktext": [_hour_words(hours[place].hour) for place in ticks],
    }
    return {"data": [bars], "layout": {**layout, "bargap": 0.15}}


def _hour_words(at: datetime) -> str:
    return f"{at.day} {at:%b}" if at.hour == 0 else f"{at:%H:%M}"


def monthly_usage(months: Sequence[UsageMonth]) -> Figure:
    """A SIM's usage a month as bars."""
    size, unit = unit_for(max((one.bytes_total for one in months), default=0))
    bars = {
        "type": "bar",
        "x": [f"{one.month:%b %Y}" for one in months],
        "y": [round(one.bytes_total / size, 4) for one in months],
        "marker": {"color": "var(--blue)"},
        "hovertemplate": f"%{{x}}<br>%{{y:,.3~g}} {unit}<extra></extra>",
    }
    layout = axes(unit, "a month")
    ticks = months[:: -(-len(months) // MOST_TICKS) or 1]
    layout["xaxis"] = {
        "type": "category",
        "tickvals": [f"{one.month:%b %Y}" for one in ticks],
        "ticktext": [f"{one.month:%b}<br>{one.month:%Y}" for one in ticks],
        "tickangle": 0,
    }
    return {"data": [bars], "layout": {**layout, "bargap": 0.25}}


def daily_usage(history: UsageHistory) -> Figure:
    """A SIM's usage a day as bars, with the quota's even share of a day as a rule."""
    rule = history.quota_bytes / CYCLE_DAYS if history.quota_bytes else None
    top = max([day.bytes_total for day in history.days] + [rule or 0])
    size, unit = unit_for(top)
    bars = {
        "type": "bar",
        "x": [day.day.isoformat() for day in history.days],
        "y": [round(day.bytes_total / size, 4) for day in history.days],
        "marker": {"color": "var(--blue)"},
        "hovertemplate": f"%{{y:,.3~g}} {unit}<extra></extra>",
    }
    layout = {**axes(unit), "bargap": 0.25}
    if rule is not None:
        layout |= rule_across(rule / size, f"quota spread evenly: {in_words(int(rule))} a day")
    return {"data": [bars], "layout": layout}
