"""What an AG-UI client asks: RunAgentInput, checked, and only what of it counts here.

The client's copy of the conversation is not believed: the server's own history is the truth, and of `messages` only the
newest one is read. What the program says beside it (`context`, its own `state`) is data from outside.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ag_ui.core import Message, ResumeEntry, RunAgentInput, TextPart, ToolMessage, UserMessage
from pydantic import ValidationError

from copilot.models.clients import MOST_ID_CHARS
from iotsim.core.errors import Invalid
from iotsim.core.page_context import MOST_ENTRIES, ClientEntry, PageContext
from iotsim.core.raw import check_raw, clean
from iotsim.core.wording import counted

OURS: Final = "iotsim"  # the key of our part of the shared state; all else is the program's own
MOST_VALUE: Final = 4000
MOST_DESCRIPTION: Final = 500


@dataclass(frozen=True)
class Wanted:
    """A request to run: a question, answers to the interrupts of the run before, or the same run once more."""

    thread_id: str
    run_id: str
    newest: Message | None = None  # of its messages
    resume: Sequence[ResumeEntry] = ()
    context: PageContext = field(default_factory=PageContext)
    state: Mapping[str, Any] = field(default_factory=dict)  # the program's own part of it


def read(body: Any) -> Wanted:
    """The request. Raises Invalid with a sentence that names the field."""
    try:
        said = RunAgentInput.model_validate(body)
    except ValidationError as error:
        raise _invalid(error) from error
    _refuse_tools(said)
    state = {name: value for name, value in _object(said.state).items() if name != OURS}
    check_raw({"state": state})
    return Wanted(
        thread_id=checked_id(said.thread_id, "threadId"),
        run_id=checked_id(said.run_id, "runId"),
        newest=said.messages[-1] if said.messages else None,
        resume=tuple(said.resume or ()),
        context=_context(said, state),
        state=state,
    )


def checked_id(value: str, name: str) -> str:
    """An id that the client made up, fit to be kept."""
    if not 0 < len(value) <= MOST_ID_CHARS or clean(value) != value or not value.isprintable():
        raise Invalid(f"{name} has 1 to {MOST_ID_CHARS} printable characters.", field=name)
    return value


def _invalid(error: ValidationError) -> Invalid:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(one) for one in first["loc"]) or "the body"
    field_name = str(first["loc"][0]) if first["loc"] else ""
    return Invalid(f"This is no RunAgentInput of AG-UI 1.0: {place}: {first['msg']}.", field=field_name)


def _refuse_tools(said: RunAgentInput) -> None:
    if said.tools:
        names = ", ".join(one.name[:60] for one in said.tools[:5])
        raise Invalid(
            f"The copilot calls iotsim's own tools only; leave tools empty ({counted(len(said.tools), 'tool')} given: "
            f"{names}). What your application knows goes into context.",
            field="tools",
        )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def question_of(newest: Message | None) -> str:
    """The newest message as a question. Raises Invalid when it is not the person's."""
    if isinstance(newest, ToolMessage):
        raise Invalid(
            "The last message answers a tool call, but the copilot runs its tools itself: end with the person's words.",
            field="messages",
        )
    if not isinstance(newest, UserMessage):
        raise Invalid("The last message must be the person's (role user): it is the question.", field="messages")
    return _text(newest)


def message_id_of(newest: Message | None) -> str:
    """The client's id for the question; empty where it is none that can be kept."""
    given = newest.id if isinstance(newest, UserMessage) else ""
    return given if 0 < len(given) <= MOST_ID_CHARS and given.isprintable() else ""


def _text(message: UserMessage) -> str:
    if isinstance(message.content, str):
        return message.content
    if not all(isinstance(one, TextPart) for one in message.content):
        raise Invalid(
            "The question is text here: images, sounds and files are brought in at /api/v1/uploads.", field="messages"
        )
    return "\n".join(one.text for one in message.content if isinstance(one, TextPart))


def _context(said: RunAgentInput, state: Mapping[str, Any]) -> PageContext:
    """The program's context entries, and its own state as one more."""
    entries = [(one.description, one.value) for one in said.context or ()]
    if state:
        entries.append(("State of the program that the person uses", json.dumps(state, ensure_ascii=False)))
    told = [
        ClientEntry(description=clean(words)[:MOST_DESCRIPTION], value=clean(value)[:MOST_VALUE])
        for words, value in entries[:MOST_ENTRIES]
    ]
    return PageContext(client=told)
