"""From a service's schema to the fields of a form: only what the schema says, nothing of the domain."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from iotsim.core.registry import Service


@dataclass(frozen=True)
class FormField:
    """One field. `kind`: text, number, date, select, checkbox or textarea."""

    name: str
    label: str
    kind: str
    value: Any
    required: bool
    help: str
    error: str = ""
    options: list[dict[str, str]] = field(default_factory=list)


def form_of(
    service: Service[..., Any],
    raw: Mapping[str, Any],
    *,
    only: Collection[str],
    errors: Mapping[str, str],
) -> list[FormField]:
    """The fields named in `only`, in the order of the signature, with what was given and what is wrong with it."""
    schema = service.parameters.model_json_schema()
    required = set(schema.get("required", ()))
    return [
        _field(name, _plain(part, schema), raw.get(name), name in required, errors.get(name, ""))
        for name, part in schema.get("properties", {}).items()
        if name in only
    ]


def _plain(part: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The part without `X | null` and references, its description kept."""
    chosen = part
    while options := [one for one in chosen.get("anyOf", ()) if one.get("type") != "null"]:
        chosen = {**{word: chosen[word] for word in ("description",) if word in chosen}, **options[0]}
    reference = chosen.get("$ref", "").removeprefix("#/$defs/")
    resolved = schema["$defs"][reference] if reference else chosen
    return {**part, **resolved, "description": part.get("description") or resolved.get("description", "")}


def _field(name: str, part: Mapping[str, Any], value: Any, required: bool, error: str) -> FormField:
    options = [{"value": str(one), "label": str(one).replace("_", " ")} for one in part.get("enum", ())]
    label = part.get("x-label") or name.replace("_", " ").capitalize()
    if value is None:
        value = part.get("default")
    return FormField(name, label, _kind(part, options), value, required, part["description"], error, options)


def _kind(part: Mapping[str, Any], options: list[dict[str, str]]) -> str:
    if options:
        return "select"
    if part.get("format") == "date":
        return "date"
    if part.get("type") == "boolean":
        return "checkbox"
    # A whole number may be written as "2 GB", so only numbers without a vocabulary get a number field.
    return "textarea" if part.get("maxLength", 0) >= 500 else "text"
