"""What looks like an anomaly and is none."""

import numpy as np

from analytics.anomalies import scan
from tests.analytics.detector.fleets import DAYS, calm, found, of_sim, opened


def test_a_firmware_wave_is_one_event_of_the_cohort_and_no_alert_of_each_sim():
    days = calm(count=400)
    rng = np.random.default_rng(2)
    on = 60 + (rng.beta(1.2, 2, 320) * 7).astype(int)
    days.bytes[on, np.arange(320)] += 5e6
    assert len(opened(days)) <= 4
    events = found(days).cohorts
    assert {(event.way, event.cohort) for event in events} == {("up", 0)}
    assert max(event.moved for event in events) > 200


def test_a_thief_within_a_firmware_wave_is_still_found():
    days = calm(count=400)
    days.bytes[60, :300] += 5e6
    days.imei_changed[61, 350] = True
    days.bytes[61:66, 350] += 4e8
    assert ("theft", 61) in of_sim(days, 350)


def test_an_outage_of_all_is_an_event_of_the_cohort():
    days = calm()
    days.bytes[60:64, :] = 0
    assert opened(days) == []
    assert "silent" in {event.way for event in found(days).cohorts}


def test_a_server_that_is_down_is_no_storm_of_each_sim():
    days = calm()
    days.sessions[60:62, :120] = 800
    assert opened(days) == []
    assert "sessions" in {event.way for event in found(days).cohorts}


def test_a_day_booked_late_is_no_spike():
    days = calm()
    for sim in range(50):
        late = 40 + sim % 30
        days.bytes[late + 1, sim] += days.bytes[late, sim]
        days.bytes[late, sim] = 0
    assert opened(days) == []


def test_another_device_that_uses_as_much_is_no_theft():
    days = calm(noise=0.5)
    days.imei_changed[np.arange(40, 80), np.arange(40)] = True
    assert len(opened(days)) <= 1  # forty swaps, a week of chances each
    assert not found(days).two_evidences.any()


def test_trucks_near_a_border_raise_nothing():
    days = calm(noise=0.5)
    rng = np.random.default_rng(4)
    days.abroad[:, :40] = rng.random((DAYS, 40)) < 0.2
    days.new_country[days.abroad[:, :40].argmax(axis=0), np.arange(40)] = True
    assert opened(days) == []


def test_shops_that_rest_on_sundays_raise_nothing():
    days = calm()
    days.bytes[6::7, :] = 0
    days.bytes[5::7, :] *= 3
    assert opened(days) == []


def test_devices_that_stand_still_for_weeks_now_and_then_are_not_silent():
    rng = np.random.default_rng(5)
    days = calm(count=400, days=150, noise=0.5)
    idle = np.zeros(400, np.bool_)
    for day in range(150):
        draw = rng.random(400)
        idle = np.where(idle, draw > 1 / 6, draw < 0.02)
        days.bytes[day, idle] = 0
    assert len(opened(days)) <= 2


def test_use_that_fades_out_raises_nothing():
    days = calm()
    fade = np.exp(-2.5 * np.arange(40) / 40).astype(np.float32)
    days.bytes[50:, :10] *= fade[:, None]
    assert opened(days) == []


def test_a_day_of_23_or_25_hours_raises_nothing():
    days = calm(noise=0.05)
    days.bytes[60, :] *= 25 / 24
    days.bytes[67, :] *= 23 / 24
    assert opened(days) == []


def test_growth_of_all_is_no_leak_of_each():
    days = calm(days=120)
    days.bytes[...] *= np.exp(0.004 * np.arange(120))[:, None].astype(np.float32)
    assert opened(days) == []


def test_single_heavy_days_that_a_cohort_has_often_are_its_habit():
    rng = np.random.default_rng(6)
    days = calm(count=1000, days=120)
    heavy = rng.random(days.bytes.shape) < 0.003
    days.bytes[heavy] *= 5
    early, late = np.array([day < 40 for _, _, day in opened(days)]).sum(), heavy[60:].sum()
    assert early < 60
    assert sum(day >= 60 for _, _, day in opened(days)) < late / 20


def test_what_stays_becomes_the_usual():
    days = calm()
    days.bytes[40:, 0] *= 6
    findings = scan(days, days.bytes.shape[1]).findings
    assert findings.day[findings.sim == 0].max() < days.first + 75
