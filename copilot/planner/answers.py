"""Sentences about results: the service's own sentence first, then the first few rows. No language model."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from copilot.planner.memory import items_of
from iotsim.core.wording import size

_NAMES: Final = ("label", "name", "title", "iccid", "service", "id")
_FIRST_ROWS: Final = 3


def answer_for(call: Mapping[str, Any], result: Any) -> str:
    """What to tell the person about a call's result (the JSON of its schema, an error, or text)."""
    if not isinstance(result, Mapping):
        return str(result or "Done.").strip()
    sentence = str(_first(result, ("sentence", "error", "detail")) or "")
    items = items_of(dict(result)) if isinstance(result.get("items"), list) else []
    rows = [text for text in (describe(item) for item in items[:_FIRST_ROWS]) if text]
    if not sentence:
        sentence = f"{len(items)} found." if "items" in result else "Done."
    return f"{sentence} {_listed(rows, of=len(items))}".strip() if rows else sentence


_OVER: Final = frozenset({"failed", "denied", "cancelled", "waiting_for_approval"})


def is_over(result: Any) -> bool:
    """Whether nothing should follow this answer of a tool: it failed, was refused, or waits for a person."""
    return not isinstance(result, Mapping) or "error" in result or result.get("status") in _OVER


def _first(result: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((result[name] for name in names if result.get(name)), None)


def describe(item: Mapping[str, Any]) -> str:
    """One row in words: its name, its usage or size, its state ("truck-17 (4.12 GB, active)")."""
    name = next((str(item[field]) for field in _NAMES if item.get(field)), "")
    if name.isdigit() and len(name) > 8:
        name = f"…{name[-4:]}"
    amounts = [
        size(value)
        for field, value in item.items()
        if field in ("usage_bytes", "total_bytes") and isinstance(value, int)
    ]
    states = [str(item[field]).replace("_", " ") for field in ("status", "state", "outcome") if item.get(field)]
    facts = ", ".join([*amounts, *states[:1]])
    return f"{name} ({facts})" if name and facts else name


def _listed(rows: Sequence[str], *, of: int) -> str:
    start = "The first are" if of > len(rows) else ("It is" if len(rows) == 1 else "They are")
    joined = rows[0] if len(rows) == 1 else f"{', '.join(rows[:-1])} and {rows[-1]}"
    return f"{start} {joined}."
