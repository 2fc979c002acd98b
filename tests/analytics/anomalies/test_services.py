"""What the services say and do: lists, explanations, marks, settings; and who may not."""

from datetime import date, timedelta

import pytest

from analytics.services.anomalies import check_anomalies, explain_anomaly, mark_anomalies_in_bulk, mark_anomaly
from analytics.services.anomaly_settings import (
    change_anomaly_settings,
    get_anomaly_settings,
    list_shadow_suspensions,
)
from iotsim.core.errors import ConfirmationRequired, Conflict, Denied, Invalid, NotFound
from iotsim.core.models import AuditEvent
from iotsim.core.services import undo_call
from iotsim.core.tenancy import tenant
from sims.models import Alert, Customer, Sim
from sims.usage import local_today
from tests.analytics.anomalies.fleet import LAST, Fleet
from tests.fleet import make_customer


@pytest.fixture
def fleet(after_a_night) -> Fleet:
    return after_a_night


def of_sim(fleet: Fleet, n: int):
    return next(one for one in fleet.found() if one.sim_id == fleet.sims[n].pk)


def test_the_list_says_how_many_how_bad_and_which(fleet, actor):
    page = check_anomalies(actor)
    assert page.total == 3 == len(page.items) == page.critical + page.high + page.medium + page.low
    assert [one.severity for one in page.items] == sorted(
        [one.severity for one in page.items], key=("critical", "high", "medium", "low").index
    )
    assert page.sentence.startswith("3 anomalies: ") and page.items[0].sim_name in page.sentence
    assert page.as_of == LAST


def test_only_what_began_since_a_day_is_new(fleet, actor):
    page = check_anomalies(actor, since=LAST - timedelta(days=3))
    names = {one.sim_name for one in page.items}
    assert "truck-1" in names and "truck-3" not in names
    assert "new anomal" in page.sentence and f"since {LAST - timedelta(days=3):%-d %b %Y}" in page.sentence


def test_filters_hold_together(fleet, actor):
    assert [one.kind for one in check_anomalies(actor, kind="silent").items] == ["silent"]
    assert check_anomalies(actor, sim="truck-1", kind="silent").items == []
    assert check_anomalies(actor, customer="Acme").total == 3
    assert {one.sim_name for one in check_anomalies(actor, status="lasting").items} == {"truck-1", "truck-7"}
    worst = check_anomalies(actor).items[0].severity
    assert all(one.severity == worst for one in check_anomalies(actor, severity=worst).items)


def test_pages_follow_one_another(fleet, actor):
    everything, seen, cursor = [one.id for one in check_anomalies(actor).items], [], None
    for _ in range(3):
        page = check_anomalies(actor, limit=1, cursor=cursor)
        seen += [one.id for one in page.items]
        cursor = page.next_cursor
    assert seen == everything and cursor is None


@pytest.mark.parametrize("cursor", ["nonsense", "9:2026-01-01:1", "1:x:1", "0:2026-01-01:99999999999999999999"])
def test_a_cursor_of_another_list_is_refused(fleet, actor, cursor):
    with pytest.raises(Invalid, match="start without it"):
        check_anomalies(actor, cursor=cursor)


def test_days_that_are_yet_to_come_are_refused(fleet, actor):
    with pytest.raises(Invalid, match="yet to come"):
        check_anomalies(actor, since=local_today(actor) + timedelta(days=2))


def test_an_explanation_holds_the_day_against_the_usual(fleet, actor):
    told = explain_anomaly(actor, sim="truck-1")
    assert told.kind == "spike" and "400\u00a0MB" in told.words and "usual" in told.words and "±" in told.words
    assert {"Used that day", "Usual for such a day", "Score"} <= {one.label for one in told.facts}
    first = told.next_steps[0]
    assert (first.service, first.arguments["action"]) == ("toggle_sim_status", "suspend")
    assert "second opinion" in told.opinion
    assert explain_anomaly(actor, anomaly=told.id).words == told.words
    assert "no data for" in explain_anomaly(actor, sim="truck-7").words


def test_what_is_not_there_is_said(fleet, actor):
    with pytest.raises(NotFound, match="There is no anomaly 999999999"):
        explain_anomaly(actor, anomaly=999_999_999)
    with pytest.raises(NotFound, match="truck-9 has shown no anomaly"):
        explain_anomaly(actor, sim="truck-9")
    with pytest.raises(Invalid, match="Say which anomaly"):
        explain_anomaly(actor)


def test_a_false_alarm_ends_its_alert_and_is_told_again_only_when_stronger(fleet, actor):
    row = of_sim(fleet, 1)
    assert row.alert_id
    changed = mark_anomaly(actor, anomaly=row.pk, mark="false", note="A test of ours")
    assert "false alarm" in changed.sentence and changed.changed == 1
    with tenant(fleet.organization.pk):
        assert Alert.objects.get(pk=row.alert_id).status == "resolved"
    assert row.pk not in {one.id for one in check_anomalies(actor).items}
    assert [one.id for one in check_anomalies(actor, status="false").items] == [row.pk]
    told = explain_anomaly(actor, anomaly=row.pk)
    assert told.history[-1].what == "Marked as a false alarm: A test of ours." and told.marked_by == actor.name
    assert told.next_steps == []
    fleet.night()
    again = of_sim(fleet, 1)
    assert (again.pk, again.status, again.version) == (row.pk, "false", 1)


def test_a_mark_can_be_undone_with_all_that_came_of_it(fleet, actor):
    row = of_sim(fleet, 1)
    outcome = mark_anomaly.call(actor, {"anomaly": row.pk, "mark": "false"})
    undo_call(actor, event=outcome.event_id)
    back = of_sim(fleet, 1)
    assert (back.status, back.marked_by, back.note) == ("open", "", "")
    with tenant(fleet.organization.pk):
        assert Alert.objects.get(pk=row.alert_id).status == "open"


def test_a_mark_that_somebody_changed_since_is_not_undone(fleet, actor):
    row = of_sim(fleet, 1)
    outcome = mark_anomaly.call(actor, {"anomaly": row.pk, "mark": "false"})
    mark_anomaly(actor, anomaly=row.pk, mark="real")
    with pytest.raises(Conflict, match="marked the anomaly anew"):
        undo_call(actor, event=outcome.event_id)


def test_what_is_expected_raises_no_alert_until_then(organisation, actor):
    from tests.analytics.anomalies.fleet import make_fleet

    fleet = make_fleet(organisation)
    fleet.put(fleet.sims[4], 12, 80)
    fleet.know_until(11)
    fleet.night()
    (row,) = fleet.found()
    mark_anomaly(actor, anomaly=row.pk, mark="expected", until=local_today(actor) + timedelta(days=20))
    fleet.put(fleet.sims[4], 1, 80)
    fleet.know_until(0)
    fleet.night()
    new = next(one for one in fleet.found() if one.first_day == LAST - timedelta(days=1))
    assert (new.status, new.quiet, new.alert_id) == ("expected", "expected", None)


def test_days_of_a_mark_must_make_sense(fleet, actor):
    row, today = of_sim(fleet, 1), local_today(actor)
    with pytest.raises(Invalid, match="is past already"):
        mark_anomaly(actor, anomaly=row.pk, mark="expected", until=today - timedelta(days=1))
    with pytest.raises(Invalid, match="within the next year"):
        mark_anomaly(actor, anomaly=row.pk, mark="expected", until=date(2999, 1, 1))
    with pytest.raises(Invalid, match="leave until out"):
        mark_anomaly(actor, anomaly=row.pk, mark="false", until=today)
    with pytest.raises(Invalid, match="Mark"):
        mark_anomaly.call(actor, {"anomaly": row.pk, "mark": "perhaps"})


def test_several_are_marked_after_one_look(fleet, actor):
    numbers = [of_sim(fleet, n).pk for n in (1, 7)]
    with pytest.raises(ConfirmationRequired) as asked:
        mark_anomalies_in_bulk(actor, anomalies=numbers, mark="real")
    assert asked.value.proposal.count == 2
    outcome = mark_anomalies_in_bulk.call(
        actor, {"anomalies": numbers, "mark": "real"}, confirmed=asked.value.proposal.digest
    )
    assert outcome.sentence.startswith("2 anomalies marked as real")
    assert check_anomalies(actor, status="real").total == 2


def test_settings_are_changed_with_their_way_back(fleet, actor):
    before = get_anomaly_settings(actor)
    assert (before.alerts_per_10k, before.suspension, before.sims, before.alerts_a_week) == (3.0, "off", 60, 5)
    outcome = change_anomaly_settings.call(
        actor, {"alerts_per_10k": 200, "policy_day_bytes": "500 MB", "suspension": "shadow", "kinds_off": ["leak"]}
    )
    after = get_anomaly_settings(actor)
    assert (after.policy_day_bytes, after.suspension, after.kinds_off) == (500_000_000, "shadow", ["leak"])
    assert after.alerts_a_week == 9 and "500\u00a0MB a day" in outcome.sentence
    undo_call(actor, event=outcome.event_id)
    assert get_anomaly_settings(actor).model_dump() == before.model_dump()


def test_a_policy_is_kept_by_the_next_night(fleet, actor):
    change_anomaly_settings(actor, policy_day_bytes="100 MB")
    fleet.put(fleet.sims[20], 0, 130)
    fleet.put(fleet.sims[20], 1, 130)
    fleet.night()
    row = of_sim(fleet, 20)
    assert row.kind == "policy" and row.evidence["bound_bytes"] == 100_000_000
    assert "the policy allows 100\u00a0MB a day" in explain_anomaly(actor, anomaly=row.pk).words


def test_only_whoever_may_spend_changes_settings(fleet, make_actor):
    with pytest.raises(Denied):
        change_anomaly_settings(make_actor("analyst"), alerts_per_10k=5)
    limited = make_actor("manager", customer_ids=[1])
    with pytest.raises(Denied, match="whole organisation"):
        change_anomaly_settings(limited, alerts_per_10k=5)
    with pytest.raises(Invalid, match="Say what to change"):
        change_anomaly_settings(make_actor("manager"))


def test_a_member_limited_to_some_customers_sees_only_theirs(fleet, make_actor):
    other = make_customer(fleet.organization, "Borealis")
    with tenant(fleet.organization.pk):
        Sim.objects.filter(pk=fleet.sims[7].pk).update(customer=other)
        acme = Customer.objects.get(name="Acme").pk
    theirs, mine = of_sim(fleet, 7), make_actor("manager", customer_ids=[acme])
    assert {one.sim_name for one in check_anomalies(mine).items} == {"truck-1", "truck-3"}
    with pytest.raises(NotFound):
        explain_anomaly(mine, anomaly=theirs.pk)
    with pytest.raises(NotFound):
        mark_anomaly(mine, anomaly=theirs.pk, mark="false")
    assert check_anomalies(make_actor("manager", customer_ids=[other.pk])).total == 1
    assert list_shadow_suspensions(make_actor("manager", customer_ids=[other.pk])).items == []


def test_a_stranger_sees_nothing(fleet, other_organisation, make_actor):
    stranger = make_actor("owner", organisation=other_organisation)
    assert check_anomalies(stranger).total == 0
    with pytest.raises(NotFound):
        explain_anomaly(stranger, anomaly=of_sim(fleet, 1).pk)


def test_marks_are_in_the_audit_log(fleet, actor):
    mark_anomaly(actor, anomaly=of_sim(fleet, 1).pk, mark="real")
    with tenant(fleet.organization.pk):
        event = AuditEvent.objects.get(service="mark_anomaly")
    assert (event.outcome, event.arguments["mark"]) == ("done", "real")
