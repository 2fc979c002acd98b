"""Requests that nobody thought of, made from the OpenAPI document: no answer may be a server error or a surprise.

SCHEMATHESIS_EXAMPLES sets how many for each endpoint (`make test-full` and longer runs: 200 and more).
"""

import os

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as rules
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from iotsim.core import registry
from iotsim.core.keys import create_key
from iotsim.core.models import Membership, Organization, User
from tests.fleet import make_sim

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "8"))
CHECKS = (not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance)
SERVICES = sorted(one.name for one in registry.all_services())


@pytest.fixture(scope="module")
def operations(django_db_setup, django_db_blocker):
    """Every endpoint by its operation id."""
    with django_db_blocker.unblock():
        schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    found = (result.ok() for result in schema.get_all_operations())
    return {one.definition.raw["operationId"]: one for one in found}


@pytest.fixture
def key(organisation):
    """The key of an owner, in an organisation with two SIMs."""
    user = User.objects.create_user(f"{organisation.slug}@example.com")
    for label in ("pump", "meter"):
        make_sim(organisation, label=label)
    return create_key(Membership.objects.create(user=user, organization=organisation, role="owner"))[1]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "misfitting"])
@pytest.mark.parametrize("service", SERVICES)
def test_no_request_breaks_the_server(service, mode, operations, key, settings):
    settings.API_REQUESTS_PER_MINUTE = 0

    @rules(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operations[service].as_strategy(generation_mode=mode))
    def attempt(case):
        answer = case.call(headers={"Authorization": f"Bearer {key}"})
        case.validate_response(answer, checks=CHECKS)

    attempt()


def test_every_endpoint_is_among_them(operations):
    assert set(SERVICES) <= set(operations) and "upload_file" in operations
    assert Organization.objects.exists()
