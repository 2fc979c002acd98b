"""The night: what it finds, what it remembers, and that many nights come to the same as one."""

from datetime import timedelta

from analytics.models import Anomaly, AnomalySettings
from analytics.nightly import anomalies
from analytics.nightly.anomalies import ignored_days
from analytics.nightly.history import read_history
from iotsim.core.actor import Actor
from iotsim.core.tenancy import tenant
from sims.models import Alert, Sim, StatusChange
from tests.analytics.anomalies.fleet import LAST, Fleet, make_fleet, noon, running_job, states


def test_the_first_night_goes_through_all_days_that_are_known(fleet):
    for back in (20, 19, 18):
        fleet.put(fleet.sims[3], back, 300)
    fleet.put(fleet.sims[5], 0, 400)
    sentence = fleet.night()
    first, second = fleet.found()
    assert (first.sim_id, first.first_day, first.days) == (fleet.sims[3].pk, LAST - timedelta(days=20), 3)
    assert first.last_day == LAST - timedelta(days=18) and first.ended_on is not None
    assert (second.sim_id, second.first_day, second.ended_on) == (fleet.sims[5].pk, LAST, None)
    assert second.kind == "spike" and second.evidence["bytes"] == 400_000_000
    assert 1.5e6 < second.evidence["usual_bytes"] < 2.6e6
    assert "2 new anomalies" in sentence


def rows(fleet: Fleet) -> list[tuple]:
    """What stands of every anomaly, as far as the night decides it."""
    return [
        (
            one.sim_id,
            one.kind,
            one.first_day,
            one.last_day,
            one.days,
            one.ended_on,
            one.severity,
            one.score,
            one.evidence,
        )
        for one in fleet.found()
    ]


def strange(fleet: Fleet) -> Fleet:
    """A theft, a silence that lasts, a spike of one day, all in the last week."""
    for back in (5, 4, 3, 2):
        fleet.put(fleet.sims[1], back, 400, sessions=60)
    for back in range(20):
        fleet.put(fleet.sims[7], back, 0)
    fleet.put(fleet.sims[3], 1, 120)
    return fleet


def test_night_after_night_comes_to_the_same_as_one_long_night(organisation, other_organisation):
    long, short = strange(make_fleet(organisation)), strange(make_fleet(other_organisation))
    long.night()
    for back in (6, 5, 4, 3, 2, 1, 0):
        short.know_until(back)
        short.night()
    offset = short.sims[0].pk - long.sims[0].pk
    expected = [(row[0] + offset, *row[1:]) for row in rows(long)]
    assert len(expected) >= 3 and rows(short) == expected
    assert [row[3] for row in states(short.organization)] == [row[3] for row in states(long.organization)]


def test_missed_nights_are_caught_up(organisation, other_organisation):
    long, short = strange(make_fleet(organisation)), strange(make_fleet(other_organisation))
    long.night()
    short.know_until(9)
    short.night()
    short.know_until(0)
    short.night()
    assert [row[1:] for row in rows(short)] == [row[1:] for row in rows(long)]


def test_the_same_night_twice_changes_nothing(fleet):
    strange(fleet).night()
    before, memory, alerts = rows(fleet), states(fleet.organization), alerts_of(fleet)
    sentence = fleet.night()
    assert (rows(fleet), states(fleet.organization), alerts_of(fleet)) == (before, memory, alerts)
    assert sentence.startswith("0 new anomalies")


def alerts_of(fleet: Fleet) -> list[tuple]:
    with tenant(fleet.organization.pk):
        found = Alert.objects.filter(kind="anomaly").order_by("pk")
        return [(one.pk, one.sim_id, one.status, one.severity, one.text, one.count) for one in found]


def test_a_lasting_anomaly_is_one_row_and_one_alert_and_ends_with_it(fleet):
    thief = fleet.sims[4]
    for back in (9, 8, 7):
        fleet.put(thief, back, 400, sessions=60)
    for back in (9, 8, 7):
        fleet.know_until(back)
        fleet.night()
    (row,), (alert,) = fleet.found(), alerts_of(fleet)
    assert (row.days, row.ended_on, row.alert_id) == (3, None, alert[0])
    assert alert[2] == "open" and alert[5] == 3 and "truck-4" in alert[4] and "400" in alert[4]
    fleet.know_until(0)
    fleet.night()
    (row,), (alert,) = fleet.found(), alerts_of(fleet)
    assert row.ended_on is not None and row.days == 3 and alert[2] == "resolved"


def test_what_late_records_explain_is_taken_back(fleet):
    for back in range(4):
        fleet.put(fleet.sims[2], back, 0)
    fleet.know_until(1)
    fleet.night()
    for back in range(4):
        fleet.put(fleet.sims[2], back, 2)
    fleet.night()
    fleet.know_until(0)
    fleet.night()
    assert fleet.found(ended_on=None) == []


def test_alerts_stay_within_the_budget_and_the_worst_come_first(fleet):
    """Sixty SIMs may have five alerts a week; nine spikes of different size wait for them."""
    for n in range(9):
        fleet.put(fleet.sims[n * 6], 0, 12 * (n + 2), sessions=12)
    fleet.night()
    found = fleet.found(ended_on=None)
    told = [one for one in found if one.alert_id]
    held = [one for one in found if one.quiet == "budget"]
    assert len(told) <= 5
    if held:
        assert max(one.rank for one in told) <= min(one.rank for one in held)
    assert len(told) + len(held) + len([one for one in found if one.quiet == "severity"]) == len(found)


def test_a_sim_that_is_suspended_is_not_silent(fleet, make_actor):
    quiet, stopped = fleet.sims[7], fleet.sims[8]
    for back in range(20):
        fleet.put(quiet, back, 0)
        fleet.put(stopped, back, 0)
    at = noon(LAST - timedelta(days=20)) + timedelta(hours=8)
    with tenant(fleet.organization.pk):
        Sim.objects.filter(pk=stopped.pk).update(status="suspended")
        StatusChange.objects.create(
            organization=fleet.organization, sim=stopped, from_status="active", to_status="suspended", reason="user",
            state="confirmed", who="test", face="web", requested_at=at, settled_at=at,
        )  # fmt: skip
    fleet.night()
    assert {(one.sim_id, one.kind) for one in fleet.found(ended_on=None)} == {(quiet.pk, "silent")}


def test_firmware_of_a_whole_cohort_is_one_entry(fleet):
    for n, sim in enumerate(fleet.sims):
        if n % 10:
            fleet.put(sim, 1 + n % 3, 60)
    fleet.night()
    cohorts = [one for one in fleet.found() if one.cohort]
    assert len(cohorts) == 1 and cohorts[0].cohort == "Devices of type 35123456" and cohorts[0].sims > 30
    assert cohorts[0].alert_id is None and cohorts[0].quiet in ("cohort", "severity")
    assert len([one for one in fleet.found() if one.sim_id and one.first_day > LAST - timedelta(days=4)]) < 6


def test_of_two_nights_at_once_the_quicker_one_counts(fleet):
    """The second one has read what was remembered before the first one wrote: it gives way."""
    strange(fleet)
    history = read_history(fleet.organization.pk, days=60)
    actor, job = Actor.system(fleet.organization), running_job(fleet.organization)
    looked = anomalies._look(history, None, AnomalySettings(), job)
    fleet.night()
    before = rows(fleet)
    with anomalies.keeping(fleet.organization.pk):
        told = anomalies.keep_unless_overtaken(actor, history, looked, AnomalySettings(), "None")
    assert "quicker" in told and rows(fleet) == before


def test_days_of_anomalies_are_not_learned_from(fleet):
    strange(fleet).night()
    history = read_history(fleet.organization.pk, days=10)
    ignored = ignored_days(fleet.organization.pk, history)
    assert ignored.shape == history.bytes.shape
    assert ignored[4:8, 1].all() and not ignored[:4, 1].any()
    with tenant(fleet.organization.pk):
        Anomaly.objects.filter(sim_id=fleet.sims[1].pk).update(status="false")
    assert not ignored_days(fleet.organization.pk, history)[:, 1].any()


def test_a_fleet_without_usage_has_nothing_to_say(organisation):
    assert Fleet(organisation, [], LAST).night() == ""


def test_a_sim_without_a_plan_and_odd_numbers_do_no_harm(organisation):
    fleet = make_fleet(organisation, 20)
    with tenant(organisation.pk):
        Sim.objects.filter(pk=fleet.sims[0].pk).update(plan=None, customer=None, imei="")
    fleet.put(fleet.sims[0], 0, 10**9)
    fleet.put(fleet.sims[1], 0, 0)
    assert fleet.night()
    (row,) = [one for one in fleet.found() if one.sim_id == fleet.sims[0].pk]
    assert row.severity in ("high", "critical") and row.customer_id is None
