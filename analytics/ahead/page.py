"""What surrounds forecasts on pages: the figure in the look asked for, filters and orders of the list of risks."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.utils.functional import SimpleLazyObject

from analytics.charts.ahead import figure_of, usual_look
from sims.services.choices import list_filter_choices

if TYPE_CHECKING:
    from django.http import HttpRequest, QueryDict

    from analytics.schemas.forecasts import UsageForecast
    from iotsim.core.actor import Actor

LOOKS: Final = (("cycle", "This cycle"), ("day", "A day"))
CHANCES: Final = (("", "50 % or more"), ("20%", "20 % or more"), ("5%", "5 % or more"), ("90%", "90 % or more"))
ORDERS: Final = (("", "Surest first"), ("date", "Soonest first"), ("over", "Most beyond first"))
STATES: Final = (("", "Over or not"), ("false", "Not over yet"), ("true", "Over already"))
NAMED: Final = ("customer", "plan", "tag")


@dataclass(frozen=True)
class Option:
    label: str
    value: str
    current: bool


@dataclass(frozen=True)
class Select:
    """A field of the form above the list."""

    name: str
    label: str
    options: list[Option] = field(default_factory=list)


@dataclass(frozen=True)
class Applied:
    """A filter in use, and the address without it."""

    label: str
    without: str


def drawn(request: "HttpRequest", found: "UsageForecast") -> dict[str, Any]:
    """A forecast with its figure, in the look that the address asks for or that fits it."""
    asked = request.GET.get("look", "")
    look = asked if asked in dict(LOOKS) else usual_look(found)
    rest = urlencode({name: value for name, value in request.GET.items() if name != "look"})
    looks = [
        (words, f"{request.path}?{urlencode({'look': name})}{f'&{rest}' if rest else ''}", name)
        for name, words in LOOKS
    ]
    return {"forecast": found, "figure": figure_of(found, look), "look": look, "looks": looks}


def listed(actor: "Actor", query: "QueryDict") -> dict[str, Any]:
    """The list's form. Names of customers, plans and tags are looked up only if the template shows them."""
    fields = (
        ("min_probability", "How likely", CHANCES), ("is_over", "Over or not", STATES), ("sort", "Order", ORDERS),
    )  # fmt: skip
    own = [_select(name, label, options, query.get(name, "")) for name, label, options in fields]
    return {
        "selects": SimpleLazyObject(lambda: [*_named(actor, query), *own]),
        "applied": [
            Applied(f"{name}: {query[name]}", _without(query, name)) for name in (*NAMED, "before") if query.get(name)
        ],
    }


def _select(name: str, label: str, options: tuple[tuple[str, str], ...], chosen: str) -> Select:
    known = options if chosen in dict(options) else (*options, (chosen, chosen))
    return Select(name, label, [Option(words, value, value == chosen) for value, words in known])


def _named(actor: "Actor", query: "QueryDict") -> list[Select]:
    found = list_filter_choices(actor)
    names = {"customer": found.customers, "plan": found.plans, "tag": found.tags}
    return [
        Select(
            one, f"Any {one}",
            [Option(f"Any {one}", "", not query.get(one)), *(Option(n, n, n == query.get(one)) for n in names[one])],
        )
        for one in NAMED
        if names[one]
    ]  # fmt: skip


def _without(query: "QueryDict", name: str) -> str:
    kept = [(key, value) for key, values in query.lists() for value in values if key not in (name, "cursor") and value]
    return f"?{urlencode(kept)}" if kept else "?"
