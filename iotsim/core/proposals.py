"""A proposal shows what a call would change before it does, and freezes the facts it is based on."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

FIRST_ROWS = 10


class Change(BaseModel):
    """One object's change: `before` and `after` are ready for the reader."""

    label: str
    field: str
    before: str
    after: str
    link: str = ""


class Proposal(BaseModel):
    """What would happen. `summary` is an imperative sentence that also labels the button."""

    summary: str
    count: int = Field(description="How many objects change")
    noun: str = Field(default="SIM", description="What they are, one of them")
    changes: list[Change] = Field(description="The first ten")
    monthly_cost_change_cents: int | None = Field(default=None, description="None: the price is not affected")
    currency: str = "EUR"
    reversible: bool = True
    safety_critical: int = Field(default=0, description="How many of the objects are safety-critical")
    warnings: list[str] = []
    digest: str = Field(description="SHA-256 over the frozen targets and their old values")

    @property
    def raises_cost(self) -> bool:
        return (self.monthly_cost_change_cents or 0) > 0


def digest_of(facts: Sequence[Any]) -> str:
    """A digest of the facts (plain JSON values, in a fixed order)."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
