"""What a call changes while it runs: services say it here, the guard reads it when they are done."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction

from iotsim.core import events
from iotsim.core.tenancy import current_tenant

if TYPE_CHECKING:
    from iotsim.core.registry import Risk, Service


@dataclass
class Frame:
    """The outermost call that is under way, and what it has changed so far."""

    service: "Service[..., Any]"
    risk: "Risk"
    touched: dict[str, list[int]] = field(default_factory=dict)
    undoes: int | None = None


current: ContextVar[Frame | None] = ContextVar("frame", default=None)


def touch(kind: str, ids: Sequence[int]) -> None:
    """Say that these objects changed: they are named in the audit row and announced after commit."""
    frame = current.get()
    if frame is not None:
        frame.touched.setdefault(kind, []).extend(ids)
    else:
        announce(current_tenant(), {kind: list(ids)})


def mark_undoes(event_id: int) -> None:
    """The call under way takes back that audit event."""
    frame = current.get()
    if frame is not None:
        frame.undoes = event_id


def announce(organization_id: int | None, touched: Mapping[str, list[int]]) -> None:
    """Publish "these objects changed" once the transaction has committed."""
    if organization_id is None:
        return
    for kind, ids in touched.items():
        transaction.on_commit(_publisher(organization_id, kind, ids))


def _publisher(organization_id: int, kind: str, ids: list[int]) -> Any:
    return lambda: events.publish(organization_id, kind, ids)
