"""What surrounds the rows of the SIM list: columns with their orders, filters in use, choices, acts on many."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.utils.functional import SimpleLazyObject

from sims.lifecycle import Action, Status
from sims.services.choices import list_filter_choices

if TYPE_CHECKING:
    from django.http import QueryDict

    from iotsim.core.actor import Actor

DEFAULT_SORT = "-usage"
FILTERS = {
    "search": "Search",
    "status": "State",
    "operator": "Operator",
    "country": "Country",
    "plan": "Plan",
    "tag": "Tag",
    "customer": "Customer",
    "min_usage": "At least",
    "max_usage": "At most",
    "attention": "Attention",
}
# Label, style, orders: the one of the first click, then the other way round.
COLUMNS = (
    ("ICCID", "w-iccid", ("iccid",)),
    ("Label", "wide-0", ("label",)),
    ("Customer", "wide-2", ()),
    ("State", "wide-0 w-state", ("status",)),
    ("Operator", "wide-2 w-operator", ()),
    ("Plan", "wide-3 w-plan", ()),
    ("Usage, MB", "num w-usage", ("-usage", "usage")),
    ("Quota", "wide-0 w-quota", ()),
    ("Last seen", "wide-1 w-seen", ("-last_seen", "last_seen")),
)
BULK = (Action.SUSPEND, Action.RESUME, Action.ACTIVATE, Action.DEACTIVATE)


@dataclass(frozen=True)
class Column:
    """A column's head. `sort` is the order that a click asks for, `order` the one it has (for aria-sort)."""

    label: str
    css: str
    sort: str = ""
    order: str = ""


@dataclass(frozen=True)
class Select:
    name: str
    label: str
    value: str
    options: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Applied:
    """A filter in use, and the address's query without it."""

    name: str
    label: str
    without: str


@dataclass(frozen=True)
class BulkAction:
    """An act on many SIMs; `everything` is the query that asks for it on all that fit the filters."""

    name: str
    label: str
    everything: str


def context(actor: "Actor", query: "QueryDict") -> dict[str, Any]:
    """The list's context but its rows. The choices are looked up only if the template shows them."""
    return {
        "columns": _columns(query.get("sort", DEFAULT_SORT)),
        "states": [state.value for state in Status],
        "chosen_states": query.getlist("status"),
        "selects": SimpleLazyObject(lambda: _selects(actor, query)),
        "applied": applied(query),
        "bulk_actions": [_bulk(action, query) for action in BULK],
    }


def _columns(sort: str) -> list[Column]:
    return [_column(label, css, orders, sort) for label, css, orders in COLUMNS]


def _column(label: str, css: str, orders: tuple[str, ...], sort: str) -> Column:
    if sort not in orders:
        return Column(label, css, orders[0] if orders else "")
    other = orders[(orders.index(sort) + 1) % len(orders)]
    return Column(label, css, other, "descending" if sort.startswith("-") else "ascending")


def applied(query: "QueryDict") -> list[Applied]:
    """The filters in the address, in words, each with the way to take it off."""
    return [
        Applied(
            name,
            f"{label}: {value.replace('_', ' ') if name in ('status', 'attention') else value}",
            _without(query, name, value),
        )
        for name, label in FILTERS.items()
        for value in query.getlist(name)
        if value
    ]


def _without(query: "QueryDict", name: str, value: str) -> str:
    kept = [(n, v) for n, v in _pairs(query) if (n, v) != (name, value) and n != "cursor"]
    return f"?{urlencode(kept)}" if kept else ""


def _pairs(query: "QueryDict") -> list[tuple[str, str]]:
    return [(name, value) for name, values in query.lists() for value in values if value]


def _bulk(action: Action, query: "QueryDict") -> BulkAction:
    kept = [(name, value) for name, value in _pairs(query) if name in FILTERS]
    return BulkAction(action.value, action.value.capitalize(), f"?{urlencode([('action', action.value), *kept])}")


def _selects(actor: "Actor", query: "QueryDict") -> list[Select]:
    known = list_filter_choices(actor)
    countries = [{"value": one.code, "label": f"{one.name} ({one.code})"} for one in known.countries]
    names = {"operator": known.operators, "plan": known.plans, "tag": known.tags, "customer": known.customers}
    options = {name: [{"value": one, "label": one} for one in values] for name, values in names.items()}
    options["country"] = countries
    order = ("operator", "country", "plan", "tag", "customer")
    return [Select(name, FILTERS[name], query.get(name, ""), options[name]) for name in order if options[name]]
