"""Customers and plans: their figures, who may change them, what it costs, and how it is taken back."""

from datetime import date

import pytest

from iotsim.core.actor import Face, Run
from iotsim.core.errors import ApprovalRequired, ConfirmationRequired, Conflict, Denied, Invalid
from iotsim.core.models import AuditEvent
from iotsim.core.services import undo_call
from iotsim.core.tenancy import tenant
from sims.models import Customer, Device, Plan
from sims.services.customers import create_customer, delete_customer, list_customers, update_customer
from sims.services.plans import create_plan, delete_plan, list_plans, update_plan
from tests.fleet import make_customer, make_plan, make_sim

HTMX = {"HX-Request": "true"}


def last_event(organisation) -> AuditEvent:
    with tenant(organisation.pk):
        return AuditEvent.objects.latest("pk")


def names(model, organisation) -> list[str]:
    with tenant(organisation.pk):
        return list(model.objects.order_by("name").values_list("name", flat=True))


# --- customers ---


def test_customers_are_listed_with_their_figures(actor, organisation, other_organisation):
    plan = make_plan(organisation, price_cents=250)
    acme = make_customer(organisation, "Acme")
    make_customer(organisation, "Zebra"), make_customer(other_organisation, "Hidden")
    make_sim(organisation, customer=acme, plan=plan, cycle_bytes=10**9)
    make_sim(organisation, customer=acme, plan=plan, cycle_bytes=10**6, status="suspended")
    make_sim(organisation, customer=acme, plan=plan, status="retired")
    first, second = list_customers(actor).items
    assert (first.name, first.sims, first.active, first.usage_bytes) == ("Acme", 3, 1, 1_001_000_000)
    assert first.monthly_cents == 500 and second.sims == 0


def test_customers_come_in_pages(actor, organisation):
    for name in ("A", "B", "C"):
        make_customer(organisation, name)
    first = list_customers(actor, limit=2)
    rest = list_customers(actor, limit=2, cursor=first.next_cursor)
    assert [one.name for one in (*first.items, *rest.items)] == ["A", "B", "C"] and rest.next_cursor is None


def test_whoever_is_limited_sees_only_theirs(make_actor, organisation):
    mine, other = make_customer(organisation, "Mine"), make_customer(organisation, "Other")
    plan = make_plan(organisation)
    make_sim(organisation, customer=mine, plan=plan), make_sim(organisation, customer=other, plan=plan)
    person = make_actor("manager", customer_ids=[mine.pk])
    assert [one.name for one in list_customers(person).items] == ["Mine"]
    [row] = list_plans(person).items
    assert row.sims == 1
    for refused in (
        lambda: create_customer(person, name="Third"),
        lambda: delete_customer(person, customer="Mine"),
        lambda: update_plan(person, plan=plan.name, name="Renamed"),
        lambda: create_plan(person, name="New", quota="1 GB"),
    ):
        with pytest.raises(Denied, match="some customers only"):
            refused()
    assert update_customer(person, customer="Mine", reference="7").reference == "7"


def test_a_customer_is_added_changed_and_deleted_each_with_its_undo(actor, organisation):
    create_customer(actor, name="Acme", reference="K-1")
    undo_call(actor)
    assert names(Customer, organisation) == []
    create_customer(actor, name="Acme", reference="K-1")
    update_customer(actor, customer="acme", name="Acme Ltd")
    assert names(Customer, organisation) == ["Acme Ltd"]
    undo_call(actor)
    assert names(Customer, organisation) == ["Acme"]
    delete_customer(actor, customer="Acme")
    undo_call(actor)
    [row] = list_customers(actor).items
    assert (row.name, row.reference) == ("Acme", "K-1")


def test_a_customers_undo_is_refused_when_somebody_changed_it_since(actor, organisation):
    create_customer(actor, name="Acme", reference="1")
    update_customer(actor, customer="Acme", reference="2")
    event = last_event(organisation)
    update_customer(actor, customer="Acme", reference="3")
    with pytest.raises(Conflict, match="by now"):
        undo_call(actor, event=event.pk)


def test_customers_have_names_of_their_own(actor, organisation):
    make_customer(organisation, "Acme"), make_customer(organisation, "Zebra")
    with pytest.raises(Conflict, match="already"):
        create_customer(actor, name="ACME")
    with pytest.raises(Conflict, match="already"):
        update_customer(actor, customer="Zebra", name="acme")
    with pytest.raises(Invalid, match="like that already"):
        update_customer(actor, customer="Zebra", name="Zebra")


def test_a_customer_with_sims_devices_or_members_stays(actor, make_actor, organisation):
    one, two, three = (make_customer(organisation, name) for name in ("One", "Two", "Three"))
    make_sim(organisation, customer=one)
    with tenant(organisation.pk):
        Device.objects.create(organization=organisation, name="pump", customer=two)
    make_actor("viewer", customer_ids=[three.pk])
    for name in ("One", "Two", "Three"):
        with pytest.raises(Conflict):
            delete_customer(actor, customer=name)


def test_a_viewer_changes_nothing(make_actor, organisation):
    make_customer(organisation, "Acme"), make_plan(organisation)
    viewer = make_actor("viewer")
    for refused in (
        lambda: create_customer(viewer, name="B"),
        lambda: update_customer(viewer, customer="Acme", name="B"),
        lambda: create_plan(viewer, name="B", quota="1 GB"),
        lambda: delete_plan(viewer, plan="Basic"),
    ):
        with pytest.raises(Denied):
            refused()
    assert list_customers(viewer).items and list_plans(viewer).items


# --- plans ---


def test_a_plan_is_added_in_the_organisations_money(actor, organisation):
    made = create_plan(actor, name="Meter", quota="5 MB", price="1.50", overage_price="0.02").plan
    assert (made.quota_bytes, made.price_cents, made.overage_cents_per_mb) == (5_000_000, 150, 2)
    assert made.currency == organisation.currency
    undo_call(actor)
    assert names(Plan, organisation) == []


def test_a_price_is_changed_after_the_proposal_and_taken_back(actor, organisation):
    plan = make_plan(organisation, price_cents=300)
    for _ in range(3):
        make_sim(organisation, plan=plan)
    make_sim(organisation, plan=plan, status="inventory")
    with pytest.raises(ConfirmationRequired) as asked:
        update_plan(actor, plan="Basic", price="4")
    proposal = asked.value.proposal
    assert proposal.monthly_cost_change_cents == 300 and proposal.count == 4 and "4 SIMs" in proposal.warnings[0]
    update_plan.call(actor, {"plan": "Basic", "price": "4"}, confirmed=proposal.digest)
    assert list_plans(actor).items[0].price_cents == 400
    undo_call(actor)
    assert list_plans(actor).items[0].price_cents == 300


def test_a_proposal_is_void_when_more_sims_came_onto_the_plan(actor, organisation):
    plan = make_plan(organisation)
    digest = update_plan.propose(actor, {"plan": "Basic", "price": "4"}).digest
    make_sim(organisation, plan=plan)
    with pytest.raises(ConfirmationRequired, match="facts changed"):
        update_plan.call(actor, {"plan": "Basic", "price": "4"}, confirmed=digest)


def test_a_plan_changed_since_is_not_taken_back(actor, organisation):
    make_plan(organisation)
    update_plan(actor, plan="Basic", name="Standard")
    event = last_event(organisation)
    update_plan(actor, plan="Standard", name="Classic")
    with pytest.raises((Conflict, Exception), match=r"changed again|no plan"):
        undo_call(actor, event=event.pk)
    assert names(Plan, organisation) == ["Classic"]


def test_a_machine_waits_before_it_changes_a_price(make_actor, organisation):
    make_plan(organisation)
    machine = make_actor("owner").at(Face.COPILOT, run=Run(id="r", asked=True))
    with pytest.raises(ApprovalRequired):
        update_plan(machine, plan="Basic", price="4")
    assert update_plan(machine, plan="Basic", name="Standard").plan.name == "Standard"


def test_a_plan_with_sims_stays_and_one_without_comes_back_by_undo(actor, organisation):
    used, free = make_plan(organisation, "Used"), make_plan(organisation, "Free", overage_cents_per_mb="0.125")
    make_sim(organisation, plan=used)
    with pytest.raises(Conflict, match="SIMs on the plan"):
        delete_plan(actor, plan="Used")
    delete_plan(actor, plan="Free")
    undo_call(actor)
    again = next(one for one in list_plans(actor).items if one.name == "Free")
    assert (again.quota_bytes, again.price_cents) == (free.quota_bytes, free.price_cents)
    assert str(again.overage_cents_per_mb.normalize()) == "0.125"


def test_impossible_values_are_told_by_name(actor, organisation):
    make_plan(organisation)
    with pytest.raises(Invalid) as wrong:
        create_plan.call(actor, {"name": "X", "quota": "lots", "price": "-1", "billing_day": 32, "currency": "euro"})
    assert {"quota", "price", "billing_day", "currency"} <= set(wrong.value.fields)
    with pytest.raises(Conflict, match="already"):
        create_plan(actor, name="basic", quota="1 GB")
    with pytest.raises(Invalid, match="like that already"):
        update_plan(actor, plan="Basic", name="Basic")


# --- pages ---


def test_the_pages_show_figures_and_offer_changes_to_who_may(client_for, organisation):
    acme, plan = make_customer(organisation, "Acme & <Sons>"), make_plan(organisation, "Meter 5 MB")
    make_sim(organisation, customer=acme, plan=plan, cycle_bytes=4_120_000)
    owner, viewer = client_for("owner"), client_for("viewer")
    customers, plans = (owner.get(address).content.decode() for address in ("/customers/", "/plans/"))
    assert "Acme &amp; &lt;Sons&gt;" in customers and "4.12" in customers and "€3.00" in customers
    assert "Meter 5 MB" in plans and "1.00" in plans and "/act/update_plan/" in plans
    for address in ("/customers/", "/plans/"):
        assert "/act/" not in viewer.get(address).content.decode().partition('id="page"')[2].partition("</main>")[0]


def test_a_form_comes_filled_and_asks_before_money_moves(client_for, organisation):
    plan = make_plan(organisation)
    make_sim(organisation, plan=plan)
    browser = client_for("owner")
    fields = "name quota price"
    given = {"plan": "Basic", "name": "Basic", "quota": "1000000000", "price": "3.00", "fields": fields}
    form = browser.get("/act/update_plan/", {**given, "edit": "1"}, headers=HTMX).content.decode()
    assert 'value="3.00"' in form and "Monthly cost" not in form
    shown = browser.post("/act/update_plan/", {**given, "price": "3.50"}, headers=HTMX)
    assert shown.status_code == 409 and "€0.50" in shown.content.decode()
    with tenant(organisation.pk):
        assert Plan.objects.get().price_cents == 300


def test_a_box_that_is_unticked_means_no(client_for, organisation):
    make_plan(organisation, pooled=True)
    given = {"plan": "Basic", "fields": "pooled"}
    shown = client_for("owner").post("/act/update_plan/", given, headers=HTMX)
    assert shown.status_code == 409 and "not shared" in shown.content.decode()
    assert 'name="pooled" value="false"' in shown.content.decode()


def test_the_day_a_customer_left_is_noted_taken_away_and_undone(actor):
    create_customer(actor, name="Gone")
    outcome = update_customer.call(actor, {"customer": "Gone", "left_on": "2026-11-01"})
    assert outcome.result.left_on == date(2026, 11, 1) and "It left on 01 Nov 2026" in outcome.sentence
    assert update_customer(actor, customer="Gone", reference="9").left_on == date(2026, 11, 1)
    cleared = update_customer.call(actor, {"customer": "Gone", "left_on": ""})
    assert cleared.result.left_on is None and "It has not left" in cleared.sentence
    undo_call(actor, event=cleared.event_id)
    assert list_customers(actor).items[0].left_on == date(2026, 11, 1)
    with pytest.raises(Invalid):
        update_customer.call(actor, {"customer": "Gone", "left_on": "yesterday-ish"})
