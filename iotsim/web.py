"""Face: pages. `/act/<name>/` runs any service from a button or a form and answers with its template."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from iotsim.core import impersonation, registry
from iotsim.core.access import ORGANIZATION, arguments_of, ask_who_it_is, memberships_of, page
from iotsim.core.actor import Actor
from iotsim.core.errors import ConfirmationRequired, Denied, Invalid, IotsimError, MembershipLost, Moved, NotFound
from iotsim.core.models import Impersonation
from iotsim.core.proposals import Proposal
from iotsim.core.registry import Outcome, Risk, Service
from iotsim.core.support import end_by_hand
from iotsim.forms import FormField, form_of

AnyService = Service[..., Any]
CONFIRMED = "confirmed"
EDIT = "edit"


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
            "memberships": memberships_of(request.user) if isinstance(error, MembershipLost) else [],
        }
        return render(request, "error.html", context, status=error.status)


# Pages of an account: of whoever is signed in, also while they act as a member.
OWN_PAGES = ("/accounts/", "/settings/profile/", "/settings/security/", "/settings/sessions/", "/settings/keys/")


class Support:
    """Middleware: while staff act as a member, the pages of an account, which would be their own, stay shut.

    Signing out ends the support session too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if impersonation.KEY not in request.session:
            return self.get_response(request)
        leaving = request.path == reverse("account_logout")
        under_way = self._under_way(request)
        if under_way and request.path.startswith(OWN_PAGES) and not leaving:
            sentence = (
                f"You act as {under_way.user.email}. End the support session first: this page is your own account's."
            )
            context = {"heading": Denied.title, "sentence": sentence}
            return render(request, "error.html", context, status=Denied.status)
        response = self.get_response(request)
        if under_way and not request.user.is_authenticated:
            end_by_hand(under_way, request_id=getattr(request, "id", ""))
        return response

    def _under_way(self, request: HttpRequest) -> Impersonation | None:
        rows = Impersonation.objects.select_related("staff", "user", "organization")
        return rows.filter(pk=request.session[impersonation.KEY], staff_id=request.user.pk, ended_at=None).first()


@require_POST
def end_support(request: HttpRequest) -> HttpResponse:
    """The End button of the banner: back to the admin, as oneself."""
    number = request.session.pop(impersonation.KEY, None)
    rows = Impersonation.objects.select_related("staff", "user", "organization")
    row = rows.filter(pk=number or 0, staff_id=request.user.pk, ended_at=None).first()
    if row is not None:
        end_by_hand(row, request_id=getattr(request, "id", ""))
    return redirect("admin:index")


@require_http_methods(["GET", "POST"])
@page
def act(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """GET: the dialog with the proposal and the fields still needed. POST: the call."""
    return carry_out(request, actor, registry.get(name), Dialog, done)


def carry_out(
    request: HttpRequest,
    actor: Actor,
    service: AnyService,
    kind: "type[Dialog]",
    when_done: "Callable[[HttpRequest, AnyService, Outcome], HttpResponse]",
) -> HttpResponse:
    """Ask for what is missing, show what would change, then call. `edit` in the address shows the filled form first."""
    data = request.GET if request.method == "GET" else request.POST
    raw = arguments_of(data, blank=_blank(service))
    for name in (CONFIRMED, "csrfmiddlewaretoken", "fields", EDIT):
        raw.pop(name, None)
    confirmed = data.get(CONFIRMED)
    shown = frozenset(data.get("fields", "").split()) or _missing(service, raw)
    if request.method == "POST" and "fields" in data:
        raw |= _unticked(service, raw, shown)
    dialog = kind(request, actor, service, raw, shown)
    if request.method == "GET":
        return dialog.answer() if data.get(EDIT) else dialog.open()
    if service.sensitive and (asked := ask_who_it_is(request)):
        return asked
    try:
        outcome = service.call(actor, dialog.typed(), confirmed=confirmed)
    except ConfirmationRequired as error:
        return dialog.answer(proposal=error.proposal, error="" if confirmed is None else error.sentence, status=409)
    except IotsimError as error:
        return dialog.refuse(error)
    return when_done(request, service, outcome)


def _unticked(service: AnyService, raw: Mapping[str, Any], shown: frozenset[str]) -> dict[str, str]:
    """A browser leaves an unticked box out; where the form had asked for it, that means no."""
    boxes = (field.name for field in form_of(service, raw, only=shown, errors={}) if field.kind == "checkbox")
    return {name: "false" for name in boxes if name not in raw}


def _missing(service: AnyService, raw: Mapping[str, Any]) -> frozenset[str]:
    fields = service.parameters.model_fields
    return frozenset(name for name, info in fields.items() if info.is_required() and name not in raw)


def _blank(service: AnyService) -> frozenset[str]:
    """The parameters for which an emptied field means "none"."""
    schema = service.parameters.model_json_schema()["properties"] if service.parameters.model_fields else {}
    return frozenset(name for name, part in schema.items() if part.get("x-blank"))


@dataclass
class Dialog:
    """One service asked for by a person: what they gave, what is still to be filled in, what would change."""

    request: HttpRequest
    actor: Actor
    service: AnyService
    raw: dict[str, Any]
    shown: frozenset[str]

    template: ClassVar[str] = "actions/dialog.html"

    def frame(self) -> dict[str, Any]:
        """What the page around the form needs; a dialog has none."""
        return {}

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
        if isinstance(error, Moved):
            return self.moved(error)
        return self.answer(error=error.sentence, status=422 if error.status < 500 else error.status)

    def moved(self, error: Moved) -> HttpResponse:
        """Somebody was faster: the person's own words stay in the fields, to be saved knowingly or given up."""
        theirs = {name.removeprefix("expected_"): value for name, value in error.current.items()}
        fields = {"fields": " ".join(sorted(self.shown))}
        query = urlencode({**self.raw, **theirs, **error.current, **fields}, doseq=True)
        self.raw.update(error.current)
        return self.answer(error=error.sentence, theirs=f"/act/{self.service.name}/?{query}", status=409)

    def answer(
        self,
        *,
        proposal: Proposal | None = None,
        error: str = "",
        theirs: str = "",
        errors: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        fields = self._fields(errors or {}, only=self.shown - self.raw.keys() if proposal else self.shown)
        context = {
            "service": self.service,
            "fields": fields,
            "arguments": self._hidden({field.name for field in fields}),
            "proposal": proposal,
            "submit_label": proposal.summary if proposal else "Save mine instead" if theirs else self.service.title,
            "theirs": theirs,
            "error": error,
            "danger": self.service.risk is Risk.DANGER,
        }
        return render(self.request, self.template, {**self.frame(), **context}, status=status)

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
@login_required
def choose_organization(request: HttpRequest) -> HttpResponse:
    """Go over to another organisation that one is a member of; also for who has lost the one they were in."""
    slug = request.POST.get("slug", "")
    if impersonation.KEY in request.session:
        raise Denied("You act as a member of one organisation. End the support session to go elsewhere.")
    chosen = next((one for one in memberships_of(request.user) if one.organization.slug == slug), None)
    if chosen is None:
        raise NotFound(f"You are not a member of {slug}.")
    request.session[ORGANIZATION] = chosen.organization_id
    return redirect("/")
