"""What surrounds the list of reports: the form with its periods and filters, and who acts by a shared link."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.functional import SimpleLazyObject

from iotsim.core.access import arguments_of
from iotsim.core.actor import Actor
from iotsim.core.errors import NotFound
from iotsim.core.models import Organization
from sims import listing
from sims.cycles import cycle_start
from sims.reports import sharing
from sims.reports.words import period_in_words
from sims.services.choices import list_filter_choices
from sims.usage import local_today

if TYPE_CHECKING:
    from django.http import QueryDict

# Format, its name, what it is good for.
FORMATS = (
    ("pdf", "PDF", "for people: figures, charts, the heaviest SIMs"),
    ("xlsx", "Excel", "every SIM, with sums and days"),
    ("csv", "CSV", "every SIM, for programs"),
    ("json", "JSON", "every SIM, for programs"),
)


@dataclass(frozen=True)
class Preset:
    """A period that people ask for; `value` is "first/last"."""

    label: str
    value: str


def context(actor: Actor, query: "QueryDict") -> dict[str, Any]:
    """The form's context. What is looked up is looked up only if the template shows it."""
    known = SimpleLazyObject(lambda: list_filter_choices(actor))
    carried = [one for one in listing.applied(query) if one.name != "customer"]
    return {
        "presets": SimpleLazyObject(lambda: presets(local_today(actor), known.billing_day)),
        "own_days": bool(query.get("start_date") or query.get("end_date")),
        "formats": FORMATS,
        "customers": SimpleLazyObject(lambda: known.customers),
        "applied": carried,
        "carried": [(name, value) for name, values in query.lists() for value in values if _is_filter(name, value)],
    }


def _is_filter(name: str, value: str) -> bool:
    return name in listing.FILTERS and name != "customer" and bool(value)


def arguments(form: "QueryDict") -> dict[str, Any]:
    """The form as arguments of generate_report: a preset stands for its two days."""
    raw = arguments_of(form)
    raw.pop("csrfmiddlewaretoken", None)
    first, _, last = str(raw.pop("period", "")).partition("/")
    return raw | {"start_date": first, "end_date": last} if first and last else raw


def presets(today: date, billing_day: int) -> list[Preset]:
    """The periods of the form, the likeliest first; a billing cycle only where it is not the month."""
    month = today.replace(day=1)
    before = month - timedelta(days=1)
    quarter_before = _quarter_start(_quarter_start(today) - timedelta(days=1))
    found = [
        ("Last month", before.replace(day=1), before),
        ("This month so far", month, today),
        ("Last 7 days", today - timedelta(days=6), today),
        ("Last 30 days", today - timedelta(days=29), today),
        ("Last quarter", quarter_before, _quarter_start(today) - timedelta(days=1)),
    ]
    if billing_day != 1:
        begun = cycle_start(today, billing_day)
        last = begun - timedelta(days=1)
        found[2:2] = [
            ("This billing cycle so far", begun, today),
            ("Last billing cycle", cycle_start(last, billing_day), last),
        ]
    return [Preset(f"{name} ({period_in_words(first, last)})", f"{first}/{last}") for name, first, last in found]


def _quarter_start(day: date) -> date:
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def shared(token: str) -> tuple[Actor, int]:
    """The platform itself, which opens the report for whoever has the link, and the report. Raises NotFound."""
    organization_id, report = sharing.opened(token)
    organization = Organization.objects.filter(pk=organization_id).first()
    if organization is None:
        raise NotFound("This link leads nowhere any more.")
    return Actor.system(organization), report
