"""Why a SIM uses so much: its own normal, since when, day and hour, networks, plan, peers, anomalies."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from analytics.reasons.numbers import against, began, busiest
from analytics.services.reasons import explain_usage
from iotsim.core.errors import NotFound
from sims.models import Sim
from sims.usage import local_today
from tests.fleet import make_customer, make_plan, make_sim, use, use_hour
from tests.intake.samples import ago, bring_in, own, own_row

MB = 10**6

# --- the arithmetic; no database ---


def test_normal_is_what_the_days_before_use_without_their_peaks():
    held = against(np.array([10.0] * 27 + [500.0]), np.array([10.0] * 3 + [60.0]))
    assert held.usual == pytest.approx(40, rel=0.01)
    assert held.ratio == pytest.approx(2.25, rel=0.01) and held.is_high


def test_one_that_reports_once_a_week_is_not_always_high():
    weekly = np.array(([0.0] * 6 + [70.0]) * 8)
    assert not against(weekly, weekly[:14]).is_high


def test_too_few_days_say_nothing_of_what_is_normal():
    assert against(np.ones(6), np.ones(5)).usual is None
    assert against(np.zeros(30), np.ones(5)).ratio is None


def test_the_day_on_which_it_rose_is_found():
    noise = np.random.default_rng(3).normal(0, 1, 60)
    assert began(np.array([10.0] * 45 + [40.0] * 15) + noise) == 45
    assert began(np.array([10.0] * 60) + noise) is None
    assert began(np.array([40.0] * 30 + [10.0] * 30)) is None
    assert began(np.array([1.0, 2.0])) is None


def test_an_hour_stands_out_only_when_it_does():
    assert busiest(np.ones(24)) is None
    assert busiest(np.zeros(24)) is None
    assert busiest(np.array([0.0, 0.0, 5.0] + [0.1] * 21)) == (2, pytest.approx(0.704, abs=0.01))


# --- of a SIM ---


@pytest.fixture
def today(actor) -> date:
    return local_today(actor)


def steady(sim: Sim, today: date, *, high_days: int = 0, amount: int = 10 * MB) -> None:
    """Seventy days of the same use, the last ones five times as much."""
    for back in range(70, 0, -1):
        use(sim, today - timedelta(days=back), amount * (5 if back <= high_days else 1))


def test_a_sim_that_rose_is_explained(actor, organisation, today):
    plan = make_plan(organisation, "IoT", quota_bytes=1000 * MB)
    acme = make_customer(organisation, "Acme")
    sim = make_sim(organisation, label="truck-17", plan=plan, customer=acme, cycle_bytes=900 * MB)
    for _ in range(6):
        make_sim(organisation, plan=plan, customer=acme, cycle_bytes=100 * MB)
    steady(sim, today, high_days=10)
    for back in range(1, 6):
        at = datetime.combine(today - timedelta(days=back), datetime.min.time(), UTC)
        use_hour(sim, at.replace(hour=2), 40 * MB)
        use_hour(sim, at.replace(hour=12), 10 * MB)
    told = explain_usage(actor, sim="truck-17", start_date=today - timedelta(days=10), end_date=today)
    assert told.is_high and told.ratio == pytest.approx(4.55, rel=0.02)
    assert told.began_on == today - timedelta(days=10)
    assert (told.busiest_hour, round(told.busiest_percent or 0)) == (2, 80)
    assert told.quota_percent == 90
    assert told.peers and (told.peers.count, told.peers.above_percent) == (6, 100)
    for words in (
        "SIM truck-17 used 500 MB",
        "4.5 times its usual",
        "It rose on",
        "Between 02:00 and 03:00 it uses 80 %",
        "90 % of its quota",
        "100 % of the other 6 active SIMs on plan IoT of Acme",
    ):
        assert words in told.sentence.replace("\u00a0", " "), told.sentence


def test_a_sim_that_is_not_high_is_said_to_be_normal(actor, organisation, today):
    sim = make_sim(organisation, label="meter-1")
    steady(sim, today)
    told = explain_usage(actor, sim="meter-1", start_date=today - timedelta(days=7), end_date=today - timedelta(days=1))
    assert not told.is_high and told.began_on is None
    assert "That is not high for it: about its usual" in told.sentence


def test_a_new_sim_and_a_silent_one(actor, organisation, today):
    sim = make_sim(organisation, label="new")
    assert "used nothing" in explain_usage(actor, sim="new").sentence
    use(sim, today, MB)
    assert "Too few days before are known" in explain_usage(actor, sim="new").sentence


def test_the_networks_and_countries_of_its_records_are_told(actor, organisation):
    sim = make_sim(organisation, label="roamer")
    row = {"iccid": sim.iccid, "started_at": ago(0.6), "ended_at": ago(0.5)}
    home = own_row(**row, bytes_up=0, bytes_down=3 * MB, mcc="262", mnc="01")
    away = own_row(
        **row | {"started_at": ago(0.4), "ended_at": ago(0.3)}, bytes_up=0, bytes_down=MB, mcc="208", mnc="01"
    )
    bring_in(actor, own(home, away))
    told = explain_usage(actor, sim="roamer", start_date=local_today(actor) - timedelta(days=1))
    assert [(one.name, one.share_percent) for one in told.countries] == [("Germany", 75.0), ("France", 25.0)]
    assert "used in several countries: Germany 75 %, France 25 %" in told.sentence


def test_a_stranger_s_sim_cannot_be_explained(actor, other_organisation, organisation, make_actor):
    make_sim(other_organisation, label="theirs")
    with pytest.raises(NotFound):
        explain_usage(actor, sim="theirs")
    make_sim(organisation, label="ours")
    limited = make_actor("manager", customer_ids=[make_customer(organisation, "Mine").pk])
    with pytest.raises(NotFound):
        explain_usage(limited, sim="ours")
