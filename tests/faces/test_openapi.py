"""What OpenAPI says is true: examples fit their schemas, answers fit what is announced."""

import pytest
from django.test import Client
from pydantic import TypeAdapter

from iotsim.core import registry
from iotsim.core.files import FileAnswer
from iotsim.core.schemas import ApprovalOut
from iotsim.openapi import names_in_path
from iotsim.samples import sample

SERVICES = sorted(registry.all_services(), key=lambda one: one.name)
EVERY = pytest.mark.parametrize("service", SERVICES, ids=[one.name for one in SERVICES])

CHANGING = [one for one in SERVICES if not one.is_read]
WRITING = pytest.mark.parametrize("service", CHANGING, ids=[one.name for one in CHANGING])


@pytest.fixture(scope="module")
def operations(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        schema = Client().get("/api/v1/openapi.json").json()
    return {
        one["operationId"]: one for path in schema["paths"].values() for one in path.values() if "operationId" in one
    }


@EVERY
def test_the_example_of_an_answer_is_one(service, operations):
    responses = operations[service.name]["responses"]
    if issubclass(service.returns, FileAnswer):
        assert "application/octet-stream" in responses["200"]["content"]
        return
    found = responses["202" if service.job else "200"]["content"]["application/json"]["example"]
    service.returns.model_validate(found)
    if "202" in responses and not service.job:
        ApprovalOut.model_validate(responses["202"]["content"]["application/json"]["example"])


@WRITING
def test_the_example_of_a_body_is_accepted(service, operations):
    body = operations[service.name]["requestBody"]["content"]["application/json"]["example"]
    parts = service.parameters.model_json_schema()["properties"]
    in_path = {name: sample(parts[name], {}) for name in names_in_path(service.path)}
    service.validate({**body, **in_path})


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "examples": ["5 GB"]}, "5 GB"),
        ({"enum": ["csv", "pdf"]}, "csv"),
        ({"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 5}]}, 5),
        ({"type": "number", "maximum": 0.5}, 0.5),
        ({"type": "string", "minLength": 8}, "textxxxx"),
        ({"type": "string", "format": "date"}, "2026-11-01"),
        ({"type": "array", "items": {"type": "boolean"}}, [False]),
        ({"$ref": "#/components/schemas/A"}, {"label": "Pump 7"}),
    ],
)
def test_a_sample_fits_its_schema(schema, value):
    schemas = {"A": {"type": "object", "properties": {"label": {"type": "string"}}}}
    assert sample(schema, schemas) == value


def test_a_schema_that_holds_itself_has_an_end():
    tree = {"type": "object", "properties": {"inner": {"$ref": "#/components/schemas/Tree"}}}
    TypeAdapter(dict).validate_python(sample(tree, {"Tree": tree}))
