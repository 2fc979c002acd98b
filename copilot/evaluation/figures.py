"""How the shares go from run to run, as a figure for plotly.js. Pure; colours are tokens of the style sheet."""

from collections.abc import Sequence
from typing import Any, Final

from copilot.schemas.evaluations import TrendOut

HEIGHT: Final = 280
MOST_LINES: Final = 4  # beside the one of all: the categories that moved or are lowest


def trend(runs: Sequence[TrendOut]) -> dict[str, Any] | None:
    """A line for all cases and one for each of the lowest categories; None with fewer than two runs."""
    if len(runs) < 2:
        return None
    names = [f"#{one.id}" for one in runs]
    lines = [_line(names, "all", [_all(one) for one in runs], "var(--blue)", runs)]
    lines += [
        _line(names, category, [_of(one, category) for one in runs], "var(--ink-3)", runs, dash=dash)
        for category, dash in zip(_lowest(runs), ("solid", "dash", "dot", "dashdot"), strict=False)
    ]
    return {"data": lines, "layout": _layout()}


def _all(one: TrendOut) -> float:
    passed, total = sum(s.passed for s in one.shares), sum(s.total for s in one.shares)
    return round(100 * passed / total, 1) if total else 0.0


def _of(one: TrendOut, category: str) -> float | None:
    return next((round(share.percent, 1) for share in one.shares if share.category == category), None)


def _lowest(runs: Sequence[TrendOut]) -> list[str]:
    newest = sorted(runs[-1].shares, key=lambda one: one.percent)
    return [one.category for one in newest if one.percent < 100][:MOST_LINES]


def _line(
    names: list[str],
    label: str,
    values: Sequence[float | None],
    colour: str,
    runs: Sequence[TrendOut],
    *,
    dash: str = "solid",
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": label,
        "x": names,
        "y": list(values),
        "line": {"color": colour, "width": 2 if label == "all" else 1.5, "dash": dash},
        "marker": {"size": 5, "color": colour},
        "customdata": [f"{one.model}, {one.at:%d %b %H:%M}" for one in runs],
        "hovertemplate": f"%{{customdata}}: %{{y:.1f}} %<extra>{label}</extra>",
    }


def _layout() -> dict[str, Any]:
    legend = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"size": 11}, "traceorder": "normal"}
    return {
        "height": HEIGHT,
        "margin": {"l": 44, "r": 12, "t": 34, "b": 30},
        "showlegend": True,
        "legend": {**legend, "itemclick": False, "itemdoubleclick": False},
        "xaxis": {"type": "category", "fixedrange": True, "color": "var(--ink-3)"},
        "yaxis": {
            "range": [0, 102], "ticksuffix": " %", "fixedrange": True, "gridcolor": "var(--line)",
            "color": "var(--ink-3)",
        },
        "hovermode": "closest",
    }  # fmt: skip
