"""What audit events are about, by the names people give it. The domain fills this port; core knows no SIM.

`Subject` is a parameter type: a name in plain text, found in a sentence by the domain's own slot.
"""

from collections.abc import Callable
from typing import Annotated, Final

from pydantic import Field

from iotsim.core.actor import Actor
from iotsim.core.slots import Found, Slot, SlotContext

KIND: Final = "sim"  # the one kind of object that people name in sentences so far

_find_id: dict[str, Callable[[Actor, str], int]] = {}
_slots: dict[str, Slot] = {}


def fill(kind: str, *, find_id: Callable[[Actor, str], int], slot: Slot) -> None:
    """Tell how a name of that kind becomes an id (raising NotFound), and how names are found in a sentence."""
    _find_id[kind], _slots[kind] = find_id, slot


def subject_id(actor: Actor, name: str) -> int:
    """The id of what that name means to the actor. Raises NotFound or Ambiguous."""
    return _find_id[KIND](actor, name)


def _find(text: str, context: SlotContext) -> list[Found]:
    slot = _slots.get(KIND)
    return slot.find(text, context) if slot else []


Subject = Annotated[
    str,
    Field(max_length=100, description="Only events about this SIM, by any of its names"),
    Slot(KIND, _find, mask="SIM 1234", noun="the SIM"),
]
