"""Raw arguments, before they are understood: what no parameter can mean and no database can keep."""

import re
from collections.abc import Mapping
from typing import Any

from iotsim.core.errors import Invalid

MAX_DEPTH = 20
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def clean(text: str) -> str:
    """The text without what PostgreSQL refuses: zero bytes, and halves of characters."""
    return _UNSTORABLE.sub("", text)


def check_raw(raw: Mapping[str, Any]) -> None:
    """Raise Invalid for text that cannot be kept, or values nested without end."""
    for name, value in raw.items():
        field = clean(str(name))
        if field != name:
            raise Invalid("The name of an argument has characters that are not text.", field=field)
        level = [value]
        for _ in range(MAX_DEPTH):
            if any(isinstance(one, str) and _UNSTORABLE.search(one) for one in level):
                words = field.replace("_", " ").capitalize()
                raise Invalid(f"{words} has characters that are not text; leave them out.", field=field)
            level = [inner for one in level for inner in _inside(one)]
            if not level:
                break
        else:
            raise Invalid(f"{field.replace('_', ' ').capitalize()} is nested too deeply.", field=field)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    return list(value) if isinstance(value, list | tuple) else []
