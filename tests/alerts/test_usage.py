"""Thresholds, limits and pools: raised once while they last, ended by themselves, whoever looks how often."""

import threading

import pytest
from django.db import connection

from iotsim.core.models import AuditEvent, Notification
from iotsim.core.tenancy import tenant
from sims.alerts import watch
from sims.models import Sim, StatusChange
from sims.services.alerts import resolve_alert
from sims.services.limits import list_pools, update_plan_limits, update_sim_limits
from sims.services.status import toggle_sim_status
from tests.alerts.state import alerts, change_rule, change_sim, kinds
from tests.fleet import make_customer, make_plan, make_sim
from tests.intake.samples import bring_in, iccid, noon, own, own_row


@pytest.fixture
def plan(organisation):
    return make_plan(organisation, quota_bytes=1_000_000)


def check(organisation) -> int:
    with tenant(organisation.pk):
        return watch.check_usage(organisation.pk)


def test_every_organisation_is_born_with_rules(organisation, other_organisation):
    from sims.services.alert_rules import AlertRule

    for one in (organisation, other_organisation):
        with tenant(one.pk):
            assert AlertRule.objects.filter(enabled=True).count() == 8


def test_the_soft_threshold_is_apart_from_the_hard_limit(organisation, plan):
    sim = make_sim(organisation, plan=plan, cycle_bytes=799_999)
    assert check(organisation) == 0
    change_sim(sim, cycle_bytes=800_000)
    assert check(organisation) == 1
    assert kinds(organisation) == [("threshold", "open")]
    change_sim(sim, cycle_bytes=1_000_000)
    check(organisation)
    assert kinds(organisation) == [("threshold", "resolved"), ("limit", "open")]


def test_plan_and_sim_have_thresholds_of_their_own(organisation, plan, actor):
    make_sim(organisation, plan=plan, cycle_bytes=600_000)
    own_one = make_sim(organisation, plan=plan, cycle_bytes=500_000)
    update_plan_limits(actor, plan=plan.name, threshold=70)
    assert check(organisation) == 0
    update_sim_limits(actor, sim=own_one.iccid, threshold=50)
    assert check(organisation) == 1
    update_plan_limits(actor, plan=plan.name, threshold=60)
    assert check(organisation) == 1
    update_sim_limits(actor, sim=own_one.iccid, threshold="plan")
    check(organisation)
    assert [one.sim.pk for one in alerts(organisation, status="resolved")] == [own_one.pk]


def test_a_repeat_raises_the_count_and_not_a_second_alert(organisation, plan):
    from django.utils import timezone

    sim = make_sim(organisation, plan=plan, cycle_bytes=900_000, cycle_as_of=timezone.now())
    check(organisation)
    check(organisation)
    assert [one.count for one in alerts(organisation)] == [1]
    change_sim(sim, cycle_bytes=950_000, cycle_as_of=timezone.now())
    check(organisation)
    [only] = alerts(organisation)
    assert only.count == 2 and only.facts["used_bytes"] == 950_000 and only.last_at > only.first_at


def test_a_condition_that_lasts_is_not_told_again_after_it_was_resolved_and_rearms_once_it_is_over(
    organisation, plan, actor
):
    change_rule(organisation, "threshold", rearm_hours=0)
    sim = make_sim(organisation, plan=plan, cycle_bytes=900_000)
    check(organisation)
    resolve_alert(actor, alert=alerts(organisation)[0].pk)
    assert check(organisation) == 0
    change_sim(sim, cycle_bytes=0)
    check(organisation)
    assert alerts(organisation)[0].ended_at is not None
    change_sim(sim, cycle_bytes=900_000)
    assert check(organisation) == 1


def test_a_rule_rests_for_its_hours_after_its_alert_was_resolved(organisation, plan):
    sim = make_sim(organisation, plan=plan, cycle_bytes=900_000)
    check(organisation)
    change_sim(sim, cycle_bytes=0)
    check(organisation)
    change_sim(sim, cycle_bytes=900_000)
    assert check(organisation) == 0


def test_many_who_look_at_once_make_one_alert(organisation, plan):
    sims = [make_sim(organisation, plan=plan, cycle_bytes=900_000) for _ in range(20)]
    errors: list[Exception] = []

    def look() -> None:
        try:
            check(organisation)
        except Exception as error:  # told below  # noqa: BLE001
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert errors == [] and len(alerts(organisation)) == len(sims)


def test_usage_that_comes_in_raises_and_a_new_cycle_ends(organisation, actor, plan):
    make_sim(
        organisation, iccid=iccid(1), plan=make_plan(organisation, "Daily", quota_bytes=6_000, billing_day=noon(3).day)
    )
    job = bring_in(actor, own(own_row()))
    assert job.state == "done", job.error
    assert kinds(organisation) == [("limit", "open")]
    with tenant(organisation.pk):
        Sim.objects.update(cycle_bytes=0)
        watch.settle_usage(organisation.pk)
    assert kinds(organisation) == [("limit", "resolved")]


def test_a_pool_shares_the_quotas_of_its_sims(organisation, actor):
    pooled = make_plan(organisation, "Pool", quota_bytes=1_000, pooled=True)
    acme, other = make_customer(organisation), make_customer(organisation, "Beta")
    heavy = make_sim(organisation, plan=pooled, customer=acme, cycle_bytes=1_500)
    make_sim(organisation, plan=pooled, customer=acme, cycle_bytes=0)
    make_sim(organisation, plan=pooled, customer=other, cycle_bytes=10)
    make_sim(organisation, plan=pooled, customer=acme, cycle_bytes=9_999, status="retired")
    pools = list_pools(actor).items
    assert [(one.customer, one.sims, one.used_bytes, one.quota_bytes) for one in pools] == [
        ("Acme", 2, 1_500, 2_000), ("Beta", 1, 10, 1_000),
    ]  # fmt: skip
    check(organisation)
    assert alerts(organisation) == []
    change_sim(heavy, cycle_bytes=1_700)
    check(organisation)
    [only] = alerts(organisation)
    assert (only.kind, only.sim, only.customer, only.pool_plan) == ("threshold", None, acme, pooled)
    change_sim(heavy, cycle_bytes=10)
    check(organisation)
    assert kinds(organisation) == [("threshold", "resolved")]


def test_a_person_limited_to_customers_sees_their_pools_only(organisation, make_actor):
    pooled = make_plan(organisation, "Pool", quota_bytes=1_000, pooled=True)
    acme, other = make_customer(organisation), make_customer(organisation, "Beta")
    for one in (acme, other):
        make_sim(organisation, plan=pooled, customer=one, cycle_bytes=900)
    limited = make_actor("manager", customer_ids=[acme.pk])
    assert [one.customer for one in list_pools(limited).items] == ["Acme"]


def test_a_sim_is_suspended_at_its_limit_only_where_the_plan_says_so(organisation, plan, actor):
    stays = make_sim(organisation, plan=plan, cycle_bytes=2_000_000)
    strict = make_plan(organisation, "Strict", quota_bytes=1_000_000)
    update_plan_limits(actor.at(actor.face), plan="Strict", threshold=90)
    with tenant(organisation.pk):
        type(strict).objects.filter(pk=strict.pk).update(limit_action="suspend")
    stops = make_sim(organisation, plan=strict, cycle_bytes=2_000_000)
    lift = make_sim(organisation, plan=strict, cycle_bytes=2_000_000, safety_critical=True)
    exempt = make_sim(organisation, plan=strict, cycle_bytes=2_000_000, limit_action="none")
    with tenant(organisation.pk):
        assert watch.stop_at_limit(organisation.pk) == 1
        states = {one.pk: one.status for one in Sim.objects.all()}
        change = StatusChange.objects.get()
        event = AuditEvent.objects.get(service="stop_sims_at_limit")
    assert states == {stays.pk: "active", stops.pk: "suspended", lift.pk: "active", exempt.pk: "active"}
    assert (change.reason, change.who, change.face) == ("limit", "iotsim", "system")
    assert event.who == "iotsim" and event.outcome == "done" and event.undo


def test_whoever_lets_a_stopped_sim_go_on_has_the_last_word_in_this_cycle(organisation, actor):
    from datetime import date

    strict = make_plan(organisation, "Strict", quota_bytes=1_000, limit_action="suspend")
    sim = make_sim(organisation, plan=strict, cycle_bytes=2_000, cycle_start_date=date.today())
    with tenant(organisation.pk):
        assert watch.stop_at_limit(organisation.pk) == 1
    toggle_sim_status(actor, sim=sim.iccid, action="resume")
    with tenant(organisation.pk):
        assert watch.stop_at_limit(organisation.pk) == 0


def test_critical_alerts_are_told_to_those_who_may_see_them(organisation, plan, make_membership):
    acme, other = make_customer(organisation), make_customer(organisation, "Beta")
    everybody, theirs, others = (
        make_membership("manager"), make_membership("manager", customer_ids=[acme.pk]),
        make_membership("manager", customer_ids=[other.pk]),
    )  # fmt: skip
    make_sim(organisation, plan=plan, customer=acme, cycle_bytes=6_000_000)
    check(organisation)
    with tenant(organisation.pk):
        told = set(Notification.objects.filter(kind="alert").values_list("user_id", flat=True))
    assert {everybody.user_id, theirs.user_id} <= told and others.user_id not in told
