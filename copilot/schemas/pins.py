"""What the services about pinned widgets return."""

from typing import Any

from pydantic import Field

from iotsim.core.schemas import Answer


class PinOut(Answer):
    """A widget on one's dashboard: what is asked, not what was answered."""

    id: int
    service: str
    arguments: dict[str, Any]
    title: str
    place: int = Field(description="The smaller, the further up")


class PinPage(Answer):
    items: list[PinOut] = Field(description="From top to bottom")


class PinChange(PinOut):
    """A pin after a change, with what it was before."""

    before: str = ""
