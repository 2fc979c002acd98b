"""A record in JSON as columns of text: {"volume": {"total": 1.5}} is the column volume.total (pure; no Django).

Numbers stay as they are written, so that nothing is rounded on the way.
"""

import json
from typing import Any

MOST_COLUMNS = 500
DEEPEST = 8


def flat(line: str | bytes) -> dict[str, str]:
    """The values of one JSON object by their paths. Raises ValueError with a reason for the user."""
    try:
        found = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise ValueError("the line is not a whole JSON object") from error
    if not isinstance(found, dict):
        raise ValueError("the line is not a JSON object with named values")
    values: dict[str, str] = {}
    _collect(found, "", values, DEEPEST)
    return values


def _collect(found: dict[str, Any], path: str, values: dict[str, str], depth: int) -> None:
    for name, value in found.items():
        if isinstance(value, dict):
            if depth == 0:
                raise ValueError("the JSON object is nested too deeply")
            _collect(value, f"{path}{name}.", values, depth - 1)
        elif not isinstance(value, list):
            values[clean(f"{path}{name}")] = _text(value)
            if len(values) > MOST_COLUMNS:
                raise ValueError(f"the JSON object has more than {MOST_COLUMNS} values")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return clean(str(value))


def clean(text: str) -> str:
    """Without zero bytes, line breaks and halves of characters, which no column can hold."""
    if text.isascii() and text.isprintable():
        return text
    text = text.encode("utf-8", errors="replace").decode()
    return text.replace("\0", "\ufffd").replace("\n", " ").replace("\r", " ")
