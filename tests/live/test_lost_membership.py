"""Somebody is removed while signed in: they are told, and nothing they do lands in another organisation."""

import re

import pytest

from iotsim.core.models import Membership
from iotsim.core.tenancy import tenant
from sims.models import Sim
from tests.fleet import make_sim


@pytest.fixture
def removed(make_membership, organisation, other_organisation, client):
    """A client of a person who worked in `organisation`, was removed from it, and is a member of the other one too."""
    membership = make_membership("manager")
    other_organisation.name = "A stranger"  # first by name: where one would land without having chosen
    other_organisation.save()
    client.force_login(membership.user)
    assert organisation.name in client.get("/").content.decode()
    Membership.objects.create(user=membership.user, organization=other_organisation, role="owner")
    assert f'<span class="cut">{organisation.name}</span>' in client.get("/").content.decode()
    membership.delete()
    return client


def test_the_next_page_says_so_and_lets_one_choose(removed, organisation, other_organisation):
    answer = removed.get("/sims/")
    text = answer.content.decode()
    assert answer.status_code == 403 and f"You are no longer a member of {organisation.name}" in text
    assert other_organisation.slug in text and "Choose where to go on" in text
    assert removed.post("/organization/", {"slug": other_organisation.slug})["Location"] == "/"
    assert other_organisation.name in removed.get("/").content.decode()


def test_an_act_lands_nowhere_else(removed, organisation, other_organisation):
    ours = make_sim(organisation)
    theirs = make_sim(other_organisation, iccid=ours.iccid)
    form = {"sim": ours.iccid, "action": "suspend"}
    answer = removed.post("/act/toggle_sim_status/", form, headers={"HX-Request": "true"})
    assert answer.status_code == 403
    assert re.search(r"data-sentence>You are no longer a member of", answer.content.decode())
    api = removed.post("/api/v1/sims/" + ours.iccid + "/edit", {"label": "x"}, content_type="application/json")
    assert api.status_code == 403 and "no longer a member" in api.json()["detail"]
    for sim in (ours, theirs):
        with tenant(sim.organization_id, read_only=True):
            assert Sim.objects.get(pk=sim.pk).status == "active"


def test_whoever_has_no_other_organisation_is_told_whom_to_ask(make_membership, organisation, client):
    membership = make_membership("viewer")
    client.force_login(membership.user)
    client.get("/")
    membership.delete()
    answer = client.get("/")
    assert answer.status_code == 403 and "ask an administrator to invite you" in answer.content.decode()
