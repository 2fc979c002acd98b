"""An offer: one act that a service, a suggestion or the copilot holds ready, for a person to take with one click."""

from typing import Any

from pydantic import BaseModel, Field


class Offer(BaseModel):
    """A call that is ready but not made. Whoever takes it passes the guard like with any other call."""

    service: str = Field(description="Name of the service that would be called")
    arguments: dict[str, Any] = Field(default_factory=dict, description="Its arguments, complete")
    words: str = Field(description="What it does, as a button says it: Raise the quota to 10 GB")
