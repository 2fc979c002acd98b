"""The names an organisation uses (plans, tags, customers, ...), for finding them in a sentence."""

from datetime import date
from typing import Any, Final

from iotsim.core import registry
from iotsim.core.actor import Actor
from iotsim.core.errors import Denied, NotFound
from iotsim.core.slots import SlotContext

_SERVICE: Final = "list_filter_choices"  # answers with a list of names for each kind: plans, tags, customers


def context_for(actor: Actor, *, today: date) -> SlotContext:
    """What the slots may know for this person: the day and the names they may see (none if they may see none)."""
    try:
        choices = registry.get(_SERVICE)(actor).model_dump(mode="json")
    except (NotFound, Denied):
        return SlotContext(today=today)
    lists = {name.removesuffix("s"): _plain(value) for name, value in choices.items() if isinstance(value, list)}
    return SlotContext(today=today, names=lambda kind: lists.get(kind, []))


def _plain(values: list[Any]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def names_of(context: SlotContext) -> list[str]:
    """What the organisation calls its things: not to be taken for words of a language."""
    return [name for kind in ("customer", "plan", "tag") for name in context.names(kind)]
