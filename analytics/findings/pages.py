"""What surrounds anomalies on their pages: filters, periods, marks for many."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.utils.functional import SimpleLazyObject

from analytics.findings.words import TITLES
from analytics.schemas.anomalies import NextStep
from sims.listing import Select
from sims.services.choices import list_filter_choices
from sims.usage import local_today

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import QueryDict

    from iotsim.core.actor import Actor

STATUSES: Final = (
    ("lasting", "Lasting"), ("open", "Not marked"), ("real", "Real"), ("false", "False alarms"),
    ("expected", "Expected"), ("all", "All"),
)  # fmt: skip
PERIODS: Final = (
    ("Since yesterday", 1),
    ("Since a week ago", 7),
    ("Since 30 days ago", 30),
    ("Since 120 days ago", 120),
)
MARKS: Final = (("real", "Real", "check"), ("false", "False alarm", "x"), ("expected", "Expected", "calendar"))


@dataclass(frozen=True)
class MarkAct:
    """A mark as a button."""

    mark: str
    label: str
    icon: str
    fields: str


@dataclass(frozen=True)
class StepLink:
    """Something to do next, with the address of its dialog."""

    label: str
    why: str
    icon: str
    url: str


def context(actor: "Actor", query: "QueryDict") -> dict[str, Any]:
    """The list's context but its rows. The choices are looked up only if the template shows them."""
    return {"selects": SimpleLazyObject(lambda: _selects(actor, query)), "marks": mark_acts()}


def mark_acts(status: str = "open") -> list[MarkAct]:
    """The marks that an anomaly does not have yet."""
    return [
        MarkAct(mark, label, icon, "until+note" if mark == "expected" else "note")
        for mark, label, icon in MARKS
        if mark != status
    ]


def step_links(steps: "Iterable[NextStep]") -> list[StepLink]:
    return [
        StepLink(
            one.label, one.why, one.icon, f"/act/{one.service}/?{urlencode({**one.arguments, 'fields': one.fields})}"
        )
        for one in steps
    ]


def _selects(actor: "Actor", query: "QueryDict") -> list[Select]:
    today = local_today(actor)
    customers = [{"value": one, "label": one} for one in list_filter_choices(actor).customers]
    states = [{"value": value, "label": label} for value, label in STATUSES]
    kinds = [{"value": kind, "label": title} for kind, title in TITLES.items()]
    periods = [{"value": (today - timedelta(days=days)).isoformat(), "label": label} for label, days in PERIODS]
    since = query.get("since", "")
    if since and since not in {one["value"] for one in periods}:
        periods.append({"value": since, "label": f"Since {since}"})
    offered = (
        ("kind", "Kind", kinds), ("status", "Not dismissed", states), ("since", "Lasting or recent", periods),
        ("customer", "Customer", customers),
    )  # fmt: skip
    return [Select(name, label, query.get(name, ""), options) for name, label, options in offered if options]
