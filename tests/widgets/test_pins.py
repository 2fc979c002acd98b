"""Widgets on one's own dashboard: kept, named, ordered, removed, and drawn anew with the rights of now."""

import json

import pytest

from copilot.services.pins import MOST, get_pin, list_pins, move_pin, pin_widget, rename_pin, unpin_widget
from iotsim.core.actor import Actor, Face, Run
from iotsim.core.errors import Conflict, Denied, Invalid, NotFound
from iotsim.core.models import Membership
from iotsim.core.services import undo_call
from tests.fleet import make_customer, make_plan, make_sim

GB = 10**9


@pytest.fixture
def sim(organisation):
    return make_sim(organisation, label="truck-1", plan=make_plan(organisation, "Basic"), cycle_bytes=GB // 2)


def card(actor, sim="truck-1", **more):
    return pin_widget(actor, service="get_sim_details", arguments={"sim": sim}, **more)


def titles(actor):
    return [one.title for one in list_pins(actor).items]


def test_what_is_pinned_has_the_name_of_what_it_asks(actor, sim):
    made = card(actor)
    assert (made.title, made.arguments) == ("SIM details: truck-1", {"sim": "truck-1"})
    assert titles(actor) == ["SIM details: truck-1"] and get_pin(actor, pin=made.id).service == "get_sim_details"


def test_a_form_sends_the_arguments_as_text(actor, sim):
    made = pin_widget.call(actor, {"service": "get_sim_details", "arguments": json.dumps({"sim": "truck-1"})}).result
    assert made.arguments == {"sim": "truck-1"}
    with pytest.raises(Invalid, match="no JSON object"):
        pin_widget.call(actor, {"service": "get_sim_details", "arguments": "{"})


def test_pinning_renaming_moving_and_removing_can_be_taken_back(actor, sim):
    first = card(actor)
    outcome = pin_widget.call(actor, {"service": "find_sims", "arguments": {}, "title": "All of them"})
    assert titles(actor) == ["SIM details: truck-1", "All of them"]
    undo_call(actor, event=outcome.event_id)
    assert titles(actor) == ["SIM details: truck-1"]
    second = pin_widget(actor, service="find_sims", arguments={}, title="All of them")
    moved = move_pin.call(actor, {"pin": second.id, "direction": "earlier"})
    assert titles(actor) == ["All of them", "SIM details: truck-1"]
    undo_call(actor, event=moved.event_id)
    renamed = rename_pin.call(actor, {"pin": first.id, "title": "Mine"})
    assert titles(actor) == ["Mine", "All of them"]
    undo_call(actor, event=renamed.event_id)
    removed = unpin_widget.call(actor, {"pin": first.id})
    assert titles(actor) == ["All of them"]
    undo_call(actor, event=removed.event_id)
    assert titles(actor) == ["SIM details: truck-1", "All of them"]


def test_what_cannot_be_pinned(actor, make_actor, sim):
    with pytest.raises(Invalid, match="changes something"):
        pin_widget(actor, service="update_quota", arguments={"sim": "truck-1", "quota": "1 GB"})
    with pytest.raises(NotFound, match="no service called"):
        pin_widget(actor, service="no_such_thing", arguments={})
    with pytest.raises(Invalid, match="knows no colour"):
        pin_widget(actor, service="find_sims", arguments={"colour": "red"})
    with pytest.raises(Denied):
        pin_widget(make_actor("viewer"), service="list_audit_events", arguments={})
    card(actor)
    with pytest.raises(Conflict, match="already"):
        card(actor)
    with pytest.raises(Conflict, match="the first already"):
        move_pin(actor, pin=list_pins(actor).items[0].id, direction="earlier")
    for n in range(MOST - 1):
        pin_widget(actor, service="find_sims", arguments={"limit": n + 1})
    with pytest.raises(Conflict, match="the most"):
        pin_widget(actor, service="find_sims", arguments={"limit": 100})


def test_the_dashboard_is_ones_own(actor, make_actor, other_organisation, sim):
    mine = card(actor)
    colleague = make_actor("owner")
    stranger = make_actor("owner", organisation=other_organisation)
    for somebody in (colleague, stranger):
        assert titles(somebody) == []
        for act in (get_pin, unpin_widget):
            with pytest.raises(NotFound, match="on your dashboard"):
                act(somebody, pin=mine.id)
    machine = actor.at(Face.COPILOT, run=Run(asked=True))
    with pytest.raises(Denied):
        unpin_widget(machine, pin=mine.id)


def test_a_pinned_widget_is_drawn_as_it_is_now(client_for, organisation, sim):
    client = client_for("manager")
    actor = Actor.for_membership(Membership.objects.filter(organization=organisation).latest("pk"), face=Face.WEB)
    number = card(actor).id
    shown = client.get("/copilot/pins/", headers={"HX-Request": "true"}).content.decode()
    assert f'hx-get="/copilot/pins/{number}/"' in shown and f'id="pin-{number}"' in shown
    drawn = client.get(f"/copilot/pins/{number}/").content.decode()
    assert "500\u00a0MB" in drawn and f'id="pin-{number}" aria-labelledby' in drawn and 'data-live="sim usage' in drawn
    assert 'aria-label="More for SIM details: truck-1"' in drawn and "Drawn" in drawn


def test_who_may_not_see_it_any_more_reads_why(client_for, organisation, sim):
    client = client_for("manager")
    row = Membership.objects.filter(organization=organisation).latest("pk")
    actor = Actor.for_membership(row, face=Face.WEB)
    one, log = card(actor), pin_widget(actor, service="list_audit_events", arguments={})
    Membership.objects.filter(pk=row.pk).update(role="viewer", customer_ids=[make_customer(organisation, "Other").pk])
    told = client.get(f"/copilot/pins/{one.id}/").content.decode()
    assert "No SIM is called truck-1" in told and "500\u00a0MB" not in told and "Remove from the dashboard" in told
    assert "Your role (viewer) may not" in client.get(f"/copilot/pins/{log.id}/").content.decode()


def test_a_place_on_the_dashboard_goes_with_the_widget_that_was_removed_meanwhile(client_for, organisation, sim):
    client = client_for("manager")
    actor = Actor.for_membership(Membership.objects.filter(organization=organisation).latest("pk"), face=Face.WEB)
    number = card(actor).id
    unpin_widget(actor, pin=number)
    part = client.get(f"/copilot/pins/{number}/", headers={"HX-Request": "true"})
    assert (part.status_code, part.content) == (200, b"")
    assert client.get(f"/copilot/pins/{number}/").status_code == 404


def test_a_widget_has_an_address_of_its_own(client_for, sim):
    client = client_for("viewer")
    shown = client.get("/copilot/widgets/get_sim_details/?sim=truck-1")
    page = shown.content.decode()
    assert shown.status_code == 200 and "<h1>SIM details: truck-1</h1>" in page and "500\u00a0MB" in page
    assert "Nothing" not in page and "/act/toggle_sim_status/" not in page
    chart = client_for("owner").get("/copilot/widgets/generate_chart/?chart_type=status_breakdown&status=active")
    assert "SIMs by state" in chart.content.decode()
    assert client.get("/copilot/widgets/generate_chart/?chart_type=status_breakdown").status_code == 403
    assert client.get("/copilot/widgets/update_quota/?sim=truck-1&quota=1").status_code == 422
    assert client.get("/copilot/widgets/no_such_thing/").status_code == 404


def test_refreshing_answers_the_part_alone_and_a_failure_leaves_the_old_one(client_for, sim):
    client = client_for("owner")
    headers = {"HX-Request": "true", "HX-Target": "widget-c1-1-0"}
    fresh = client.get("/copilot/widgets/get_sim_details/?sim=truck-1", headers=headers).content.decode()
    assert '<article class="mini widget" id="widget-c1-1-0"' in fresh and "<html" not in fresh
    failed = client.get("/copilot/widgets/get_sim_details/?sim=nobody", headers=headers)
    assert (failed.status_code, failed["HX-Retarget"], failed["HX-Reswap"]) == (200, "#widget-c1-1-0-note", "innerHTML")
    assert "Not refreshed: No SIM is called nobody" in failed.content.decode()
    hostile = {"HX-Request": "true", "HX-Target": 'x"><script>'}
    assert "<script>" not in client.get("/copilot/widgets/find_sims/", headers=hostile).content.decode()


def test_a_list_of_one_in_an_address_is_still_a_list(client_for, sim):
    shown = client_for("owner").get("/copilot/widgets/find_sims/?status=active").content.decode()
    assert "truck-1" in shown
    empty = client_for("owner").get("/copilot/widgets/find_sims/?status=retired").content.decode()
    assert "No SIMs fit (retired)." in empty


def test_with_nobody_signed_in_the_addresses_lead_to_the_sign_in(client, database):
    for address in ("/copilot/pins/", "/copilot/pins/1/", "/copilot/widgets/find_sims/", "/suggestions/"):
        assert client.get(address)["Location"].startswith("/accounts/login/")
