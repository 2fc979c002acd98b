"""API keys: made by people on the page, never wider than their owner, shown once; what they ask for stays as narrow."""

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from iotsim.core import jobs
from iotsim.core.actor import Actor, Face
from iotsim.core.errors import ApprovalRequired, Conflict, Denied, Invalid, NotFound, Unauthenticated
from iotsim.core.keys import actor_of_key, create_api_key, create_key, list_api_keys, revoke_api_key
from iotsim.core.models import ApiKey, Approval, AuditEvent, IdempotencyKey, Job
from iotsim.core.services import approve_call
from iotsim.core.tenancy import tenant
from sims.services.intake import import_usage
from sims.services.status import change_status_in_bulk
from tests.accounts.people import PASSWORD, give_password, sign_in
from tests.fleet import make_sim


def test_a_key_works_with_its_scopes_and_no_others(make_actor, client):
    answer = create_api_key(make_actor("developer"), name="CI", scopes=["view"], days=30)
    assert answer.key.startswith(answer.start) and answer.scopes == ["view"]
    assert answer.expires_at and timedelta(days=29) < answer.expires_at - timezone.now() < timedelta(days=31)
    bearer = {"Authorization": f"Bearer {answer.key}"}
    assert client.get("/api/v1/sims", headers=bearer).status_code == 200
    assert client.get("/api/v1/api-keys", headers=bearer).status_code == 403


def test_a_key_may_no_more_than_its_owner(make_actor):
    with pytest.raises(Denied, match="may not operate itself"):
        create_api_key(make_actor("developer"), name="CI", scopes=["view", "operate"])
    with pytest.raises(Denied):
        create_api_key(make_actor("manager"), name="CI", scopes=["view"])
    with pytest.raises(Invalid, match="Scopes"):
        create_api_key(make_actor("owner"), name="CI", scopes=["fly"])


def test_neither_a_machine_nor_another_key_makes_keys(make_actor, make_membership):
    with pytest.raises(Denied, match="for people"):
        create_api_key(make_actor("owner", "copilot"), name="CI", scopes=["view"])
    _, key = create_key(make_membership("owner"))
    with pytest.raises(Denied, match="cannot make another"):
        create_api_key(actor_of_key(key), name="CI", scopes=["view"])


def test_everybody_sees_their_own_and_who_runs_the_organisation_all(make_actor, other_organisation):
    owner, dev, other = make_actor("owner"), make_actor("developer"), make_actor("developer")
    mine = create_api_key(dev, name="mine", scopes=["view"])
    create_api_key(other, name="theirs", scopes=["view"])
    assert [one.name for one in list_api_keys(dev).items] == ["mine"]
    assert {one.name for one in list_api_keys(owner).items} == {"mine", "theirs"}
    assert list_api_keys(make_actor("owner", organisation=other_organisation)).items == []
    with pytest.raises(NotFound):
        revoke_api_key(other, key=mine.id)


def test_a_revoked_key_is_refused_from_then_on(make_actor):
    dev = make_actor("developer")
    made = create_api_key(dev, name="CI", scopes=["view"])
    assert actor_of_key(made.key).key_id == made.id
    assert "is revoked" in revoke_api_key(make_actor("admin"), key=made.id).sentence
    with pytest.raises(Unauthenticated, match="revoked"):
        actor_of_key(made.key)
    with pytest.raises(Conflict, match="revoked already"):
        revoke_api_key(dev, key=made.id)
    assert [one.state for one in list_api_keys(dev).items] == ["revoked"]
    assert list_api_keys(dev, only_active=True).items == []


def test_the_key_is_kept_nowhere(make_actor, organisation, caplog):
    caplog.set_level(logging.DEBUG)
    dev = make_actor("developer")
    given = {"name": "CI", "scopes": ["view"]}
    made = create_api_key.call(dev, given, idempotency_key="key-1").result
    secret = made.key.split("_", 2)[2]
    again = create_api_key.call(dev, given, idempotency_key="key-1")
    assert again.replayed and again.result.key == "" and again.result.id == made.id
    kept = str(list(IdempotencyKey.objects.filter(organization=organisation).values()))
    kept += str(list(ApiKey.objects.filter(pk=made.id).values()))
    with tenant(organisation.pk):
        kept += str(list(AuditEvent.objects.values()))
    assert secret not in kept and secret not in caplog.text


def test_a_key_that_asks_for_a_job_gives_it_no_more_than_its_scopes(make_membership, organisation):
    member = make_membership("manager")
    _, key = create_key(member, scopes=["view", "operate"])
    job = import_usage(actor_of_key(key), upload_id=1)
    with tenant(organisation.pk):
        kept = Job.objects.get(pk=job.id)
        assert kept.scopes == ["operate", "view"]
        # The same again as a narrower key would have left it, and no worker knows of it.
        kept.pk, kept.state, kept.scopes, kept.attempts, kept.lease_until = None, "queued", ["view"], 0, None
        kept.save()
    jobs.run_job(organisation.pk, kept.pk)
    with tenant(organisation.pk):
        done = Job.objects.get(pk=kept.pk)
    assert done.state == "failed" and "may not use" in done.error


def test_a_key_that_asks_for_an_approval_gives_it_no_more_than_its_scopes(make_membership, make_actor, organisation):
    member = make_membership("manager")
    _, key = create_key(member, scopes=["view", "operate"])
    machine = actor_of_key(key, face=Face.MCP)
    sims = [make_sim(organisation).iccid for _ in range(2)]
    with pytest.raises(ApprovalRequired) as waiting:
        change_status_in_bulk(machine, action="suspend", sims=sims)
    number = waiting.value.approval.id
    with tenant(organisation.pk):
        assert Approval.objects.get(pk=number).scopes == ["operate", "view"]
        Approval.objects.filter(pk=number).update(scopes=["view"])
    refused = approve_call(make_actor("owner"), approval=number)
    assert refused.state == "failed" and "may not use" in refused.error


def test_a_person_who_asks_keeps_all_that_the_role_allows(make_actor, organisation):
    person: Actor = make_actor("manager")
    job = import_usage(person, upload_id=1)
    with tenant(organisation.pk):
        assert Job.objects.get(pk=job.id).scopes is None


def test_making_a_key_on_the_page_asks_again_who_one_is(make_membership):
    browser = sign_in(give_password(make_membership("developer").user))
    asked = browser.get("/settings/keys/?new=1")
    assert asked.status_code == 302 and asked["Location"].startswith(
        "/accounts/reauthenticate/?next=%2Fsettings%2Fkeys"
    )
    back = browser.post(asked["Location"], {"password": PASSWORD, "next": "/settings/keys/?new=1"})
    assert back.status_code == 302 and back["Location"] == "/settings/keys/?new=1"
    form = browser.get("/settings/keys/?new=1").content.decode()
    assert 'value="keys"' in form and 'value="operate"' not in form
    made = browser.post(
        "/settings/keys/",
        {"name": "CI", "scopes": ["view"], "days": "7"},
        headers={"HX-Request": "true", "HX-Target": "new_key"},
    ).content.decode()
    assert "curl -H" in made and "shown this once" in made and made.count("iot_") >= 2
    later = browser.get("/settings/keys/").content.decode()
    assert "CI" in later and "curl" not in later


def test_what_is_sensitive_sends_a_click_to_the_question_who_one_is(make_membership, actor):
    browser = sign_in(give_password(make_membership("owner").user))
    answer = browser.post("/act/transfer_ownership/", {"member": actor.name}, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"].startswith("/accounts/reauthenticate/")
