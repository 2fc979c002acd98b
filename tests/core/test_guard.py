"""The guard: who may do what at once, what waits for a person, what is written down."""

from datetime import timedelta

import pytest
from django.utils import timezone

from iotsim.core import events, registry
from iotsim.core.actor import Actor, Face, Run
from iotsim.core.errors import ApprovalRequired, ConfirmationRequired, Conflict, Denied, Invalid
from iotsim.core.models import Approval, AuditEvent, Membership
from iotsim.core.roles import PERMISSIONS, Permission, Role
from iotsim.core.services import approve_call, list_approvals, list_audit_events, reject_call, undo_call
from iotsim.core.tenancy import tenant
from sims.models import Sim, StatusChange
from sims.services.fleet import find_sims, get_sim_details
from sims.services.quota import update_quota
from sims.services.status import change_status_in_bulk, retire_sim, toggle_sim_status
from sims.services.tags import tag_sims
from tests.fleet import make_plan, make_sim


@pytest.fixture
def machine(actor):
    """The copilot of the organisation's owner, who has just asked for something."""
    return actor.at(Face.COPILOT, run=Run(id="run-1", asked=True))


def audit(organisation) -> list[AuditEvent]:
    with tenant(organisation.pk):
        return list(AuditEvent.objects.order_by("pk"))


def status_of(sim) -> str:
    with tenant(sim.organization_id):
        return Sim.objects.get(pk=sim.pk).status


# --- people ---


def test_a_persons_read_leaves_no_trace(actor, organisation):
    find_sims(actor)
    assert audit(organisation) == []


def test_a_write_is_audited_with_who_what_and_how_to_undo_it(actor, organisation):
    sim = make_sim(organisation)
    toggle_sim_status(actor, sim=sim.iccid, action="suspend", reason="lost")
    [event] = audit(organisation)
    assert (event.service, event.outcome, event.who, event.face) == (
        "toggle_sim_status",
        "done",
        actor.name,
        "web",
    )
    assert event.arguments == {"sim": sim.iccid, "action": "suspend", "reason": "lost"}
    assert event.undo["service"] == "restore_status"


def test_a_refusal_is_audited_though_the_transaction_is_gone(actor, organisation):
    sim = make_sim(organisation, status="retired")
    with pytest.raises(Conflict, match="retired, which is final"):
        toggle_sim_status(actor, sim=sim.iccid, action="resume")
    [event] = audit(organisation)
    assert event.outcome == "failed" and "final" in event.sentence


def test_a_person_on_a_page_confirms_danger_first(actor, organisation):
    sim = make_sim(organisation)
    with pytest.raises(ConfirmationRequired) as asked:
        retire_sim(actor, sim=sim.iccid)
    assert status_of(sim) == "active" and not asked.value.proposal.reversible
    outcome = retire_sim.call(actor, {"sim": sim.iccid}, confirmed=asked.value.proposal.digest)
    assert status_of(sim) == "retired" and not outcome.can_undo


def test_a_confirmation_is_void_when_the_facts_moved(actor, organisation):
    sims = [make_sim(organisation) for _ in range(3)]
    names = {"sims": [sim.iccid for sim in sims], "action": "suspend"}
    digest = change_status_in_bulk.propose(actor, names).digest
    toggle_sim_status(actor, sim=sims[0].iccid, action="suspend")
    with pytest.raises(ConfirmationRequired, match="facts changed"):
        change_status_in_bulk.call(actor, names, confirmed=digest)
    assert status_of(sims[1]) == "active"


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_do_what_the_table_says(role, make_actor, organisation):
    sim = make_sim(organisation)
    person = make_actor(role.value)
    assert find_sims(person).total == 1
    if Permission.OPERATE in PERMISSIONS[role]:
        assert toggle_sim_status(person, sim=sim.iccid, action="suspend").after == "suspended"
    else:
        with pytest.raises(Denied, match=f"Your role .{role.value}. may not"):
            toggle_sim_status(person, sim=sim.iccid, action="suspend")


def test_a_member_limited_to_a_customer_sees_and_changes_only_theirs(make_actor, organisation):
    from tests.fleet import make_customer

    ours, other = make_customer(organisation, "Ours"), make_customer(organisation, "Other")
    mine, hidden = make_sim(organisation, customer=ours), make_sim(organisation, customer=other)
    person = make_actor("manager", customer_ids=[ours.pk])
    assert [row.iccid for row in find_sims(person).items] == [mine.iccid]
    with pytest.raises(Exception, match="No SIM is called"):
        toggle_sim_status(person, sim=hidden.iccid, action="suspend")
    assert status_of(hidden) == "active"


def test_a_change_is_announced_after_commit_with_ids_only(actor, organisation):
    heard = []
    events.listen(lambda organization_id, kind, ids: heard.append((organization_id, kind, ids)))
    sim = make_sim(organisation)
    toggle_sim_status(actor, sim=sim.iccid, action="suspend")
    assert (organisation.pk, "sim", [sim.pk]) in heard


# --- undo ---


def last_event(organisation) -> AuditEvent:
    return audit(organisation)[-1]


def test_undo_brings_the_state_back_and_only_once(actor, organisation):
    sim = make_sim(organisation, status="inactive")
    toggle_sim_status(actor, sim=sim.iccid, action="suspend")
    event = last_event(organisation)
    assert "inactive again" in undo_call(actor, event=event.pk).sentence
    assert status_of(sim) == "inactive"
    with pytest.raises(Conflict, match="undone already"):
        undo_call(actor, event=event.pk)
    assert list_audit_events(actor).items[-1].undone_by is not None


def test_undo_is_refused_when_the_state_moved_on(actor, organisation):
    sim = make_sim(organisation)
    toggle_sim_status(actor, sim=sim.iccid, action="suspend")
    event = last_event(organisation)
    toggle_sim_status(actor, sim=sim.iccid, action="resume")
    with pytest.raises(Conflict, match="changed again since"):
        undo_call(actor, event=event.pk)


def test_undo_without_a_number_takes_the_last_of_ones_own(actor, make_actor, organisation):
    mine, theirs = make_sim(organisation), make_sim(organisation)
    toggle_sim_status(actor, sim=mine.iccid, action="suspend")
    toggle_sim_status(make_actor("manager"), sim=theirs.iccid, action="suspend")
    undo_call(actor)
    assert status_of(mine) == "active" and status_of(theirs) == "suspended"


def test_a_quota_is_undone_unless_somebody_else_changed_it(actor, organisation):
    sim = make_sim(organisation, plan=make_plan(organisation))
    update_quota(actor, sim=sim.iccid, quota="2 GB")
    first = last_event(organisation)
    update_quota(actor, sim=sim.iccid, quota="3 GB")
    with pytest.raises(Conflict, match="by now"):
        undo_call(actor, event=first.pk)
    second = [one for one in audit(organisation) if one.service == "update_quota"][-1]
    undo_call(actor, event=second.pk)
    assert get_sim_details(actor, sim=sim.iccid).own_quota_bytes == 2_000_000_000


def test_a_first_activation_cannot_be_taken_back_to_inventory(actor, organisation):
    sim = make_sim(organisation, status="inventory")
    outcome = toggle_sim_status.call(actor, {"sim": sim.iccid, "action": "activate"})
    assert not outcome.can_undo


# --- machines ---


def test_a_machine_acts_at_once_when_asked_for_one_harmless_undoable_change(machine, organisation):
    sim = make_sim(organisation)
    assert toggle_sim_status(machine, sim=sim.iccid, action="suspend").after == "suspended"
    assert last_event(organisation).face == "copilot"


def test_a_machines_read_is_audited(machine, organisation):
    find_sims(machine)
    [event] = audit(organisation)
    assert (event.service, event.face, event.outcome) == ("find_sims", "copilot", "done")


@pytest.mark.parametrize(
    ("run", "fields", "why"),
    [
        (Run(asked=False), {}, "Nobody asked"),
        (Run(asked=True, tainted=True), {}, "text from outside"),
        (Run(asked=True, writes=5), {}, "More than 5"),
        (Run(asked=True), {"safety_critical": True}, "safety-critical"),
    ],
)
def test_a_machine_waits_for_a_click(actor, organisation, run, fields, why):
    sim = make_sim(organisation, **fields)
    with pytest.raises(ApprovalRequired, match=why):
        toggle_sim_status(actor.at(Face.COPILOT, run=run), sim=sim.iccid, action="suspend")
    assert status_of(sim) == "active"
    assert last_event(organisation).outcome == "waiting"


def test_a_machine_waits_when_the_cost_goes_up(machine, organisation):
    plan = make_plan(organisation, overage_cents_per_mb="0.5")
    sim = make_sim(organisation, plan=plan)
    with pytest.raises(ApprovalRequired, match="raises the monthly cost") as waiting:
        update_quota(machine, sim=sim.iccid, quota="3 GB")
    assert waiting.value.approval.proposal.monthly_cost_change_cents == 1000
    stock = make_sim(organisation, plan=plan, status="inventory")
    with pytest.raises(ApprovalRequired, match="cost"):
        toggle_sim_status(machine, sim=stock.iccid, action="activate")


def test_a_machine_waits_when_more_than_one_sim_changes(machine, organisation):
    sims = [make_sim(organisation).iccid for _ in range(2)]
    with pytest.raises(ApprovalRequired, match="changes 2 SIMs"):
        tag_sims(machine, sims=sims, tag="blue")


def test_a_machine_may_not_approve_itself(machine, organisation):
    with pytest.raises(Denied, match="for people"):
        approve_call(machine, approval=1)


def test_the_sixth_write_of_a_run_waits(actor, organisation):
    machine = actor.at(Face.COPILOT, run=Run(id="r", asked=True))
    for _ in range(5):
        toggle_sim_status(machine, sim=make_sim(organisation).iccid, action="suspend")
    with pytest.raises(ApprovalRequired):
        toggle_sim_status(machine, sim=make_sim(organisation).iccid, action="suspend")


# --- approvals ---


@pytest.fixture
def waiting(machine, organisation):
    """Two SIMs that the copilot would suspend, waiting for a person."""
    sims = [make_sim(organisation) for _ in range(2)]
    with pytest.raises(ApprovalRequired) as raised:
        change_status_in_bulk(machine, sims=[sim.iccid for sim in sims], action="suspend")
    return raised.value.approval, sims


def test_an_approved_call_runs_in_the_requesters_name_with_both_in_the_audit(
    waiting, make_actor, organisation, machine
):
    approval, sims = waiting
    boss = make_actor("admin")
    done = approve_call(boss, approval=approval.id)
    assert done.state == "done" and done.can_undo, done
    assert [status_of(sim) for sim in sims] == ["suspended", "suspended"]
    event = next(one for one in audit(organisation) if one.service == "change_status_in_bulk" and one.outcome == "done")
    assert (event.who, event.approved_by, event.approval_id) == (machine.name, boss.name, approval.id)
    undo_call(boss, event=event.pk)
    assert [status_of(sim) for sim in sims] == ["active", "active"]


def test_an_approval_runs_once_however_often_it_is_pressed(waiting, actor, organisation):
    approval, sims = waiting
    approve_call(actor, approval=approval.id)
    with pytest.raises(Conflict, match="decided already"):
        approve_call(actor, approval=approval.id)
    with tenant(organisation.pk):
        assert StatusChange.objects.filter(sim=sims[0]).count() == 1


def test_pressed_at_the_same_moment_it_runs_once(waiting, actor, organisation):
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    approval, sims = waiting

    def press() -> str:
        try:
            return approve_call(actor, approval=approval.id).state
        except Conflict:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        answers = sorted(answer.result() for answer in [threads.submit(press) for _ in range(4)])
    assert answers == ["done", "refused", "refused", "refused"]
    with tenant(organisation.pk):
        assert StatusChange.objects.filter(sim=sims[0]).count() == 1


def test_facts_that_moved_are_asked_for_again(waiting, actor):
    approval, sims = waiting
    toggle_sim_status(actor, sim=sims[0].iccid, action="deactivate")
    answer = approve_call(actor, approval=approval.id)
    assert answer.state == "stale" and "Asked again" in answer.error
    fresh = list_approvals(actor, state="pending").items[0]
    assert fresh.id != approval.id and fresh.proposal.digest != approval.proposal.digest
    assert status_of(sims[1]) == "active"


def test_a_rejected_call_does_nothing_and_says_why(waiting, actor):
    approval, sims = waiting
    answer = reject_call(actor, approval=approval.id, reason="Not today")
    assert answer.state == "rejected" and "Not today" in answer.sentence
    assert status_of(sims[0]) == "active"
    with pytest.raises(Conflict):
        approve_call(actor, approval=approval.id)


def test_an_expired_request_is_refused(waiting, actor, organisation):
    approval, _ = waiting
    with tenant(organisation.pk):
        Approval.objects.filter(pk=approval.id).update(expires_at=timezone.now() - timedelta(minutes=1))
    with pytest.raises(Conflict, match="expired"):
        approve_call(actor, approval=approval.id)
    assert list_approvals(actor, state="pending").items == []
    assert list_approvals(actor, state="expired").items[0].id == approval.id


def test_a_requester_who_left_gets_nothing_done(waiting, make_actor, machine):
    approval, sims = waiting
    boss = make_actor("admin")
    Membership.objects.filter(user_id=machine.user_id).delete()
    answer = approve_call(boss, approval=approval.id)
    assert answer.state == "failed" and "no longer a member" in answer.error
    assert status_of(sims[0]) == "active"


def test_a_requester_who_lost_the_right_gets_nothing_done(waiting, make_actor, machine):
    approval, sims = waiting
    Membership.objects.filter(user_id=machine.user_id).update(role="viewer")
    assert approve_call(make_actor("admin"), approval=approval.id).state == "failed"
    assert status_of(sims[0]) == "active"


def test_an_analyst_cannot_approve(waiting, make_actor):
    with pytest.raises(Denied):
        approve_call(make_actor("analyst"), approval=waiting[0].id)


def test_the_same_wish_waits_once(machine, organisation):
    sims = [make_sim(organisation).iccid for _ in range(2)]
    ids = set()
    for _ in range(2):
        with pytest.raises(ApprovalRequired) as raised:
            change_status_in_bulk(machine, sims=sims, action="suspend")
        ids.add(raised.value.approval.id)
    assert len(ids) == 1


# --- the registry ---


def test_arguments_are_explained_field_by_field(actor):
    with pytest.raises(Invalid) as error:
        registry.get("find_sims").call(actor, {"limit": 0, "min_usage": "a lot"})
    assert set(error.value.fields) == {"limit", "min_usage"}


def test_positional_arguments_are_a_programmers_error(actor):
    with pytest.raises(TypeError, match="keyword"):
        find_sims(actor, ["active"])


def test_a_service_called_by_a_service_adds_no_second_row(actor, organisation):
    sim = make_sim(organisation)
    toggle_sim_status(actor, sim=sim.iccid, action="suspend")
    undo_call(actor)
    assert [event.service for event in audit(organisation)] == ["toggle_sim_status", "undo_call"]


async def test_async_calls_go_through_the_same_guard(organisation, actor):
    from asgiref.sync import sync_to_async

    sim = await sync_to_async(make_sim)(organisation)
    outcome = await toggle_sim_status.acall(actor, {"sim": sim.iccid, "action": "suspend"})
    assert outcome.result.after == "suspended" and outcome.can_undo


def test_the_actor_of_the_platform_is_nobodys_account(organisation):
    assert Actor.system(organisation).user_id is None


def test_the_audit_log_is_asked_for_one_sim(actor, organisation):
    mine, other = make_sim(organisation, label="pump"), make_sim(organisation)
    for sim in (mine, other):
        toggle_sim_status(actor, sim=sim.iccid, action="suspend")
    [event] = list_audit_events(actor, sim="pump").items
    assert event.arguments["sim"] == mine.iccid
    today = timezone.now().date().isoformat()
    assert len(list_audit_events(actor, start_date=today, end_date=today).items) == 2
    assert list_audit_events(actor, end_date="2020-01-01").items == []
