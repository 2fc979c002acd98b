"""Advice shown, applied, dismissed and taken back; who may; what has moved meanwhile."""

import uuid

import pytest

from analytics.services.savings import (
    apply_recommendations,
    carry_out_recommendations,
    dismiss_recommendations,
    optimize_quotas,
)
from iotsim.core.errors import ApprovalRequired, ConfirmationRequired, Conflict, Denied, Invalid, NotFound
from iotsim.core.jobs import run_job
from iotsim.core.services import undo_call
from iotsim.core.tenancy import tenant
from sims.models import Plan, Sim
from sims.services.status import toggle_sim_status
from sims.services.tariffs import change_plan
from tests.analytics.savings.making import LONG_AGO, MB, advice, make_used, night
from tests.analytics.savings.test_night import plans, use_of_another  # noqa: F401 (a fixture)
from tests.fleet import make_customer, make_plan, make_sim


def plan_of(sim):
    with tenant(sim.organization_id, read_only=True):
        return Sim.objects.select_related("plan").get(pk=sim.pk).plan


def do(actor, service, **arguments):
    """As a person does: the proposal is seen, then confirmed."""
    proposal = service.propose(actor, arguments)
    return service.call(actor, arguments, confirmed=proposal.digest)


@pytest.fixture
def wasteful(organisation, plans):  # noqa: F811
    """Two light SIMs of Acme and one of Globex on the large plan, after a night."""
    acme, globex = make_customer(organisation, "Acme"), make_customer(organisation, "Globex")
    sims = [
        make_used(organisation, 10, 12, 15, plan=plans[1], customer=one, label=f"pump-{n}")
        for n, one in enumerate((acme, acme, globex))
    ]
    night(organisation)
    return sims


def test_before_the_first_night_it_says_so(actor):
    found = optimize_quotas(actor)
    assert not found.has_run and found.sentence == "No night has looked for savings yet; the next one will."


def test_it_tells_totals_by_currency_and_kind(actor, wasteful):
    found = optimize_quotas(actor)
    assert (found.total, found.items[0].what) == (3, "Move it from Large to Small")
    assert [(one.currency, one.count, one.saving_cents) for one in found.totals] == [("EUR", 3, 1200)]
    assert [(one.kind, one.saving_cents) for one in found.kinds] == [("change_plan", 1200)]
    assert found.sentence == "€12.00 a month can be saved: €12.00 by another plan for 3 SIMs."


def test_more_than_fifty_a_month_is_said(actor, organisation, plans):  # noqa: F811
    dear = make_plan(organisation, "Dear", quota_bytes=10**10, price_cents=6000)
    make_used(organisation, 10, 12, 15, plan=dear)
    night(organisation)
    assert optimize_quotas(actor).sentence.endswith("That is more than €50.00 a month.")


def test_filters_and_pages(actor, wasteful):
    assert optimize_quotas(actor, customer="Acme").total == 2
    assert optimize_quotas(actor, sim="pump-2").items[0].label == "pump-2"
    assert optimize_quotas(actor, kind="retire_idle").sentence == "Nothing to save was found."
    assert optimize_quotas(actor, confidence="high", min_saving="4").total == 3
    assert optimize_quotas(actor, min_saving="4.01").total == 0
    assert optimize_quotas(actor, plan="Small").total == 0 and optimize_quotas(actor, currency="USD").total == 0
    seen, cursor = [], None
    while True:
        page = optimize_quotas(actor, limit=1, cursor=cursor)
        seen += [one.id for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 3
    with pytest.raises(Invalid, match="not one of ours"):
        optimize_quotas(actor, cursor="x")


def test_applying_shows_every_change_first_and_can_be_undone(actor, organisation, wasteful):
    proposal = apply_recommendations.propose(actor, {"customer": "Acme"})
    assert (proposal.count, proposal.monthly_cost_change_cents, proposal.reversible) == (2, -800, True)
    assert proposal.summary == "Change 2 SIMs, save €8.00"
    assert [(one.before, one.after) for one in proposal.changes] == [
        ("Large, €5.00", "Small, €1.00 (saves €4.00 a month)")
    ] * 2
    outcome = do(actor, apply_recommendations, customer="Acme")
    assert outcome.sentence == "2 SIMs changed: about €8.00 a month less is expected."
    assert [plan_of(sim).name for sim in wasteful] == ["Small", "Small", "Large"]
    assert {one.state for one in advice(organisation)} == {"open", "applied"}
    applied = optimize_quotas(actor, state="applied")
    assert applied.total == 2 and applied.realised[0].applied == 2 and applied.items[0].decided_by == actor.name
    assert undo_call(actor, event=outcome.event_id).sentence == (
        "Undone. 2 recommendations are open again. 2 SIMs have their former plan or quota."
    )
    assert [plan_of(sim).name for sim in wasteful] == ["Large"] * 3
    assert {one.state for one in advice(organisation)} == {"open"}


def test_undo_is_refused_when_a_sim_went_on(actor, wasteful):
    outcome = do(actor, apply_recommendations)
    do(actor, change_plan, plan="Large", sims=[wasteful[0].iccid])
    with pytest.raises(Conflict, match="1 SIM changed again since"):
        undo_call(actor, event=outcome.event_id)


def test_a_page_must_have_seen_the_proposal_as_it_is(actor, organisation, wasteful):
    seen = apply_recommendations.propose(actor, {})
    with tenant(organisation.pk):
        Plan.objects.filter(name="Small").update(price_cents=120)
    with pytest.raises(ConfirmationRequired, match="facts changed"):
        apply_recommendations.call(actor, {}, confirmed=seen.digest)


def test_what_moved_meanwhile_is_left_and_said(actor, organisation, wasteful):
    first, second, third = (one.pk for one in advice(organisation))
    do(actor, change_plan, plan="Small", sims=[wasteful[0].iccid])
    assert optimize_quotas(actor).total == 2
    outcome = do(actor, apply_recommendations, recommendations=[first, second])
    assert (outcome.result.applied, outcome.result.skipped) == (1, 1)
    with pytest.raises(Conflict, match=f"Recommendation {second} was applied by {actor.name} already"):
        do(actor, apply_recommendations, recommendations=[second])
    toggle_sim_status(actor, sim=wasteful[2].iccid, action="suspend")
    with tenant(organisation.pk):
        Sim.objects.filter(pk=wasteful[2].pk).update(status="retired")
    with pytest.raises(Conflict, match="was retired meanwhile"):
        do(actor, apply_recommendations, recommendations=[third])
    with pytest.raises(NotFound, match="no recommendation 99"):
        do(actor, apply_recommendations, recommendations=[99])
    with pytest.raises(Invalid, match="not both"):
        do(actor, apply_recommendations, recommendations=[third], customer="Acme")


def test_a_plan_that_was_deleted_is_advised_to_nobody(actor, organisation, wasteful):
    [one, *_] = advice(organisation)
    with tenant(organisation.pk):
        Plan.objects.filter(name="Small").delete()
    assert optimize_quotas(actor).total == 0
    with pytest.raises(Conflict, match=r"The plan that recommendation .* advises was deleted"):
        do(actor, apply_recommendations, recommendations=[one.pk])
    with pytest.raises(Conflict, match="No open recommendation fits"):
        do(actor, apply_recommendations)


def test_retiring_is_final_and_only_when_asked_for(actor, organisation, plans):  # noqa: F811
    use_of_another(organisation)
    idle = make_sim(organisation, plan=plans[1], activated_at=LONG_AGO)
    make_used(organisation, 10, 12, 15, plan=plans[1])
    night(organisation)
    proposal = apply_recommendations.propose(actor, {})
    assert proposal.count == 1 and "1 unused SIM is left out" in " ".join(proposal.warnings)
    final = apply_recommendations.propose(actor, {"kind": "retire_idle"})
    assert (final.count, final.reversible, final.changes[0].after) == (
        1, False, "retired, for good (saves €5.00 a month)",
    )  # fmt: skip
    outcome = do(actor, apply_recommendations, kind="retire_idle")
    assert not outcome.can_undo
    with tenant(organisation.pk, read_only=True):
        assert Sim.objects.get(pk=idle.pk).status == "retired"


def test_a_pool_is_changed_as_a_whole_and_back(actor, organisation, plans):  # noqa: F811
    acme = make_customer(organisation)
    pool = make_plan(organisation, "Pool", quota_bytes=500 * MB, price_cents=490, overage_cents_per_mb=2, pooled=True)
    sims = [
        make_used(organisation, *used, plan=pool, customer=acme) for used in [(380, 400, 420)] * 2 + [(1, 2, 3)] * 3
    ]
    night(organisation)
    assert optimize_quotas(actor).items[0].moves == {"Small": 3}
    outcome = do(actor, apply_recommendations)
    assert [plan_of(sim).name for sim in sims] == ["Pool", "Pool", "Small", "Small", "Small"]
    undo_call(actor, event=outcome.event_id)
    assert {plan_of(sim).name for sim in sims} == {"Pool"}


def test_a_quota_of_its_own_is_given_up_and_comes_back(actor, organisation, plans):  # noqa: F811
    sim = make_used(organisation, 300, 300, 300, plan=plans[1], quota_bytes=200 * MB)
    night(organisation)
    outcome = do(actor, apply_recommendations)
    with tenant(organisation.pk, read_only=True):
        assert Sim.objects.get(pk=sim.pk).quota_bytes is None
    undo_call(actor, event=outcome.event_id)
    with tenant(organisation.pk, read_only=True):
        assert Sim.objects.get(pk=sim.pk).quota_bytes == 200 * MB


def test_many_are_a_job_with_progress(actor, organisation, wasteful, monkeypatch):
    monkeypatch.setattr("analytics.savings.applying.ON_THE_SPOT", 1)
    monkeypatch.setattr("analytics.services.savings.CHUNK", 2)
    outcome = do(actor, apply_recommendations)
    job = outcome.result.job
    assert job.service == "carry_out_recommendations" and "by a job" in outcome.sentence
    assert {plan_of(sim).name for sim in wasteful} == {"Large"}
    assert run_job(organisation.pk, job.id) == "done"
    assert {plan_of(sim).name for sim in wasteful} == {"Small"}
    undo_call(actor, event=outcome.event_id)
    assert {plan_of(sim).name for sim in wasteful} == {"Large"}


def test_a_machine_waits_for_a_person(make_actor, organisation, wasteful):
    machine = make_actor("owner", "copilot")
    machine.run.asked = True
    ids = [one.pk for one in advice(organisation)]
    with pytest.raises(ApprovalRequired):
        apply_recommendations(machine, recommendations=ids)
    with pytest.raises(ApprovalRequired):
        carry_out_recommendations(machine, recommendations=ids, batch=uuid.uuid4())
    assert {plan_of(sim).name for sim in wasteful} == {"Large"}


def test_dismissed_is_gone_until_taken_back(actor, organisation, wasteful):
    with pytest.raises(Invalid, match="Say which"):
        dismiss_recommendations(actor)
    outcome = dismiss_recommendations.call(actor, {"customer": "Acme"})
    assert outcome.sentence == "2 recommendations dismissed; no night will advise them again."
    night(organisation)
    assert optimize_quotas(actor).total == 1 and optimize_quotas(actor, state="dismissed").total == 2
    with pytest.raises(Conflict, match="was dismissed by"):
        dismiss_recommendations(
            actor, recommendations=[outcome.result.count and advice(organisation, state="dismissed")[0].pk]
        )
    undo_call(actor, event=outcome.event_id)
    assert optimize_quotas(actor).total == 3


def test_a_limited_member_sees_and_changes_only_theirs(make_actor, organisation, plans, wasteful):  # noqa: F811
    acme = wasteful[0].customer
    make_used(organisation, 10, 12, 15, plan=plans[0], customer=acme)
    limited = make_actor("manager", customer_ids=[acme.pk])
    assert {one.customer for one in optimize_quotas(limited).items} == {"Acme"}
    theirs = next(one.pk for one in advice(organisation) if one.sim_id == wasteful[2].pk)
    for service in (apply_recommendations, dismiss_recommendations):
        with pytest.raises(NotFound, match=f"no recommendation {theirs}"):
            service(limited, recommendations=[theirs])
    do(limited, apply_recommendations)
    assert [plan_of(sim).name for sim in wasteful] == ["Small", "Small", "Large"]


def test_a_limited_member_is_not_told_of_plans_they_do_not_have(make_actor, wasteful):
    limited = make_actor("manager", customer_ids=[wasteful[0].customer.pk])
    assert optimize_quotas(limited).total == 0


def test_another_tenant_sees_nothing(make_actor, other_organisation, organisation, wasteful):
    stranger = make_actor("owner", organisation=other_organisation)
    assert optimize_quotas(stranger).total == 0
    with pytest.raises(NotFound):
        apply_recommendations(stranger, recommendations=[advice(organisation)[0].pk])


def test_an_analyst_looks_and_does_not_touch(make_actor, organisation, wasteful):
    analyst = make_actor("analyst")
    assert optimize_quotas(analyst).total == 3
    ids = [advice(organisation)[0].pk]
    for service in (apply_recommendations, dismiss_recommendations):
        with pytest.raises(Denied):
            service(analyst, recommendations=ids)
