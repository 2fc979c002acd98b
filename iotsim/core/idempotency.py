"""Idempotency keys: the same key with the same arguments gets the same answer, and nothing runs twice."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from iotsim.core.actor import Actor
from iotsim.core.errors import Conflict
from iotsim.core.models import IdempotencyKey
from iotsim.core.registry import Outcome
from iotsim.core.schemas import ApprovalOut, kept

if TYPE_CHECKING:
    from iotsim.core.registry import Service


def arguments_hash(service: "Service[..., Any]", arguments: BaseModel) -> str:
    """SHA-256 of the exact call."""
    plain = [service.name, arguments.model_dump(mode="json", exclude_unset=True)]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def claim(service: "Service[..., Any]", actor: Actor, arguments: BaseModel, key: str | None) -> IdempotencyKey | None:
    """Take the key in this transaction; a concurrent call with the same key waits here for our commit."""
    if not key:
        return None
    if actor.user_id is None:
        raise Conflict("An idempotency key needs a person or an API key behind the call.")
    digest = arguments_hash(service, arguments)
    row, created = IdempotencyKey.objects.get_or_create(
        organization_id=actor.organization_id,
        user_id=actor.user_id,
        key=key,
        defaults={"service": service.name, "arguments_hash": digest},
    )
    if not created and row.arguments_hash != digest:
        raise Conflict(f"The idempotency key {key} was already used for another call.")
    return row


def settle(row: IdempotencyKey, outcome: Outcome | ApprovalOut) -> None:
    """Keep the answer with the key, in the transaction of the call itself."""
    if isinstance(outcome, ApprovalOut):
        row.outcome = {"approval": outcome.model_dump(mode="json")}
    else:
        row.outcome = {
            "result": kept(outcome.result),
            "event_id": outcome.event_id,
            "can_undo": outcome.can_undo,
        }
    row.save(update_fields=["outcome"])


def answer(service: "Service[..., Any]", row: IdempotencyKey) -> Outcome | ApprovalOut:
    """The answer that the key got the first time."""
    first = row.outcome or {}
    if "approval" in first:
        return ApprovalOut.model_validate(first["approval"])
    return Outcome(
        result=service.returns.model_validate(first["result"]),
        event_id=first["event_id"],
        can_undo=first["can_undo"],
        replayed=True,
    )
