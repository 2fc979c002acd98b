"""What surrounds the rows of the page of savings: filters, tabs, what can be done with all that fit."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.utils.functional import SimpleLazyObject

from analytics.savings.shown import TITLES
from iotsim.core.roles import Permission
from iotsim.core.services import list_jobs
from sims.listing import Select
from sims.services.choices import list_filter_choices

if TYPE_CHECKING:
    from django.http import QueryDict

    from iotsim.core.actor import Actor
    from iotsim.core.schemas import JobOut

FILTERS: Final = {
    "kind": "Kind", "confidence": "Confidence", "customer": "Customer", "plan": "Plan", "sim": "SIM",
    "min_saving": "At least", "currency": "Currency",
}  # fmt: skip
TABS: Final = (("", "Open"), ("applied", "Applied"), ("dismissed", "Dismissed"))


@dataclass(frozen=True)
class Tab:
    label: str
    url: str
    current: bool


@dataclass(frozen=True)
class Applied:
    """A filter in use, and the address's query without it."""

    label: str
    without: str


def context(actor: "Actor", query: "QueryDict") -> dict[str, Any]:
    """The page's context but its rows."""
    kept = [(name, value) for name in FILTERS if (value := query.get(name, ""))]
    state = query.get("state", "")
    return {
        "selects": SimpleLazyObject(lambda: _selects(actor, query)),
        "tabs": [Tab(label, _query([*kept, *_state(name)]), name == (state or "")) for name, label in TABS],
        "applied": [Applied(_words(name, value), _query([pair for pair in kept if pair[0] != name] + _state(state)))
                    for name, value in kept],
        "everything": urlencode([pair for pair in kept if pair[0] not in ("sim", "currency")]),
        "is_open": state in ("", "open"),
        "may_apply": actor.may(Permission.MONEY),
        "may_dismiss": actor.may(Permission.OPERATE),
        "running": SimpleLazyObject(lambda: under_way(actor)),
    }  # fmt: skip


def under_way(actor: "Actor") -> "list[JobOut]":
    """The jobs that apply recommendations and are not over."""
    return [
        one
        for one in list_jobs(actor, limit=50).items
        if one.service == "carry_out_recommendations" and not one.is_over
    ]


def _state(name: str) -> list[tuple[str, str]]:
    return [("state", name)] if name else []


def _query(pairs: list[tuple[str, str]]) -> str:
    return f"/savings/?{urlencode(pairs)}" if pairs else "/savings/"


def _words(name: str, value: str) -> str:
    return f"{FILTERS[name]}: {TITLES.get(value, value) if name == 'kind' else value}"


def _selects(actor: "Actor", query: "QueryDict") -> list[Select]:
    known = list_filter_choices(actor)
    options = {
        "kind": [{"value": name, "label": title} for name, title in TITLES.items()],
        "confidence": [{"value": name, "label": name.capitalize()} for name in ("high", "medium", "low")],
        "customer": [{"value": name, "label": name} for name in known.customers],
        "plan": [{"value": name, "label": name} for name in known.plans],
    }
    return [Select(name, FILTERS[name], query.get(name, ""), found) for name, found in options.items() if found]
