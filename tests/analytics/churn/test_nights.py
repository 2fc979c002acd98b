"""The night's snapshots: of every customer in use, of that day and nothing later, and who has left."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from analytics.models import CustomerSnapshot, ModelVersion
from analytics.nightly.customers import read_fleet
from analytics.nightly.health import run, snapshots
from analytics.nightly.history import read_history
from analytics.nightly.leaving import left_on
from analytics.services.churn import explain_prediction, get_customer_health, list_customer_health, predict_churn
from iotsim.core.errors import NotFound
from iotsim.core.tenancy import tenant
from sims.models import Alert, Customer, Sim, StatusChange
from tests.fleet import make_customer, make_plan, make_sim, use

UTC = ZoneInfo("UTC")
TODAY = date(2026, 11, 20)


class NoJob:
    """A night asks its job for nothing here."""

    def progress(self, **said: Any) -> None:
        """Nobody listens."""


def at(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


@pytest.fixture
def acme(organisation):
    """Two SIMs for 100 days; one falls silent three weeks before the end."""
    customer = make_customer(organisation)
    plan = make_plan(organisation, quota_bytes=200_000_000)
    begun = at(TODAY - timedelta(days=100))
    sims = [
        make_sim(organisation, customer=customer, plan=plan, activated_at=begun, created_at=begun, label=f"pump {n}",
                 cycle_as_of=at(TODAY + timedelta(days=1)), status_changed_at=begun)
        for n in range(2)
    ]  # fmt: skip
    for n in range(100):
        day = TODAY - timedelta(days=n)
        use(sims[0], day, 10_000_000)
        if n > 21:
            use(sims[1], day, 10_000_000)
    return customer


def night(actor, organisation, until=TODAY):
    return run(actor, read_history(organisation.pk, until=until), NoJob())


def rows(organisation):
    with tenant(organisation.pk):
        return list(CustomerSnapshot.objects.order_by("day", "customer_id"))


def test_the_first_night_looks_back_week_by_week_and_later_ones_add_a_day(acme, actor, organisation):
    said = night(actor, organisation, TODAY - timedelta(days=1))
    first = rows(organisation)
    assert said == "Health of 1 customer: 0 at risk, 1 to watch."
    assert len(first) == 9 and [row.is_backfilled for row in first] == [True] * 8 + [False]
    night(actor, organisation)
    night(actor, organisation)
    assert [row.day for row in rows(organisation)] == [*(row.day for row in first), TODAY]


def test_a_snapshot_says_what_the_days_show(acme, actor, organisation):
    night(actor, organisation)
    row = rows(organisation)[-1]
    assert row.features["active_sims"] == 2 and row.features["silent_share"] == 0.5
    assert row.features["usage_change_30"] == pytest.approx(-22 / 60, abs=0.01)
    assert row.features["over_quota_share"] == 0.5 and row.features["price_per_sim"] == 300
    assert row.score < 75 and "use fell 37 % in 30 days" in [one["words"] for one in row.reasons]


def test_nothing_of_a_later_day_is_in_a_snapshot(acme, actor, organisation):
    day = TODAY - timedelta(days=10)
    before = features_on(organisation, day, until=day)
    with tenant(organisation.pk):
        sim = Sim.objects.order_by("pk").first()
        Alert.objects.create(organization=organisation, kind="manual", severity="critical", sim=sim,
                             first_at=at(day + timedelta(days=2)), last_at=at(day + timedelta(days=2)))  # fmt: skip
        StatusChange.objects.create(
            organization=organisation, sim=sim, from_status="active", to_status="suspended", reason="user", who="x",
            face="web", state="confirmed", requested_at=at(TODAY), settled_at=at(TODAY - timedelta(days=3)),
        )  # fmt: skip
        Sim.objects.filter(pk=sim.pk).update(status="suspended", status_changed_at=at(TODAY - timedelta(days=3)))
    use(make_sim(organisation, customer=acme, activated_at=at(TODAY), created_at=at(TODAY)), TODAY, 10**9)
    after = features_on(organisation, day, until=TODAY)
    kept_without_past = {"price_per_sim", "plans", "pooled_share", "over_quota_share", "usage_change_90"}
    for name, value in before.items():
        if name not in kept_without_past:
            assert after[name] == value, name
    assert features_on(organisation, TODAY, until=TODAY)["stopped_share"] > 0


def features_on(organisation, day, *, until):
    history = read_history(organisation.pk, until=until)
    with tenant(organisation.pk):
        fleet = read_fleet(history)
        left = left_on(organisation.pk, history.zone)
    [row] = snapshots(fleet, day, left, None)
    return row.features


def test_alerts_count_while_they_are_open(acme, actor, organisation):
    with tenant(organisation.pk):
        Alert.objects.create(organization=organisation, kind="manual", severity="critical", customer=acme,
                             first_at=at(TODAY - timedelta(days=20)), last_at=at(TODAY),
                             resolved_at=at(TODAY - timedelta(days=5)))  # fmt: skip
    assert features_on(organisation, TODAY - timedelta(days=10), until=TODAY)["open_alerts_per_100"] == 50
    now = features_on(organisation, TODAY, until=TODAY)
    assert now["open_alerts_per_100"] == 0 and now["new_alerts_per_100"] == 50


def test_who_has_no_sim_in_use_any_more_has_left_and_is_looked_at_no_longer(acme, actor, organisation):
    with tenant(organisation.pk):
        gone = at(TODAY - timedelta(days=4))
        for sim in Sim.objects.all():
            StatusChange.objects.create(
                organization=organisation, sim=sim, from_status="active", to_status="retired", reason="user", who="x",
                face="web", state="confirmed", requested_at=gone, settled_at=gone,
            )  # fmt: skip
        Sim.objects.update(status="retired", status_changed_at=gone)
        assert left_on(organisation.pk, UTC) == {acme.pk: TODAY - timedelta(days=4)}
    night(actor, organisation)
    assert max(row.day for row in rows(organisation)) < TODAY - timedelta(days=4)
    told = get_customer_health(actor, customer="Acme")
    assert told.band == "left" and "left on 16 Nov 2026" in told.sentence
    assert predict_churn(actor).items == []


def test_a_stop_is_no_leaving_and_a_return_takes_it_back(acme, organisation):
    with tenant(organisation.pk):
        Sim.objects.update(status="suspended")
        assert left_on(organisation.pk, UTC) == {}
        Sim.objects.update(status="inactive", status_changed_at=at(TODAY))
        assert acme.pk in left_on(organisation.pk, UTC)
        Sim.objects.filter(pk=Sim.objects.first().pk).update(status="active")
        assert left_on(organisation.pk, UTC) == {}


def test_a_day_that_somebody_noted_counts_before_all(acme, organisation):
    with tenant(organisation.pk):
        Customer.objects.filter(pk=acme.pk).update(left_on=date(2026, 11, 1))
        assert left_on(organisation.pk, UTC) == {acme.pk: date(2026, 11, 1)}


def test_without_usage_or_customers_the_night_says_nothing(actor, organisation):
    assert night(actor, organisation) == ""
    assert rows(organisation) == []


def test_before_there_is_a_model_the_answers_say_that_rules_speak(acme, actor, organisation):
    night(actor, organisation)
    page = predict_churn(actor)
    assert not page.is_learned and "no learned model" in page.basis and "0 of 50 churned customers" in page.basis
    assert page.items[0].probability is None and "use fell" in page.items[0].why
    told = explain_prediction(actor, customer="acme")
    assert "by rules" in told.sentence and not told.is_learned
    health = get_customer_health(actor, customer="acme")
    assert health.score == page.items[0].score == list_customer_health(actor).items[0].score
    assert health.score_before is not None and "open tickets" in health.basis


def test_a_champion_that_cannot_be_used_is_said_and_rules_judge(acme, actor, organisation):
    with tenant(organisation.pk):
        ModelVersion.objects.create(
            organization=organisation, model="churn", version=4, stage="champion", artefact="1/models/churn/none.json",
            sha256="0" * 64, size_bytes=1, trained_at=timezone.now(), trained_by="anna",
        )  # fmt: skip
    said = night(actor, organisation)
    assert "Version 4 of churn cannot be used: its file is gone" in said and "judged by rules until then" in said
    assert all(row.probability is None for row in rows(organisation))


def test_an_unknown_customer_and_one_of_another_are_not_found(acme, actor, make_actor, other_organisation):
    for who, name in ((actor, "Nobody"), (make_actor(organisation=other_organisation), "Acme")):
        for call in (get_customer_health, explain_prediction, predict_churn):
            with pytest.raises(NotFound):
                call(who, customer=name)


def test_a_customer_without_sims_was_not_looked_at(actor, organisation):
    make_customer(organisation, "Quiet")
    assert "was not looked at yet" in get_customer_health(actor, customer="Quiet").sentence
    assert get_customer_health(actor, customer="Quiet").band == "unknown"


def test_who_looks_after_some_customers_sees_theirs(acme, actor, make_actor, organisation):
    other = make_customer(organisation, "Other")
    night(actor, organisation)
    limited = make_actor("manager", customer_ids=[other.pk])
    assert predict_churn(limited).items == []
    assert [one.customer for one in list_customer_health(limited).items] == ["Other"]
    with pytest.raises(NotFound):
        get_customer_health(limited, customer="Acme")


def test_the_night_runs_for_a_fleet_that_was_never_asked_about(actor, organisation):
    make_sim(organisation, activated_at=timezone.now())
    assert night(actor, organisation) == ""
