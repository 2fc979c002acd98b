"""The customers that a membership may be limited to. The domain fills this port; core knows no customer."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from iotsim.core.actor import Actor
from iotsim.core.slots import Found, Slot, SlotContext

Find = Callable[[Actor, Sequence[str]], list[int]]
Names = Callable[[Actor], dict[int, str]]

_port: dict[str, Any] = {}


def fill(*, find: Find, names: Names, slot: Slot) -> None:
    """Tell how names of customers become ids (raising NotFound), what all are called, and how a sentence names one."""
    _port.update(find=find, names=names, slot=slot)


def customer_ids(actor: Actor, names: Sequence[str]) -> list[int]:
    """The ids of the customers of these names, in order. Raises NotFound."""
    find: Find = _port["find"]
    return sorted(find(actor, names))


def customer_names(actor: Actor) -> dict[int, str]:
    """What the customers that the actor may know of are called, by id."""
    names: Names = _port["names"]
    return names(actor)


def _find(text: str, context: SlotContext) -> list[Found]:
    slot = _port.get("slot")
    return slot.find(text, context) if slot else []


def _as_list(value: Any) -> Any:
    """A form sends one value as it is; names may hold commas, so text is never cut."""
    return [value] if isinstance(value, str) else value


CustomerNames = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    BeforeValidator(_as_list),
    Field(min_length=1, max_length=500, description="The customers whose SIMs the member sees and changes, by name"),
    Slot("customer", _find, mask="Acme", noun="the customer"),
]
