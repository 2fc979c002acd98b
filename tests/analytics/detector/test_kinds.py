"""Each kind of anomaly is found on a series made by hand, named rightly and soon."""

import numpy as np
import pytest

from analytics.anomalies import KINDS, Settings
from tests.analytics.detector.fleets import calm, found, of_sim, opened


def test_calm_days_raise_nothing():
    assert opened(calm()) == []


def test_a_day_far_above_the_usual_is_a_spike_on_that_day():
    days = calm()
    days.bytes[60, 0] *= 20
    assert of_sim(days) == [("spike", 60)]


def test_another_device_and_much_more_use_is_theft():
    days = calm()
    days.imei_changed[60, 0] = True
    days.bytes[60:68, 0] += 4e8
    assert of_sim(days) == [("theft", 60)]
    findings = found(days)
    assert findings.severity[findings.sim == 0].max() == 4
    assert findings.two_evidences[findings.sim == 0].any()


def test_theft_from_a_restless_camera_is_seen_by_what_lasts():
    days = calm(noise=0.75, level=8e7, seed=3)
    days.imei_changed[60, 0] = True
    days.bytes[60:70, 0] = 7 * days.bytes[:60, 0].mean()
    kinds = of_sim(days)
    assert [kind for kind, _ in kinds] == ["theft"] and kinds[0][1] <= 65


def test_hundreds_of_sessions_are_a_retry_storm():
    days = calm()
    days.sessions[60:63, 0] = 900
    days.bytes[60:63, 0] *= 2.5
    assert of_sim(days) == [("retry_storm", 60)]


def test_a_meter_that_stops_is_silent_within_days():
    days = calm()
    days.bytes[60:75, 0] = 0
    days.sessions[60:75, 0] = 0
    kinds = of_sim(days)
    assert [kind for kind, _ in kinds] == ["silent"] and kinds[0][1] <= 65


def test_use_that_doubles_every_three_weeks_is_a_leak():
    days = calm(days=120)
    rise = 2 ** (np.arange(1, 66) / 21)
    days.bytes[50:115, 0] *= rise.astype(np.float32)
    kinds = of_sim(days)
    assert [kind for kind, _ in kinds] == ["leak"] and kinds[0][1] <= 95


def test_more_use_in_a_new_country_is_roaming():
    days = calm(noise=0.4)
    days.abroad[60:64, 0] = days.new_country[60, 0] = True
    days.bytes[60:64, 0] *= 8
    assert of_sim(days) == [("roaming", 60)]


def test_a_trickle_after_the_quota_is_throttling():
    days = calm()
    days.quota_reached[60:75, 0] = True
    days.bytes[61:75, 0] *= 0.02
    kinds = of_sim(days)
    assert [kind for kind, _ in kinds] == ["throttled"] and kinds[0][1] <= 64


def test_a_country_alone_counts_where_nobody_of_the_cohort_travels():
    days = calm(count=400)
    days.abroad[60, 0] = days.new_country[60, 0] = True
    assert of_sim(days) == [("new_country", 60)]


def test_a_limit_is_broken_or_not_without_statistics():
    days = calm(days=20)
    days.bytes[3, 0] = 5e8
    assert opened(days, Settings(limit_bytes=4e8)) == [(0, "policy", 3)]
    days.sessions[4, 1] = 5_000
    assert (1, "policy", 4) in opened(days, Settings(limit_sessions=1_000))


def test_a_limit_of_one_sim_is_its_own():
    days = calm(days=20)
    limits = np.full(200, np.nan, np.float32)
    limits[7] = 1e5
    from dataclasses import replace

    assert {sim for sim, kind, _ in opened(replace(days, limit_bytes=limits)) if kind == "policy"} == {7}


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_kind_that_was_turned_off_is_not_raised(kind):
    days = calm()
    days.bytes[60, 0] *= 20
    days.bytes[60:70, 1] = 0
    days.sessions[60, 2] = 900
    settings = Settings(kinds=frozenset(KINDS[1:]) - {kind})
    assert kind not in {name for _, name, _ in opened(days, settings)}


def test_expected_use_raises_nothing():
    days = calm()
    days.bytes[60:64, 0] *= 20
    days.expected[58:66, 0] = True
    assert of_sim(days) == []


def test_a_sim_that_is_not_active_is_not_judged():
    days = calm()
    days.bytes[60:80, 0] = 0
    days.active[60:80, 0] = False
    assert of_sim(days) == []
