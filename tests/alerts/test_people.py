"""What people do with alerts: see, acknowledge, assign, snooze, resolve, take back; one by one and many at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from iotsim.core.actor import Actor, Face, Run
from iotsim.core.bell import list_notifications, mark_notifications_read
from iotsim.core.errors import ApprovalRequired, ConfirmationRequired, Conflict, Denied, Invalid, NotFound
from iotsim.core.models import AuditEvent
from iotsim.core.services import undo_call
from iotsim.core.tenancy import tenant
from sims.alerts import watch
from sims.models import Alert
from sims.services.alert_rules import create_alert_rule, delete_alert_rule, list_alert_rules, update_alert_rule
from sims.services.alerts import (
    acknowledge_alert,
    assign_alert,
    change_alerts_in_bulk,
    create_alert,
    get_alert,
    list_alerts,
    resolve_alert,
    snooze_alert,
)
from tests.alerts.state import alerts, change_sim, kinds
from tests.fleet import make_customer, make_plan, make_sim


@pytest.fixture
def alert(organisation, actor) -> int:
    return create_alert(actor, text="Antenna broken", sim=make_sim(organisation, label="pump-1").iccid).id


def undo_last(actor) -> str:
    return undo_call(actor).sentence


def test_an_alert_made_by_hand_says_what_and_about_which_sim(actor, alert):
    found = get_alert(actor, alert=alert)
    assert (found.sentence, found.sim_name, found.severity, found.status) == (
        "Antenna broken", "pump-1", "warning", "open",
    )  # fmt: skip
    assert list_alerts(actor, sim="pump-1").total == 1 and list_alerts(actor).sentence == "1 alert."


def test_every_act_stands_in_the_history_and_can_be_taken_back(actor, alert):
    acknowledge_alert(actor, alert=alert)
    assign_alert(actor, alert=alert, person="me")
    snooze_alert(actor, alert=alert, hours="3 days")
    resolve_alert(actor, alert=alert, note="Antenna replaced")
    steps = [step.what for step in get_alert(actor, alert=alert).history]
    assert steps[1:3] == ["Acknowledged.", f"Assigned to {actor.name}."] and steps[-1] == "Resolved: Antenna replaced."
    undo_last(actor)
    assert get_alert(actor, alert=alert).status == "snoozed"


def test_a_change_is_not_taken_back_after_somebody_elses(actor, make_actor, alert):
    acknowledge_alert(actor, alert=alert)
    assign_alert(make_actor("manager"), alert=alert, person=actor.name)
    with pytest.raises(Conflict, match="changed the alert since"):
        undo_last(actor)


def test_a_snooze_is_over_by_itself(actor, organisation, alert):
    snooze_alert(actor, alert=alert, hours=1)
    assert list_alerts(actor, status="open").total == 0
    with tenant(organisation.pk):
        Alert.objects.update(snoozed_until=timezone.now() - timedelta(minutes=1))
    assert list_alerts(actor, status="open").total == 1 and get_alert(actor, alert=alert).status == "open"
    with tenant(organisation.pk):
        assert watch.wake(organisation.pk) == 1
    with pytest.raises(Invalid, match="how long"):
        snooze_alert(actor, alert=alert)


def test_who_is_given_an_alert_is_told_and_must_be_allowed_to_see_it(actor, make_membership, organisation, alert):
    member, limited = make_membership("analyst"), make_membership("manager", customer_ids=[1])
    assign_alert(actor, alert=alert, person=member.user.email)

    theirs = Actor.for_membership(member, face=Face.WEB)
    [told] = list_notifications(theirs).items
    assert told.path == f"/alerts/{alert}/" and "gave you alert" in told.title
    with pytest.raises(Denied, match="may not see"):
        assign_alert(actor, alert=alert, person=limited.user.email)
    with pytest.raises(NotFound, match="is not a member"):
        assign_alert(actor, alert=alert, person="stranger@example.com")
    mark_notifications_read(theirs)
    assert list_notifications(theirs).unread == 0 and list_notifications(theirs, unread=True).items == []


def test_whoever_is_limited_to_customers_sees_their_alerts_only(organisation, actor, make_actor):
    acme, beta = make_customer(organisation), make_customer(organisation, "Beta")
    mine = create_alert(actor, text="Mine", sim=make_sim(organisation, customer=acme).iccid).id
    other = create_alert(actor, text="Not mine", sim=make_sim(organisation, customer=beta).iccid).id
    create_alert(actor, text="Of the whole fleet")
    limited = make_actor("manager", customer_ids=[acme.pk])
    assert [one.id for one in list_alerts(limited).items] == [mine]
    for act in (acknowledge_alert, resolve_alert, get_alert):
        with pytest.raises(NotFound):
            act(limited, alert=other)
    assert change_alerts_in_bulk.call(limited, {"action": "resolve"}, confirmed=digest(limited)).result
    assert kinds(organisation, status="resolved") == [("manual", "resolved")]


def digest(actor, **arguments) -> str:
    return change_alerts_in_bulk.propose(actor, {"action": "resolve", **arguments}).digest


def test_a_viewer_sees_and_does_not_act(make_actor, actor, alert):
    viewer = make_actor("viewer")
    assert list_alerts(viewer).total == 1
    with pytest.raises(Denied):
        acknowledge_alert(viewer, alert=alert)
    with pytest.raises(Denied):
        create_alert_rule(make_actor("analyst"), kind="silence", hours=5)


def test_many_at_once_are_shown_first_and_taken_back_together(organisation, actor):
    for n in range(3):
        create_alert(actor, text=f"Alert {n}", severity="info")
    with pytest.raises(ConfirmationRequired) as asked:
        change_alerts_in_bulk(actor, action="resolve", severity="info")
    assert asked.value.proposal.summary == "Resolve 3 alerts" and asked.value.proposal.noun == "alert"
    outcome = change_alerts_in_bulk.call(
        actor, {"action": "resolve", "severity": "info"}, confirmed=asked.value.proposal.digest
    )
    assert outcome.sentence == "3 alerts resolved." and list_alerts(actor).total == 0
    undo_call(actor, event=outcome.event_id)
    assert list_alerts(actor, severity="info").total == 3


def test_a_machine_acts_on_one_alert_and_waits_for_a_person_with_many(make_actor, actor, alert):
    create_alert(actor, text="Another")
    machine = make_actor("manager", "copilot").at(Face.COPILOT, run=Run(asked=True))
    acknowledge_alert(machine, alert=alert)
    with pytest.raises(ApprovalRequired, match="2 alerts"):
        change_alerts_in_bulk(machine, action="resolve", status="all")


def test_the_list_shows_critical_ones_first_and_is_turned_over_by_cursor(actor):
    for severity in ("info", "critical", "warning", "critical", "info"):
        create_alert(actor, text="One of five", severity=severity)
    shown, cursor = [], None
    while True:
        page = list_alerts(actor, limit=2, cursor=cursor)
        shown += [one.severity for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert shown == ["critical", "critical", "warning", "info", "info"]
    assert (page.critical, page.warning, page.info) == (2, 1, 2)
    with pytest.raises(Invalid, match="cursor"):
        list_alerts(actor, cursor="nonsense:1")


def test_a_rule_of_ones_own_watches_what_it_says(organisation, actor):
    acme = make_customer(organisation)
    theirs = make_sim(organisation, customer=acme, cycle_bytes=2_000)
    make_sim(organisation, cycle_bytes=2_000)
    made = create_alert_rule(actor, kind="threshold", usage="1 kB", customer="Acme", severity="critical")
    assert "of Acme has used 1.00" in made.sentence
    with tenant(organisation.pk):
        assert watch.check_usage(organisation.pk) == 1
    assert [one.sim.pk for one in alerts(organisation)] == [theirs.pk]
    update_alert_rule(actor, rule=made.id, enabled=False)
    assert kinds(organisation) == [("threshold", "resolved")]
    undo_last(actor)
    with tenant(organisation.pk):
        assert watch.check_usage(organisation.pk) == 0  # it rests a day


def test_a_deleted_rule_leaves_its_alerts_and_can_come_back(organisation, actor):
    make_sim(organisation, plan=make_plan(organisation, quota_bytes=100), cycle_bytes=90)
    with tenant(organisation.pk):
        watch.check_usage(organisation.pk)
    rule = next(one for one in list_alert_rules(actor).items if one.kind == "threshold")
    assert rule.open_alerts == 1
    delete_alert_rule(actor, rule=rule.id)
    assert kinds(organisation) == [("threshold", "resolved")]
    undo_last(actor)
    assert rule.name in {one.name for one in list_alert_rules(actor).items}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kind": "silence"}, "after how many hours"),
        ({"kind": "silence", "hours": 5, "percent": 80}, "takes no percent"),
        ({"kind": "threshold", "percent": 80, "usage": "1 GB"}, "not both"),
        ({"kind": "threshold", "name": "Quota threshold reached"}, "already"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_a_sentence(actor, arguments, words):
    with pytest.raises((Invalid, Conflict), match=words):
        create_alert_rule(actor, **arguments)


def test_the_bell_is_ones_own(actor, make_actor, alert, organisation):
    create_alert(actor, text="Fire", severity="critical")
    other = make_actor("manager")
    assert list_notifications(actor).unread == 1 and list_notifications(other).unread == 0
    [mine] = list_notifications(actor).items
    mark_notifications_read(other, notifications=[mine.id])
    assert list_notifications(actor).unread == 1
    mark_notifications_read(actor, notifications=[mine.id])
    assert list_notifications(actor).unread == 0
    undo_last(actor)
    assert list_notifications(actor).unread == 1


def test_what_waits_and_what_is_done_is_told(organisation, actor, make_actor):
    sims = [make_sim(organisation).iccid for _ in range(2)]
    machine = make_actor("manager", "copilot").at(Face.COPILOT, run=Run(asked=True))
    from iotsim.core.registry import get

    with pytest.raises(ApprovalRequired):
        get("change_status_in_bulk").call(machine, {"action": "suspend", "sims": sims})
    assert [one.kind for one in list_notifications(actor).items] == ["approval"]
    from iotsim.core.jobs import run_job

    job = get("check_quotas").call(actor, {}).result
    run_job(organisation.pk, job.id)
    newest = list_notifications(actor).items[0]
    assert (newest.kind, newest.path) == ("job", "/alerts/") and "All quotas were checked" in newest.title


def test_acts_are_audited_with_their_alert(actor, organisation, alert):
    acknowledge_alert(actor, alert=alert)
    with tenant(organisation.pk):
        event = AuditEvent.objects.get(service="acknowledge_alert")
    assert event.who == actor.name and event.undo["service"] == "restore_alerts"


def test_silence_is_told_once_and_over_when_the_sim_is_heard(organisation):
    old = timezone.now() - timedelta(days=8)
    sim = make_sim(organisation, last_seen_at=old)
    make_sim(organisation, last_seen_at=old, status="suspended")
    make_sim(organisation)
    for expected in (1, 0):
        with tenant(organisation.pk):
            assert watch.check_silence(organisation.pk) == expected
    change_sim(sim, last_seen_at=timezone.now())
    with tenant(organisation.pk):
        watch.check_silence(organisation.pk)
    assert kinds(organisation) == [("silence", "resolved")]
