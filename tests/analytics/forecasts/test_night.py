"""The night writes a forecast of every SIM in use, of its customer, its pool and the fleet."""

from datetime import timedelta

import numpy as np
import pytest

from analytics.models import GroupForecast, SimForecast
from analytics.nightly.history import read_history
from analytics.services.nights import run_analytics_night
from iotsim.core.jobs import run_job
from iotsim.core.tenancy import tenant
from sims.cycles import cycle_start, next_cycle_start
from tests.analytics.forecasts.world import GB, MB, NoJob, midnight, night, steady
from tests.dates import billing_day, today
from tests.fleet import make_customer, make_plan, make_sim


def kept(organisation, model=SimForecast, **wanted):
    with tenant(organisation.pk, read_only=True):
        return list(model.objects.filter(organization_id=organisation.pk, **wanted).order_by("pk"))


@pytest.fixture
def plan(organisation):
    """Its cycle began ten days ago."""
    return make_plan(organisation, quota_bytes=GB, billing_day=billing_day(10))


def test_every_sim_in_use_has_a_forecast(organisation, actor, plan):
    heavy = steady(organisation, 60 * MB, plan=plan, label="truck-17")
    calm = steady(organisation, 5 * MB, plan=plan)
    for status in ("inventory", "retired"):
        make_sim(organisation, status=status, plan=plan)
    said = night(organisation, actor)
    rows = {row.sim_id: row for row in kept(organisation)}
    assert rows.keys() == {heavy.pk, calm.pk}
    assert "Forecasts for 2 SIMs" in said and "1 SIM will pass the quota" in said
    one = rows[heavy.pk]
    assert (one.first_day, one.as_of, one.quota_bytes, one.used_bytes) == (
        today(), midnight(), GB, heavy.cycle_bytes
    )  # fmt: skip
    assert one.cycle_start_date == cycle_start(today(), plan.billing_day)
    assert one.cycle_end_date == next_cycle_start(today(), plan.billing_day) - timedelta(days=1)
    assert one.cycle_p10_bytes < one.cycle_p50_bytes < one.cycle_p90_bytes
    days_left = (one.cycle_end_date - today()).days + 1
    assert one.cycle_p50_bytes == pytest.approx(heavy.cycle_bytes + 61 * MB * days_left, rel=0.1)
    assert one.exhausts_on is not None and today() < one.exhausts_on <= one.cycle_end_date
    assert one.exhausts_probability > 0.9 and (one.history_days, one.is_prior, one.tier) == (60, False, 0)
    assert len(one.days_p50) == 31 and np.mean(one.days_p50) == pytest.approx(60 * MB, rel=0.15)
    assert all(
        low <= middle <= high for low, middle, high in zip(one.days_p10, one.days_p50, one.days_p90, strict=True)
    )
    calm_row = rows[calm.pk]
    assert calm_row.exhausts_on is None and calm_row.exhausts_probability < 0.05


def test_groups_are_forecast_from_their_days_added_up(organisation, actor, plan):
    acme = make_customer(organisation)
    pool = make_plan(organisation, "Pool", quota_bytes=GB, pooled=True, billing_day=plan.billing_day)
    sims = [steady(organisation, 20 * MB, noise=0.6, plan=pool, customer=acme, label=f"t{n}") for n in range(6)]
    steady(organisation, 30 * MB, plan=plan)
    night(organisation, actor)
    groups = {(row.scope, row.customer_id, row.plan_id): row for row in kept(organisation, GroupForecast)}
    assert groups.keys() == {("fleet", 0, 0), ("customer", acme.pk, 0), ("pool", acme.pk, pool.pk)}
    together, fleet = groups["pool", acme.pk, pool.pk], groups["fleet", 0, 0]
    assert (together.sims, together.quota_bytes, together.used_bytes) == (
        6,
        6 * GB,
        sum(one.cycle_bytes for one in sims),
    )
    assert together.exhausts_probability is not None and fleet.exhausts_probability is None
    assert (fleet.sims, fleet.cycle_start_date) == (7, today().replace(day=1))
    alone = kept(organisation, sim_id__in=[one.pk for one in sims])
    assert all(row.quota_bytes is None for row in alone), "the quota of a pool is nobody's own"
    widths = [row.month_p90_bytes - row.month_p10_bytes for row in alone]
    assert together.month_p90_bytes - together.month_p10_bytes < 0.9 * sum(widths)


def test_a_second_night_takes_the_place_of_the_first(organisation, actor, plan):
    gone, stays = steady(organisation, 5 * MB, plan=plan), steady(organisation, 6 * MB, plan=plan)
    night(organisation, actor)
    with tenant(organisation.pk):
        gone.status = "retired"
        gone.save(update_fields=["status"])
    night(organisation, actor)
    assert [row.sim_id for row in kept(organisation)] == [stays.pk]
    assert len(kept(organisation, GroupForecast)) == 1
    with tenant(organisation.pk):
        stays.status = "retired"
        stays.save(update_fields=["status"])
    assert night(organisation, actor) == ""
    assert not kept(organisation) and not kept(organisation, GroupForecast)


def test_usage_of_today_counts_in_the_cycle(organisation, actor, plan):
    sim = steady(organisation, 10 * MB, plan=plan)
    with tenant(organisation.pk):
        sim.cycle_bytes += 200 * MB
        sim.cycle_as_of = midnight() + timedelta(hours=6)
        sim.save(update_fields=["cycle_bytes", "cycle_as_of"])
    night(organisation, actor)
    [row] = kept(organisation)
    assert row.used_bytes == sim.cycle_bytes and row.as_of == midnight() + timedelta(hours=6)
    days_left = (row.cycle_end_date - today()).days + 0.75
    assert row.cycle_p50_bytes == pytest.approx(sim.cycle_bytes + 10.2 * MB * days_left, rel=0.1)


def test_a_sim_over_its_quota_says_since_when(organisation, actor):
    plan = make_plan(organisation, quota_bytes=30 * MB, billing_day=billing_day(10))
    steady(organisation, 10 * MB, noise=0.01, plan=plan)
    night(organisation, actor)
    [row] = kept(organisation)
    assert row.exhausts_probability == 1.0
    assert row.cycle_start_date <= row.exhausts_on < today()


def test_sims_without_plan_quota_or_days_are_forecast_too(organisation, actor):
    steady(organisation, 10 * MB)
    steady(organisation, 10 * MB, plan=make_plan(organisation, "Free", quota_bytes=0, price_cents=0))
    new = make_sim(organisation, cycle_as_of=midnight(), plan=make_plan(organisation))
    silent = steady(organisation, 0, plan=make_plan(organisation, "Other"))
    night(organisation, actor)
    rows = {row.sim_id: row for row in kept(organisation)}
    without = [row for row in rows.values() if row.sim_id not in (new.pk, silent.pk)]
    assert [row.quota_bytes for row in without] == [None, None]
    assert all(row.exhausts_on is None and row.exhausts_probability is None for row in without)
    assert rows[new.pk].is_prior and rows[new.pk].history_days == 0
    assert rows[silent.pk].cycle_p90_bytes == 0 and rows[silent.pk].exhausts_probability == 0


def test_a_fleet_without_usage_says_nothing(organisation, actor):
    assert night(organisation, actor) == ""
    make_sim(organisation)
    assert "Forecasts for 1 SIM" in night(organisation, actor)


def test_the_night_is_a_job_that_tells_what_came_of_it(organisation, actor, plan):
    steady(organisation, 60 * MB, plan=plan)
    asked = run_analytics_night(actor)
    assert run_job(organisation.pk, asked.id) == "done"
    assert len(kept(organisation)) == 1


def test_other_organisations_are_left_alone(organisation, other_organisation, make_actor, actor, plan):
    steady(other_organisation, 5 * MB)
    night(other_organisation, make_actor("owner", organisation=other_organisation))
    steady(organisation, 5 * MB, plan=plan)
    night(organisation, actor)
    assert len(kept(other_organisation)) == len(kept(organisation)) == 1


def test_progress_is_told_in_sims(organisation, actor, plan):
    from analytics.nightly import forecasts

    steady(organisation, 5 * MB, plan=plan)
    job = NoJob()
    forecasts.run(actor, read_history(organisation.pk), job)
    assert job.notes == [{"done": 1, "total": 1, "note": "Forecasts"}]
