"""A service's answer as a widget: a service with its arguments, drawn from the service's own answer.

It stands in a conversation as it was drawn then, is pinned to the dashboard, opened as a page and refreshed: each time
the same service is asked with the same arguments. What it looks like is a chart (an answer that is a `Chart`), the
service's own template for a narrow place (`templates/<app>/<service>_card.html`), or a table made from the schema.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from urllib.parse import quote, urlencode

from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import Resolver404, resolve
from django.utils import timezone
from pydantic import BaseModel

from copilot.charts import chart_of
from copilot.tables import table_of
from iotsim.core import registry
from iotsim.core.access import arguments_of
from iotsim.core.actor import Actor
from iotsim.core.charts import Chart
from iotsim.core.errors import Invalid
from iotsim.core.registry import Service
from iotsim.core.roles import Permission
from iotsim.core.schemas import JobOut, kept
from iotsim.core.wording import size

AnyService = Service[..., Any]

ROWS_KEPT: Final = 10  # of the list of a card: the page has all
LONGEST_LIST: Final = 120  # of its other lists, such as the days of a forecast
LONGEST_ADDRESS: Final = 4_000
LONGEST_TITLE: Final = 100
UNTOLD: Final = frozenset({"limit", "cursor", "sort", "days"})  # arguments that a title leaves out
LISTED: Final = ("items", "top", "overage")
SIZES: Final = ("usage", "quota", "bytes")  # names of arguments that are sizes
CHART, CARD, TABLE, JOB, PLAIN = "chart", "card", "table", "job", "plain"


def widget_of(
    actor: Actor, service: AnyService, arguments: Mapping[str, Any], result: BaseModel, *, widget_id: str
) -> dict[str, Any] | None:
    """The answer as a widget (plain JSON, to be kept in a conversation), or None when there is nothing to draw."""
    if isinstance(result, JobOut):
        return _job(actor, result)
    shown = _shown(actor, service, arguments, result, widget_id)
    return {**_frame(actor, service, arguments, result), "id": widget_id, **shown} if shown else None


def draw(actor: Actor, name: str, raw: Mapping[str, Any], *, widget_id: str) -> dict[str, Any]:
    """Ask the service anew and draw its answer; one with nothing to draw says its sentence. Raises IotsimError."""
    service = readable(name)
    result = service.call(actor, raw).result
    made = widget_of(actor, service, raw, result, widget_id=widget_id)
    if made is not None:
        return made
    sentence = str(getattr(result, "sentence", "")) or "There is nothing to show."
    return {**_frame(actor, service, raw, result), "sentence": sentence, "id": widget_id, "kind": PLAIN}


def readable(name: str) -> AnyService:
    """The service of that name. Raises NotFound, or Invalid for one that changes something."""
    service = registry.get(name)
    if not service.is_read:
        raise Invalid(f"{service.title} changes something, so it cannot be shown as a widget.", field="service")
    return service


def raw_of(service: AnyService, query: Any) -> dict[str, Any]:
    """The arguments that an address carries (a QueryDict), with a list where the service wants one."""
    parts = service.parameters.model_json_schema().get("properties", {})
    lists = frozenset(name for name, part in parts.items() if "array" in str(part))
    return arguments_of(query, lists=lists)


@cache
def card_of(service: AnyService) -> str:
    """The service's own template for a narrow place; empty when it has none."""
    return _template(f"{service.app}/{service.name}_card.html")


@cache
def chart_template(service: AnyService) -> str:
    return _template(f"{service.app}/{service.name}.html") or "partials/chart.html"


def _template(name: str) -> str:
    try:
        get_template(name)
    except TemplateDoesNotExist:
        return ""
    return name


def _shown(
    actor: Actor, service: AnyService, arguments: Mapping[str, Any], result: BaseModel, widget_id: str
) -> dict[str, Any] | None:
    """What its kind shows, under the name of the kind."""
    if isinstance(result, Chart):
        chart = chart_of(service, result, chart_id=widget_id)
        return {**chart, "kind": CHART} if chart else None
    if card_of(service):
        return None if _is_empty(result) else {"kind": CARD, "result": _cut(kept(result))}
    table = table_of(arguments, result, table_id=widget_id, time_zone=actor.time_zone)
    return {**table, "kind": TABLE} if table else None


def _is_empty(result: BaseModel) -> bool:
    return bool(getattr(result, "is_empty", False)) or getattr(result, "items", None) == []


def _cut(result: dict[str, Any]) -> dict[str, Any]:
    """Not more than a narrow place shows."""
    return {
        name: value[: ROWS_KEPT if name in LISTED else LONGEST_LIST] if isinstance(value, list) else value
        for name, value in result.items()
    }


def _job(actor: Actor, job: JobOut) -> dict[str, Any]:
    """Long work: whoever looks sees how far it is."""
    service = registry.get("get_job")
    frame = _frame(actor, service, {"job": job.id}, job)
    title = registry.title_of(job.service)
    return {**frame, "id": job.id, "kind": JOB, "title": title, "page": frame["address"]}


def _frame(actor: Actor, service: AnyService, arguments: Mapping[str, Any], result: BaseModel) -> dict[str, Any]:
    """What stands around every widget: its name, where it comes from, how old it is, what the person may do."""
    given = {name: value for name, value in arguments.items() if value is not None}
    return {
        "service": service.name,
        "arguments": given,
        "title": title_of(service, given, result),
        "sentence": str(getattr(result, "sentence", "")),
        "as_of": _as_of(result),
        "drawn_at": timezone.now().isoformat(),
        "address": address_of(service, given) if service.is_read else "",
        "page": _page(service, given, result) if service.is_read else "",
        "may": {"operate": actor.may(Permission.OPERATE), "spend": actor.may(Permission.MONEY)},
    }


def title_of(service: AnyService, arguments: Mapping[str, Any], result: BaseModel | None = None) -> str:
    """What it is called: the answer's own title, else the service's with what was asked for."""
    own = getattr(result, "title", "")
    told = ", ".join(_told(name, value) for name, value in arguments.items() if name not in UNTOLD)
    title = own if isinstance(own, str) and own else f"{service.title}: {told}" if told else service.title
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 3].rstrip()}..."


def _told(name: str, value: Any) -> str:
    if isinstance(value, list):
        return f"{', '.join(str(one) for one in value[:3])}{' and more' if len(value) > 3 else ''}"
    words = name.replace("_", " ")
    if isinstance(value, bool):
        return words if value else f"not {words}"
    if isinstance(value, int) and any(part in name for part in SIZES):
        return f"{words} {size(value)}"
    return str(value).replace("_", " ") if isinstance(value, str) and not name.endswith("_date") else f"{words} {value}"


def _as_of(result: BaseModel) -> str | None:
    moment = getattr(result, "as_of", None) or getattr(result, "usage_as_of", None)
    return moment.isoformat() if isinstance(moment, date | datetime) else None


def address_of(service: AnyService, arguments: Mapping[str, Any]) -> str:
    """Where it is drawn again; empty when the arguments are too long for an address."""
    given = {name: _plain(value) for name, value in arguments.items() if value is not None}
    query = f"?{urlencode(given, doseq=True)}" if given else ""
    address = f"/copilot/widgets/{service.name}/{query}"
    return address if len(address) <= LONGEST_ADDRESS else ""


def _plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _page(service: AnyService, arguments: Mapping[str, Any], result: BaseModel) -> str:
    """The real page with the same filter where there is one at the service's own path; else its own address."""
    if isinstance(result, Chart):
        return result.page
    return page_of(service, arguments) or address_of(service, arguments)


def page_of(service: AnyService, arguments: Mapping[str, Any]) -> str:
    """The product's page at the service's path; empty without one."""
    named = {name: value for name, value in arguments.items() if f"{{{name}}}" in service.path}
    try:
        address = f"/{service.path.format(**{name: quote(str(one), safe='') for name, one in named.items()})}/"
        resolve(address)
    except (KeyError, Resolver404):
        return ""
    rest = {name: _plain(one) for name, one in arguments.items() if name not in {*named, "limit"} and one is not None}
    query = f"?{urlencode(rest, doseq=True)}" if rest else ""
    return f"{address}{query}" if len(query) <= LONGEST_ADDRESS else address
