"""Example values for OpenAPI, made from JSON schemas alone: what a type names as its example, else a plain one.

An example is valid for its schema as far as the keywords below go; a test holds all of them against the models.
"""

import re
from typing import Any

Json = dict[str, Any]

MOMENT, DAY = "2026-11-01T12:00:00Z", "2026-11-01"
FORMATS = {
    "date-time": MOMENT,
    "date": DAY,
    "uuid": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
    "email": "anna@example.com",
}
# What a field of this name usually holds, where its type names no example.
NAMES: Json = {
    "apn": "iot.example",
    "country": "DE",
    "from_zone": "Europe/Berlin",
    "currency": "EUR",
    "customer": "Acme",
    "email": "anna@example.com",
    "face": "api",
    "iccid": "8944500102030405067",
    "imei": "490154203237518",
    "imsi": "262019876543210",
    "label": "Pump 7",
    "msisdn": "491701234567",
    "operator": "Vodafone",
    "plan": "Basic",
    "status": "active",
    "time_zone": "Europe/Berlin",
    "who": "anna@example.com",
}
DEEPEST = 8


def sample(schema: Json, schemas: Json, *, name: str = "", depth: int = 0) -> Any:
    """An example value for the schema; `schemas` are the components that it may refer to."""
    if "$ref" in schema:
        return sample(schemas.get(schema["$ref"].rpartition("/")[2], {}), schemas, name=name, depth=depth)
    for word in ("const", "example"):
        if word in schema:
            return schema[word]
    for word in ("examples", "enum"):
        if schema.get(word):
            return schema[word][0]
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return sample(_best(options), schemas, name=name, depth=depth)
    return _of_type(schema, schemas, name, depth)


def _best(options: list[Json]) -> Json:
    """The first that is not null: an example should show something."""
    return next((one for one in options if one.get("type") != "null"), options[0])


def _of_type(schema: Json, schemas: Json, name: str, depth: int) -> Any:
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        return _object(schema, schemas, depth)
    if kind == "array":
        return _array(schema, schemas, name, depth)
    if kind == "string":
        return _string(schema, name)
    if kind in {"integer", "number"}:
        return _number(schema, kind)
    return {"boolean": False, "null": None}.get(kind or "", {})


def _object(schema: Json, schemas: Json, depth: int) -> Json:
    if depth >= DEEPEST:
        return {}
    parts = schema.get("properties", {})
    return {one: sample(part, schemas, name=one, depth=depth + 1) for one, part in parts.items()}


def _array(schema: Json, schemas: Json, name: str, depth: int) -> list[Any]:
    if depth >= DEEPEST or "items" not in schema:
        return []
    if "prefixItems" in schema:
        return [sample(one, schemas, depth=depth + 1) for one in schema["prefixItems"]]
    item = sample(schema["items"], schemas, name=name, depth=depth + 1)
    return [item] * max(1, schema.get("minItems", 1))


def _string(schema: Json, name: str) -> str:
    if "format" in schema:
        return str(FORMATS.get(schema["format"], ""))
    text = _fitting(str(NAMES.get(name, name.replace("_", " ") or "text")), schema.get("pattern", ""))
    return text[: schema.get("maxLength", len(text))].ljust(schema.get("minLength", 0), "x")


def _fitting(text: str, pattern: str) -> str:
    """The text, or for a pattern that it does not fit (a decimal number, a currency) one that does."""
    return next((one for one in (text, "1", "EUR") if re.search(pattern, one)), text)


def _number(schema: Json, kind: str) -> float:
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    value = min(low if low > 0 else 1, schema.get("maximum", low if low > 0 else 1))
    return int(value) if kind == "integer" else float(value)
