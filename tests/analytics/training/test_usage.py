"""The model of usage has the same life: trained on all SIMs, judged on its last thirty days."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from analytics.models import ModelVersion, SimForecast
from analytics.nightly.history import read_history
from analytics.services.models import get_model, train_model
from analytics.training.keeping import champion
from iotsim.core.errors import Conflict
from iotsim.core.tenancy import tenant
from sims.intake.partitions import ensure_partitions
from sims.models import FleetDaily, Sim, UsageDaily
from tests.analytics.forecasts.world import night
from tests.analytics.training.world import run_newest_job
from tests.fleet import make_sim

LAST = date(2026, 11, 20)
DAYS = 100
SIMS = 24


@pytest.fixture
def fleet(organisation):
    """SIMs that use about the same every day, each its own amount."""
    rng = np.random.default_rng(3)
    first = LAST - timedelta(days=DAYS - 1)
    begun = datetime(first.year, first.month, first.day, tzinfo=UTC)
    as_of = datetime(LAST.year, LAST.month, LAST.day, tzinfo=UTC) + timedelta(days=1, hours=1)
    sims = [make_sim(organisation, activated_at=begun, cycle_as_of=as_of) for _ in range(SIMS)]
    ensure_partitions(first, LAST)
    amounts = (rng.uniform(1e6, 1e8, SIMS) * rng.lognormal(0, 0.1, (DAYS, SIMS))).astype(int)
    days = [first + timedelta(days=n) for n in range(DAYS)]
    with tenant(organisation.pk):
        UsageDaily.objects.bulk_create(
            UsageDaily(organization=organisation, sim=sim, day=day, bytes_down=int(amounts[n, place]), sessions=1)
            for n, day in enumerate(days)
            for place, sim in enumerate(sims)
        )
        FleetDaily.objects.bulk_create(
            FleetDaily(organization=organisation, day=day, bytes_down=int(amounts[n].sum()), sessions=SIMS)
            for n, day in enumerate(days)
        )
    return organisation


def test_it_is_trained_judged_on_later_days_and_used_as_champion(fleet, actor):
    from analytics.forecasting.boosted import predict

    train_model(actor, model="usage")
    job = run_newest_job(fleet)
    assert job.state == "done", job.error
    [version] = get_model(actor, model="usage").versions
    figures = {one.name: one.value for one in version.figures}
    assert figures["cumulative_error"] < 0.15 and 0 <= figures["coverage_80"] <= 1
    assert version.dataset["held_from"] == (LAST - timedelta(days=29)).isoformat()
    with tenant(fleet.pk):
        ModelVersion.objects.update(stage="champion")
    found = champion(fleet.pk, "usage")
    history = read_history(fleet.pk, until=LAST)
    ahead = predict(found.model, history.bytes, history.weekdays, remaining=np.full(SIMS, 10))
    assert found.version == 1 and (ahead.rest[0] <= ahead.rest[2]).all()


def test_sims_near_their_quota_are_forecast_by_the_version_in_use_and_the_others_are_not(fleet, actor):
    history = read_history(fleet.pk)
    daily = np.nanmedian(history.bytes, axis=0)
    near, far = (int(one) for one in history.sim_ids[:2])
    with tenant(fleet.pk):
        for place, (pk, quota) in enumerate([(near, 25 * daily[0]), (far, 1_000 * daily[1])]):
            used = int(np.nansum(history.bytes[-LAST.day :, place]))  # 20 days of the month are over
            Sim.objects.filter(pk=pk).update(quota_bytes=int(quota), cycle_bytes=used)
    night(fleet, actor)
    before = kept(fleet)
    assert {one.tier for one in before.values()} == {0}
    train_model(actor, model="usage")
    run_newest_job(fleet)
    with tenant(fleet.pk):
        ModelVersion.objects.update(stage="champion")
    night(fleet, actor)
    after = kept(fleet)
    sharp = after[near]
    assert (sharp.tier, sharp.model, sharp.version) == (1, "LightGBM", "1")
    assert sharp.cycle_p10_bytes <= sharp.cycle_p50_bytes <= sharp.cycle_p90_bytes
    assert sharp.cycle_p50_bytes == pytest.approx(before[near].cycle_p50_bytes, rel=0.1)
    assert sharp.exhausts_probability > 0.9 and sharp.exhausts_on == before[near].exhausts_on
    assert after[far].tier == 0 and after[far].cycle_p50_bytes == before[far].cycle_p50_bytes
    assert after[far].exhausts_probability == 0


def test_a_version_whose_file_was_touched_leaves_everything_to_tier_0(fleet, actor):
    train_model(actor, model="usage")
    run_newest_job(fleet)
    first = int(read_history(fleet.pk).sim_ids[0])
    with tenant(fleet.pk):
        ModelVersion.objects.update(stage="champion", sha256="0" * 64)
        Sim.objects.filter(pk=first).update(quota_bytes=1)
    night(fleet, actor)
    assert {one.tier for one in kept(fleet).values()} == {0}


def kept(organisation):
    with tenant(organisation.pk, read_only=True):
        return {one.sim_id: one for one in SimForecast.objects.all()}


def test_too_short_a_history_is_said_exactly(organisation, actor):
    make_sim(organisation)
    with pytest.raises(Conflict, match="0 of 90 days with usage; 1 of 20 active SIMs"):
        train_model(actor, model="usage")
