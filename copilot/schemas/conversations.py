"""What the services about conversations return."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer


class ConversationOut(Answer):
    id: int
    title: str
    state: str = Field(description="State of its last run: queued, running, waiting, done, stopped or failed")
    pinned: bool = False
    shared: bool = Field(default=False, description="Everybody in the organisation may read it")
    owner: str = Field(default="", description="Who shares it; empty for one's own")
    created_at: datetime
    updated_at: datetime


class ConversationPage(Answer):
    """A page of conversations. `pinned` are one's own pinned ones, on the first page; `items` are the others."""

    items: list[ConversationOut]
    pinned: list[ConversationOut] = []
    next_cursor: str | None = None


class EntryOut(BaseModel):
    """One thing in a conversation; `data` holds what its kind shows (text, or the facts of a call or card)."""

    id: str
    kind: str = Field(description="said, answer, call, widget, card, choices, note or error")
    run: int | None = Field(default=None, description="Number of the run that it is of")
    data: dict[str, Any]


class RunOut(BaseModel):
    """A question with its answer. It is number `version` of `versions` that stand beside each other."""

    id: int
    state: str
    model: str
    asked_at: datetime
    finished_at: datetime | None
    version: int = 1
    versions: int = 1
    before: int | None = Field(default=None, description="The version before it")
    after: int | None = Field(default=None, description="The version after it")


class ConversationDetails(ConversationOut):
    """A conversation in the branch that is shown. `seq` numbers its newest event."""

    entries: list[EntryOut]
    runs: list[RunOut] = []
    seq: int
    cost: float | None = Field(description="US dollars, None when the price is not known")


class ConversationChange(Answer):
    id: int
    title: str
    before: str = ""


class ConversationsDeleted(Answer):
    ids: list[int]


class Place(BaseModel):
    """Where words were found: in the title, or in what was said in a run. `text` is what stands around them."""

    run: int | None = None
    text: str
    before: str = Field(default="", description="What stands before the words found")
    found: str = Field(default="", description="The first of the words, as it stands there")
    after: str = ""


class FoundConversation(ConversationOut):
    places: list[Place] = []


class FoundConversations(Answer):
    items: list[FoundConversation]


class ConversationFile(Answer):
    name: str = Field(description="What it is called when it is saved")
    content_type: str
    text: str


class VersionShown(Answer):
    thread: int
    run: int
    head_before: int | None = None


class Copied(Answer):
    id: int
    go_to: str = Field(description="The page of the copy")
