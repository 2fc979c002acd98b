"""What surrounds a chart on its page: the kinds, periods and filters to choose from, those in use; and its CSV file."""

import csv
import io
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.utils.functional import SimpleLazyObject

from analytics.parameters import GROUPS, KINDS
from iotsim.core.cells import defused
from iotsim.core.charts import Chart
from sims import listing
from sims.usage import local_today

if TYPE_CHECKING:
    from django.http import QueryDict

    from iotsim.core.actor import Actor

DEFAULT: Final = {"chart_type": "usage_timeline"}
NOW: Final = frozenset({"quota_utilization", "status_breakdown", "forecast"})  # these are of no period
RANKED: Final = frozenset({"top_sims", "cost_breakdown"})
TOPS: Final = ("5", "10", "15", "25")


@dataclass(frozen=True)
class Choice:
    """A link to another chart or period, or an option of a field."""

    label: str
    value: str = ""
    url: str = ""
    current: bool = False


@dataclass(frozen=True)
class Field:
    """A field of the form above the chart."""

    name: str
    label: str
    options: list[Choice] = field(default_factory=list)


def context(actor: "Actor", query: "QueryDict") -> dict[str, Any]:
    """The page's context but the chart. The filters' names are looked up only if the template shows them."""
    kind = query.get("chart_type") or DEFAULT["chart_type"]
    around = listing.context(actor, query)
    own = [f for f in (_groups(query, kind), _tops(query, kind), _looks(query, kind)) if f]
    return {
        "kind": kind,
        "kinds": [_kind(query, one, label, kind) for one, label in KINDS.items()],
        "has_period": kind not in NOW,
        "periods": _periods(local_today(actor), query, kind),
        "fields": own,
        "states": around["states"],
        "chosen_states": around["chosen_states"],
        "selects": SimpleLazyObject(lambda: around["selects"]),
        "applied": around["applied"],
        "sim": query.get("sim", ""),
        "without_sim": _with(query, sim=None),
        "today": local_today(actor).isoformat(),
    }


def _kind(query: "QueryDict", kind: str, label: str, chosen: str) -> Choice:
    """Another chart of the same SIMs and days, as far as it is of days."""
    days = {"start_date": None, "end_date": None} if kind in NOW else {}
    return Choice(label, kind, _with(query, chart_type=kind, group_by=None, look=None, **days), kind == chosen)


def _with(query: "QueryDict", **changes: str | None) -> str:
    kept = [(name, value) for name, values in query.lists() for value in values if value and name not in changes]
    new = [(name, value) for name, value in changes.items() if value]
    return f"?{urlencode([*new, *kept])}"


def _periods(today: date, query: "QueryDict", kind: str) -> list[Choice]:
    month = today.replace(day=1)
    before = month - timedelta(days=1)
    spans: list[tuple[str, date | None, date | None]] = [
        ("This cycle" if kind == "top_sims" else "30 days", None, None),
        ("7 days", today - timedelta(days=6), None),
        *([("30 days", today - timedelta(days=29), None)] if kind == "top_sims" else []),
        ("90 days", today - timedelta(days=89), None),
        ("This month", month, None),
        ("Last month", before.replace(day=1), before),
        ("A year", today - timedelta(days=364), None),
    ]
    asked = (query.get("start_date") or "", query.get("end_date") or "")
    found = []
    for label, start, end in spans:
        own = (start.isoformat() if start else "", end.isoformat() if end else "")
        found.append(Choice(label, url=_with(query, start_date=own[0], end_date=own[1]), current=asked == own))
    return found


def _groups(query: "QueryDict", kind: str) -> Field | None:
    if kind != "cost_breakdown":
        return None
    chosen = query.get("group_by") or "customer"
    options = [
        Choice(f"By {label.lower()}", "" if value == "customer" else value, current=value == chosen)
        for value, label in GROUPS.items()
    ]
    return Field("group_by", "Costs by", options)


def _looks(query: "QueryDict", kind: str) -> Field | None:
    if kind != "forecast":
        return None
    chosen = query.get("look") or ""
    looks = (("", "As it fits"), ("cycle", "Within the cycle"), ("day", "Use a day"))
    return Field("look", "How it is drawn", [Choice(label, value, current=value == chosen) for value, label in looks])


def _tops(query: "QueryDict", kind: str) -> Field | None:
    if kind not in RANKED:
        return None
    chosen = query.get("top") or "10"
    tops = TOPS if chosen in TOPS else (*TOPS, chosen)
    return Field(
        "top", "How many", [Choice(f"Top {one}", "" if one == "10" else one, current=one == chosen) for one in tops]
    )


def csv_of(chart: Chart) -> str:
    """The chart's table, its units in the head, formulas defused. With a mark so that spreadsheets read it as UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([f"{one.label}, {one.unit}" if one.unit else one.label for one in chart.columns])
    for row in chart.rows:
        writer.writerow([defused(one.value) if isinstance(one.value, str) else one.value for one in row])
    return f"\ufeff{out.getvalue()}"
