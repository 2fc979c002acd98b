"""What SIMs cost so far, by the end of the cycle, and on another plan: the same numbers on every face."""

import json
from datetime import date, timedelta

import pytest

from analytics.services.charts import generate_chart
from analytics.services.costs import backtest_plan, get_cost_breakdown
from iotsim.core.errors import Invalid, NotFound
from iotsim.core.keys import create_key
from iotsim.core.models import Membership
from iotsim.core.tenancy import tenant
from sims.cycles import cycle_start, next_cycle_start
from sims.models import Sim
from tests.analytics.savings.making import LONG_AGO, MB, foresee
from tests.dates import today
from tests.fleet import make_customer, make_plan, make_sim, use


@pytest.fixture
def fleet(organisation):
    """Acme: 60 MB so far of 100, 150 expected. Globex: 10 so far, nothing foreseen. A dollar SIM without a customer."""
    plan = make_plan(organisation, quota_bytes=100 * MB, price_cents=3100, overage_cents_per_mb=10)
    dollars = make_plan(organisation, "Dollars", quota_bytes=0, price_cents=500, currency="USD")
    sims = []
    for customer, used, fields in (
        ("Acme", 60, {"plan": plan}),
        ("Globex", 10, {"plan": plan}),
        (None, 0, {"plan": dollars}),
    ):
        whose = make_customer(organisation, customer) if customer else None
        sim = make_sim(organisation, customer=whose, activated_at=LONG_AGO, cycle_bytes=used * MB, **fields)
        if used:
            use(sim, today(), used * MB)
        sims.append(sim)
    foresee(sims[0], 150, 150, 150)
    return sims


def share():
    """Which part of this month's days is over, today included."""
    return today().day / (next_cycle_start(today(), 1) - cycle_start(today(), 1)).days


def test_this_cycle_so_far_and_at_its_end(actor, fleet):
    found = get_cost_breakdown(actor)
    items = {one.name: one for one in found.items}
    assert items["Acme"].plan_cents == items["Globex"].plan_cents == round(3100 * share())
    # 50 MB beyond at 10 cents; Globex stays where it is.
    assert (items["Acme"].overage_cents, items["Acme"].forecast_cents, items["Acme"].worst_cents) == (0, 3600, 3600)
    assert items["Globex"].forecast_cents == 3100
    assert {one.currency: one.forecast_cents for one in found.totals} == {"EUR": 6700, "USD": 500}
    assert (
        found.sentence.startswith("Costs in the billing cycles so far: ") and "about €67.00 and $5.00" in found.sentence
    )


def test_a_pool_is_foreseen_as_one(actor, organisation):
    acme = make_customer(organisation)
    plan = make_plan(organisation, quota_bytes=100 * MB, price_cents=0, overage_cents_per_mb=10, pooled=True)
    for expected in (180, 10):
        foresee(make_sim(organisation, plan=plan, customer=acme), expected, expected, expected)
    foresee(make_sim(organisation, plan=plan), 150, 150, 150)
    found = get_cost_breakdown(actor, by="pool")
    assert found.totals == [] and found.items == []  # nothing so far, and the price is nothing
    with tenant(organisation.pk):
        Sim.objects.filter(customer=None).update(quota_bytes=None)
        type(plan).objects.filter(pk=plan.pk).update(price_cents=100)
    found = get_cost_breakdown(actor, by="pool")
    assert {one.name: one.forecast_cents for one in found.items} == {
        "Basic of Acme": 200,
        "Basic without a customer": 100 + 500,
    }


def test_the_same_numbers_as_the_chart_for_a_period(actor, fleet):
    period = {"start_date": today() - timedelta(days=20), "end_date": today()}
    found = get_cost_breakdown(actor, by="customer", currency="EUR", **period)
    chart = generate_chart(actor, chart_type="cost_breakdown", group_by="customer", currency="EUR", **period)
    assert {one.name: one.total_cents for one in found.items} == {
        row[0].text: round(100 * row[1].value) for row in chart.rows
    }
    assert found.items[0].forecast_cents is None


def test_the_same_numbers_on_every_face(client_for, make_membership, organisation, fleet, client):
    member: Membership = make_membership("owner")
    _, secret = create_key(member, name="test")
    answer = client.get("/api/v1/costs?by=customer", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200, answer.content
    rest = {one["name"]: one["forecast_cents"] for one in answer.json()["items"]}
    page = client_for().get("/savings/costs/").content.decode()
    assert rest == {"Acme": 3600, "Globex": 3100, "No customer": 500}
    assert all(words in page for words in ("€36.00", "€31.00", "$5.00"))
    assert json.dumps(rest)


def test_one_sim_and_a_limited_member(actor, make_actor, fleet):
    found = get_cost_breakdown(actor, sim=fleet[0].iccid)
    assert [(one.name, one.forecast_cents) for one in found.items] == [(fleet[0].iccid, 3600)]
    limited = make_actor("viewer", customer_ids=[fleet[1].customer.pk])
    assert {one.name for one in get_cost_breakdown(limited).items} == {"Globex"}
    with pytest.raises(NotFound):
        get_cost_breakdown(limited, sim=fleet[0].iccid)


def test_what_another_plan_would_have_cost(actor, organisation):
    acme = make_customer(organisation)
    dear = make_plan(organisation, "Dear", quota_bytes=1000 * MB, price_cents=3100, billing_day=1)
    cheap = make_plan(organisation, "Cheap", quota_bytes=50 * MB, price_cents=310, overage_cents_per_mb=2)
    sim = make_sim(organisation, plan=dear, customer=acme)
    use(sim, date(2026, 10, 3), 60 * MB)
    use(sim, date(2026, 10, 30), 40 * MB)
    found = backtest_plan(actor, plan="Cheap", customer="Acme", start_date="2026-10-01", end_date="2026-10-31")
    # 3.10 and 50 MB beyond at 2 cents, against 31.00.
    assert (found.cost_cents, found.would_cents, found.would_overage_cents) == ({"EUR": 3100}, 410, 100)
    assert found.saving_cents == 2690
    assert found.sentence == (
        "1 SIM from 2026-10-01 to 2026-10-31: €4.10 on Cheap, €26.90 less than the €31.00 that they cost."
    )
    same = backtest_plan(actor, plan="Dear", sims=[sim.iccid], start_date="2026-10-01", end_date="2026-10-31")
    assert same.saving_cents == 0 and same.sentence.endswith("the same as it was.") and cheap.pk


def test_a_backtest_on_a_pooled_plan_shares_the_quotas(actor, organisation):
    plan = make_plan(organisation, "Dear", quota_bytes=1000 * MB, price_cents=3100)
    make_plan(organisation, "Shared", quota_bytes=50 * MB, price_cents=310, overage_cents_per_mb=2, pooled=True)
    for used in (90, 20):
        use(make_sim(organisation, plan=plan), date(2026, 10, 3), used * MB)
    found = backtest_plan(actor, plan="Shared", start_date="2026-10-01", end_date="2026-10-31")
    assert (found.would_cents, found.would_overage_cents) == (640, 20)


def test_currencies_are_not_compared_and_nothing_is_a_sentence(actor, organisation):
    plan = make_plan(organisation, "Euros", price_cents=310)
    make_plan(organisation, "Dollars", price_cents=310, currency="USD")
    sim = make_sim(organisation, plan=plan)
    found = backtest_plan(actor, plan="Dollars", sims=[sim.iccid], start_date="2026-10-01", end_date="2026-10-31")
    assert found.saving_cents is None and "not compared" in found.sentence
    bare = make_sim(organisation)
    found = backtest_plan(actor, plan="Euros", sims=[bare.iccid], start_date="2026-10-01", end_date="2026-10-31")
    assert (found.cost_cents, found.saving_cents) == ({}, -310) and "than the nothing" not in found.sentence
    with pytest.raises(Invalid, match="not both"):
        backtest_plan(actor, plan="Euros", sims=[bare.iccid], customer="Acme")
    with pytest.raises(NotFound, match="No SIMs fit"):
        backtest_plan(make_empty(actor), plan="Euros")


def make_empty(actor):
    with tenant(actor.organization_id):
        Sim.objects.all().delete()
    return actor


def test_a_sim_without_a_plan_costs_nothing(actor, organisation):
    bare = make_sim(organisation)
    found = get_cost_breakdown(actor, sim=bare.iccid)
    assert found.items == [] and found.sentence == "No costs in the billing cycles so far."
