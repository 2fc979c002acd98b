"""What figures have in common: the unit that fits, the axes of usage over days, a rule across. Pure, no Django."""

from typing import Any

Figure = dict[str, Any]

UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def unit_for(top_bytes: float) -> tuple[int, str]:
    """The largest decimal unit of which `top_bytes` holds at least one: (10**9, "GB")."""
    return next(((size, name) for size, name in UNITS if top_bytes >= size), (1, "B"))


def axes(unit: str, each: str = "a day") -> Figure:
    """Days along the bottom, the unit a day (or hour, or month) up the side."""
    return {
        "xaxis": {"type": "date", "tickformat": "%-d %b", "hoverformat": "%a %-d %b %Y", "nticks": 8},
        "yaxis": {"title": {"text": f"{unit} {each}", "font": {"size": 11}, "standoff": 8}, "nticks": 5},
    }


def rule_across(height: float, label: str) -> Figure:
    """A dashed line across, named above the chart, where no bar can hide its name."""
    line = {"color": "var(--ink-3)", "width": 1, "dash": "dash"}
    across = {"xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": height, "y1": height}
    note = {
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": 1,
        "text": f"- - - {label}",
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 6,
        "font": {"size": 11, "color": "var(--ink-2)"},
    }
    return {
        "shapes": [{"type": "line", "line": line, **across}],
        "annotations": [note],
        "margin": {"l": 8, "r": 12, "t": 28, "b": 8},
    }
