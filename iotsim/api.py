"""Face: REST. Every service is an endpoint under /api/v1; beside them stand the few that are not services."""

import json
from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers, set_response_etag
from ninja import File, NinjaAPI, Path, UploadedFile
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.docs import Swagger
from ninja.security import APIKeyCookie, HttpBearer

from copilot.attachments import attach
from copilot.schemas.attachments import AttachmentOut
from iotsim import agui
from iotsim.core import registry
from iotsim.core.access import actor_in, arguments_of
from iotsim.core.actor import Actor, Face
from iotsim.core.errors import (
    ApprovalRequired,
    Denied,
    Invalid,
    IotsimError,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    WrongMethod,
)
from iotsim.core.files import FileAnswer, file_response
from iotsim.core.keys import actor_of_key
from iotsim.core.registry import Outcome, Service
from iotsim.core.schemas import JobOut
from iotsim.core.uploads import UploadOut, store_upload
from iotsim.limits import count_request
from iotsim.openapi import Components, describe, names_in_path

log = structlog.get_logger(__name__)

AnyService = Service[..., Any]
POLL = {"Retry-After": "1"}  # when to ask again how far a job is
View = Callable[..., HttpResponseBase]


class Key(HttpBearer):
    """`Authorization: Bearer iot_...`"""

    def authenticate(self, request: HttpRequest, token: str) -> Actor:
        actor = actor_of_key(token, request_id=getattr(request, "id", ""))
        count_request(actor)
        return actor


class Session(APIKeyCookie):
    """The browser's session, with Django's CSRF check."""

    param_name = "iotsim_session"

    def _get_key(self, request: HttpRequest) -> str | None:
        """Without a session nobody is asked for its CSRF token: they have not signed in."""
        return super()._get_key(request) if self.param_name in request.COOKIES else None

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        if not request.user.is_authenticated:
            return None
        return actor_in(request.session, request.user, face=Face.API, request_id=getattr(request, "id", ""))


class Api(NinjaAPI):
    """Ninja's API with our own schemas beside those that ninja collects."""

    components = Components()

    def get_openapi_schema(self, **options: Any) -> Any:
        schema = super().get_openapi_schema(**options)
        schema["components"]["schemas"].update(self.components.schemas)
        for path in schema["paths"].values():
            for operation in path.values():
                self._say_what_the_path_holds(operation)
        return schema

    def _say_what_the_path_holds(self, operation: dict[str, Any]) -> None:
        """Ninja sees only text in the address; the service's own types say more."""
        known = self.components.in_paths.get(operation.get("operationId", ""), {})
        for part in operation.get("parameters", ()):
            if part["in"] == "path" and part["name"] in known:
                part["schema"] = known[part["name"]]


api = Api(
    title="iotsim",
    version="1",
    description="Manage fleets of IoT SIM cards. Every service of the platform is an endpoint here.",
    auth=[Key(), Session()],
    docs=Swagger(settings={"persistAuthorization": True}),
    urls_namespace="api",
)


def problem(request: HttpRequest, error: IotsimError) -> HttpResponse:
    """RFC 9457: the error's sentence, and what a program needs beside it."""
    body = {
        "type": f"urn:iotsim:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.sentence,
        "instance": getattr(request, "id", ""),
        **error.details(),
    }
    response = HttpResponse(
        json.dumps(body), status=error.status, content_type="application/problem+json; charset=utf-8"
    )
    if error.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if error.retry_after:
        response["Retry-After"] = str(error.retry_after)
    return response


def answer(model: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(model.model_dump_json(), status=status, content_type="application/json", headers=headers)


def serve(service: AnyService, request: HttpRequest) -> HttpResponseBase:
    """One call over HTTP: arguments from path, query and body; the answer, a job, or what waits."""
    actor: Actor = request.auth  # type: ignore[attr-defined]
    raw = _arguments(service, request)
    if not service.is_read and request.GET.get("dry_run", "").lower() in {"true", "1"}:
        return _dry_run(service, actor, raw)
    try:
        outcome = service.call(
            actor,
            raw,
            idempotency_key=_idempotency_key(request),
            confirmed=request.GET.get("confirmed") if not service.is_read else None,
        )
    except ApprovalRequired as waiting:
        location = f"/api/v1/approvals/{waiting.approval.id}"
        return answer(waiting.approval, status=202, headers={"Location": location})
    if isinstance(outcome.result, FileAnswer):
        return file_response(outcome.result)
    if service.is_read:
        return _unless_known(request, _answer_to_read(outcome.result))
    return _done(outcome)


def _answer_to_read(result: Any) -> HttpResponse:
    under_way = isinstance(result, JobOut) and not result.is_over
    return answer(result, headers=POLL if under_way else None)


def _unless_known(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """304 when the client holds this very answer (If-None-Match), else the answer with its ETag (RFC 9110, 8.8.3)."""
    set_response_etag(response)
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Authorization", "Cookie"])
    return get_conditional_response(request, etag=response["ETag"], response=response) or response


def _dry_run(service: AnyService, actor: Actor, raw: dict[str, Any]) -> HttpResponse:
    proposal = service.propose(actor, raw)
    if proposal is None:
        raise Invalid(f"{service.title} has nothing to show beforehand.", field="dry_run")
    return answer(proposal)


def _done(outcome: Outcome) -> HttpResponse:
    headers = {"X-Audit-Event": str(outcome.event_id)} if outcome.event_id else {}
    if outcome.replayed:
        headers["Idempotency-Replayed"] = "true"
    if outcome.job:
        headers["Location"] = f"/api/v1/jobs/{outcome.job.id}"
        return answer(outcome.job, status=202, headers=headers | POLL)
    return answer(outcome.result, headers=headers)


def _idempotency_key(request: HttpRequest) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= 200 and key.isprintable()):
        raise Invalid("An Idempotency-Key has 1 to 200 printable characters.", field="Idempotency-Key")
    return key


def _arguments(service: AnyService, request: HttpRequest) -> dict[str, Any]:
    in_path = dict(request.resolver_match.kwargs) if request.resolver_match else {}
    given = arguments_of(request.GET, lists=_lists(service)) if service.is_read else _body(request)
    for name, value in in_path.items():
        if name in given and str(given[name]) != str(value):
            raise Invalid(f"The address says {name} = {value}, the body something else.", field=name)
    return {**given, **in_path}


def _lists(service: AnyService) -> frozenset[str]:
    properties = service.parameters.model_json_schema().get("properties", {})
    return frozenset(
        name
        for name, part in properties.items()
        if any(one.get("type") == "array" for one in [part, *part.get("anyOf", ())])
    )


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        content = request.body
    except RequestDataTooBig as error:
        raise TooLarge("The body is too large; bring large lists in as a file.") from error
    if not content.strip():
        return {}
    try:
        body = json.loads(content)
    except ValueError as error:
        raise Invalid(f"The body is not JSON: {error}.") from error
    except RecursionError as error:
        raise Invalid("The body is nested too deeply.") from error
    if not isinstance(body, dict):
        raise Invalid("The body must be a JSON object with the arguments by name.")
    return body


def _view(service: AnyService) -> View:
    def view(request: HttpRequest, **path: Any) -> HttpResponseBase:
        return serve(service, request)

    view.__name__ = service.name
    view.__signature__ = _signature(service)  # type: ignore[attr-defined]
    return view


def _signature(service: AnyService) -> Signature:
    """What ninja must see of the view: the parts of the path."""
    request = Parameter("request", Parameter.POSITIONAL_OR_KEYWORD)
    fields = service.parameters.model_fields
    parts = [
        Parameter(
            name,
            Parameter.KEYWORD_ONLY,
            annotation=str,
            default=Path(  # type: ignore[type-arg]
                ..., description=fields[name].description
            ),
        )
        for name in names_in_path(service.path)
    ]
    return Signature([request, *parts])


def add_services() -> None:
    """Every registered service becomes an endpoint: GET for what only reads, else POST."""
    # "sims/status" must be matched before "sims/{sim}".
    ordered = sorted(registry.all_services(), key=lambda one: (len(names_in_path(one.path)), one.name))
    for service in ordered:
        operation = describe(service, api.components)
        api.api_operation(
            ["GET" if service.is_read else "POST"],
            f"/{service.path}",
            operation_id=service.name,
            tags=[service.app],
            openapi_extra=operation,
        )(_view(service))


def upload(request: HttpRequest, file: File[UploadedFile]) -> HttpResponse:
    """Bring in a file; services such as import_usage take its id as `upload_id`."""
    kept: UploadOut = store_upload(
        request.auth,  # type: ignore[attr-defined]
        name=file.name or "file",
        content=file.file,  # type: ignore[arg-type]
        size_bytes=file.size or 0,
    )
    return answer(kept, status=201)


def attach_file(request: HttpRequest, file: File[UploadedFile]) -> HttpResponse:
    """Give the copilot a list of SIMs (CSV, Excel, text), usage records or a photo (JPEG, PNG, WebP, HEIC).

    Its `reference` names its SIMs wherever SIMs are named.
    """
    given: AttachmentOut = attach(
        request.auth,  # type: ignore[attr-defined]
        name=file.name or "file",
        content=file.file,  # type: ignore[arg-type]
        size_bytes=file.size or 0,
    )
    return answer(given, status=201)


def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    return problem(request, NotFound(f"There is nothing at /api/v1/{rest}. See /api/v1/docs."))


api.post("/uploads", operation_id="upload_file", summary="Upload a file", tags=["core"], response={201: UploadOut})(
    upload
)
agui.add_to(api, read_body=_body)
api.post(
    "/copilot/attachments",
    operation_id="attach_file",
    summary="Give the copilot a file",
    tags=["copilot"],
    response={201: AttachmentOut},
)(attach_file)
add_services()


class Methods:
    """Middleware: the router's own answer to a wrong method becomes a problem like every other error."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = self.get_response(request)
        if given.status_code != 405 or not request.path.startswith("/api/"):
            return given
        possible = ", ".join(sorted(given["Allow"].split(", ")))
        error = WrongMethod(f"{request.method} is not possible at this address; it takes {possible}.")
        answered = problem(request, error)
        answered["Allow"] = possible
        return answered


@api.exception_handler(IotsimError)
def _expected(request: HttpRequest, error: IotsimError) -> HttpResponse:
    return problem(request, error)


@api.exception_handler(OperationalError)
def _away(request: HttpRequest, error: OperationalError) -> HttpResponse:
    """The database is away, full or too busy: the client may try again, and the log says what it was."""
    log.error("database_unavailable", error=str(error))
    return problem(request, Unavailable("The database does not answer now. Nothing was changed; try again shortly."))


@api.exception_handler(AuthenticationError)
def _nobody(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(request, Unauthenticated("Send an API key as Authorization: Bearer iot_..., or sign in."))


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == 403:
        return problem(request, Denied("The CSRF token is missing or wrong; send it as X-CSRFToken."))
    return problem(request, IotsimError(f"{error}."))


@api.exception_handler(ValidationError)
def _malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problem(request, Invalid("Please send the file as multipart/form-data in the field file.", field="file"))


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(request, NotFound("There is nothing at this address. See /api/v1/docs."))
