"""What SIMs cost: the statement gives what its definition says, worked out here by hand, one SIM after another."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from iotsim.core.tenancy import tenant
from sims.costs import costs_by, costs_of_parts, cycle_so_far, whole_cycle
from sims.cycles import cycle_start, next_cycle_start
from sims.intake.partitions import ensure_partitions
from sims.models import Sim, UsageDaily, UsageMonthly, UsageRecord
from sims.models.usage import Traffic
from tests.fleet import make_customer, make_plan, make_sim, use

START, END = date(2026, 10, 1), date(2026, 10, 31)
MB = 10**6


def costs(actor, start=START, end=END, group="customer"):
    with tenant(actor.organization_id, read_only=True):
        return costs_by(actor, Sim.objects.for_actor(actor), start, end, group=group)


def cents(found):
    """By name and currency: plan, overage and records, each to the hundredth of a cent."""
    rounded = [tuple(round(part, 2) for part in (one.plan_cents, one.overage_cents, one.record_cents)) for one in found]
    return {(one.name, one.currency): parts for one, parts in zip(found, rounded, strict=True)}


@pytest.fixture
def acme(organisation):
    return make_customer(organisation, "Acme")


def test_a_whole_cycle_costs_the_whole_price(actor, organisation, acme):
    make_sim(organisation, plan=make_plan(organisation, price_cents=300), customer=acme)
    assert cents(costs(actor)) == {("Acme", "EUR"): (300, 0, 0)}


def test_half_of_its_days_cost_half_of_the_price(actor, organisation, acme):
    make_sim(organisation, plan=make_plan(organisation, price_cents=310), customer=acme)
    assert cents(costs(actor, START, date(2026, 10, 15))) == {("Acme", "EUR"): (150, 0, 0)}


def test_a_cycle_that_begins_in_the_middle_of_the_month_is_cut_at_its_days(actor, organisation, acme):
    make_sim(organisation, plan=make_plan(organisation, price_cents=300, billing_day=16), customer=acme)
    # 15 of 30 days of the cycle from 16 September, 16 of 31 days of the one from 16 October.
    wanted = round(Decimal(300) * 15 / 30 + Decimal(300) * 16 / 31, 2)
    assert cents(costs(actor)) == {("Acme", "EUR"): (wanted, 0, 0)}


def test_only_days_in_use_are_paid_for(actor, organisation, acme):
    plan = make_plan(organisation, price_cents=310)
    noon = datetime(2026, 10, 22, 12, tzinfo=UTC)
    make_sim(organisation, plan=plan, customer=acme, activated_at=noon)
    make_sim(organisation, plan=plan, customer=acme, status="inventory")
    long_ago = noon - timedelta(days=300)
    make_sim(
        organisation, plan=plan, customer=acme, status="retired", activated_at=long_ago,
        status_changed_at=datetime(2026, 10, 3, 12, tzinfo=UTC),
    )  # fmt: skip
    assert cents(costs(actor)) == {("Acme", "EUR"): (100 + 30, 0, 0)}


def test_usage_beyond_the_quota_of_the_cycle_is_overage(actor, organisation, acme):
    plan = make_plan(organisation, price_cents=0, quota_bytes=100 * MB, overage_cents_per_mb=Decimal("2.5"))
    sim = make_sim(organisation, plan=plan, customer=acme)
    use(sim, date(2026, 10, 2), 80 * MB)
    use(sim, date(2026, 10, 9), 60 * MB)
    use(sim, date(2026, 9, 9), 90 * MB)
    assert cents(costs(actor)) == {("Acme", "EUR"): (0, 100, 0)}


def test_a_quota_of_its_own_counts_before_the_plan_s_and_none_means_no_overage(actor, organisation, acme):
    plan = make_plan(organisation, price_cents=0, quota_bytes=100 * MB, overage_cents_per_mb=1)
    for quota in (50 * MB, 0):
        use(make_sim(organisation, plan=plan, customer=acme, quota_bytes=quota), date(2026, 10, 2), 80 * MB)
    assert cents(costs(actor)) == {("Acme", "EUR"): (0, 30, 0)}


def test_periods_add_up(actor, organisation, acme):
    plan = make_plan(organisation, price_cents=310, quota_bytes=100 * MB, overage_cents_per_mb=1, billing_day=12)
    sim = make_sim(organisation, plan=plan, customer=acme)
    for n in range(50):
        use(sim, date(2026, 9, 12) + timedelta(days=n), 7 * MB)
    [whole] = costs(actor)
    [first] = costs(actor, START, date(2026, 10, 6))
    [rest] = costs(actor, date(2026, 10, 7), END)
    assert round(first.cents + rest.cents, 6) == round(whole.cents, 6)


def test_a_pool_shares_its_quota_and_its_overage_by_use(actor, organisation, acme):
    plan = make_plan(organisation, price_cents=0, quota_bytes=100 * MB, overage_cents_per_mb=1, pooled=True)
    for country, used in (("DE", 180), ("FR", 60)):
        use(make_sim(organisation, plan=plan, customer=acme, country=country), date(2026, 10, 2), used * MB)
    # 240 MB of a pool of 200: 40 beyond, three quarters of it the German one's.
    assert cents(costs(actor, group="country")) == {("DE", "EUR"): (0, 30, 0), ("FR", "EUR"): (0, 10, 0)}


def test_each_customer_has_a_pool_of_its_own(actor, organisation, acme):
    plan = make_plan(organisation, price_cents=0, quota_bytes=100 * MB, overage_cents_per_mb=1, pooled=True)
    other = make_customer(organisation, "Globex")
    use(make_sim(organisation, plan=plan, customer=acme), date(2026, 10, 2), 180 * MB)
    use(make_sim(organisation, plan=plan, customer=other), date(2026, 10, 2), 20 * MB)
    use(make_sim(organisation, plan=plan), date(2026, 10, 2), 101 * MB)
    # What Globex leaves of its quota is no use to Acme; SIMs of nobody are a pool too.
    assert cents(costs(actor, group="pool")) == {
        ("Basic of Acme", "EUR"): (0, 80, 0),
        ("Basic without a customer", "EUR"): (0, 1, 0),
    }


def test_some_sims_of_a_pool_cost_the_same_as_they_do_among_all(actor, organisation, acme):
    plan = make_plan(organisation, price_cents=0, quota_bytes=100 * MB, overage_cents_per_mb=1, pooled=True)
    heavy = make_sim(organisation, plan=plan, customer=acme, label="heavy")
    use(heavy, date(2026, 10, 2), 180 * MB)
    use(make_sim(organisation, plan=plan, customer=acme), date(2026, 10, 2), 60 * MB)
    with tenant(organisation.pk, read_only=True):
        [alone] = costs_by(actor, Sim.objects.filter(label="heavy"), START, END, group="sim")
    assert (alone.name, round(alone.cents, 6), alone.sims) == (heavy.iccid, 30, 1)


def test_a_retired_sim_brings_its_quota_until_the_cycle_it_left_in(actor, organisation, acme):
    plan = make_plan(organisation, price_cents=0, quota_bytes=100 * MB, overage_cents_per_mb=1, pooled=True)
    use(make_sim(organisation, plan=plan, customer=acme), date(2026, 10, 2), 180 * MB)
    gone = datetime(2026, 10, 20, 12, tzinfo=UTC)
    make_sim(organisation, plan=plan, customer=acme, status="retired", activated_at=gone - timedelta(days=90),
             status_changed_at=gone)  # fmt: skip
    make_sim(organisation, plan=plan, customer=acme, activated_at=gone + timedelta(days=30))
    make_sim(organisation, plan=plan, customer=acme, status="test_ready")
    assert costs(actor) == []
    use(sims_of(organisation)[0], date(2026, 11, 2), 230 * MB)
    # In November the one that came in November helps, and the one that left does not.
    assert cents(costs(actor, date(2026, 11, 1), date(2026, 11, 30))) == {("Acme", "EUR"): (0, 30, 0)}


def test_periods_of_a_pool_add_up(actor, organisation, acme):
    plan = make_plan(organisation, price_cents=310, quota_bytes=50 * MB, overage_cents_per_mb=1, pooled=True)
    for n in range(3):
        sim = make_sim(
            organisation, plan=plan, customer=acme, activated_at=datetime(2026, 10, 1 + 9 * n, 12, tzinfo=UTC)
        )
        for day in range(1, 31, n + 1):
            use(sim, date(2026, 10, day), (n + 4) * MB)
    [whole] = costs(actor)
    halves = [costs(actor, START, date(2026, 10, 13)), costs(actor, date(2026, 10, 14), END)]
    assert round(sum(one.cents for half in halves for one in half), 6) == round(whole.cents, 6)


def test_a_month_that_a_vendor_told_counts_where_it_is_more_than_the_days(actor, organisation, acme):
    plan = make_plan(organisation, price_cents=0, quota_bytes=100 * MB, overage_cents_per_mb=1)
    sims = [make_sim(organisation, plan=plan, customer=acme) for _ in range(2)]
    for n, sim in enumerate(sims):
        use(sim, date(2026, 10, 9), (60 + 90 * n) * MB)
        with tenant(organisation.pk):
            UsageMonthly.objects.create(
                organization=organisation, carrier=1, month=START, iccid=sim.iccid, sim=sim, bytes_down=120 * MB,
                digest=1, intake_id=1,
            )  # fmt: skip
    # 120 told against 60 of days: 20 beyond; 150 of days against 120 told: 50 beyond.
    assert cents(costs(actor)) == {("Acme", "EUR"): (0, 70, 0)}
    parts = [costs(actor, START, date(2026, 10, 5)), costs(actor, date(2026, 10, 6), END)]
    assert [round(one.cents, 6) for part in parts for one in part] == [40, 30]


def test_the_cycle_so_far_is_each_plan_s_own(actor, organisation, acme):
    for billing_day in (1, 15):
        make_sim(
            organisation, plan=make_plan(organisation, f"P{billing_day}", price_cents=310, billing_day=billing_day)
        )
    with tenant(actor.organization_id, read_only=True):
        rows = Sim.objects.for_actor(actor)
        so_far = costs_of_parts(actor, rows, cycle_so_far(date(2026, 10, 20)), group="plan")
        whole = costs_of_parts(actor, rows, whole_cycle(date(2026, 10, 20)), group="plan")
    assert {one.name: round(one.cents, 6) for one in so_far} == {"P1": 200, "P15": 60}
    assert {one.name: round(one.cents, 6) for one in whole} == {"P1": 310, "P15": 310}


def test_a_pool_within_its_quota_costs_nothing_more(actor, organisation, acme):
    plan = make_plan(organisation, price_cents=10, quota_bytes=100 * MB, overage_cents_per_mb=1, pooled=True)
    use(make_sim(organisation, plan=plan, customer=acme), date(2026, 10, 2), 180 * MB)
    make_sim(organisation, plan=plan, customer=acme)
    assert cents(costs(actor)) == {("Acme", "EUR"): (20, 0, 0)}


def record(sim, at, cost, currency):
    ensure_partitions(at.date(), at.date())
    with tenant(sim.organization_id):
        UsageRecord.objects.create(
            organization_id=sim.organization_id, id=abs(hash((sim.pk, at, cost))) % 2**62, sim=sim, started_at=at,
            ended_at=at, bytes_up=0, bytes_down=1, traffic=Traffic.DATA, cost=Decimal(cost), currency=currency,
        )  # fmt: skip


def test_records_count_in_the_organisation_s_days_and_in_their_own_currency(make_organisation):
    from iotsim.core.actor import Actor

    organisation = make_organisation(time_zone="Europe/Berlin")
    actor, sim = Actor.system(organisation), make_sim(organisation)
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    today = noon.date()
    midnight = noon.replace(hour=0) - timedelta(minutes=30)  # half an hour past or before midnight in Berlin
    record(sim, noon, "1.25", "USD")
    record(sim, noon + timedelta(minutes=1), "0.50", "")
    record(sim, midnight, "0.10", "EUR")
    found = cents(costs(actor, today, today))
    assert found == {("", "USD"): (0, 0, 125), ("", "EUR"): (0, 0, 60)}


@pytest.mark.parametrize("group", ["customer", "plan", "country", "operator"])
def test_every_group_adds_up_to_the_same(actor, organisation, acme, group):
    plans = [make_plan(organisation, f"P{n}", price_cents=100 * n, billing_day=n) for n in (1, 9, 31)]
    for n, plan in enumerate(plans):
        make_sim(organisation, plan=plan, customer=acme if n else None, country=("DE", "FR", "")[n])
    whole = sum(by_hand(sim) for sim in sims_of(organisation))
    assert round(sum(one.cents for one in costs(actor, group=group)), 4) == round(whole, 4)


def test_a_fleet_of_all_sorts_costs_what_it_costs_one_by_one(actor, organisation):
    customers = [make_customer(organisation, name) for name in ("Acme", "Globex", "Initech")]
    plans = [
        make_plan(organisation, f"P{n}", price_cents=90 * n, billing_day=n, quota_bytes=n * 10 * MB,
                  overage_cents_per_mb=Decimal(n) / 8)
        for n in (1, 5, 17, 30)
    ]  # fmt: skip
    for n in range(24):
        sim = make_sim(organisation, plan=plans[n % 4], customer=customers[n % 3])
        for step in range(0, 60, 3):
            use(sim, date(2026, 9, 1) + timedelta(days=step), (n + 1) * MB // 2)
    wanted = {}
    for sim in sims_of(organisation):
        wanted[sim.customer.name] = wanted.get(sim.customer.name, 0) + by_hand(sim)
    assert {one.name: round(one.cents, 4) for one in costs(actor)} == {name: round(v, 4) for name, v in wanted.items()}


def sims_of(organisation):
    with tenant(organisation.pk, read_only=True):
        return list(Sim.objects.select_related("plan", "customer").order_by("pk"))


def by_hand(sim, start=START, end=END):
    """Cents of a SIM with a plan that is not pooled, in use all the time: the definition, day by day."""
    plan, total, day = sim.plan, Decimal(), start
    with tenant(sim.organization_id, read_only=True):
        days = {one.day: one.bytes_up + one.bytes_down for one in UsageDaily.objects.filter(sim=sim)}
    while day <= end:
        first, following = cycle_start(day, plan.billing_day), next_cycle_start(day, plan.billing_day)
        before = sum(used for when, used in days.items() if first <= when < day)
        quota = sim.effective_quota_bytes
        growth = max(0, before + days.get(day, 0) - quota) - max(0, before - quota)
        total += Decimal(plan.price_cents) / (following - first).days
        total += Decimal(growth) / MB * plan.overage_cents_per_mb
        day += timedelta(days=1)
    return total
