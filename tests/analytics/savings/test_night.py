"""The night's advice: what is advised, what stays, what expires, what it saved."""

from datetime import UTC, datetime, timedelta

import pytest

from analytics.models import Recommendation, SavingsRun
from iotsim.core.tenancy import tenant
from sims.models import Plan, Sim, UsageMonthly
from tests.analytics.savings.making import LONG_AGO, MB, advice, foresee, make_used, night
from tests.fleet import make_customer, make_plan, make_sim, use


@pytest.fixture
def plans(organisation):
    """Small: 100 MB for 1 EUR, 2 cents a MB beyond. Large: 1 GB for 5 EUR, 1 cent a MB beyond."""
    small = make_plan(organisation, "Small", quota_bytes=100 * MB, price_cents=100, overage_cents_per_mb=2)
    large = make_plan(organisation, "Large", quota_bytes=1000 * MB, price_cents=500, overage_cents_per_mb=1)
    return small, large


def test_a_light_sim_is_advised_the_small_plan(organisation, plans):
    small, large = plans
    sim = make_used(organisation, 10, 12, 15, plan=large)
    said = night(organisation)
    [one] = advice(organisation)
    assert (one.kind, one.sim_id, one.from_plan_id, one.to_plan_id) == ("change_plan", sim.pk, large.pk, small.pk)
    assert (one.cost_cents, one.saving_cents, one.worst_saving_cents, one.currency) == (500, 400, 400, "EUR")
    assert one.confidence == "high"
    # 100 MB, and as many more at 2 cents as 4 EUR buy.
    assert "Small costs less up to 300\u00a0MB a month" in one.reason
    assert said == "1 saving, €4.00 a month."


def test_a_heavy_sim_is_advised_the_large_plan(organisation, plans):
    small, large = plans
    make_used(organisation, 700, 700, 700, plan=small)
    night(organisation)
    [one] = advice(organisation)
    # 1 EUR and 600 MB at 2 cents, against 5 EUR.
    assert (one.to_plan_id, one.cost_cents, one.saving_cents) == (large.pk, 1300, 800)


def test_the_right_plan_is_left_alone(organisation, plans):
    make_used(organisation, 10, 12, 15, plan=plans[0])
    assert night(organisation) == "Nothing to save." and advice(organisation) == []


def test_plans_of_another_currency_are_not_compared(organisation, plans):
    dollars = make_plan(organisation, "Cheap", quota_bytes=1000 * MB, price_cents=1, currency="USD")
    make_used(organisation, 10, 12, 15, plan=plans[1])
    make_used(organisation, 10, 12, 15, plan=dollars)
    night(organisation)
    assert [one.to_plan_id for one in advice(organisation)] == [plans[0].pk]


def test_a_plan_without_a_price_and_a_quota_of_none_are_plans_too(organisation, plans):
    make_used(organisation, 10, 12, 15, plan=make_plan(organisation, "Free", price_cents=0, quota_bytes=0))
    make_used(organisation, 10, 12, 15)
    make_used(organisation, 5000, 6000, 9000, plan=plans[1])
    night(organisation)
    [one] = advice(organisation)
    assert (one.from_plan_id, one.saving_cents) == (plans[1].pk, one.cost_cents)
    assert one.reason.endswith("it saves in a heavy month too.")


@pytest.mark.parametrize(
    ("low", "middle", "high", "history", "level", "words"),
    [
        (10, 12, 15, 90, "high", "saves in a heavy month too"),
        (10, 12, 15, 40, "medium", "Only 40 days"),
        (10, 12, 15, 9, "low", "Only 9 days"),
        (10, 90, 280, 90, "medium", "comes near"),
        (1, 20, 320, 90, "low", "In a heavy month"),
    ],
)
def test_confidence_has_a_reason(organisation, plans, low, middle, high, history, level, words):
    make_used(organisation, low, middle, high, plan=plans[1], history_days=history)
    night(organisation)
    [one] = advice(organisation)
    assert one.confidence == level and words in one.reason


def test_a_dearer_plan_that_a_light_month_would_not_need_is_less_sure(organisation, plans):
    make_used(organisation, 2, 900, 1000, plan=plans[0])
    night(organisation)
    [one] = advice(organisation)
    assert one.confidence == "medium" and "In a light month (one in ten) it would cost more than now." in one.reason


def test_a_quota_of_its_own_below_the_plan_s_is_given_up(organisation, plans):
    make_used(organisation, 300, 300, 300, plan=plans[1], quota_bytes=200 * MB)
    make_used(organisation, 10, 12, 15, plan=plans[1], quota_bytes=2000 * MB)
    night(organisation)
    [one] = advice(organisation)
    assert (one.kind, one.saving_cents, one.to_plan_id) == ("raise_quota", 100, plans[1].pk)


def use_of_another(organisation, days=120):
    """Days are known of a fleet in which some SIM used something."""
    busy = make_sim(organisation, last_seen_at=datetime.now(UTC))
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    for back in range(days):
        use(busy, yesterday - timedelta(days=back), 1)
    with tenant(organisation.pk):
        Sim.objects.filter(pk=busy.pk).update(cycle_as_of=datetime.now(UTC))


def test_what_is_charged_and_unused_is_told(organisation, plans):
    use_of_another(organisation)
    idle = make_sim(organisation, plan=plans[1], activated_at=LONG_AGO)
    make_sim(organisation, plan=plans[1], activated_at=LONG_AGO, safety_critical=True)
    make_sim(organisation, plan=plans[1], activated_at=datetime.now(UTC) - timedelta(days=40))
    make_sim(organisation, plan=plans[1], activated_at=LONG_AGO, status="retired")
    make_sim(organisation, plan=plans[1], activated_at=LONG_AGO, last_seen_at=datetime.now(UTC))
    told = make_sim(organisation, plan=plans[1], activated_at=LONG_AGO)
    with tenant(organisation.pk):
        UsageMonthly.objects.create(
            organization=organisation, carrier=1, month=datetime.now(UTC).date().replace(day=1), iccid=told.iccid,
            sim=told, bytes_down=5, digest=1, intake_id=1,
        )  # fmt: skip
    used = make_sim(organisation, plan=plans[1], activated_at=LONG_AGO)
    use(used, datetime.now(UTC).date() - timedelta(days=80), 1)
    night(organisation)
    [one] = advice(organisation)
    assert (one.kind, one.sim_id, one.unused_cycles, one.saving_cents) == ("retire_idle", idle.pk, 4, 500)


def test_a_pool_that_is_too_large_lets_its_light_sims_go(organisation, plans):
    acme = make_customer(organisation)
    pool = make_plan(organisation, "Pool", quota_bytes=500 * MB, price_cents=490, overage_cents_per_mb=2, pooled=True)
    heavy = [make_used(organisation, 380, 400, 420, plan=pool, customer=acme) for _ in range(2)]
    light = [make_used(organisation, 1, 2, 3, plan=pool, customer=acme) for _ in range(4)]
    make_used(organisation, 480, 490, 500, plan=pool)
    night(organisation)
    [one] = advice(organisation)
    assert (one.kind, one.customer_id, one.from_plan_id, one.sims) == ("resize_pool", acme.pk, pool.pk, 4)
    assert set(one.moved_sims) == {sim.pk for sim in light} and set(one.moved_plans) == {plans[0].pk}
    assert (one.cost_cents, one.saving_cents) == (6 * 490, 4 * 390)
    assert "2 SIMs of the pool's 6 stay; 4 to Small" in one.reason and heavy


def test_the_next_night_keeps_the_row_and_lets_go_what_holds_no_more(organisation, plans):
    stays, goes = (make_used(organisation, 10, 12, 15, plan=plans[1]) for _ in range(2))
    night(organisation)
    first = {one.sim_id: one.pk for one in advice(organisation)}
    with tenant(organisation.pk):
        Sim.objects.filter(pk=goes.pk).update(plan=plans[0])
        Plan.objects.filter(pk=plans[1].pk).update(price_cents=700)
    night(organisation)
    assert {one.sim_id: (one.pk, one.state, one.saving_cents) for one in advice(organisation)} == {
        stays.pk: (first[stays.pk], "open", 600),
        goes.pk: (first[goes.pk], "expired", 400),
    }
    with tenant(organisation.pk, read_only=True):
        [run] = SavingsRun.objects.all()
    assert run.open == {"EUR": {"count": 1, "expected": 600, "worst": 600}}


def test_dismissed_stays_dismissed_and_applied_is_left_in_peace(organisation, plans):
    unwanted, done = (make_used(organisation, 10, 12, 15, plan=plans[1]) for _ in range(2))
    night(organisation)
    with tenant(organisation.pk):
        Recommendation.objects.filter(sim_id=unwanted.pk).update(state="dismissed")
        Recommendation.objects.filter(sim_id=done.pk).update(state="applied", decided_at=datetime.now(UTC))
    assert night(organisation) == "Nothing to save."
    with tenant(organisation.pk):
        Recommendation.objects.filter(sim_id=done.pk).update(decided_at=datetime.now(UTC) - timedelta(days=40))
    night(organisation)
    assert [one.sim_id for one in advice(organisation, state="open")] == [done.pk]


def test_what_was_applied_is_measured_by_later_use(organisation, plans):
    small, large = plans
    use_of_another(organisation)
    sim = make_sim(organisation, plan=large, activated_at=LONG_AGO, last_seen_at=datetime.now(UTC))
    foresee(sim, 10, 12, 15)
    night(organisation)
    today = datetime.now(UTC).date()
    for back in (60, 20):
        use(sim, today - timedelta(days=back), 150 * MB)
    with tenant(organisation.pk):
        Sim.objects.filter(pk=sim.pk).update(plan=small)
        Recommendation.objects.update(state="applied", decided_at=datetime.now(UTC) - timedelta(days=70))
    night(organisation)
    [one] = advice(organisation, state="applied")
    # Two whole windows of 30 days, in each 5 EUR less 1 EUR and 50 MB at 2 cents.
    assert (one.realised_cents, one.realised_cycles) == (600, 2)
    assert one.realised_until == today - timedelta(days=10)
    night(organisation)
    assert advice(organisation, state="applied")[0].realised_cents == 600


def test_a_night_over_nothing_has_nothing_to_say(organisation):
    make_sim(organisation)
    assert night(organisation) == "Nothing to save."
