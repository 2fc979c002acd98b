"""Moving SIMs to another plan: shown first, priced, audited, and taken back."""

import pytest

from iotsim.core.errors import ApprovalRequired, ConfirmationRequired, Conflict, Denied, Invalid, NotFound
from iotsim.core.models import AuditEvent
from iotsim.core.services import undo_call
from iotsim.core.tenancy import tenant
from sims.models import Sim
from sims.services.tariffs import change_plan, restore_sim_plans
from tests.fleet import make_customer, make_plan, make_sim


@pytest.fixture
def plans(organisation):
    return make_plan(organisation, "Small", price_cents=100), make_plan(organisation, "Large", price_cents=500)


def plan_of(sim):
    with tenant(sim.organization_id, read_only=True):
        plan = Sim.objects.select_related("plan").get(pk=sim.pk).plan
    return plan.name if plan else None


def do(actor, **arguments):
    proposal = change_plan.propose(actor, arguments)
    return change_plan.call(actor, arguments, confirmed=proposal.digest)


def test_the_proposal_shows_plans_and_money(actor, organisation, plans):
    sims = [make_sim(organisation, plan=plans[0], label=f"pump-{n}") for n in range(12)]
    make_sim(organisation, plan=plans[0], status="inventory")
    proposal = change_plan.propose(actor, {"plan": "Large", "from_plan": "Small"})
    assert (proposal.count, proposal.monthly_cost_change_cents, proposal.currency) == (13, 12 * 400, "EUR")
    assert proposal.summary == "Move 13 SIMs to the plan Large" and len(proposal.changes) == 10 and proposal.reversible
    line = proposal.changes[0]
    assert (line.field, line.before, line.after) == ("plan", "Small, €1.00", "Large, €5.00") and sims


def test_it_moves_is_audited_and_comes_back(actor, organisation, plans):
    sims = [make_sim(organisation, plan=plan) for plan in (plans[0], None)]
    outcome = do(actor, plan="Large", sims=[sim.iccid for sim in sims])
    assert outcome.sentence == "2 SIMs are on the plan Large now: €9.00 more a month."
    assert [plan_of(sim) for sim in sims] == ["Large", "Large"]
    with tenant(organisation.pk, read_only=True):
        assert AuditEvent.objects.get(service="change_plan").who == actor.name
    undo_call(actor, event=outcome.event_id)
    assert [plan_of(sim) for sim in sims] == ["Small", None]


def test_another_billing_day_begins_another_cycle(actor, organisation, plans):
    sim = make_sim(organisation, plan=plans[0])
    make_plan(organisation, "Middle", billing_day=15)
    do(actor, plan="Middle", sims=[sim.iccid])
    with tenant(organisation.pk, read_only=True):
        assert Sim.objects.get(pk=sim.pk).cycle_start_date.day == 15


def test_currencies_are_told_apart(actor, organisation, plans):
    make_plan(organisation, "Dollars", price_cents=300, currency="USD")
    sim = make_sim(organisation, plan=plans[1])
    proposal = change_plan.propose(actor, {"plan": "Dollars", "sims": [sim.iccid]})
    assert (proposal.monthly_cost_change_cents, proposal.currency) == (300, "USD")
    assert "€5.00 less and $3.00 more a month" in " ".join(proposal.warnings)
    assert do(actor, plan="Dollars", sims=[sim.iccid]).result.monthly_cost_change_cents is None


def test_what_cannot_be_is_a_sentence(actor, organisation, plans):
    here, gone = make_sim(organisation, plan=plans[0]), make_sim(organisation, plan=plans[0], status="retired")
    with pytest.raises(Conflict, match="on the plan Small already"):
        do(actor, plan="Small", sims=[here.iccid])
    with pytest.raises(Conflict, match="retired, which is final"):
        do(actor, plan="Large", sims=[gone.iccid])
    with pytest.raises(NotFound, match="no plan called Huge"):
        do(actor, plan="Huge", sims=[here.iccid])
    with pytest.raises(Invalid, match="Say which SIMs"):
        do(actor, plan="Large")
    with pytest.raises(Invalid, match="not both"):
        do(actor, plan="Large", sims=[here.iccid], from_plan="Small")
    with pytest.raises(NotFound, match="No SIMs fit"):
        do(actor, plan="Small", from_plan="Large")


def test_warnings_name_what_is_over_and_what_stays(actor, organisation, plans):
    make_plan(organisation, "Tiny", quota_bytes=10)
    make_sim(organisation, plan=plans[0], cycle_bytes=11)
    make_sim(organisation, plan=plans[0], quota_bytes=5)
    make_sim(organisation, plan=plans[0], status="retired")
    warnings = change_plan.propose(actor, {"plan": "Tiny", "from_plan": "Small"}).warnings
    assert warnings == [
        "1 SIM stays as it is: on this plan already, or retired.",
        "1 SIM used more this cycle already than the plan's quota.",
        "1 SIM keeps a quota of its own.",
    ]


def test_undo_is_refused_when_somebody_moved_them_on(actor, organisation, plans):
    sim = make_sim(organisation, plan=plans[0])
    make_plan(organisation, "Middle")
    outcome = do(actor, plan="Large", sims=[sim.iccid])
    do(actor, plan="Middle", sims=[sim.iccid])
    with pytest.raises(Conflict, match="went to another plan since"):
        undo_call(actor, event=outcome.event_id)


def test_facts_that_moved_ask_anew(actor, organisation, plans):
    sim = make_sim(organisation, plan=plans[0])
    seen = change_plan.propose(actor, {"plan": "Large", "from_plan": "Small"})
    make_sim(organisation, plan=plans[0])
    with pytest.raises(ConfirmationRequired, match="facts changed"):
        change_plan.call(actor, {"plan": "Large", "from_plan": "Small"}, confirmed=seen.digest)
    assert plan_of(sim) == "Small"


def test_who_may(make_actor, organisation, plans):
    acme, globex = make_customer(organisation, "Acme"), make_customer(organisation, "Globex")
    mine, theirs = (make_sim(organisation, plan=plans[0], customer=one) for one in (acme, globex))
    make_sim(organisation, plan=plans[1], customer=acme)
    with pytest.raises(Denied):
        change_plan(make_actor("analyst"), plan="Large", sims=[mine.iccid])
    limited = make_actor("manager", customer_ids=[acme.pk])
    with pytest.raises(NotFound):
        change_plan(limited, plan="Large", sims=[theirs.iccid])
    assert do(limited, plan="Large", from_plan="Small").result.changed == 1
    with pytest.raises(NotFound):
        restore_sim_plans(limited, before=[{"plan_id": plans[1].pk, "sims": [theirs.pk]}], expected=plans[0].pk)
    machine = make_actor("owner", "copilot")
    machine.run.asked = True
    with pytest.raises(ApprovalRequired):
        change_plan(machine, plan="Large", sims=[theirs.iccid])
    assert (plan_of(mine), plan_of(theirs)) == ("Large", "Small")
