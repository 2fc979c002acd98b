"""Writing the audit log. Arguments are kept as they were given, long texts cut."""

import json
import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from iotsim.core.actor import Actor
from iotsim.core.effects import announce
from iotsim.core.models import AuditEvent, AuditSubject
from iotsim.core.raw import clean

if TYPE_CHECKING:
    from iotsim.core.registry import Service, Undo

MAX_TEXT = 500
MAX_ARGUMENTS = 8_000
MAX_DEPTH = 5
MAX_SUBJECTS = 1_000  # beyond that an event is about the list, not about each object


def write(
    service: "Service[..., Any]",
    actor: Actor,
    arguments: BaseModel | Mapping[str, Any],
    *,
    outcome: str,
    sentence: str,
    started: float,
    undo: "Undo | None" = None,
    undoes: int | None = None,
    approval_id: int | None = None,
    approved_by: str = "",
    job_id: int | None = None,
    touched: Mapping[str, list[int]] | None = None,
) -> AuditEvent:
    """Add a row, inside the tenant's transaction. `started` is the call's time.monotonic()."""
    event = AuditEvent.objects.create(
        organization_id=actor.organization_id,
        service=service.name,
        arguments=as_json(arguments),
        outcome=outcome,
        sentence=clean(sentence),
        user_id=actor.user_id,
        who=actor.name,
        role=actor.role,
        face=actor.face.value,
        approved_by=approved_by,
        approval_id=approval_id,
        job_id=job_id,
        undo={"service": undo.service, "arguments": undo.arguments} if undo else None,
        undoes=undoes,
        request_id=actor.request_id,
        run_id=actor.run.id,
        duration_ms=round((time.monotonic() - started) * 1000),
    )
    _write_subjects(event, touched or {})
    announce(actor.organization_id, {"audit": []})
    return event


def _write_subjects(event: AuditEvent, touched: Mapping[str, list[int]]) -> None:
    AuditSubject.objects.bulk_create(
        AuditSubject(organization_id=event.organization_id, event=event, kind=kind, object_id=one)
        for kind, ids in touched.items()
        for one in ids[:MAX_SUBJECTS]
    )


def as_json(arguments: BaseModel | Mapping[str, Any]) -> dict[str, Any]:
    """Plain JSON of the arguments that were given, small enough to keep."""
    if isinstance(arguments, BaseModel):
        plain = arguments.model_dump(mode="json", exclude_unset=True)
    else:
        plain = dict(list(arguments.items())[:50])
    text = json.dumps(_short(plain))
    if len(text) > MAX_ARGUMENTS:
        return {"shortened": text[:MAX_ARGUMENTS]}
    kept: dict[str, Any] = json.loads(text)
    return kept


def _short(value: Any, depth: int = 0) -> Any:
    """Plain JSON that PostgreSQL takes, whatever was sent: no zero bytes, no NaN, no endless nesting."""
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Mapping | list | tuple) and depth == MAX_DEPTH:
        return "..."
    if isinstance(value, Mapping):
        return {clean(str(key)[:80]): _short(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_short(one, depth + 1) for one in value]
    text = clean(str(value))
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "..."
