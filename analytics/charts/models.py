"""Charts of a model's life: its main figure from version to version, and how well it picks out who leaves. Pure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from analytics.charts.figures import COLOURS, HEIGHT, standing_bars
from analytics.training.words import METRICS
from sims.axes import Figure

if TYPE_CHECKING:
    from analytics.schemas.models import LiftStep, VersionOut

FEWEST: Final = 2  # a line needs two points


def over_time(versions: "Sequence[VersionOut]", metric: str) -> Figure | None:
    """The figure of each version by when it was trained, the champion's filled; None for fewer than two."""
    known = [(one, figure) for one in reversed(versions) for figure in one.figures
             if figure.name == metric and figure.value is not None]  # fmt: skip
    if len(known) < FEWEST:
        return None
    title = METRICS[metric].title
    trace = {
        "type": "scatter",
        "mode": "lines+markers+text",
        "x": [f"version {one.version}" for one, _ in known],
        "y": [figure.value for _, figure in known],
        "text": [figure.words for _, figure in known],
        "textposition": "top center",
        "textfont": {"color": "var(--ink-2)", "size": 11},
        "cliponaxis": False,
        "line": {"color": COLOURS[1], "width": 1},
        "marker": {"size": 9, "color": [COLOURS[0] if one.stage == "champion" else COLOURS[2] for one, _ in known],
                   "line": {"color": COLOURS[1], "width": 1}},
        "hovertemplate": "%{x}: %{text}<extra></extra>",
    }  # fmt: skip
    return {"data": [trace], "layout": _layout(title, [figure.value or 0 for _, figure in known])}


def _layout(title: str, values: Sequence[float]) -> dict[str, Any]:
    low, high = min(values), max(values)
    room = (high - low) * 0.35 or abs(high) * 0.1 or 0.1
    return {
        "height": HEIGHT,
        "hovermode": "closest",
        "margin": {"l": 8, "r": 24, "t": 24, "b": 8},
        "xaxis": {"type": "category"},
        "yaxis": {
            "title": {"text": title, "font": {"size": 11}, "standoff": 8},
            "range": [low - room, high + room],
            "nticks": 5,
            "tickformat": ".3~f",
            "rangemode": "normal",
        },
    }


def lift(steps: "Sequence[LiftStep]") -> Figure | None:
    """How many times more often than on average the riskiest tenth, fifth, ... of the customers left."""
    if not steps:
        return None
    names = [f"{one.share:.0%}" for one in steps]
    figure = standing_bars(names, [one.lift for one in steps], [f"{one.lift:.1f}×" for one in steps], unit="lift")
    figure["layout"]["xaxis"]["title"] = {
        "text": "of the customers, the riskiest first", "font": {"size": 11}, "standoff": 8,
    }  # fmt: skip
    return figure
