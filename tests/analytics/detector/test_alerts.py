"""One alert for one lasting anomaly, scores and severities, the budget, what is sure of today."""

from dataclasses import replace

import numpy as np
import pytest

from analytics.anomalies import STATE, Day, Settings, new_state, peek, scan, step
from analytics.anomalies.alerts import score_of, severity_of
from analytics.anomalies.shapes import ENDED, GOES_ON, OPENED
from analytics.anomalies.suspension import choose_suspensions
from tests.analytics.detector.fleets import calm, found, opened


def stormy():
    days = calm()
    days.sessions[60:66, 0] = 900
    days.bytes[50, 1] *= 30
    days.bytes[70:80, 2] = 0
    return days


def test_a_lasting_anomaly_is_one_alert_that_opens_goes_on_and_ends():
    findings = found(stormy())
    mine = findings.only(findings.sim == 0)
    assert mine.phase.tolist() == [OPENED] + [GOES_ON] * 5 + [ENDED]
    assert mine.days.tolist()[:6] == [1, 2, 3, 4, 5, 6]
    assert len(set(mine.first_day.tolist())) == 1


def test_scores_fall_from_one_at_nothing_to_minus_one():
    scores = score_of(np.array([0, 0.5, 1, 1.5, 2, 2.7, 50], np.float32))
    assert (np.diff(scores) < 0).all() and scores[0] == 1 and scores[-1] >= -1
    assert scores[2] == pytest.approx(0) and scores[3] == pytest.approx(-0.5, abs=0.01)


def test_severities_follow_the_score_and_critical_needs_more_than_one_day():
    scores = np.array([0.2, -0.1, -0.6, -0.9, -0.97, -0.97], np.float32)
    lasting = np.array([False, False, False, False, False, True])
    assert severity_of(scores, lasting).tolist() == [0, 1, 2, 3, 3, 4]


def test_all_scores_are_within_their_range():
    days = stormy()
    result = scan(days, 200)
    assert (np.abs(result.state["score"]) <= 1).all()
    assert ((result.findings.score <= 0) & (result.findings.score >= -1)).all()


def test_the_budget_keeps_the_strongest_and_counts_the_others():
    days = calm(count=2000, days=60)
    factor = np.linspace(20, 60, 40).astype(np.float32)
    days.bytes[40, :40] *= factor
    days = replace(days, cohort=None)
    findings = found(days, Settings(budget=2))
    kept = findings.only(findings.phase == OPENED)
    assert len(kept) == 2 * 2000 * 30 // 10_000
    assert kept.sim.mean() > 25
    assert findings.withheld == 40 - len(kept)


def test_nothing_looks_ahead():
    days = stormy()
    whole = found(days)
    for cut in (30, 62, 75):
        part = found(replace(days, **{name: getattr(days, name)[:cut] for name in DAILY}))
        before = whole.only(whole.day < days.first + cut)
        assert part.sim.tolist() == before.sim.tolist() and part.score.tolist() == before.score.tolist()


DAILY = (
    "bytes", "sessions", "imei_changed", "abroad", "new_country", "quota_reached", "expected", "active",
)  # fmt: skip


def test_the_order_of_the_sims_does_not_matter():
    days = stormy()
    order = np.random.default_rng(7).permutation(200)
    mixed = replace(days, **{name: getattr(days, name)[:, order] for name in DAILY})
    there = np.argsort(order)
    assert sorted(opened(mixed)) == sorted((int(there[sim]), kind, day) for sim, kind, day in opened(days))


def test_more_sims_than_one_part_change_nothing():
    few, many = calm(count=50, seed=8), calm(count=9000, days=40, seed=9)
    few.bytes[35, 3] *= 20
    wide = replace(many, cohort=np.ones(9000, np.int64))
    for name in DAILY:
        getattr(wide, name)[:, 5000:5050] = getattr(few, name)[:40]
    wide.cohort[5000:5050] = 0
    assert (5003, "spike", 35) in opened(wide)


def test_days_one_by_one_and_a_state_kept_as_bytes_give_what_a_scan_gives():
    days = stormy()
    state, seen = new_state(200), []
    for day in days:
        state = np.frombuffer(state.tobytes(), STATE).copy()
        seen.append(step(state, day))
    whole = scan(days, 200)
    assert state.tobytes() == whole.state.tobytes()
    assert sum(map(len, seen)) == len(whole.findings)


def test_a_scan_goes_on_from_a_state_and_leaves_it_alone():
    days = stormy()
    first = replace(days, **{name: getattr(days, name)[:50] for name in DAILY})
    then = replace(days, first=days.first + 50, **{name: getattr(days, name)[50:] for name in DAILY})
    kept = scan(first, 200).state
    before = kept.tobytes()
    assert scan(then, 200, state=kept).state.tobytes() == scan(days, 200).state.tobytes()
    assert kept.tobytes() == before


def partial(days, place, sims, **changes):
    return replace(
        Day(days.first + place, np.zeros(len(sims), np.float32), np.full(len(sims), 3, np.float32)), **changes
    )


def test_what_is_sure_of_today_is_said_before_the_day_is_over():
    days = calm()
    state = scan(days, 200).state[[4, 5, 6]]
    before = state.tobytes()
    today = partial(
        days, 90, [4, 5, 6],
        bytes=np.array([4e8, 2e5, 0], np.float32), imei_changed=np.array([True, False, False]),
        imei_hours=np.array([2, np.nan, np.nan], np.float32), sessions=np.array([5, 700, 0], np.float32),
    )  # fmt: skip
    sure = peek(state, today, 0.4)
    assert sure.sim.tolist() == [0, 1] and sure.kind.tolist() == [2, 3]
    assert state.tobytes() == before
    assert len(peek(state, partial(days, 90, [4, 5, 6]), 0.4)) == 0


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_a_share_of_a_day_is_a_share(share):
    days = calm(days=20)
    with pytest.raises(ValueError, match="share_of_day"):
        peek(scan(days, 200).state[:1], partial(days, 20, [0]), share)


def thefts():
    days = calm(count=300)
    for sim in range(6):
        days.imei_changed[60, sim] = True
        days.bytes[60:64, sim] += 4e8
    findings = found(replace(days, cohort=None), Settings(budget=1_000))
    return findings.only(findings.day == days.first + 60)


def test_suspensions_need_two_evidences_and_have_a_cap_a_customer():
    findings, safe = thefts(), np.zeros(300, np.bool_)
    customer = np.zeros(300, np.int64)
    customer[3:] = 1
    chosen = choose_suspensions(findings, customer=customer, safety_critical=safe)
    assert sorted(customer[findings.sim[chosen]].tolist()) == [0, 1]
    wide = choose_suspensions(findings, customer=customer, safety_critical=safe, settings=Settings(suspension_cap=0.02))
    assert (customer[findings.sim[wide]] == 1).sum() == 3
    used = choose_suspensions(findings, customer=customer, safety_critical=safe, already=np.array([1, 0]))
    assert customer[findings.sim[used]].tolist() == [1]


def test_safety_critical_sims_are_never_suspended():
    findings = thefts()
    nobody = choose_suspensions(findings, customer=np.zeros(300, np.int64), safety_critical=np.ones(300, np.bool_))
    assert nobody.size == 0


def test_one_evidence_is_not_enough():
    days = calm()
    days.bytes[60, 0] *= 50
    findings = found(days)
    assert not findings.two_evidences.any()


@pytest.mark.parametrize(("name", "value"), [("budget", 0), ("sensitivity", -1), ("budget", float("nan"))])
def test_settings_that_cannot_be_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        Settings(**{name: value})
    with pytest.raises(ValueError, match="no kind of anomaly named storm"):
        Settings(kinds=frozenset({"storm"}))
