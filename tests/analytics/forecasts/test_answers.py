"""What the services answer: of SIMs, customers, pools and the fleet, for whom, and when there is little to say."""

import re
from datetime import timedelta

import numpy as np
import pytest

from analytics.ahead import comparing
from analytics.models import SimForecast
from analytics.services.forecasts import analyze_usage, compare_models, get_usage_forecast, list_quota_risks
from iotsim.core.errors import Denied, Invalid, NotFound
from iotsim.core.jobs import run_job
from iotsim.core.models import Job
from iotsim.core.tenancy import tenant
from sims.models import Sim
from tests.analytics.forecasts.world import GB, MB, midnight, night, now, steady
from tests.dates import billing_day, today
from tests.fleet import make_customer, make_plan, make_sim, use


@pytest.fixture
def plan(organisation):
    return make_plan(organisation, quota_bytes=GB, billing_day=billing_day(10))


@pytest.fixture
def fleet(organisation, actor, plan):
    """Acme's truck runs out and its pump does not; Globex has a pool of two."""
    acme, globex = make_customer(organisation, "Acme"), make_customer(organisation, "Globex")
    pool = make_plan(organisation, "Pool", quota_bytes=GB, pooled=True, billing_day=plan.billing_day)
    sims = {
        "truck-17": steady(organisation, 60 * MB, plan=plan, customer=acme, label="truck-17"),
        "pump-9": steady(organisation, 5 * MB, plan=plan, customer=acme, label="pump-9"),
        "bus-1": steady(organisation, 20 * MB, plan=pool, customer=globex, label="bus-1"),
        "bus-2": steady(organisation, 90 * MB, plan=pool, customer=globex, label="bus-2"),
    }
    night(organisation, actor)
    return sims


def test_a_sim_that_runs_out(actor, fleet):
    found = get_usage_forecast(actor, sim="truck-17")
    assert (found.scope, found.name, found.sims, len(found.days)) == ("sim", "SIM truck-17", 1, 7)
    assert found.days[0].day == today() and found.low_bytes < found.middle_bytes < found.high_bytes
    assert found.middle_bytes == pytest.approx(7 * 61 * MB, rel=0.15)
    assert found.headline == f"Runs out on {found.exhausts_on:%-d %b}"
    assert found.link == f"/sims/{fleet['truck-17'].iccid}/" and found.as_of == midnight()
    assert f"runs out on {found.exhausts_on:%-d %b}; the chance" in found.sentence
    assert "60 days of history (weekday median, as of" in found.sentence
    assert found.path[-1].day == found.cycle_end_date
    assert found.path[-1].middle_bytes == pytest.approx(found.cycle_middle_bytes, abs=2)
    assert found.path[-1].high_bytes == pytest.approx(found.cycle_high_bytes, abs=2)


def test_thirty_days_are_the_month_that_was_forecast_as_one_sum(actor, fleet):
    found = get_usage_forecast(actor, sim="pump-9", days=30)
    with tenant(actor.organization_id, read_only=True):
        row = SimForecast.objects.get(sim_id=fleet["pump-9"].pk)
    wanted = (row.month_p10_bytes, row.month_p50_bytes, row.month_p90_bytes)
    assert (found.low_bytes, found.middle_bytes, found.high_bytes) == pytest.approx(wanted, abs=2)


def test_a_customer_a_pool_and_the_fleet(actor, fleet):
    acme, pool, all_of_it = (
        get_usage_forecast(actor, customer="Acme"),
        get_usage_forecast(actor, plan="Pool", customer="Globex"),
        get_usage_forecast(actor),
    )
    assert (acme.scope, acme.sims, acme.quota_bytes) == ("customer", 2, None)
    assert acme.cycle_start_date == today().replace(day=1)
    assert (pool.scope, pool.name, pool.quota_bytes) == ("pool", "The pool Pool of Globex", 2 * GB)
    assert pool.used_bytes == fleet["bus-1"].cycle_bytes + fleet["bus-2"].cycle_bytes and pool.exhausts_on
    assert (all_of_it.scope, all_of_it.sims, all_of_it.name) == ("fleet", 4, "The fleet")
    assert all_of_it.middle_bytes == pytest.approx(7 * 178 * MB, rel=0.2)
    assert get_usage_forecast(actor, plan="Pool").name == "The pool Pool of Globex"


def test_a_sim_of_a_pool_points_to_the_pool(actor, fleet):
    found = get_usage_forecast(actor, sim="bus-2")
    assert found.quota_bytes is None and found.exhausts_probability is None
    assert "Its plan Pool is pooled: the quota is that of the pool" in found.sentence


def test_a_plan_that_is_no_pool_has_no_quota_of_its_own(actor, fleet):
    found = get_usage_forecast(actor, plan="Basic")
    assert (found.scope, found.name, found.sims) == ("some", "The SIMs on Basic", 2)
    assert found.quota_bytes is None and "each SIM has a quota of its own" in found.sentence


def test_a_pool_without_sims_is_one_clear_sentence(actor, organisation, fleet):
    make_plan(organisation, "Empty", pooled=True)
    with pytest.raises(NotFound, match="No SIM in use is on Empty, so there is nothing to forecast"):
        get_usage_forecast(actor, plan="Empty")
    with pytest.raises(NotFound, match="No SIM in use of Acme is on Pool"):
        get_usage_forecast(actor, plan="Pool", customer="Acme")


def test_names_that_do_not_go_together_are_refused(actor, fleet):
    with pytest.raises(Invalid, match="not both"):
        get_usage_forecast(actor, sim="truck-17", customer="Acme")
    for days in (0, 32):
        with pytest.raises(Invalid):
            get_usage_forecast.call(actor, {"days": days})


def test_the_risks_in_three_orders(actor, organisation, fleet, plan):
    later = steady(organisation, 34 * MB, noise=0.5, plan=plan, label="van-3")
    night(organisation, actor)
    found = list_quota_risks(actor, min_probability=0.05)
    assert found.items[0].iccid == fleet["truck-17"].iccid and found.total == len(found.items)
    assert [one.probability for one in found.items] == sorted((one.probability for one in found.items), reverse=True)
    days = [one.exhausts_on for one in list_quota_risks(actor, min_probability=0.05, sort="date").items]
    assert [one for one in days if one] == sorted(one for one in days if one)
    assert later.iccid in {one.iccid for one in found.items} or found.total == 1
    over = [one.over_bytes for one in list_quota_risks(actor, min_probability=0.05, sort="over").items]
    assert over == sorted(over, reverse=True)


def test_the_sentence_names_the_first(actor, fleet):
    found = list_quota_risks(actor)
    first = found.items[0]
    assert found.sentence == (
        "1 SIM will pass its quota before its cycle ends; it is truck-17 on "
        f"{first.exhausts_on:%-d %b} ({first.percent}\u00a0%)."
    )


@pytest.mark.parametrize("sort", ["probability", "date", "over"])
def test_pages_follow_each_other_without_gaps(actor, organisation, plan, sort):
    sims = [steady(organisation, (50 + n % 2) * MB, plan=plan, label=f"t{n}", days=30) for n in range(5)]
    night(organisation, actor)
    seen, cursor = [], None
    while True:
        page = list_quota_risks(actor, sort=sort, limit=2, cursor=cursor)
        seen += [one.iccid for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == 5 and set(seen) == {one.iccid for one in sims}
    with pytest.raises(Invalid, match="cursor"):
        list_quota_risks(actor, sort=sort, cursor="nonsense")


def test_filters_and_chances(actor, fleet):
    assert list_quota_risks(actor, customer="Globex").total == 0
    assert list_quota_risks(actor, customer="Acme", plan="Basic").total == 1
    assert list_quota_risks(actor, before=today() - timedelta(days=1)).total == 0
    assert list_quota_risks.call(actor, {"min_probability": "20 %"}).result.min_probability == 0.2
    assert list_quota_risks.call(actor, {"min_probability": 20}).result.min_probability == 0.2
    with pytest.raises(Invalid):
        list_quota_risks.call(actor, {"min_probability": "often"})
    with pytest.raises(NotFound):
        list_quota_risks(actor, customer="Nobody")


def test_who_stands_still_is_no_risk(actor, organisation, fleet):
    with tenant(organisation.pk):
        Sim.objects.filter(pk=fleet["truck-17"].pk).update(status="suspended")
    assert list_quota_risks(actor).total == 0
    assert "It is suspended and uses nothing until it is resumed" in get_usage_forecast(actor, sim="truck-17").sentence


def test_before_the_first_night_it_says_so(actor, organisation, plan):
    steady(organisation, 60 * MB, plan=plan, label="truck-17")
    found = list_quota_risks(actor)
    assert not found.is_forecast and "made each night" in found.sentence
    alone = get_usage_forecast(actor, sim="truck-17")
    assert alone.exhausts_on is not None and alone.history_days == 60


def test_who_is_limited_to_a_customer_sees_only_theirs(make_actor, actor, fleet):
    mine = make_actor("analyst", customer_ids=[fleet["truck-17"].customer_id])
    own = get_usage_forecast(mine)
    assert own.name == "The SIMs of your customers" and own.sims == 2
    acme = get_usage_forecast(actor, customer="Acme")
    assert own.used_bytes == acme.used_bytes
    assert own.middle_bytes < get_usage_forecast(actor).middle_bytes / 2
    assert own.middle_bytes == pytest.approx(acme.middle_bytes, rel=0.1)
    assert analyze_usage(mine).average_bytes == analyze_usage(actor, customer="Acme").average_bytes
    for named in ({"sim": "bus-2"}, {"customer": "Globex"}, {"plan": "Pool", "customer": "Globex"}, {"plan": "Pool"}):
        with pytest.raises(NotFound):
            get_usage_forecast(mine, **named)
    other = make_actor("analyst", customer_ids=[fleet["bus-1"].customer_id])
    assert list_quota_risks(other).total == 0 and list_quota_risks(mine).total == 1


def test_other_organisations_are_invisible(make_actor, other_organisation, fleet):
    stranger = make_actor("owner", organisation=other_organisation)
    with pytest.raises(NotFound):
        get_usage_forecast(stranger, sim="truck-17")
    assert list_quota_risks(stranger).total == 0
    assert "no usage yet" in get_usage_forecast(stranger).sentence


def test_a_sim_without_a_single_day(actor, organisation):
    make_sim(organisation, label="new-1")
    found = get_usage_forecast(actor, sim="new-1")
    assert found.sentence == "SIM new-1 has no usage yet, so there is nothing to forecast from."
    assert found.is_empty and found.headline == "Nothing to forecast from"
    assert "used nothing" in analyze_usage(actor, sim="new-1").sentence


@pytest.mark.parametrize("amounts", [[0] * 40, [7], [5 * MB] * 40, [10**15] * 30, [0, 0, 9 * MB] * 10])
def test_odd_series_give_sensible_figures(actor, organisation, plan, amounts):
    sim = make_sim(organisation, label="odd-1", plan=plan, cycle_as_of=midnight())
    for back, amount in enumerate(amounts, 1):
        if amount:
            use(sim, today() - timedelta(days=back), amount)
    made_now = get_usage_forecast(actor, sim="odd-1")
    night(organisation, actor)
    kept = get_usage_forecast(actor, sim="odd-1")
    for found in (made_now, kept):
        assert 0 <= found.low_bytes <= found.middle_bytes <= found.high_bytes
        assert found.cycle_low_bytes <= found.cycle_middle_bytes <= found.cycle_high_bytes
        assert found.exhausts_probability is None or 0 <= found.exhausts_probability <= 1
        assert found.sentence and np.isfinite(found.high_bytes)
    assert analyze_usage(actor, sim="odd-1").sentence


def test_usage_dated_in_the_future_breaks_nothing(actor, organisation, plan):
    sim = steady(organisation, 10 * MB, plan=plan, label="early-1", cycle_as_of=now() + timedelta(days=40))
    use(sim, today() + timedelta(days=3), 5 * MB)
    night(organisation, actor)
    found = get_usage_forecast(actor, sim="early-1")
    assert found.cycle_middle_bytes >= found.used_bytes and found.days[0].day <= today()


def test_an_analysis_says_what_the_days_are_like(actor, organisation, plan):
    sim = make_sim(organisation, label="rises-1", plan=plan, cycle_as_of=midnight())
    for back in range(1, 85):
        day = today() - timedelta(days=back)
        use(sim, day, int((40 - 0.3 * back) * MB * (0.1 if day.weekday() > 4 else 1)))
    found = analyze_usage(actor, sim="rises-1")
    assert found.trend_words == "rising" and 20 < found.trend_percent < 60
    assert found.known_days == 84 and found.p95_bytes > found.average_bytes
    assert found.weekday_bytes[5] < 0.2 * found.weekday_bytes[1] and "Weekends are quiet" in found.sentence
    assert found.utilisation_percent == pytest.approx(100 * 30 * found.average_bytes / GB, abs=0.1)
    assert re.search(r"It is rising \(\+\d+\u00a0% a month\)", found.sentence)
    flat = steady(organisation, 10 * MB, label="flat-1", noise=0.05, activated_at=None)
    steadily = analyze_usage(actor, sim=flat.iccid)
    assert steadily.trend_words == "steady" and steadily.volatility_percent < 10 and "even" in steadily.sentence


def test_models_compete_on_the_days_held_back(actor, organisation, plan, monkeypatch):
    monkeypatch.setattr(comparing, "SECONDS", 20.0)
    sim = steady(organisation, 30 * MB, plan=plan, label="truck-17", days=100)
    asked = compare_models(actor, sim="truck-17", days=7)
    assert "Comparing models for SIM truck-17" in asked.note
    assert run_job(organisation.pk, asked.id) == "done"
    with tenant(organisation.pk, read_only=True):
        job = Job.objects.get(pk=asked.id)
    found = job.result
    assert found["iccid"] == sim.iccid and found["held_back_days"] == 7
    names = [one["model"] for one in found["scores"]]
    assert "weekday median" in names and (len(names) > 1 or found["fell_back"])
    accuracies = [one["accuracy_percent"] for one in found["scores"]]
    assert accuracies == sorted(accuracies, reverse=True) and found["best"] == names[0]
    assert all(len(one["days"]) == 7 and one["days"][0]["day"] == today().isoformat() for one in found["scores"])
    assert found["sentence"].startswith(("weekday median was best", names[0], "No other model"))


def test_a_comparison_of_a_few_days_falls_back_and_says_so(actor, organisation, plan):
    steady(organisation, 30 * MB, plan=plan, label="young-1", days=20)
    asked = compare_models(actor, sim="young-1")
    assert run_job(organisation.pk, asked.id) == "done"
    with tenant(organisation.pk, read_only=True):
        found = Job.objects.get(pk=asked.id).result
    assert found["fell_back"] and "20 days of history, too few" in found["sentence"]


def test_who_may_not_make_reports_compares_no_models(make_actor, organisation):
    make_sim(organisation, label="truck-17")
    with pytest.raises(Denied):
        compare_models(make_actor("viewer"), sim="truck-17")
    with pytest.raises(NotFound):
        compare_models(make_actor("owner"), sim="nobody")
