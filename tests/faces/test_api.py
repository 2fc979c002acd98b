"""REST: keys, sessions, problems, idempotency; each service is an endpoint by itself."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from iotsim.core import registry
from iotsim.core.keys import create_key
from tests.fleet import make_sim


@pytest.fixture
def membership(make_membership):
    return make_membership("owner")


@pytest.fixture
def api(membership):
    return client_with(create_key(membership)[1])


def client_with(key: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {key}"})


def post(client, path, body=None, **headers):
    return client.post(f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json", headers=headers)


def test_every_service_is_described_in_openapi():
    schema = Client().get("/api/v1/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    described = {one.get("operationId") for path in schema["paths"].values() for one in path.values()}
    assert {service.name for service in registry.all_services()} <= described


def test_every_reference_in_openapi_is_there():
    text = Client().get("/api/v1/openapi.json").content.decode()
    schemas = json.loads(text)["components"]["schemas"]
    referred = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert referred <= schemas.keys()


def test_a_key_lists_the_sims(api, organisation):
    sim = make_sim(organisation)
    answer = api.get("/api/v1/sims")
    assert answer.status_code == 200
    assert [row["iccid"] for row in answer.json()["items"]] == [sim.iccid]


def test_a_filter_is_read_from_the_query(api, organisation):
    make_sim(organisation, cycle_bytes=6_000_000_000)
    make_sim(organisation, cycle_bytes=1)
    answer = api.get("/api/v1/sims", {"min_usage": "5GB", "status": ["active", "suspended"]})
    assert [row["usage_bytes"] for row in answer.json()["items"]] == [6_000_000_000]


def test_a_page_follows_another(api, organisation):
    sims = {make_sim(organisation, cycle_bytes=size).iccid for size in (3, 3, 1, 7, 0)}
    seen, cursor = [], ""
    while cursor is not None:
        page = api.get("/api/v1/sims", {"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [row["iccid"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 5 and set(seen) == sims


def test_nobody_is_told_to_send_a_key(database):
    answer = Client().get("/api/v1/sims")
    assert answer.status_code == 401 and answer["WWW-Authenticate"] == "Bearer"
    assert answer["Content-Type"].startswith("application/problem+json")
    assert "Bearer" in answer.json()["detail"]


def test_a_wrong_method_is_a_problem_that_names_the_right_one(api):
    answer = api.get("/api/v1/sims/plan")
    assert answer.status_code == 405 and answer["Allow"] == "POST"
    assert answer["Content-Type"].startswith("application/problem+json")
    assert answer.json()["detail"] == "GET is not possible at this address; it takes POST."


def test_an_expired_key_is_refused(membership):
    _, key = create_key(membership, expires_at=timezone.now() - timedelta(seconds=1))
    answer = client_with(key).get("/api/v1/sims")
    assert answer.status_code == 401 and "expired" in answer.json()["detail"]


def test_a_revoked_key_is_refused(membership):
    row, key = create_key(membership)
    row.revoked_at = timezone.now()
    row.save()
    answer = client_with(key).get("/api/v1/sims")
    assert answer.status_code == 401 and "revoked" in answer.json()["detail"]


@pytest.mark.parametrize("key", ["iot_", "iot_abc", "nonsense", "iot_abc_def", "iot_a%00_b"])
def test_a_guessed_key_is_refused(database, key):
    assert client_with(key).get("/api/v1/sims").status_code == 401


def test_a_wrong_secret_is_refused(membership):
    _, key = create_key(membership)
    assert client_with(key[:-3] + "xyz").get("/api/v1/sims").status_code == 401


def test_a_key_can_do_only_what_its_scopes_allow(membership, organisation):
    sim = make_sim(organisation)
    _, key = create_key(membership, scopes=["view"])
    client = client_with(key)
    assert client.get("/api/v1/sims").status_code == 200
    answer = post(client, f"sims/{sim.iccid}/status", {"action": "suspend"})
    assert answer.status_code == 403 and answer.json()["type"] == "urn:iotsim:denied"


def test_a_change_is_made_audited_and_undone(api, organisation):
    sim = make_sim(organisation)
    answer = post(api, f"sims/{sim.iccid}/status", {"action": "suspend"})
    assert answer.status_code == 200, answer.content
    event = answer["X-Audit-Event"]
    assert api.get(f"/api/v1/sims/{sim.iccid}").json()["status"] == "suspended"
    undone = post(api, f"audit-events/{event}/undo")
    assert undone.status_code == 200, undone.content
    assert api.get(f"/api/v1/sims/{sim.iccid}").json()["status"] == "active"
    assert post(api, f"audit-events/{event}/undo").status_code == 409


def test_a_repeated_call_with_its_key_is_answered_and_not_repeated(api, organisation):
    sim = make_sim(organisation)
    first = post(api, f"sims/{sim.iccid}/status", {"action": "suspend"}, **{"Idempotency-Key": "abc"})
    again = post(api, f"sims/{sim.iccid}/status", {"action": "suspend"}, **{"Idempotency-Key": "abc"})
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json() and again["Idempotency-Replayed"] == "true"
    other = post(api, f"sims/{sim.iccid}/status", {"action": "resume"}, **{"Idempotency-Key": "abc"})
    assert other.status_code == 409 and "abc" in other.json()["detail"]


def test_a_dry_run_changes_nothing(api, organisation):
    sim = make_sim(organisation)
    answer = post(api, "sims/status?dry_run=true", {"action": "suspend", "sims": [sim.iccid]})
    assert answer.status_code == 200 and answer.json()["count"] == 1
    assert api.get(f"/api/v1/sims/{sim.iccid}").json()["status"] == "active"
    stale = post(api, "sims/status?confirmed=other", {"action": "suspend", "sims": [sim.iccid]})
    assert stale.status_code == 409 and stale.json()["proposal"]["digest"] == answer.json()["digest"]


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("sims/1234/status", {"action": "explode"}, 422, "action"),
        ("sims/1234/status", {}, 422, "action"),
        ("sims/1234/status", {"action": "suspend", "colour": "red"}, 422, "colour"),
        ("sims/1234/status", {"action": "suspend", "sim": "999"}, 422, "sim"),
        ("sims/000000/status", {"action": "suspend"}, 404, "sim"),
    ],
)
def test_a_bad_input_is_answered_with_a_sentence(api, path, body, status, field):
    answer = post(api, path, body)
    assert answer.status_code == status
    assert answer.json()["field"] == field and answer.json()["detail"].endswith(".")


@pytest.mark.parametrize("content", ["{", "[1]", '"x"', "\x00"])
def test_a_body_that_is_no_object_is_refused(api, content):
    answer = api.post("/api/v1/sims/1234/status", content, content_type="application/json")
    assert answer.status_code == 422 and "JSON" in answer.json()["detail"]


def test_a_strangers_sim_does_not_exist(api, other_organisation):
    sim = make_sim(other_organisation)
    assert api.get(f"/api/v1/sims/{sim.iccid}").status_code == 404
    assert post(api, f"sims/{sim.iccid}/status", {"action": "suspend"}).status_code == 404


def test_a_session_needs_a_csrf_token_to_write(make_membership, organisation):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_membership("owner").user)
    sim = make_sim(organisation)
    assert client.get("/api/v1/sims").status_code == 200
    answer = post(client, f"sims/{sim.iccid}/status", {"action": "suspend"})
    assert answer.status_code == 403 and "CSRF" in answer.json()["detail"]


def test_an_unknown_address_is_a_problem_too(api):
    answer = api.get("/api/v1/cheese")
    assert answer.status_code == 404 and answer.json()["type"] == "urn:iotsim:not_found"


def test_the_docs_bring_no_inline_script(database):
    page = Client().get("/api/v1/docs").content.decode()
    assert "<script>" not in page and "cdn" not in page
