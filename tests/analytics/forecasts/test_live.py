"""A record that arrives moves the forecast at once: what is shown, and what is kept for lists."""

from datetime import UTC, timedelta

import pytest

from analytics.models import SimForecast
from analytics.services.forecasts import get_usage_forecast, list_quota_risks
from iotsim.core.tenancy import tenant
from sims.intake.fleet import roll_cycles
from sims.services.quota import update_quota
from tests.analytics.forecasts.world import GB, MB, again, midnight, night, now, steady
from tests.dates import billing_day, today
from tests.fleet import make_plan


@pytest.fixture
def sim(organisation, actor):
    """It uses 10 MB a day of a quota that lasts; its cycle began ten days ago."""
    plan = make_plan(organisation, quota_bytes=GB, billing_day=billing_day(10))
    sim = steady(organisation, 10 * MB, plan=plan, label="truck-17")
    night(organisation, actor)
    return sim


def row_of(sim):
    with tenant(sim.organization_id, read_only=True):
        return SimForecast.objects.get(organization_id=sim.organization_id, sim_id=sim.pk)


def post(client, sim, amount, **more):
    at = now() - timedelta(minutes=2)
    record = {"iccid": sim.iccid, "started_at": at.isoformat(), "bytes_up": 0, "bytes_down": amount, **more}
    answer = client.post("/api/v1/usage", {"records": [record]}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return at


def test_a_record_posted_moves_use_day_and_chance_at_once(client_for, actor, sim):
    before = get_usage_forecast(actor, sim="truck-17")
    assert before.exhausts_on is None and before.exhausts_probability < 0.05
    assert before.used_bytes == sim.cycle_bytes and not list_quota_risks(actor).items
    at = post(client_for("owner"), sim, 850 * MB)
    after = get_usage_forecast(actor, sim="truck-17")
    assert after.used_bytes == sim.cycle_bytes + 850 * MB == again(sim).cycle_bytes
    assert after.as_of >= at.replace(microsecond=0) > before.as_of
    assert after.exhausts_on is not None and after.exhausts_probability > 0.9
    [risk] = list_quota_risks(actor).items
    assert (risk.iccid, risk.exhausts_on, risk.probability) == (
        sim.iccid,
        after.exhausts_on,
        after.exhausts_probability,
    )
    kept = row_of(sim)
    assert (kept.used_bytes, kept.exhausts_on) == (after.used_bytes, after.exhausts_on)
    assert kept.exhausts_probability == pytest.approx(after.exhausts_probability)
    assert kept.days_p50 and kept.history_days == before.history_days, "no model has run"


def test_a_record_beyond_the_quota_is_told_as_such(client_for, actor, sim):
    post(client_for("owner"), sim, 2 * GB)
    found = get_usage_forecast(actor, sim="truck-17")
    assert found.is_over and found.exhausts_on == today() and found.exhausts_probability == 1
    assert found.headline.startswith("Over its quota")
    listed = list_quota_risks(actor)
    assert listed.over == 1 and listed.items[0].is_over
    assert "1 of them already" in listed.sentence


def test_a_correction_takes_it_back(client_for, actor, sim):
    browser, at = client_for("owner"), (now() - timedelta(minutes=5)).astimezone(UTC)
    before = get_usage_forecast(actor, sim="truck-17")
    for amount in (2 * GB, 1 * MB):
        post(browser, sim, amount, id="r-1", started_at=at.isoformat(), session_id="s-1")
    used = again(sim).cycle_bytes
    after = get_usage_forecast(actor, sim="truck-17")
    assert after.used_bytes == used
    if used == sim.cycle_bytes + 1 * MB:  # the same record again, corrected
        assert after.exhausts_on is None and not list_quota_risks(actor).items
    assert before.history_days == after.history_days


def test_a_new_quota_counts_at_once(actor, sim):
    update_quota(actor, sim="truck-17", quota=sim.cycle_bytes + 20 * MB)
    found = get_usage_forecast(actor, sim="truck-17")
    assert found.quota_bytes == sim.cycle_bytes + 20 * MB and found.exhausts_on is not None
    assert [one.iccid for one in list_quota_risks(actor).items] == [sim.iccid]
    update_quota(actor, sim="truck-17", quota="100 GB")
    assert get_usage_forecast(actor, sim="truck-17").exhausts_on is None and not list_quota_risks(actor).items


def test_a_new_cycle_begins_from_nothing(actor, organisation, sim):
    with tenant(organisation.pk):
        SimForecast.objects.filter(sim_id=sim.pk).update(
            cycle_start_date=today() - timedelta(days=45), cycle_end_date=today() - timedelta(days=11),
            used_bytes=5 * GB, quota_bytes=GB, exhausts_probability=1.0, exhausts_on=today() - timedelta(days=20),
        )  # fmt: skip
        sim.cycle_start_date = today() - timedelta(days=45)
        sim.save(update_fields=["cycle_start_date"])
    found = get_usage_forecast(actor, sim="truck-17")
    assert not found.is_over and found.used_bytes == 0 and found.exhausts_on is None
    with tenant(organisation.pk):
        from zoneinfo import ZoneInfo

        assert roll_cycles(organisation.pk, ZoneInfo("UTC")) == 1
    assert row_of(sim).exhausts_on is None and row_of(sim).used_bytes == again(sim).cycle_bytes
    assert not list_quota_risks(actor, min_probability=0.05).items


def test_reading_right_after_the_night_says_what_the_night_wrote(actor, sim):
    kept, found = row_of(sim), get_usage_forecast(actor, sim="truck-17")
    assert found.as_of == kept.as_of == midnight()
    assert found.cycle_middle_bytes == pytest.approx(kept.cycle_p50_bytes, abs=2)
    assert found.cycle_low_bytes == pytest.approx(kept.cycle_p10_bytes, abs=2)
    assert found.cycle_high_bytes == pytest.approx(kept.cycle_p90_bytes, abs=2)
    assert found.exhausts_probability == pytest.approx(kept.exhausts_probability, abs=1e-3)


def test_a_customer_and_the_fleet_count_what_came_in(client_for, actor, organisation, sim):
    before = get_usage_forecast(actor)
    post(client_for("owner"), sim, 300 * MB)
    after = get_usage_forecast(actor)
    assert after.used_bytes == before.used_bytes + 300 * MB
    assert after.cycle_middle_bytes > before.cycle_middle_bytes + 250 * MB
