"""/act/<name>/: a dialog with the proposal, then the call, then a toast with Undo."""

import re

import pytest
from django.test import Client

from iotsim.core.models import Membership
from iotsim.core.tenancy import tenant
from sims.models import Sim
from tests.fleet import make_plan, make_sim

HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(client_for):
    return client_for("owner")


def ask(client, name, query=""):
    return client.get(f"/act/{name}/?{query}", headers=HTMX)


def press(client, name, **data):
    return client.post(f"/act/{name}/", data, headers=HTMX)


def status_of(sim) -> str:
    with tenant(sim.organization_id):
        return Sim.objects.get(pk=sim.pk).status


def hidden(page) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()))


def test_a_dialog_shows_what_would_change_and_the_button_says_the_act(browser, organisation):
    sim = make_sim(organisation, label="truck-1")
    page = ask(browser, "toggle_sim_status", f"sim={sim.iccid}&action=suspend")
    text = page.content.decode()
    assert page.status_code == 200
    assert "Suspend SIM truck-1</button>" in text and "suspended" in text
    assert status_of(sim) == "active"


def test_pressing_the_button_acts_and_offers_undo(browser, organisation):
    sim = make_sim(organisation)
    page = press(browser, "toggle_sim_status", sim=sim.iccid, action="suspend")
    assert page.status_code == 200 and page["HX-Trigger"] == "iotsim:changed"
    event = re.search(r'"event": (\d+)', page.content.decode().replace("&quot;", '"'))[1]
    assert status_of(sim) == "suspended"
    assert press(browser, "undo_call", event=event).status_code == 200
    assert status_of(sim) == "active"


def test_danger_is_not_done_before_the_proposal_was_seen(browser, organisation):
    sim = make_sim(organisation)
    first = press(browser, "retire_sim", sim=sim.iccid)
    assert first.status_code == 409 and status_of(sim) == "active"
    assert "Cannot be undone" in first.content.decode()
    fields = hidden(first)
    fields.pop("csrfmiddlewaretoken", None)
    assert press(browser, "retire_sim", **fields).status_code == 200
    assert status_of(sim) == "retired"


def test_several_sims_travel_through_the_dialog(browser, organisation):
    sims = [make_sim(organisation) for _ in range(2)]
    query = "&".join(f"sims={sim.iccid}" for sim in sims)
    page = ask(browser, "change_status_in_bulk", f"action=suspend&{query}")
    assert "Suspend 2 SIMs" in page.content.decode()
    confirmed = hidden(page)["confirmed"]
    press(browser, "change_status_in_bulk", action="suspend", sims=[sim.iccid for sim in sims], confirmed=confirmed)
    assert [status_of(sim) for sim in sims] == ["suspended", "suspended"]


def test_a_missing_value_is_asked_for_and_a_wrong_one_told_at_its_field(browser, organisation):
    sim = make_sim(organisation, plan=make_plan(organisation))
    page = ask(browser, "update_quota", f"sim={sim.iccid}")
    assert 'name="quota"' in page.content.decode()
    wrong = press(browser, "update_quota", sim=sim.iccid, quota="lots", fields="quota")
    text = wrong.content.decode()
    assert wrong.status_code == 422 and 'value="lots"' in text and 'aria-invalid="true"' in text
    assert press(browser, "update_quota", sim=sim.iccid, quota="2 GB", fields="quota").status_code == 200


def test_an_illegal_step_is_told_in_the_dialog(browser, organisation):
    sim = make_sim(organisation, status="retired", label="old")
    page = ask(browser, "toggle_sim_status", f"sim={sim.iccid}&action=resume")
    assert page.status_code == 422 and "retired, which is final" in page.content.decode()


def test_what_a_label_says_is_text(browser, organisation):
    sim = make_sim(organisation, label="<script>alert(1)</script>")
    for page in (
        ask(browser, "toggle_sim_status", f"sim={sim.iccid}&action=suspend"),
        press(browser, "toggle_sim_status", sim=sim.iccid, action="suspend"),
    ):
        assert "<script>alert" not in page.content.decode()


def test_nobody_is_sent_to_sign_in(database):
    page = Client().get("/act/find_sims/")
    assert page.status_code == 302 and page["Location"].startswith("/accounts/login/")


def test_a_post_without_token_is_refused(make_membership, organisation):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_membership("owner").user)
    sim = make_sim(organisation)
    assert press(client, "toggle_sim_status", sim=sim.iccid, action="suspend").status_code == 403
    assert status_of(sim) == "active"


def test_an_unknown_service_is_not_found(browser):
    assert ask(browser, "explode").status_code == 404


def test_a_member_of_nothing_is_told_so(make_membership):
    membership = make_membership("owner")
    client = Client()
    client.force_login(membership.user)
    Membership.objects.all().filter(pk=membership.pk).delete()
    page = client.get("/act/find_sims/")
    assert page.status_code == 403 and "member of no organisation" in page.content.decode()


def test_a_member_of_two_organisations_goes_over_to_the_other(make_membership, organisation, other_organisation):
    membership = make_membership("owner")
    Membership.objects.create(user=membership.user, organization=other_organisation, role="viewer")
    sim = make_sim(other_organisation)
    client = Client()
    client.force_login(membership.user)
    client.post("/organization/", {"slug": organisation.slug})
    assert client.get(f"/api/v1/sims/{sim.iccid}").status_code == 404
    client.post("/organization/", {"slug": other_organisation.slug})
    assert client.get(f"/api/v1/sims/{sim.iccid}").status_code == 200
    assert client.post("/organization/", {"slug": "elsewhere"}).status_code == 404


def test_without_script_the_page_one_came_from_is_shown_again(browser, organisation):
    sim = make_sim(organisation)
    data = {"sim": sim.iccid, "action": "suspend"}
    page = browser.post("/act/toggle_sim_status/", data, headers={"Referer": "http://testserver/sims/"})
    assert page.status_code == 302 and page["Location"] == "http://testserver/sims/"
    evil = browser.post("/act/toggle_sim_status/", data, headers={"Referer": "https://evil.example/"})
    assert "evil" not in evil.get("Location", "")
