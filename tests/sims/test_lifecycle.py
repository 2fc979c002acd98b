"""The transition table, and that every step says why, who and how to go back."""

import pytest

from iotsim.core.errors import Conflict, Denied, Invalid, NotFound
from iotsim.core.tenancy import tenant
from sims.lifecycle import Action, Status, is_legal, legal_actions, refusal, target
from sims.models import Sim, StatusChange
from sims.services.fleet import get_sim_details
from sims.services.quota import update_quota
from sims.services.status import change_status_in_bulk, retire_sim, toggle_sim_status
from sims.services.tags import tag_sims
from tests.fleet import make_plan, make_sim

LEGAL = {
    ("inventory", "activate"), ("test_ready", "activate"), ("inactive", "activate"),
    ("active", "deactivate"), ("suspended", "deactivate"), ("active", "suspend"), ("inactive", "suspend"),
    ("suspended", "resume"), ("test_ready", "retire"), ("active", "retire"), ("inactive", "retire"),
    ("suspended", "retire"),
}  # fmt: skip


def test_the_table_holds_these_steps_and_no_others():
    assert {(s.value, a.value) for s in Status for a in Action if is_legal(s, a)} == LEGAL


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("action", ["activate", "deactivate", "suspend", "resume"])
def test_each_step_happens_or_names_the_legal_ones(actor, organisation, status, action):
    sim = make_sim(organisation, status=status.value)
    if (status.value, action) in LEGAL:
        assert toggle_sim_status(actor, sim=sim.iccid, action=action).after == target(Action(action)).value
        return
    with pytest.raises(Conflict) as error:
        toggle_sim_status(actor, sim=sim.iccid, action=action)
    legal = [one.value for one in legal_actions(status)]
    told = error.value.sentence
    assert "already" in told or "final" in told or all(one in told for one in legal)


def test_a_change_is_requested_and_confirmed_with_reason_and_name(actor, organisation):
    sim = make_sim(organisation)
    toggle_sim_status(actor, sim=sim.iccid, action="suspend", reason="Stolen on Friday")
    details = get_sim_details(actor, sim=sim.iccid)
    [change] = details.changes
    assert (change.from_status, change.to_status, change.reason) == ("active", "suspended", "user")
    assert (change.state, change.note, change.who, change.face) == ("confirmed", "Stolen on Friday", actor.name, "web")
    assert change.settled_at >= change.requested_at
    assert (details.status, details.status_reason) == ("suspended", "user")
    assert details.pending is None


def test_a_button_that_cannot_be_used_says_why(actor, organisation):
    sim = make_sim(organisation, status="suspended")
    by_name = {one.action: one for one in get_sim_details(actor, sim=sim.iccid).actions}
    assert by_name["resume"].allowed and not by_name["activate"].allowed
    assert "What it can take now: deactivate, resume, retire" in by_name["activate"].why_not


def test_first_activation_sets_its_date_once(actor, organisation):
    sim = make_sim(organisation, status="inventory")
    toggle_sim_status(actor, sim=sim.iccid, action="activate")
    first = get_sim_details(actor, sim=sim.iccid).activated_at
    toggle_sim_status(actor, sim=sim.iccid, action="suspend")
    toggle_sim_status(actor, sim=sim.iccid, action="resume")
    assert first is not None and get_sim_details(actor, sim=sim.iccid).activated_at == first


def test_retiring_is_final_and_says_so_before(actor, organisation):
    sim = make_sim(organisation)
    proposal = retire_sim.propose(actor, {"sim": sim.iccid})
    assert not proposal.reversible and "final" in proposal.warnings[0]
    retire_sim.call(actor, {"sim": sim.iccid}, confirmed=proposal.digest)
    assert refusal("x", Status.RETIRED, Action.RESUME) == "SIM x is retired, which is final: it cannot be resumed."


# --- many ---


def bulk(actor, **wanted):
    proposal = change_status_in_bulk.propose(actor, wanted)
    return change_status_in_bulk.call(actor, wanted, confirmed=proposal.digest)


def test_a_bulk_change_takes_those_that_can_and_explains_the_rest(actor, organisation):
    good = [make_sim(organisation) for _ in range(3)]
    retired = make_sim(organisation, status="retired", label="old")
    outcome = bulk(actor, sims=[sim.iccid for sim in [*good, retired]], action="suspend")
    assert (outcome.result.changed, outcome.result.skipped) == (3, 1)
    assert outcome.result.refusals == ["SIM old is retired, which is final: it cannot be suspended."]
    assert outcome.can_undo


def test_a_bulk_change_by_filter(actor, organisation):
    plan = make_plan(organisation, "Gold")
    heavy = make_sim(organisation, plan=plan, cycle_bytes=6_000_000_000)
    light = make_sim(organisation, plan=plan, cycle_bytes=1)
    bulk(actor, action="suspend", plan="Gold", min_usage="5GB")
    with tenant(organisation.pk):
        assert Sim.objects.get(pk=heavy.pk).status == "suspended"
        assert Sim.objects.get(pk=light.pk).status == "active"


def test_a_bulk_change_of_everything_by_accident_is_refused(actor, organisation):
    make_sim(organisation)
    with pytest.raises(Invalid, match="Say which SIMs"):
        change_status_in_bulk(actor, action="suspend")


def test_names_and_filter_together_are_refused(actor, organisation):
    with pytest.raises(Invalid, match="not both"):
        change_status_in_bulk(actor, action="suspend", sims=[make_sim(organisation).iccid], country="DE")


def test_a_filter_that_fits_nothing_is_told(actor):
    with pytest.raises(NotFound, match="No SIMs fit"):
        change_status_in_bulk.propose(actor, {"action": "suspend", "country": "DE"})


def test_a_thousand_sims_cost_a_few_statements(actor, organisation):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with tenant(organisation.pk):
        Sim.objects.bulk_create(
            Sim(organization=organisation, iccid=f"89{step:017d}", status="active", country="SE")
            for step in range(1000)
        )
    wanted = {"action": "suspend", "country": "SE"}
    digest = change_status_in_bulk.propose(actor, wanted).digest
    with CaptureQueriesContext(connection) as caught:
        change_status_in_bulk.call(actor, wanted, confirmed=digest)
    assert len(caught) < 30
    with tenant(organisation.pk):
        assert StatusChange.objects.filter(state="confirmed").count() == 1000


# --- quota and tags ---


def test_raising_a_quota_needs_the_right_to_spend(actor, make_membership, organisation):
    from iotsim.core.actor import Actor, Face
    from iotsim.core.roles import Permission

    sim = make_sim(organisation, plan=make_plan(organisation))
    limited = Actor.for_membership(
        make_membership("manager"), face=Face.API, scopes=frozenset({Permission.VIEW, Permission.OPERATE})
    )
    assert update_quota(limited, sim=sim.iccid, quota="500 MB").after == 500_000_000
    with pytest.raises(Denied, match="raise a quota"):
        update_quota(limited, sim=sim.iccid, quota="600 MB")


@pytest.mark.parametrize("quota", ["-1", "lots", "5 apples", 10**19, True])
def test_a_quota_that_is_no_size_is_told(actor, organisation, quota):
    sim = make_sim(organisation)
    with pytest.raises(Invalid):
        update_quota(actor, sim=sim.iccid, quota=quota)


def test_two_people_editing_one_quota_the_second_is_told(actor, organisation):
    sim = make_sim(organisation, quota_bytes=1)
    update_quota(actor, sim=sim.iccid, quota=2, expected_quota=1)
    with pytest.raises(Conflict, match="by now"):
        update_quota(actor, sim=sim.iccid, quota=3, expected_quota=1)


def test_a_tag_is_put_on_taken_off_and_undone(actor, organisation):
    sims = [make_sim(organisation).iccid for _ in range(2)]
    tag_sims(actor, sims=sims[:1], tag="blue")
    outcome = tag_sims.call(actor, {"sims": sims, "tag": "Blue"})
    assert outcome.result.iccids == sims[1:] and outcome.result.unchanged == 1
    assert get_sim_details(actor, sim=sims[1]).tags == ["blue"]
    tag_sims(actor, sims=sims, tag="blue", remove=True)
    assert get_sim_details(actor, sim=sims[0]).tags == []
    with pytest.raises(NotFound, match="no tag called green"):
        tag_sims(actor, sims=sims, tag="green", remove=True)
