"""The form of an answer to an interrupt, as JSON Schema for the client that asks a person."""

from typing import Any, Final

from iotsim.core import registry
from iotsim.core.errors import NotFound

MOST_REASON: Final = 500


def answer_schema(service: str) -> dict[str, Any]:
    """`approved` decides, `reason` is kept, `editedArgs` replaces all arguments of the call where its tool is known."""
    properties: dict[str, Any] = {
        "approved": {"type": "boolean", "description": "Whether the call shall be made"},
        "reason": {"type": "string", "maxLength": MOST_REASON, "description": "Why it is rejected"},
    }
    try:
        schema = registry.get(service).parameters.model_json_schema()
    except NotFound:
        schema = None
    if schema is not None:
        words = "Full replacement of the arguments, not merged with those that were asked for"
        properties["editedArgs"] = {**schema, "description": words}
    return {"type": "object", "properties": properties, "required": ["approved"], "additionalProperties": False}
