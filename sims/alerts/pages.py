"""What surrounds the alerts on their pages: filters, acts on many, facts with their labels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.utils.functional import SimpleLazyObject

from iotsim.core.countries import country_name
from iotsim.core.wording import size
from sims.alerts.acts import AlertFilter
from sims.listing import Select
from sims.models import AlertKind
from sims.services.choices import list_filter_choices

if TYPE_CHECKING:
    from django.http import QueryDict

    from iotsim.core.actor import Actor
    from sims.schemas.alerts import AlertDetails

STATUSES = (("open", "Open"), ("acknowledged", "Acknowledged"), ("snoozed", "Snoozed"), ("resolved", "Resolved"))
FILTERS = tuple(name for name in AlertFilter.__dataclass_fields__ if name != "sim")
ACTS = (("acknowledge", "Acknowledge", "check"), ("resolve", "Resolve", "checks"))


@dataclass(frozen=True)
class BulkAct:
    """An act on many alerts; `query` asks for it on all that fit the filters."""

    name: str
    label: str
    icon: str
    query: str


@dataclass(frozen=True)
class Fact:
    label: str
    value: str


def context(actor: "Actor", query: "QueryDict") -> dict[str, Any]:
    """The list's context but its rows. The choices are looked up only if the template shows them."""
    kept = [(name, query[name]) for name in FILTERS if query.get(name)]
    everything = [BulkAct(name, label, icon, f"?{urlencode([('action', name), *kept])}") for name, label, icon in ACTS]
    return {"selects": SimpleLazyObject(lambda: _selects(actor, query)), "everything": everything}


def _selects(actor: "Actor", query: "QueryDict") -> list[Select]:
    customers = [{"value": one, "label": one} for one in list_filter_choices(actor).customers]
    states = [{"value": value, "label": label} for value, label in (*STATUSES, ("all", "All states"))]
    kinds = [{"value": kind.value, "label": str(kind.label).capitalize()} for kind in AlertKind]
    whose = [{"value": "me", "label": "Assigned to me"}, {"value": "nobody", "label": "Assigned to nobody"}]
    offered = (
        ("status", "Not resolved", states), ("kind", "Kind", kinds), ("customer", "Customer", customers),
        ("assignee", "Assigned", whose),
    )  # fmt: skip
    return [Select(name, label, query.get(name, ""), options) for name, label, options in offered if options]


def facts_of(alert: "AlertDetails") -> list[Fact]:
    """The alert's facts with labels, as text."""
    return [Fact(label, words(alert.facts[name])) for name, (label, words) in _LABELS.items() if _given(alert, name)]


def _given(alert: "AlertDetails", name: str) -> bool:
    return alert.facts.get(name) not in (None, "") and (name in _LABELS)


def _place(value: Any) -> str:
    return country_name(value) if len(value) == 2 else str(value).replace("_", " ")


_LABELS: dict[str, tuple[str, Any]] = {
    "used_bytes": ("Used this cycle", size),
    "quota_bytes": ("Quota", size),
    "percent": ("Share", lambda value: f"{value:,} %"),
    "bound_bytes": ("The rule's bound", size),
    "sims": ("SIMs in the pool", "{:,}".format),
    "cycle_start": ("Cycle since", str),
    "before": ("Before", _place),
    "after": ("Now", _place),
    "reason": ("Reason", lambda value: str(value).replace("_", " ")),
    "note": ("Note", str),
    "who": ("By", str),
    "hours": ("Silent for at least", lambda value: f"{value:,} hours"),
    "name": ("File", str),
    "state": ("State", lambda value: str(value).replace("_", " ")),
    "rows": ("Rows", "{:,}".format),
    "refused": ("Refused rows", "{:,}".format),
}
