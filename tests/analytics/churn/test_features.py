"""Features of customers and the health by rules: by hand, and never of a later day."""

import math

import numpy as np
import pytest

from analytics.churn.features import FEATURES, FleetOn, customer_features
from analytics.churn.reasons import describe, reasons_of
from analytics.churn.rules import RULES, health_of


def fleet(used, **parts):
    sims = used.shape[1]
    usual = {
        "customer": np.zeros(sims, np.int64), "active": np.ones(sims, bool), "active_before": np.ones(sims, bool),
        "stopped": np.zeros(sims, bool), "quota": np.full(sims, np.nan), "price": np.full(sims, 300.0),
        "plan": np.zeros(sims, np.int64), "pooled": np.zeros(sims), "open_alerts": np.zeros(1),
        "new_alerts": np.zeros(1), "tenure": np.array([100.0]),
    }  # fmt: skip
    return FleetOn(used=np.asarray(used, np.float32), **{**usual, **parts})


def features(found, customer=0):
    return dict(zip(FEATURES, customer_features(found)[customer], strict=True))


def test_use_that_fell_is_a_share_of_the_month_before():
    used = np.r_[np.full((30, 2), 10.0), np.full((30, 2), 6.2)]
    found = features(fleet(used))
    assert found["usage_change_30"] == pytest.approx(-0.38)
    assert describe("usage_change_30", found["usage_change_30"]) == "use fell 38 % in 30 days"
    assert math.isnan(found["usage_change_90"])


def test_days_that_nobody_knows_do_not_count_as_less_use():
    used = np.full((60, 2), 5.0)
    used[40:50] = np.nan
    assert features(fleet(used))["usage_change_30"] == pytest.approx(0)


def test_silent_stopped_and_over_quota_are_shares_of_sims():
    used = np.full((60, 4), 5.0)
    used[-14:, 0] = 0
    found = features(fleet(used, quota=np.array([np.nan, 100, 1000, np.nan]), stopped=np.array([0, 0, 0, 1], bool),
                           active=np.array([1, 1, 1, 0], bool)))  # fmt: skip
    assert found["silent_share"] == pytest.approx(1 / 3)
    assert found["over_quota_share"] == pytest.approx(1 / 3)
    assert found["stopped_share"] == pytest.approx(1 / 4)
    assert found["active_change_30"] == pytest.approx(-0.25)


def test_customers_are_told_apart_and_sims_of_nobody_are_left_out():
    used = np.full((60, 3), 5.0)
    found = customer_features(
        fleet(used, customer=np.array([0, 1, -1]), open_alerts=np.array([2.0, 0]), new_alerts=np.zeros(2),
              tenure=np.array([10.0, 20]))
    )  # fmt: skip
    assert found[:, FEATURES.index("active_sims")].tolist() == [1, 1]
    assert found[:, FEATURES.index("open_alerts_per_100")].tolist() == [200, 0]


@pytest.mark.parametrize("used", [np.zeros((0, 2)), np.zeros((1, 2)), np.full((60, 2), np.nan), np.zeros((60, 0)),
                                  np.full((60, 2), 1e15), np.zeros((120, 2))])  # fmt: skip
def test_any_history_gives_numbers_or_unknown_and_a_health(used):
    found = features(fleet(used))
    health = health_of(found)
    assert 0 <= health.score <= 100
    for name, value in found.items():
        assert describe(name, value) and not math.isinf(value)


def test_a_customer_that_does_well_loses_no_points():
    health = health_of({"usage_change_30": 0.1, "silent_share": 0.0, "active_change_30": 0.0, "stopped_share": 0.1,
                        "open_alerts_per_100": 0.0, "over_quota_share": 0.0})  # fmt: skip
    assert (health.score, health.band, health.reasons) == (100, "healthy", ())


def test_every_point_taken_off_has_its_reason():
    health = health_of({"usage_change_30": -0.6, "silent_share": 0.5})
    assert health.score == 45 and health.band == "at risk"
    assert [(one.words, one.weight) for one in health.reasons] == [
        ("use fell 60 % in 30 days", 35),
        ("50 % of the active SIMs used nothing for 14 days", 20),
    ]


def test_the_rules_add_up_to_a_hundred_and_no_more():
    worst = {rule.feature: rule.full * rule.sign for rule in RULES}
    assert sum(rule.points for rule in RULES) == 100 and health_of(worst).score == 0


def test_reasons_are_ordered_by_weight_either_way():
    found = reasons_of(("usage_change_30", "tenure_days", "plans"), [0.5, 40, 2], np.array([-0.4, 0.1, 0.0, -1.2]))
    assert [(one.words, one.weight) for one in found] == [
        ("use rose 50 % in 30 days", -0.4),
        ("a customer for 40 days", 0.1),
    ]


def test_what_is_not_known_and_unknown_features_are_said_plainly():
    assert describe("silent_share", None) == "Silent SIMs is not known"
    assert describe("Contract = Two year", 1.0) == "Contract = Two year is 1"
