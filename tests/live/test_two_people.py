"""Two people edit one SIM: the second is told what changed, by whom and when, and keeps their own words."""

import html
import re

import pytest

from iotsim.core.errors import Conflict, Denied, Moved, NotFound
from iotsim.core.models import AuditEvent
from iotsim.core.services import undo_call
from iotsim.core.tenancy import tenant
from sims.models import Sim
from sims.services.editing import update_sim
from sims.services.fleet import get_sim_details
from tests.fleet import make_customer, make_sim

HTMX = {"HX-Request": "true"}


@pytest.fixture
def sim(organisation):
    make_customer(organisation, "Harbour")
    return make_sim(organisation, label="crane 7", customer=make_customer(organisation, "Acme"))


def edit_button(client, sim) -> str:
    """The address that the page's Edit button opens."""
    page = client.get(f"/sims/{sim.iccid}/").content.decode()
    return html.unescape(re.search(r'hx-get="(/act/update_sim/[^"]+)"', page)[1])


def filled(dialog) -> dict[str, str]:
    """The dialog's form as a browser would send it."""
    inputs = re.findall(r"<input[^>]+>", dialog.content.decode())
    pairs = [(re.search(r'name="([^"]+)"', one), re.search(r'value="([^"]*)"', one)) for one in inputs]
    return {name[1]: html.unescape(value[1]) for name, value in pairs if name and value}


def press(client, form: dict[str, str]):
    return client.post("/act/update_sim/", form, headers=HTMX)


def label_of(actor, sim) -> str:
    return get_sim_details(actor, sim=sim.iccid).label


def test_label_customer_and_device_are_changed_and_can_be_taken_back(actor, sim):
    done = update_sim(actor, sim=sim.iccid, label="crane 8", customer="harbour", device="Crane")
    assert 'the label is "crane 8" now, it was "crane 7"' in done.sentence and '"Harbour"' in done.sentence
    found = get_sim_details(actor, sim=sim.iccid)
    assert (found.label, found.customer, found.device) == ("crane 8", "Harbour", "Crane")
    undo_call(actor)
    found = get_sim_details(actor, sim=sim.iccid)
    assert (found.label, found.customer, found.device) == ("crane 7", "Acme", None)


def test_an_emptied_value_takes_it_away_and_what_is_not_given_stays(actor, sim):
    update_sim(actor, sim=sim.iccid, label="")
    found = get_sim_details(actor, sim=sim.iccid)
    assert (found.label, found.customer) == ("", "Acme")


def test_the_second_to_change_the_same_is_told_what_who_and_when(actor, make_actor, sim):
    other = make_actor("manager")
    update_sim(other, sim=sim.iccid, label="crane 9", expected_label="crane 7")
    with pytest.raises(Moved) as told:
        update_sim(actor, sim=sim.iccid, label="crane 8", expected_label="crane 7")
    at = r"At \d\d:\d\d "
    assert re.match(at + re.escape(other.name) + ' changed the label from "crane 7" to "crane 9"', told.value.sentence)
    assert told.value.current == {"expected_label": "crane 9"}
    assert label_of(actor, sim) == "crane 9"
    update_sim(actor, sim=sim.iccid, label="crane 8", **told.value.current)
    assert label_of(actor, sim) == "crane 8"


def test_two_who_change_different_things_both_succeed(actor, make_actor, sim):
    seen = {"expected_label": "crane 7", "expected_customer": "Acme", "expected_device": ""}
    update_sim(make_actor("manager"), sim=sim.iccid, label="crane 9", customer="Acme", device="", **seen)
    update_sim(actor, sim=sim.iccid, label="crane 7", customer="Harbour", device="", **seen)
    found = get_sim_details(actor, sim=sim.iccid)
    assert (found.label, found.customer) == ("crane 9", "Harbour")


def test_taking_back_refuses_when_somebody_has_changed_it_since(actor, make_actor, sim, organisation):
    update_sim(actor, sim=sim.iccid, label="crane 8")
    with tenant(organisation.pk, read_only=True):
        event = AuditEvent.objects.latest("pk").pk
    update_sim(make_actor("manager"), sim=sim.iccid, label="crane 9")
    with pytest.raises(Conflict, match="crane 9"):
        undo_call(actor, event=event)
    assert label_of(actor, sim) == "crane 9"


def test_the_dialog_keeps_the_second_persons_words_and_offers_both_ways(client_for, make_actor, actor, sim):
    browser = client_for("manager")
    dialog = browser.get(edit_button(browser, sim), headers=HTMX)
    form = filled(dialog)
    assert form["label"] == "crane 7" and form["expected_device"] == ""
    update_sim(make_actor("manager"), sim=sim.iccid, label="crane <9>")
    refused = press(browser, {**form, "label": "my crane"})
    text = refused.content.decode()
    assert refused.status_code == 409 and "crane &lt;9&gt;" in text and "nothing of yours was saved" in text
    assert filled(refused)["label"] == "my crane" and "Save mine instead" in text
    theirs = browser.get(html.unescape(re.search(r'hx-get="([^"]+)"[^>]*>Show theirs', text)[1]), headers=HTMX)
    assert filled(theirs)["label"] == "crane <9>" and label_of(actor, sim) == "crane <9>"
    assert press(browser, filled(refused)).status_code == 200
    assert label_of(actor, sim) == "my crane"


def test_the_dialog_can_empty_a_field_and_says_when_it_was_empty_before(client_for, make_actor, actor, sim):
    browser = client_for("manager")
    form = filled(browser.get(edit_button(browser, sim), headers=HTMX))
    assert press(browser, {**form, "label": ""}).status_code == 200
    assert label_of(actor, sim) == ""
    form = filled(browser.get(edit_button(browser, sim), headers=HTMX))
    update_sim(make_actor("manager"), sim=sim.iccid, device="Crane")
    assert press(browser, {**form, "device": "Digger"}).status_code == 409
    assert get_sim_details(actor, sim=sim.iccid).device == "Crane"


def test_the_api_answers_409_with_what_is_there_now(client_for, make_actor, sim):
    browser = client_for("manager")
    update_sim(make_actor("manager"), sim=sim.iccid, label="crane 9")
    body = {"label": "crane 8", "expected_label": "crane 7"}
    answer = browser.post(f"/api/v1/sims/{sim.iccid}/edit", body, content_type="application/json")
    assert answer.status_code == 409 and answer.json()["current"] == {"expected_label": "crane 9"}
    assert answer.json()["type"] == "urn:iotsim:moved"


def test_a_quota_that_somebody_else_changed_is_not_overwritten_unseen(client_for, organisation, sim):
    browser = client_for("owner")
    page = browser.get(f"/sims/{sim.iccid}/").content.decode()
    address = html.unescape(re.search(r'hx-get="(/act/update_quota/[^"]+)"', page)[1])
    form = filled(browser.get(address, headers=HTMX))
    with tenant(organisation.pk):
        Sim.objects.filter(pk=sim.pk).update(quota_bytes=5_000_000)
    refused = browser.post("/act/update_quota/", {**form, "quota": "1 GB"}, headers=HTMX)
    assert refused.status_code == 409 and "5.00\xa0MB by now" in refused.content.decode()
    assert browser.post("/act/update_quota/", filled(refused), headers=HTMX).status_code == 200


def test_whoever_is_limited_to_customers_cannot_hand_a_sim_to_others(make_actor, sim):
    limited = make_actor("manager", customer_ids=[sim.customer_id])
    with pytest.raises(NotFound, match="Harbour"):
        update_sim(limited, sim=sim.iccid, customer="Harbour")
    with pytest.raises(Denied, match="must stay with one of them"):
        update_sim(limited, sim=sim.iccid, customer="")


def test_a_retired_sim_cannot_be_edited(actor, organisation):
    with pytest.raises(Conflict, match="retired"):
        update_sim(actor, sim=make_sim(organisation, status="retired").iccid, label="x")
