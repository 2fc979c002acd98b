"""Face: AG-UI 1.0. A conversation with the copilot as server-sent events, for programs that speak the protocol.

The events are those that the sidebar shows. What goes wrong before the first of them is a problem with a status, as
everywhere under /api/v1; after it, an event RUN_ERROR.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from ninja import NinjaAPI, Path, Query
from pydantic import Field

from copilot import agui_input, agui_resume, agui_runs, threads
from copilot.agui_input import Wanted, checked_id
from copilot.agui_runs import Followed
from copilot.agui_stream import Reading, StillAllowed, position, refused
from copilot.agui_translation import Ids
from copilot.tracing import traceparent_of
from iotsim import streams
from iotsim.core.access import actor_of_session
from iotsim.core.actor import Actor
from iotsim.core.errors import Denied, IotsimError
from iotsim.core.keys import actor_of_key
from iotsim.core.roles import Permission
from iotsim.core.schemas import Answer

ReadBody = Callable[[HttpRequest], dict[str, Any]]
Json = dict[str, Any]

PATH: Final = "/copilot/agui"
TAGS: Final = ["copilot"]
LAST_EVENT: Final = "Last-Event-ID"
_ANY: Final[Json] = {"type": "object", "additionalProperties": True}
INPUT: Final[Json] = {
    "type": "object",
    "description": "RunAgentInput of AG-UI 1.0. The last message is the question; `resume` answers interrupts instead.",
    "required": ["threadId", "runId", "messages"],
    "additionalProperties": True,
    "properties": {
        "threadId": {"type": "string", "description": "Your name for the conversation, or iotsim:<its number>"},
        "runId": {"type": "string", "description": "Your name for this run; the same again follows the same run"},
        "messages": {"type": "array", "items": _ANY},
        "context": {"type": "array", "items": _ANY, "description": "What the copilot may know, as data"},
        "tools": {"type": "array", "items": _ANY, "maxItems": 0, "description": "Empty: only iotsim's own are called"},
        "state": {"description": "Your own shared state; the key iotsim is the copilot's"},
        "forwardedProps": {"description": "Not used"},
        "resume": {"type": "array", "items": _ANY, "description": "interruptId, status and payload of each interrupt"},
    },
}
EXAMPLE: Final[Json] = {
    "threadId": "t-1",
    "runId": "r-1",
    "messages": [{"id": "m-1", "role": "user", "content": "Which SIMs are using more than 5GB?"}],
    "tools": [],
    "context": [],
    "state": {},
    "forwardedProps": {},
}
EVENTS: Final[Json] = {
    "description": "Server-sent events, each an AG-UI event as JSON, until RUN_FINISHED or RUN_ERROR",
    "content": {streams.EVENTS: {"schema": {"type": "string"}}},
}
PROBLEM: Final[Json] = {
    "description": "A problem, in a sentence",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
SEEN: Final[Json] = {
    "name": LAST_EVENT,
    "in": "header",
    "required": False,
    "description": "The id of the newest event that you have: what follows it is sent",
    "schema": {"type": "string", "maxLength": 30},
}


class Stopped(Answer):
    """What came of the wish to stop."""

    stopped: bool = Field(description="Whether an answer was under way")


def add_to(api: NinjaAPI, *, read_body: ReadBody) -> None:
    """Mount the three endpoints: run, follow, stop."""

    def run(request: HttpRequest) -> HttpResponseBase:
        """Ask the copilot, or answer its interrupts, and read the events of the run."""
        return _run(request, agui_input.read(read_body(request)))

    def follow(
        request: HttpRequest,
        thread: str = Path(..., description="threadId of the conversation"),  # type: ignore[type-arg]
        run: str = Query("", description="runId; without it the newest run"),  # type: ignore[type-arg]
    ) -> HttpResponseBase:
        """Read the events of a run, from its beginning or after Last-Event-ID; 204 when there are no more."""
        return _follow(request, thread, run)

    def stop(
        request: HttpRequest,
        thread: str = Path(..., description="threadId of the conversation"),  # type: ignore[type-arg]
    ) -> HttpResponse:
        """Stop the answer under way: between two words, and before the next tool is called."""
        return _stop(request, thread)

    body = {"required": True, "content": {"application/json": {"schema": INPUT, "example": EXAMPLE}}}
    answers: dict[int | str, Json] = {200: EVENTS, "default": PROBLEM}
    asked: Json = {"requestBody": body, "parameters": [SEEN], "responses": answers}
    api.post(PATH, operation_id="agui_run", summary="Ask over AG-UI", openapi_extra=asked, tags=TAGS)(run)
    nothing: dict[int | str, Json] = {204: {"description": "The run is over and you have all of it"}}
    read: Json = {"parameters": [SEEN], "responses": {**answers, **nothing}}
    api.get(f"{PATH}/{{thread}}", operation_id="agui_follow", summary="Follow a run", openapi_extra=read, tags=TAGS)(
        follow
    )
    api.post(
        f"{PATH}/{{thread}}/stop",
        operation_id="agui_stop",
        summary="Stop a run",
        response={200: Stopped},
        openapi_extra={"responses": {"default": PROBLEM}},
        tags=TAGS,
    )(stop)


def _run(request: HttpRequest, wanted: Wanted) -> HttpResponseBase:
    actor = _asker(request)
    streams.can_stream(request)
    if wanted.resume:
        known = agui_runs.look_up(actor, wanted).run
        return _read(request, known, own=wanted.state) if known else _resume(request, actor, wanted)
    try:
        followed = agui_runs.ask(actor, wanted, traceparent=traceparent_of(request.headers))
    except agui_runs.Interrupted as error:
        return _refused(request, wanted, error)
    return _read(request, followed, own=wanted.state)


def _resume(request: HttpRequest, actor: Actor, wanted: Wanted) -> HttpResponseBase:
    try:
        followed = agui_resume.resume(actor, wanted)
    except IotsimError as error:
        return _refused(request, wanted, error)
    return _read(request, followed, own=wanted.state)


def _refused(request: HttpRequest, wanted: Wanted, error: IotsimError) -> HttpResponseBase:
    """What concerns interrupts is told by an event."""
    return streams.answer(request, refused(Ids(wanted.thread_id, wanted.run_id), error))


def _follow(request: HttpRequest, client_thread: str, client_run: str) -> HttpResponseBase:
    actor = _asker(request)
    streams.can_stream(request)
    name = checked_id(client_thread, "threadId")
    if client_run:
        wanted = Wanted(thread_id=name, run_id=checked_id(client_run, "runId"))
        followed = agui_runs.find_known(actor, wanted)
    else:
        followed = agui_runs.newest_run(actor, name)
    after = position(request.headers.get(LAST_EVENT, ""))
    if after is not None and agui_runs.has_all(followed, after.seq):
        return HttpResponse(status=204)
    return _read(request, followed)


def _stop(request: HttpRequest, client_thread: str) -> HttpResponse:
    actor = _asker(request)
    thread = agui_runs.find_thread(actor, checked_id(client_thread, "threadId"))
    stopped = threads.stop(actor, thread_id=thread.pk)
    sentence = "The answer is being stopped." if stopped else "No answer is under way in this conversation."
    return HttpResponse(Stopped(stopped=stopped, sentence=sentence).model_dump_json(), content_type="application/json")


def _read(request: HttpRequest, followed: Followed, *, own: Mapping[str, Any] | None = None) -> HttpResponseBase:
    after = position(request.headers.get(LAST_EVENT, ""))
    reading = Reading(followed, still_allowed=_still_allowed(request), after=after, own=own)
    return streams.answer(request, reading.frames())


def _asker(request: HttpRequest) -> Actor:
    actor: Actor = request.auth  # type: ignore[attr-defined]
    actor.require(Permission.VIEW, doing="use the copilot")
    return actor


def _still_allowed(request: HttpRequest) -> StillAllowed:
    """Whether the reader is still who they were: asked again and again while the events go out."""
    actor = _asker(request)
    token = request.headers.get("Authorization", "").partition(" ")[2].strip()
    session = request.session.session_key

    def check() -> None:
        now = actor_of_key(token) if actor.key_id is not None else actor_of_session(session)
        if (now.organization_id, now.user_id) != (actor.organization_id, actor.user_id):
            raise Denied("You have gone to another organisation; this conversation stays in the one it belongs to.")
        now.require(Permission.VIEW, doing="use the copilot")

    return check
