"""Deciding what machines ask for: changed, rejected, several at once, too late; by whom, and what each hears."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from iotsim.core import expiry
from iotsim.core.actor import Face, Run
from iotsim.core.deciding import decide_calls, edit_call
from iotsim.core.errors import ApprovalRequired, Conflict, Denied, Invalid, NotFound
from iotsim.core.models import Approval, AuditEvent, Notification
from iotsim.core.services import approve_call, get_approval, list_approvals, reject_call
from iotsim.core.tenancy import tenant
from sims.models import Sim
from sims.services.quota import update_quota
from sims.services.status import change_status_in_bulk, retire_sim
from tests.fleet import make_sim

GB = 10**9


@pytest.fixture
def requester(make_actor):
    return make_actor("manager")


@pytest.fixture
def sim(organisation):
    return make_sim(organisation, label="crane", quota_bytes=GB)


def wish(actor, service, **arguments) -> int:
    """What the copilot asks for in that person's name; the number of the request."""
    with pytest.raises(ApprovalRequired) as waiting:
        service(actor.at(Face.COPILOT, run=Run(id="run", asked=False)), **arguments)
    return waiting.value.approval.id


def told(actor, who) -> list[str]:
    with tenant(actor.organization_id):
        return list(Notification.objects.filter(user_id=who.user_id).order_by("pk").values_list("sentence", flat=True))


def state_of(actor, sim) -> Sim:
    with tenant(actor.organization_id):
        return Sim.objects.get(pk=sim.pk)


# --- changed ---


def test_other_arguments_make_a_new_request_that_is_approved_by_itself(actor, requester, sim):
    number = wish(requester, update_quota, sim=sim.iccid, quota=2 * GB)
    fresh = edit_call(actor, approval=number, arguments={"sim": sim.iccid, "quota": "3 GB"})
    assert fresh.id != number and fresh.replaces_id == number and fresh.edited_by == actor.name
    assert "3.00\xa0GB" in fresh.proposal.summary and "changed what was asked for" in fresh.why
    assert fresh.requester == requester.name
    old = get_approval(actor, approval=number)
    assert (old.state, old.replaced_by_id) == ("superseded", fresh.id)
    assert f"{actor.name} changed it. Request {fresh.id} waits in its place." in old.sentence
    assert state_of(actor, sim).quota_bytes == GB  # nothing ran
    assert approve_call(actor, approval=fresh.id).state == "done"
    assert state_of(actor, sim).quota_bytes == 3 * GB
    with tenant(actor.organization_id):
        event = AuditEvent.objects.get(service="update_quota", outcome="done")
    assert (event.who, event.approved_by, event.arguments["quota"]) == (requester.name, actor.name, 3 * GB)


def test_the_old_request_cannot_be_decided_any_more(actor, requester, sim):
    number = wish(requester, update_quota, sim=sim.iccid, quota=2 * GB)
    fresh = edit_call(actor, approval=number, arguments={"sim": sim.iccid, "quota": 3 * GB})
    for decide in (approve_call, reject_call):
        with pytest.raises(Conflict, match=f"was changed; request {fresh.id} waits in its place"):
            decide(actor, approval=number)
    with pytest.raises(Conflict, match="was changed"):
        edit_call(actor, approval=number, arguments={"sim": sim.iccid, "quota": 4 * GB})


def test_arguments_are_checked_by_the_service_s_own_schema(actor, requester, sim):
    number = wish(requester, update_quota, sim=sim.iccid, quota=2 * GB)
    for arguments, words in (
        ({"sim": sim.iccid}, "Please give quota"),
        ({"sim": sim.iccid, "quota": "lots"}, "is not a size"),
        ({"sim": sim.iccid, "quota": 1, "organization": 1}, "knows no organization"),
    ):
        with pytest.raises(Invalid, match=words):
            edit_call(actor, approval=number, arguments=arguments)
    with pytest.raises(NotFound):
        edit_call(actor, approval=number, arguments={"sim": "0000000000", "quota": 1})
    assert get_approval(actor, approval=number).state == "pending"


def test_the_same_arguments_change_nothing(actor, requester, sim):
    number = wish(requester, update_quota, sim=sim.iccid, quota=2 * GB)
    with pytest.raises(Conflict, match="asks for already"):
        edit_call(actor, approval=number, arguments={"sim": sim.iccid, "quota": "2 GB"})


def test_the_one_who_asked_must_be_allowed_what_it_was_changed_to(actor, make_actor, organisation, sim):
    from tests.fleet import make_customer

    theirs = make_customer(organisation, "Acme")
    mine = make_sim(organisation, label="theirs", customer=theirs, quota_bytes=GB)
    limited = make_actor("manager", customer_ids=[theirs.pk])
    number = wish(limited, update_quota, sim=mine.iccid, quota=2 * GB)
    with pytest.raises(NotFound):
        edit_call(actor, approval=number, arguments={"sim": sim.iccid, "quota": 2 * GB})


def test_a_machine_changes_and_decides_nothing(actor, requester, sim):
    number = wish(requester, update_quota, sim=sim.iccid, quota=2 * GB)
    machine = actor.at(Face.COPILOT, run=Run(id="run", asked=True))
    for service, raw in (
        (approve_call, {"approval": number}),
        (reject_call, {"approval": number}),
        (edit_call, {"approval": number, "arguments": {"sim": sim.iccid, "quota": 1}}),
        (decide_calls, {"approvals": [number], "decision": "approve"}),
    ):
        with pytest.raises(Denied, match="for people"):
            service.call(machine, raw)
    assert get_approval(actor, approval=number).state == "pending"


# --- several at once ---


def test_several_are_decided_each_by_itself(actor, requester, organisation):
    sims = [make_sim(organisation, label=f"pump-{n}") for n in range(4)]
    good, bad, moved, other = (wish(requester, retire_sim, sim=one.iccid) for one in sims)
    reject_call(actor, approval=bad)
    with tenant(organisation.pk):
        Sim.objects.filter(pk=sims[2].pk).update(safety_critical=True)
    made = decide_calls(actor, approvals=[good, bad, moved, other, 987_654], decision="approve")
    assert (made.done, made.stale, made.failed, made.rejected) == (2, 1, 0, 0)
    assert [one.id for one in made.refused] == [bad, 987_654]
    assert made.sentence.startswith("2 requests approved and done. 1 overtaken by what has changed")
    assert "2 not decided: Request" in made.sentence
    assert [state_of(actor, one).status for one in sims] == ["retired", "active", "active", "retired"]
    with tenant(organisation.pk):
        events = AuditEvent.objects.filter(service="retire_sim", outcome="done")
        assert {(one.who, one.approved_by) for one in events} == {(requester.name, actor.name)}


def test_several_are_rejected_with_one_reason(actor, requester, organisation):
    numbers = [wish(requester, retire_sim, sim=make_sim(organisation, label=f"p{n}").iccid) for n in range(3)]
    made = decide_calls(actor, approvals=numbers, decision="reject", reason="Not this week")
    assert made.rejected == 3 and made.sentence == "3 requests rejected; nothing was changed by them."
    assert {get_approval(actor, approval=one).reason for one in numbers} == {"Not this week"}


def test_several_at_the_same_moment_run_once(actor, requester, organisation):
    numbers = [wish(requester, retire_sim, sim=make_sim(organisation, label=f"q{n}").iccid) for n in range(3)]

    def decide(turned):
        try:
            return decide_calls(actor, approvals=numbers[:: -1 if turned else 1], decision="approve").done
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(decide, [False, True, False, True])) == [0, 0, 0, 3]
    with tenant(organisation.pk):
        assert AuditEvent.objects.filter(service="retire_sim", outcome="done").count() == 3


def test_the_dialog_for_several_shows_each_of_them(actor, requester, organisation):
    numbers = [wish(requester, retire_sim, sim=make_sim(organisation, label=f"r{n}").iccid) for n in range(2)]
    proposal = decide_calls.propose(actor, {"approvals": numbers, "decision": "approve"})
    assert proposal.summary == "Approve 2 requests" and not proposal.reversible
    assert [one.label for one in proposal.changes] == ["Retire SIM r0", "Retire SIM r1"]


# --- who may ---


def test_the_facts_say_who_may_decide(actor, make_actor, requester, sim):
    number = wish(requester, update_quota, sim=sim.iccid, quota=2 * GB)
    mine = get_approval(actor, approval=number)
    assert mine.may_decide and mine.who_may == f"You may decide it; so may {requester.name}."
    viewer = get_approval(make_actor("viewer"), approval=number)
    assert not viewer.may_decide
    assert viewer.who_may == f"It is for {actor.name} or {requester.name} to decide."
    machine = get_approval(actor.at(Face.COPILOT, run=Run(id="r")), approval=number)
    assert not machine.may_decide


def test_of_many_the_first_are_named(actor, make_actor, sim):
    requester = make_actor("manager")
    for _ in range(4):
        make_actor("admin")
    number = wish(requester, update_quota, sim=sim.iccid, quota=2 * GB)
    assert "and 2 more" in get_approval(actor, approval=number).who_may


def test_who_is_limited_decides_only_what_was_asked_in_their_name(actor, make_actor, organisation):
    from tests.fleet import make_customer

    theirs = make_customer(organisation, "Acme")
    limited = make_actor("manager", customer_ids=[theirs.pk])
    own = wish(limited, retire_sim, sim=make_sim(organisation, label="own", customer=theirs).iccid)
    foreign = wish(actor, retire_sim, sim=make_sim(organisation, label="other", customer=theirs).iccid)
    assert get_approval(limited, approval=own).may_decide
    assert limited.name in get_approval(actor, approval=own).who_may
    assert limited.name not in get_approval(actor, approval=foreign).who_may
    made = decide_calls(limited, approvals=[own, foreign], decision="approve")
    assert made.done == 1 and [one.id for one in made.refused] == [foreign]


def test_the_list_is_narrowed_to_what_waits_what_is_decided_and_what_is_mine(actor, requester, organisation):
    sims = [make_sim(organisation, label=f"s{n}") for n in range(3)]
    first, second = (wish(requester, retire_sim, sim=one.iccid) for one in sims[:2])
    third = wish(actor, retire_sim, sim=sims[2].iccid)
    reject_call(actor, approval=first)

    def listed(**which):
        return [one.id for one in list_approvals(actor, **which).items]

    assert listed(state="pending") == [third, second]
    assert listed(decided=True) == [first]
    assert listed(mine=True) == [third]


# --- too late ---


def late(actor, number, hours):
    with tenant(actor.organization_id):
        Approval.objects.filter(pk=number).update(expires_at=timezone.now() + timedelta(hours=hours))


def test_what_nobody_decides_ends_and_whoever_asked_is_told(actor, requester, sim):
    number = wish(requester, update_quota, sim=sim.iccid, quota=2 * GB)
    late(actor, number, -1)
    for expected in (1, 0):
        with tenant(actor.organization_id):
            assert expiry.expire(actor.organization_id) == expected
    assert get_approval(actor, approval=number).state == "expired"
    assert [one.id for one in list_approvals(actor, state="expired").items] == [number]
    assert "Nobody decided in time, so nothing was changed" in told(actor, requester)[-1]
    with pytest.raises(Conflict, match="expired"):
        approve_call(actor, approval=number)


def test_those_who_may_decide_are_reminded_once_before_it_is_too_late(actor, requester, make_actor, sim):
    viewer = make_actor("viewer")
    number = wish(requester, update_quota, sim=sim.iccid, quota=2 * GB)
    with tenant(actor.organization_id):
        assert expiry.remind(actor.organization_id) == 0
    late(actor, number, 3)
    for expected in (1, 0):
        with tenant(actor.organization_id):
            assert expiry.remind(actor.organization_id) == expected
    assert [one for one in told(actor, actor) if "Still waits for your decision, for 3 hours more" in one]
    assert told(actor, viewer) == []


def test_whoever_asked_hears_what_another_person_decided(actor, requester, organisation):
    first, second = (wish(requester, retire_sim, sim=make_sim(organisation, label=f"t{n}").iccid) for n in range(2))
    assert [one for one in told(actor, actor) if "asks by copilot for your decision" in one]
    approve_call(actor, approval=first)
    reject_call(actor, approval=second, reason="It is in use")
    approved, rejected = told(actor, requester)[-2:]
    assert approved.startswith(f"{actor.name} approved: Retire SIM t0.") and "It is in use" in rejected


def test_overtaken_twice_and_changed_leads_to_the_newest(actor, requester, organisation):
    sims = [make_sim(organisation, label=f"u{n}") for n in range(3)]
    number = wish(requester, change_status_in_bulk, action="suspend", sims=[one.iccid for one in sims])
    with tenant(organisation.pk):
        Sim.objects.filter(pk=sims[0].pk).update(safety_critical=True)
    overtaken = approve_call(actor, approval=number)
    assert overtaken.state == "stale" and overtaken.replaced_by_id
    chosen = {"action": "suspend", "sims": [one.iccid for one in sims[1:]]}
    newest = edit_call(actor, approval=overtaken.replaced_by_id, arguments=chosen)
    assert newest.proposal.count == 2
    from iotsim.core.approvals import and_replaced, newest_of

    with tenant(organisation.pk):
        assert newest_of(number).pk == newest.id
        assert and_replaced([newest.id]) == {number, overtaken.replaced_by_id, newest.id}
