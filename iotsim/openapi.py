"""What OpenAPI says of a service, made from its pydantic models alone."""

import re
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

from iotsim.core.files import FileAnswer
from iotsim.core.proposals import Proposal
from iotsim.core.registry import Service
from iotsim.core.schemas import ApprovalOut
from iotsim.samples import sample

FILE: dict[str, Any] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
REF = "#/components/schemas/{model}"
PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457)",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "A stable name for this kind of problem"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence fit for the user"},
        "instance": {"type": "string", "description": "The request's id"},
        "field": {"type": ["string", "null"]},
        "fields": {"type": "object", "additionalProperties": {"type": "string"}},
        "candidates": {"type": "array", "items": {"type": "string"}},
        "retry_after": {"type": "integer", "description": "Seconds"},
    },
}

Json = dict[str, Any]


class Components:
    """The schemas that operations refer to, collected while they are described."""

    def __init__(self) -> None:
        self.schemas: Json = {"Problem": PROBLEM}
        self.in_paths: dict[str, Json] = {}  # by operation: the schemas of the parts of its address

    def refer(self, model: type[BaseModel], mode: JsonSchemaMode = "serialization") -> Json:
        """Keep the model's schema and answer with a reference to it."""
        schema = model.model_json_schema(mode=mode, ref_template=REF)
        self.schemas.update(schema.pop("$defs", {}))
        self.schemas[model.__name__] = schema
        return {"$ref": REF.format(model=model.__name__)}

    def properties(self, model: type[BaseModel]) -> tuple[Json, set[str]]:
        """The fields of a parameters model, and which of them must be given."""
        schema = model.model_json_schema(ref_template=REF)
        self.schemas.update(schema.pop("$defs", {}))
        return schema.get("properties", {}), set(schema.get("required", ()))


def names_in_path(path: str) -> list[str]:
    return re.findall(r"{(\w+)}", path)


def describe(service: Service[..., Any], components: Components) -> Json:
    """The OpenAPI operation of a service; ninja adds the parts of the path by itself."""
    properties, required = components.properties(service.parameters)
    in_path = names_in_path(service.path)
    components.in_paths[service.name] = {name: _given(properties[name]) for name in in_path}
    parameters: list[Json] = []
    rest = {name: part for name, part in properties.items() if name not in in_path}
    operation: Json = {
        "operationId": service.name,
        "summary": service.title,
        "description": _description(service),
        "tags": [service.app],
        "parameters": parameters,
        "responses": _responses(service, components),
        "x-permission": service.permission.value,
        "x-risk": service.risk_name,
    }
    if service.is_read:
        parameters += [_query_parameter(name, part, name in required) for name, part in rest.items()]
    else:
        parameters += _write_parameters()
        operation["requestBody"] = _body(rest, required - set(in_path), components)
    return operation


def _description(service: Service[..., Any]) -> str:
    said = "".join(f"\n* {one}" for one in service.examples[:3])
    return f"{service.description}\n\nAsk the copilot for the same:{said}" if said else service.description


def _query_parameter(name: str, schema: Json, required: bool) -> Json:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": schema.get("description", ""),
        "schema": _bare(schema),
    }


def _given(schema: Json) -> Json:
    """The schema of what may be left out elsewhere, but never as a part of an address."""
    options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return _bare(options[0] if len(options) == 1 else schema)


def _bare(schema: Json) -> Json:
    """The schema without its description, which stands beside it."""
    return {key: value for key, value in schema.items() if key != "description"}


def _write_parameters() -> list[Json]:
    return [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "A word of yours: repeated with the same arguments, the call is answered, not repeated",
            "schema": {"type": "string", "maxLength": 200},
        },
        {
            "name": "dry_run",
            "in": "query",
            "required": False,
            "description": "Answer with the proposal (what would change) and change nothing",
            "schema": {"type": "boolean"},
        },
        {
            "name": "confirmed",
            "in": "query",
            "required": False,
            "description": "The digest of a proposal: refuse if the facts have changed since",
            "schema": {"type": "string"},
        },
    ]


def _body(properties: Json, required: set[str], components: Components) -> Json:
    schema: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = sorted(required)
    shown = {name: part for name, part in properties.items() if name in required}
    example = sample({"type": "object", "properties": shown}, components.schemas)
    return {"required": bool(required), "content": {"application/json": {"schema": schema, "example": example}}}


def _content(model: type[BaseModel], components: Components) -> Json:
    schema = components.refer(model)
    return {"application/json": {"schema": schema, "example": sample(schema, components.schemas)}}


def _responses(service: Service[..., Any], components: Components) -> dict[int | str, Any]:
    answer = FILE if issubclass(service.returns, FileAnswer) else _content(service.returns, components)
    responses: dict[int | str, Any] = {}  # numbers, as ninja keeps its own: both spellings would stand in the JSON
    if service.job:
        responses[202] = {"description": "The job that does it", "content": answer}
    else:
        if service.proposal is not None:
            shown = components.refer(Proposal)
            answer["application/json"]["schema"] = {"anyOf": [answer["application/json"]["schema"], shown]}
        words = "The answer" if service.proposal is None else "The answer, or the proposal with dry_run"
        responses[200] = {"description": words, "content": answer}
    if not service.is_read and not service.job:
        responses[202] = {
            "description": "Waiting for a person's approval",
            "content": _content(ApprovalOut, components),
        }
    if service.is_read:
        responses[304] = {"description": "The answer is still the one whose ETag came as If-None-Match"}
    problem = {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}}
    responses["default"] = {"description": "A problem, in a sentence", "content": problem}
    return responses
