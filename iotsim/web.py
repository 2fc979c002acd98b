"""Face: pages. `/act/<name>/` runs any service from a button or a form and answers with its template."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from iotsim.core import registry
from iotsim.core.access import ORGANIZATION, actor_of, arguments_of, ask_who_it_is, memberships_of, page
from iotsim.core.actor import Actor
from iotsim.core.errors import ConfirmationRequired, Denied, Invalid, IotsimError, NotFound
from iotsim.core.models import ApprovalState, Membership, Organization
from iotsim.core.proposals import Proposal
from iotsim.core.registry import Outcome, Risk, Service
from iotsim.core.roles import Permission
from iotsim.core.services import list_approvals
from iotsim.forms import FormField, form_of

AnyService = Service[..., Any]
CONFIRMED = "confirmed"


class Errors:
    """Middleware: an expected error becomes its sentence, as a page or as an answer to htmx, with its status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, IotsimError):
            return None
        context = {
            "heading": error.title,
            "sentence": error.sentence,
            "request_id": getattr(request, "id", ""),
        }
        return render(request, "error.html", context, status=error.status)


@require_http_methods(["GET", "POST"])
@page
def act(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """GET: the dialog with the proposal and the fields still needed. POST: the call."""
    service = registry.get(name)
    data = request.GET if request.method == "GET" else request.POST
    raw = arguments_of(data)
    for name in (CONFIRMED, "csrfmiddlewaretoken", "fields"):
        raw.pop(name, None)
    confirmed = data.get(CONFIRMED)
    shown = frozenset(data.get("fields", "").split()) or _missing(service, raw)
    dialog = Dialog(request, actor, service, raw, shown)
    if request.method == "GET":
        return dialog.open()
    if service.sensitive and (asked := ask_who_it_is(request)):
        return asked
    try:
        outcome = service.call(actor, dialog.typed(), confirmed=confirmed)
    except ConfirmationRequired as error:
        return dialog.answer(proposal=error.proposal, error="" if confirmed is None else error.sentence, status=409)
    except IotsimError as error:
        return dialog.refuse(error)
    return done(request, service, outcome)


def _missing(service: AnyService, raw: Mapping[str, Any]) -> frozenset[str]:
    fields = service.parameters.model_fields
    return frozenset(name for name, info in fields.items() if info.is_required() and name not in raw)


@dataclass
class Dialog:
    """One service asked for by a person: what they gave, what is still to be filled in, what would change."""

    request: HttpRequest
    actor: Actor
    service: AnyService
    raw: dict[str, Any]
    shown: frozenset[str]

    def typed(self) -> dict[str, Any]:
        """The arguments as the service takes them: an unticked box is False, an emptied field is left out."""
        return {name: value for name, value in self.raw.items() if name in self.service.parameters.model_fields}

    def open(self) -> HttpResponse:
        if _missing(self.service, self.raw):
            return self.answer()
        try:
            return self.answer(proposal=self.service.propose(self.actor, self.typed()))
        except IotsimError as error:
            return self.refuse(error)

    def refuse(self, error: IotsimError) -> HttpResponse:
        if isinstance(error, Invalid) and error.fields.keys() & self.shown:
            return self.answer(errors=error.fields, status=422)
        return self.answer(error=error.sentence, status=422 if error.status < 500 else error.status)

    def answer(
        self,
        *,
        proposal: Proposal | None = None,
        error: str = "",
        errors: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        fields = self._fields(errors or {}, only=self.shown - self.raw.keys() if proposal else self.shown)
        context = {
            "service": self.service,
            "fields": fields,
            "arguments": self._hidden({field.name for field in fields}),
            "proposal": proposal,
            "submit_label": proposal.summary if proposal else self.service.title,
            "error": error,
            "danger": self.service.risk is Risk.DANGER,
        }
        return render(self.request, "actions/dialog.html", context, status=status)

    def _fields(self, errors: Mapping[str, str], *, only: frozenset[str]) -> list[FormField]:
        """With a proposal, only what may still be added to it (a reason); what it rests on stays as it is."""
        return form_of(self.service, self.raw, only=only, errors=errors)

    def _hidden(self, visible: set[str]) -> list[tuple[str, str]]:
        pairs = [
            (name, one)
            for name, value in self.raw.items()
            if name not in visible
            for one in (value if isinstance(value, list) else [value])
        ]
        return [*pairs, ("fields", " ".join(sorted(self.shown)))] if self.shown else pairs


def done(request: HttpRequest, service: AnyService, outcome: Outcome) -> HttpResponse:
    """The service's own answer if it has a template, else a toast; open lists hear that something changed."""
    context = {
        "service": service,
        "outcome": outcome,
        "result": outcome.result,
        "sentence": outcome.sentence or f"{service.title}: done.",
        "undo_event": outcome.event_id if outcome.can_undo else None,
    }
    if not getattr(request, "htmx", False):
        return redirect(_back(request))
    answer = render(request, _template(service), context)
    answer.headers["HX-Trigger"] = "iotsim:changed"
    if go_to := getattr(outcome.result, "go_to", ""):
        answer.headers["HX-Redirect"] = go_to
    return answer


def _template(service: AnyService) -> str:
    own = f"{service.app}/{service.name}.html"
    try:
        get_template(own)
    except TemplateDoesNotExist:
        return "actions/done.html"
    return own


def _back(request: HttpRequest) -> str:
    """Without script: the page one came from, if it is ours."""
    came_from = request.headers.get("referer", "")
    ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
    return came_from if ours else "/"


@require_POST
@page
def choose_organization(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Go over to another organisation that one is a member of."""
    slug = request.POST.get("slug", "")
    chosen = next((one for one in memberships_of(request.user) if one.organization.slug == slug), None)
    if chosen is None:
        raise NotFound(f"You are not a member of {slug}.")
    request.session[ORGANIZATION] = chosen.organization_id
    return redirect("/")


@dataclass(frozen=True)
class Place:
    """An entry of the navigation."""

    name: str
    icon: str
    url: str
    current: bool
    count: int = 0


PLACES = [
    ("Dashboard", "layout-dashboard", "dashboard", Permission.VIEW),
    ("SIMs", "device-sim", "sims", Permission.VIEW),
    ("Usage imports", "file-import", "imports", Permission.VIEW),
    ("Approvals", "clipboard-check", "approvals", Permission.VIEW),
    ("Audit log", "history", "audit", Permission.REPORT),
]


TABS = [
    ("Profile", "profile", Permission.VIEW),
    ("Security", "security", Permission.VIEW),
    ("Sessions", "sessions", Permission.VIEW),
    ("API keys", "api_keys", Permission.KEYS),
    ("Members", "members", Permission.VIEW),
    ("Organisation", "organization_settings", Permission.ADMINISTER),
]


def _address(route: str) -> str:
    try:
        return reverse(route)
    except NoReverseMatch:
        return ""


class Frame:
    """What the frame around a page shows; asked for by the template, so that fragments cost nothing."""

    def __init__(self, request: HttpRequest, actor: Actor) -> None:
        self.request, self.actor = request, actor
        self.person, self.role = actor.name, actor.role

    @cached_property
    def memberships(self) -> list[Membership]:
        return memberships_of(self.request.user)

    @cached_property
    def organization(self) -> Organization:
        mine = self.actor.organization_id
        return next(one.organization for one in self.memberships if one.organization_id == mine)

    @property
    def may_operate(self) -> bool:
        return self.actor.may(Permission.OPERATE)

    @property
    def may_report(self) -> bool:
        return self.actor.may(Permission.REPORT)

    @cached_property
    def pending_approvals(self) -> int:
        return len(list_approvals(self.actor, state=ApprovalState.PENDING, limit=100).items)

    @cached_property
    def tabs(self) -> list[Place]:
        """The pages of the settings that one may see, those that this installation has."""
        mine = [(name, route) for name, route, permission in TABS if self.actor.may(permission)]
        return [self._place(name, "", url) for name, route in mine if (url := _address(route))]

    @property
    def in_settings(self) -> bool:
        return self.request.path.startswith("/settings/")

    @property
    def manages(self) -> bool:
        """Whether one may change who belongs to the organisation."""
        return self.actor.may(Permission.ADMINISTER) and self.actor.customer_ids is None

    @property
    def owns(self) -> bool:
        return self.actor.may(Permission.OWN)

    @cached_property
    def places(self) -> list[Place]:
        return [
            self._place(name, icon, reverse(route))
            for name, icon, route, permission in PLACES
            if self.actor.may(permission)
        ]

    def _place(self, name: str, icon: str, url: str) -> Place:
        path = self.request.path
        current = path == url if url == "/" else path.startswith(url)
        return Place(name, icon, url, current, self.pending_approvals if name == "Approvals" else 0)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `frame` for signed-in members, and for others whether they may sign up."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"signup_open": settings.SIGNUP_OPEN}
    try:
        return {"frame": Frame(request, actor_of(request))}
    except Denied:
        return {}
