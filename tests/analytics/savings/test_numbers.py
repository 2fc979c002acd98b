"""The numbers of advice, held against sums by hand, draws, brute force, and what must always be true. No database."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.advice.confidence import LEVELS, in_words, judge
from analytics.advice.idle import unused_cycles
from analytics.advice.pools import needs, pool_cost, size_pools
from analytics.advice.prices import Tariff, best_plans
from analytics.advice.usage import Usage, together

MB = 1e6
SMALL = Tariff(1, 100, 100 * MB, 2, "EUR")
LARGE = Tariff(2, 500, 1000 * MB, 1, "EUR")
amounts = st.floats(0, 1e12, allow_nan=False)


@st.composite
def usages(draw, most=6):
    count = draw(st.integers(1, most))
    rows = [sorted(draw(st.tuples(amounts, amounts, amounts))) for _ in range(count)]
    return Usage.of(*zip(*rows, strict=True))


@st.composite
def tariffs(draw, most=5):
    count = draw(st.integers(1, most))
    return [
        Tariff(
            n, draw(st.floats(0, 1e5)), draw(st.sampled_from([0.0, 1e6, 1e8, 5e9])), draw(st.floats(0, 50)),
            draw(st.sampled_from(["EUR", "USD"])), draw(st.booleans()),
        )
        for n in range(count)
    ]  # fmt: skip


def test_the_overage_of_a_certain_month_is_worked_out_by_hand():
    usage = Usage.of([150 * MB, 50 * MB, 0], [150 * MB, 50 * MB, 0], [150 * MB, 50 * MB, 0])
    assert np.allclose(SMALL.cost(usage), [100 + 50 * 2, 100, 100], rtol=1e-4)
    assert SMALL.worst(usage).tolist() == [200, 100, 100]


@pytest.mark.parametrize("quota", [3e6, 8e6, 1e7, 1.5e7, 4e7])
def test_expected_overage_is_that_of_draws(quota):
    rng = np.random.default_rng(7)
    low, middle, high = 5e6, 10e6, 25e6
    normal = rng.standard_normal(400_000)
    spread = np.where(normal > 0, math.log(high / middle), math.log(middle / low)) / 1.2815515655446004
    drawn = np.maximum(middle * np.exp(spread * normal) - quota, 0).mean()
    assert Usage.of([low], [middle], [high]).beyond(quota)[0] == pytest.approx(drawn, rel=0.03)


def test_a_sim_that_speaks_now_and_then_is_piecewise():
    # 0 up to the middle, then evenly to 80 MB at 90 %, and on to 100 MB: beyond 80 MB only the last tenth.
    usage = Usage.of([0], [0], [80 * MB])
    assert usage.beyond(80 * MB)[0] == pytest.approx(0.1 * 10 * MB)
    assert usage.beyond(0)[0] == pytest.approx(0.4 * 40 * MB + 0.1 * 90 * MB)


@given(usages(), st.floats(0, 1e12))
@settings(max_examples=60, deadline=None)
def test_a_larger_quota_is_never_passed_by_more(usage, quota):
    less, more = usage.beyond(quota), usage.beyond(quota * 1.5 + 1)
    assert (less >= more - 1e-6 * np.maximum(less, 1)).all() and (more >= 0).all() and np.isfinite(less).all()


@given(tariffs(), usages(), st.data())
@settings(max_examples=80, deadline=None)
def test_the_best_plan_is_never_dearer_than_the_present_one(plans, usage, data):
    present = np.array([data.draw(st.integers(0, len(plans) - 1)) for _ in range(len(usage))])
    best = best_plans(plans, usage, present)
    assert (best.saving >= 0).all()
    for n, (chosen, now) in enumerate(zip(best.plan, present, strict=True)):
        assert plans[chosen].currency == plans[now].currency
        assert chosen == now or not plans[chosen].pooled
        same = [one for one in plans if one.currency == plans[now].currency and not one.pooled]
        some = usage.only(np.array([n]))
        assert best.cost[n] <= min([one.cost(some)[0] for one in same] + [np.inf]) + 1e-6


@given(tariffs(), usages(), st.floats(0.01, 100), st.data())
@settings(max_examples=60, deadline=None)
def test_savings_scale_with_the_currency(plans, usage, factor, data):
    present = np.array([data.draw(st.integers(0, len(plans) - 1)) for _ in range(len(usage))])
    scaled = [Tariff(p.id, p.price * factor, p.quota, p.overage * factor, p.currency, p.pooled) for p in plans]
    one, other = best_plans(plans, usage, present), best_plans(scaled, usage, present)
    assert np.allclose(one.saving * factor, other.saving, rtol=1e-6, atol=1e-6 * factor)


def test_where_two_plans_cost_the_same():
    assert SMALL.breaks_even(LARGE) == 300 * MB
    assert LARGE.breaks_even(SMALL) == 0
    assert Tariff(3, 10, 0, 0, "EUR").breaks_even(LARGE) == math.inf


def test_pools_are_sized_as_well_as_by_trying_everything():
    rng = np.random.default_rng(3)
    alone = [Tariff(1, 60, 5 * MB, 12, "EUR"), Tariff(2, 350, 250 * MB, 3, "EUR")]
    for _ in range(40):
        count, kinds = int(rng.integers(1, 7)), int(rng.integers(1, 3))
        pools = [Tariff(8, 490, 500 * MB, 2, "EUR", True), Tariff(9, 900, 1500 * MB, 1, "EUR", True)][:kinds]
        middle = np.exp(rng.normal(18, 1.3, count))
        usage = Usage.of(middle * 0.5, middle, middle * rng.uniform(1.1, 2.5, count))
        spare = rng.normal(0, 3e8, kinds).tolist()
        need = needs(usage)
        found = size_pools(pools, alone, usage, need, spare)
        assert found.proven
        assert found.cost == pytest.approx(cheapest(pools, alone, usage, need, spare), rel=1e-6)


def test_a_large_pool_costs_what_the_search_would_find(monkeypatch):
    rng = np.random.default_rng(11)
    alone, pool = [Tariff(1, 60, 5 * MB, 12, "EUR")], Tariff(8, 490, 500 * MB, 2, "EUR", True)
    middle = np.exp(rng.normal(18, 1.3, 120))
    usage = Usage.of(middle * 0.5, middle, middle * 1.7)
    quick = size_pools([pool], alone, usage, needs(usage))
    monkeypatch.setattr("analytics.advice.pools.SMALL", 1000)
    searched = size_pools([pool], alone, usage, needs(usage))
    assert quick.proven and quick.cost == pytest.approx(searched.cost, rel=1e-3)


def cheapest(pools, alone, usage, need, spare):
    """The least cost of all assignments."""
    own = np.stack([one.cost(usage) for one in alone]).min(axis=0)
    best = math.inf
    for where in itertools.product(range(-1, len(pools)), repeat=len(usage)):
        chosen = np.array(where)
        cost = own[chosen < 0].sum()
        for k, pool in enumerate(pools):
            members = chosen == k
            short = max(0.0, (need[members] - pool.quota).sum() - spare[k])
            cost += pool.price * members.sum() + pool.overage / MB * short
        best = min(best, float(cost))
    return best


def test_a_pool_without_a_quota_and_one_without_sims():
    usage = Usage.of([MB], [10 * MB], [90 * MB])
    free = Tariff(8, 50, 0, 9, "EUR", True)
    assert size_pools([free], [SMALL], usage, needs(usage)).choice.tolist() == [0]
    assert pool_cost(free, usage) == (50, 50)
    nobody = usage.only(np.array([], np.int64))
    assert needs(nobody).size == 0 and pool_cost(free, nobody) == (0, 0)


@given(usages(most=8))
@settings(max_examples=40, deadline=None)
def test_the_parts_of_a_pool_s_need_add_up_to_it(usage):
    whole = together(usage, groups=np.zeros(len(usage), np.int64), count=1)
    assert needs(usage).sum() == pytest.approx(float(whole.high[0]), rel=1e-6, abs=1)
    assert whole.middle[0] == pytest.approx(usage.middle.sum())
    assert whole.high[0] <= usage.high.sum() * (1 + 1e-9) + 1


def test_bad_numbers_are_taken_for_what_they_can_be():
    usage = Usage.of([-5, math.nan, 9e30], [3, 1, 9e30], [1, math.nan, 9e30])
    assert usage.low.tolist() == [0, 0, 1e18] and usage.high.tolist() == [3, 1, 1e18]
    assert np.isfinite(SMALL.cost(usage)).all()


def test_unused_cycles_need_days_that_are_known():
    used = np.zeros((90, 5), np.float32)
    used[:, 1] = np.nan
    used[45, 2] = 1
    used[:40, 3] = np.nan
    sessions = np.zeros((90, 5), np.float32)
    sessions[89, 4] = 1
    assert unused_cycles(used, sessions).tolist() == [3, 0, 1, 2, 0]
    assert unused_cycles(used[:10], sessions[:10]).tolist() == [0] * 5


def test_every_confidence_has_words():
    usage = Usage.of([1.0] * 3, [2.0] * 3, [3.0] * 3)
    level, reason = judge(
        usage, np.array([90, 40, 5]), np.array([False, False, True]), np.array([1.0, 1, 1]), np.full(3, np.inf)
    )
    assert [LEVELS[one] for one in level] == ["high", "medium", "low"]
    assert in_words(int(reason[1]), 40) == "only 40 days of use are known"
