"""What the services about conversations return."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from iotsim.core.schemas import Answer


class ConversationOut(Answer):
    id: int
    title: str
    state: str = Field(description="State of its last run: queued, running, waiting, done, stopped or failed")
    created_at: datetime
    updated_at: datetime


class ConversationPage(Answer):
    items: list[ConversationOut]
    next_cursor: str | None = None


class EntryOut(BaseModel):
    """One thing in a conversation; `data` holds what its kind shows (text, or the facts of a call or card)."""

    id: str
    kind: str = Field(description="said, answer, call, table, card or error")
    data: dict[str, Any]


class ConversationDetails(ConversationOut):
    """A whole conversation. `seq` numbers its newest event."""

    entries: list[EntryOut]
    seq: int
    cost: float | None = Field(description="US dollars, None when the price is not known")


class ConversationChange(Answer):
    id: int
    title: str
    before: str = ""
