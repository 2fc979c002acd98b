"""A proposal shows what a call would change before it does, and freezes the facts it is based on."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

FIRST_ROWS = 10
MOST_MOVED = 3


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


def what_moved(before: Proposal, after: Proposal) -> str:
    """In words, what is not any more as the earlier proposal of the same call showed it."""
    moved = [] if before.count == after.count else [f"it would change {after.count:,} now, not {before.count:,}"]
    earlier = {(one.label, one.field): one for one in before.changes}
    for one in after.changes:
        old = earlier.get((one.label, one.field))
        if old is not None and old.before != one.before:
            moved.append(f"{one.label}: {one.field} is {one.before or 'none'} now, it was {old.before or 'none'}")
    if before.safety_critical != after.safety_critical:
        moved.append(f"{after.safety_critical:,} of them are safety-critical now, not {before.safety_critical:,}")
    if before.monthly_cost_change_cents != after.monthly_cost_change_cents:
        moved.append("it costs another amount")
    more = f" and {len(moved) - MOST_MOVED} more" if len(moved) > MOST_MOVED else ""
    facts = "; ".join(moved[:MOST_MOVED]) or "what it rests on is not the same any more"
    return f"The facts changed after it was asked, so nothing was done: {facts}{more}."


def digest_of(facts: Sequence[Any]) -> str:
    """A digest of the facts (plain JSON values, in a fixed order)."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
