"""The port by which the domain says "these objects changed". A face fills it; core knows no socket."""

from collections.abc import Callable, Sequence

Listener = Callable[[int, str, list[int]], None]

COALESCE_ABOVE = 100  # more ids than this become one "list changed" (no ids)

_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Register `listener(organization_id, kind, ids)`; empty ids mean "the list changed"."""
    if listener not in _listeners:
        _listeners.append(listener)


def publish(organization_id: int, kind: str, ids: Sequence[int]) -> None:
    """Tell every listener. Call it after commit; payload is kind and ids only."""
    told = list(ids) if len(ids) <= COALESCE_ABOVE else []
    for listener in _listeners:
        listener(organization_id, kind, told)
